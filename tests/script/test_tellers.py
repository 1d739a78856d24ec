"""Stories told by several people: who says "I" in which part."""

from __future__ import annotations

from narratix.ports import Script
from narratix.script.engine import write_script
from narratix.script.layout import find_blocks
from narratix.script.quotes import find_quotes
from narratix.script.reading import read

JOURNALS = """CHAPTER I

JONATHAN HARKER'S JOURNAL

(_Kept in shorthand._)

_3 May._--I left Munich at night, and I was afraid that I should miss my train. My landlady came to me.

“Must you go?” she asked.

“I must,” I said. “My business is urgent.”

I took my hat, and I went down to my carriage.

CHAPTER II

MINA MURRAY'S JOURNAL

_24 July._--Lucy met me at the station. I was glad to see her, and I told her so.

“You look well, Mina,” said Lucy.

“I am happy,” I answered. “Jonathan writes to me.”

I could not sleep, for I thought of my own Jonathan all the night. I lay in my bed and I listened to the sea.

_Dr. Seward's Diary._

_25 July._--I saw my patient again to-day. I found him quiet. I asked him what he wanted of me.

“A kitten,” said Renfield.

“You shall have one,” I said, and I left him.

_Letter, Mina Murray to Lucy Westenra._

My dearest Lucy,--I write to you in my room. I have seen Jonathan, and I am sure that I shall be happy with him.

“Mina,” said Jonathan to me, “here is the book.”

“I shall never read it,” I told him.
"""

STATEMENTS = """CHAPTER I

Mr. Utterson the lawyer was a man of a rugged countenance. He looked up at Lanyon.

“You are ill,” said Mr. Utterson.

“I have had a shock,” said Lanyon.

DR. LANYON'S NARRATIVE

On the ninth of January I received a letter by my servant. I was surprised, for I had dined with my friend the night before.

“Have you got it?” cried Hyde.

“Compose yourself,” I said, and I showed him my chair.

HENRY JEKYLL'S STATEMENT

I was born to a large fortune. I hid my pleasures, and when I reached years of reflection I stood committed to my double life.

“Is it you, Jekyll?” said Lanyon to me.

“It is I,” I answered.
"""

ABOUT_SOMEBODY = """CHAPTER I

I went to Thornfield in the autumn. Mr. Rochester came to me where I stood.

“Sit down,” said Mr. Rochester.

“I will, sir,” I said.

MR. ROCHESTER'S STORY

Mr. Rochester looked at me. Mr. Rochester sat down by my side, and Mr. Rochester took my hand in his.

“I was rich,” said Mr. Rochester.

“I know it, sir,” I said, and I looked at Mr. Rochester.

MR. ROCHESTER'S ACCOUNT

I listened. Mr. Rochester rose, and Mr. Rochester walked up and down before me.

“I was alone,” he said.

“And now?” I asked.
"""


def said(script: Script, text: str) -> dict[str, str]:
    names = {member.id: member.name for member in script.cast}
    return {text[s.start : s.end].strip(): names[s.speaker] for s in script.segments if s.kind == "speech"}


def reads(script: Script, text: str, words: str) -> str:
    """Whose voice the narration has that begins with `words`."""
    names = {member.id: member.name for member in script.cast}
    return next(names[s.speaker] for s in script.segments if text[s.start : s.end].startswith(words))


def test_given_journals_of_several_people_when_they_say_i_then_each_line_is_its_writers() -> None:
    lines = said(write_script(JOURNALS), JOURNALS)
    assert "Jonathan" in lines["“I must,”"]
    assert "Mina" in lines["“I am happy,”"]
    assert "Seward" in lines["“You shall have one,”"]
    assert lines["“Mina,”"] == lines["“I must,”"], "he speaks in her letter as he does in his journal"
    assert lines["“I shall never read it,”"] == lines["“I am happy,”"]


def test_given_journals_when_read_then_their_writers_tell_them_and_nobody_their_headings() -> None:
    script = write_script(JOURNALS)
    lines = said(script, JOURNALS)
    assert reads(script, JOURNALS, "_24 July._") == lines["“I am happy,”"]
    assert reads(script, JOURNALS, "_25 July._") == lines["“You shall have one,”"]
    narrator = next(member.name for member in script.cast if member.narrator)
    assert reads(script, JOURNALS, "MINA MURRAY'S JOURNAL") == narrator


def test_given_statements_in_a_story_told_of_others_when_read_then_their_writers_say_i() -> None:
    script = write_script(STATEMENTS)
    lines = said(script, STATEMENTS)
    assert lines["“Compose yourself,”"] == lines["“I have had a shock,”"] == lines["“Is it you, Jekyll?”"]
    assert "Jekyll" in lines["“It is I,”"]
    assert reads(script, STATEMENTS, "Mr. Utterson the lawyer") == "Narrator"


def test_given_headings_that_name_whom_a_chapter_is_about_when_read_then_he_does_not_tell_it() -> None:
    blocks = find_blocks(ABOUT_SOMEBODY)
    assert len(read(ABOUT_SOMEBODY, blocks, find_quotes(ABOUT_SOMEBODY, blocks)).parts) == 2
    script = write_script(ABOUT_SOMEBODY)
    lines = said(script, ABOUT_SOMEBODY)
    assert {lines["“I will, sir,”"], lines["“I know it, sir,”"], lines["“And now?”"]} == {"Narrator"}
    assert lines["“I was rich,”"] == "Mr. Rochester"
