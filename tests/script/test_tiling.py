"""The segments of a script cover the text exactly, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.events.catalogue import Segment
from narratix.script.engine import write_script
from narratix.script.layout import find_blocks
from narratix.script.tiling import LONGEST, NothingToRead, TilingBroken, check_tiling

MARKS = st.sampled_from(
    (
        *(
            '"',
            "“",
            "”",
            "‘",
            "’",
            "'",
            "«",
            "»",
            "„",
            "「",
            "」",
            "—",
            "--",
            "-",
            ".",
            ",",
            "!",
            "?",
            "...",
            "。",
            "* * *",
        ),
        *("\n", "\n\n", "\r\n", "\r\n\r\n", "\t", " ", "  ", "\ufeff", "\u2028", "\x0c", "\x1c"),
        *("said", "Alice", "the Hatter", "he", "I", "don’t", "Chapter IV", "thunder rolled"),
        *("👩\u200d👩\u200d👧", "é", "e\u0301", "🇫🇷", "\ud800", "x" * 700, "word " * 120),
    )
)
NASTY = st.lists(st.one_of(MARKS, st.text(max_size=8)), max_size=60).map("".join)


def joined(text: str) -> str:
    return "".join(text[segment.start : segment.end] for segment in write_script(text).segments)


@settings(max_examples=200, deadline=None)
@given(NASTY)
def test_given_any_text_when_written_then_its_segments_tile_it(text: str) -> None:
    if not any(map(str.isalnum, text)):
        with pytest.raises(NothingToRead):
            write_script(text)
        return
    script = write_script(text)
    check_tiling(text, script.segments)
    assert joined(text) == text
    known = {member.id for member in script.cast}
    for segment in script.segments:
        spoken = text[segment.start : segment.end]
        assert segment.speaker in known
        assert any(map(str.isalnum, spoken))
        assert 0 < segment.pause_after <= 1.8
    starts = {segment.start for segment in script.segments} | {len(text)}
    assert script.music[0].start == 0
    assert script.music[-1].end == len(text)
    for before, after in zip(script.music, script.music[1:], strict=False):
        assert before.end == after.start
    assert all(cue.start in starts and cue.end in starts for cue in script.music)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "\ufeff“Go!” said Tom.\r\n\r\nHe went.\r\n",
        "\t“Go!”\tsaid Tom.\n\n\n   “No,” said Ann.   \n\n",
        "Smile 👩‍👩‍👧 he said. “😀!” said Tom.",
        "“Never closed, said Tom.\n\nHe left.",
        "He left.” said Tom.",
        "No quotes here. None at all.",
        "\n\n  Leading blanks.",
        "* * *\n\nAfter the break.\n\n* * *",
        '‘Go,’ said Tom. «Non,» said Ann. "Yes," said Bob. „Gut,“ said Max.',
        "– Bonjour, dit Marie.\n– Bonsoir, dit Paul.",
        "a",
        "“?!” “…” a",
    ],
)
def test_given_awkward_marks_when_written_then_nothing_is_lost(text: str) -> None:
    assert joined(text) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\u3000\u00a0"])
def test_given_nothing_but_blanks_when_written_then_it_says_that_there_is_nothing_to_read(text: str) -> None:
    with pytest.raises(NothingToRead, match="nothing to read aloud"):
        write_script(text)


def test_given_marks_without_words_when_written_then_it_says_that_there_is_nothing_to_read() -> None:
    with pytest.raises(NothingToRead, match="no letter"):
        write_script("* * *\n\n...")


def test_given_long_paragraphs_when_written_then_pieces_stay_short_and_words_whole() -> None:
    text = "“" + "A sentence of some words, with a clause in it. " * 60 + "”\n\n" + "word " * 600
    for segment in write_script(text).segments:
        assert len(text[segment.start : segment.end].strip()) <= LONGEST
        assert segment.end == len(text) or text[segment.end - 1].isspace()


def test_given_one_giant_token_when_written_then_it_is_cut_between_grapheme_clusters() -> None:
    text = "e\u0301" * 1000
    script = write_script(text)
    assert len(script.segments) > 2
    assert all(text[segment.start] == "e" for segment in script.segments)


def test_given_a_cue_amid_a_speech_when_written_then_speech_and_narration_alternate() -> None:
    text = "“Oh,” said Alice, “no!”"
    script = write_script(text)
    assert [(text[s.start : s.end], s.kind) for s in script.segments] == [
        ("“Oh,” ", "speech"),
        ("said Alice, ", "narration"),
        ("“no!”", "speech"),
    ]
    assert script.segments[0].speaker == script.segments[2].speaker == "c1"


def span(start: int, end: int) -> Segment:
    return Segment(start=start, end=end, kind="narration", speaker="narrator")


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([(0, 2), (3, 5)], "Segment 1 starts at character 3, but the one before ends at 2: a gap"),
        ([(0, 3), (2, 5)], "an overlap"),
        ([(0, 0), (0, 5)], "Segment 0 is empty"),
        ([(0, 4)], "end at character 4, but the text has 5"),
        ([(0, 6)], "end at character 6, but the text has 5"),
        ([], "end at character 0"),
    ],
)
def test_given_a_broken_tiling_when_checked_then_the_place_is_named(
    spans: list[tuple[int, int]], complaint: str
) -> None:
    with pytest.raises(TilingBroken, match=complaint):
        check_tiling("abcde", [span(start, end) for start, end in spans])


def test_given_lines_without_blank_ones_when_a_speech_opens_on_its_own_line_then_it_is_a_paragraph() -> None:
    told = "The shepherd walked along the ridge in the last light of the\n" * 4 + "day and looked down.\n"
    text = (told + "“I found a hat,” said Oak.\n“It is mine,” said she.\n") * 40 + "\n\nThe end.\n"
    blocks = find_blocks(text)
    assert sum(text[block.start : block.end] == "“It is mine,” said she." for block in blocks) == 40


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("2\n\nBlack Dog Appears\n\nIt was not very long after this.", ["2", "Black Dog Appears"]),
        ("CHAPTER IV\n\nWHERE IS HALSEY?\n\nNobody knew.", ["CHAPTER IV", "WHERE IS HALSEY?"]),
        ("CHAPTER I\n\n'HASTE TO THE WEDDING'\n\nShe slept.", ["CHAPTER I", "'HASTE TO THE WEDDING'"]),
        ("CHAPTER I\n\n“TOM!”\n\nNo answer.", ["CHAPTER I"]),
        ("CHAPTER I\n\nIt was late.\n\nWhere Is He\n\nNobody knew.", ["CHAPTER I"]),
    ],
)
def test_given_a_chapters_number_when_a_title_stands_behind_it_then_both_are_headings(
    text: str, headings: list[str]
) -> None:
    assert [text[block.start : block.end] for block in find_blocks(text) if block.kind == "heading"] == headings


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("They stored some “biltong,” or dried flesh, for the road.", []),
        ("He was known as “the boss,” though nobody had chosen him.", []),
        ("She cried “enough,” and went out.", ["“enough,”"]),
        ("“perhaps,” he said, and went out.", ["“perhaps,”"]),
    ],
)
def test_given_words_in_marks_amid_a_sentence_when_written_then_only_what_is_said_is_speech(
    text: str, spoken: list[str]
) -> None:
    assert [text[s.start : s.end].strip() for s in write_script(text).segments if s.kind == "speech"] == spoken
