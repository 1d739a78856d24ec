"""Who is in the cast, and who speaks each line.

`mad_tea_party.txt` is the beginning of chapter VII of Lewis Carroll's "Alice's Adventures in Wonderland" (1865, public
domain)."""

from __future__ import annotations

from pathlib import Path

import pytest

from narratix.ports import Script
from narratix.script.engine import write_script

ALICE = Path(__file__).with_name("mad_tea_party.txt").read_text(encoding="utf-8")


def said(text: str) -> list[tuple[str, str]]:
    """(name of the speaker, first words) for every line of speech."""
    script = write_script(text)
    names = {member.id: member.name for member in script.cast}
    return [(names[s.speaker], text[s.start : s.end].strip()) for s in script.segments if s.kind == "speech"]


def speakers(text: str) -> list[str]:
    return [name for name, _ in said(text)]


def cast(script: Script) -> dict[str, str]:
    return {member.name: member.gender for member in script.cast}


def test_given_the_mad_tea_party_when_read_then_each_guest_speaks_his_own_lines() -> None:
    script = write_script(ALICE)
    assert cast(script).keys() >= {"Narrator", "Alice", "The Hatter", "The March Hare"}
    assert cast(script)["Alice"] == "female"
    assert cast(script)["The Hatter"] == "male"
    lines = {words: name for name, words in said(ALICE)}
    assert lines["‘Have some wine,’"] == "The March Hare"
    assert lines["‘I don’t see any wine,’"] == "Alice"
    assert lines["‘Your hair wants cutting,’"] == "The Hatter"
    assert lines["‘Why is a raven like a writing-desk?’"] == "The Hatter"
    assert lines["‘There’s PLENTY of room!’"] == "Alice"
    assert lines["‘Exactly so,’"] == "Alice"
    assert not {"I", "Come", "Very", "You"} & cast(script).keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Go!” said Tom. “Now!”", ["Tom", "Tom"]),
        ("“Go!” Tom said quietly.", ["Tom"]),
        ("Tom turned and said, “Go!”", ["Tom"]),
        ("Tom turned to Ann: “Go!”", ["Tom"]),
        ("“Go!” said the old man.", ["The old man"]),
        ("“Go!” croaked the raven.", ["The raven"]),
        ("“Go!” Xylda whispered. “Quick!”", ["Xylda", "Xylda"]),
        ("“Go!” said a voice from the door.\n\n“Why?” said Tom.\n\n“Go!” said another man.", ["The voice", "Tom", "The man"]),
        ("“Go!” said my brother’s wife.", ["Brother's wife"]),
        ("“Go!” said Tom’s aunt.", ["The aunt"]),
        ("Tom listened. “Go!” he heard Ann say.", ["Ann"]),
        ("Ann looked at Tom. Then she asked him again:\n\n“Why?”\n\n“Why not?” said Tom.", ["Ann", "Tom"]),
        ("Ann asked again:\n\n“Do you know?” Tom answered that he did not.\n\n“Oh!” said Ann.", ["Ann", "Ann"]),
        ("“It is cold,” said Tom. “Nonsense, Tom!”\n\n“Is it not?” said Ann.", ["Tom", "Ann", "Ann"]),
        ("Ann sat down. Tom, after looking at her for long, said to Ann, with a sigh, “Stay.”", ["Tom"]),
        ("Ann waited. Tom came in and turned to her:\n\n“Stay.”\n\n“No,” said Ann.", ["Tom", "Ann"]),
        ("“Go!” Tom jumped up from his chair.", ["Tom"]),
        ("“Oh,” said Alice, “no!”\n\n“Yes,” said Tom.\n\n“Why?”\n\n“Because,” said Tom.", ["Alice", "Alice", "Tom", "Alice", "Tom"]),
        ("Mary looked at John.\n\n“Who is it?” she asked.\n\n“Nobody,” he said.", ["Mary", "John"]),
        ("“Tom, are you there?” asked Ann.\n\n“I am.”", ["Ann", "Tom"]),
        ("“Mary,” said John, “stay.”\n\n“No.”\n\n“Please.”\n\n“No!”", ["John", "John", "Mary", "John", "Mary"]),
        ("“Go on for long,” said Tom. “And then\n\n“go on again.”", ["Tom", "Tom", "Tom"]),
        ("\"Go!\" said Tom.\n\n\"No,\" said Ann.", ["Tom", "Ann"]),
        ("'Go!' said Tom. 'It's late.'\n\n'No,' said Ann.", ["Tom", "Tom", "Ann"]),
        ("«Go!» said Tom.\n\n«No,» said Ann.", ["Tom", "Ann"]),
        ("—Go, said Tom.\n\n—No, said Ann.", ["Tom", "Ann"]),
    ],
)  # fmt: skip
def test_given_a_cue_or_its_context_when_read_then_the_speaker_is_found(text: str, expected: list[str]) -> None:
    assert speakers(text) == expected


def test_given_many_names_of_one_person_when_read_then_they_are_one_member() -> None:
    text = (
        "Sherlock Holmes sat by the fire.\n\n“Well?” said Mr. Holmes.\n\n“Well?” said Holmes.\n\n"
        "“Well?” said Sherlock Holmes.\n\n“No,” said Mrs. Hudson."
    )
    script = write_script(text)
    assert cast(script) == {"Narrator": "unknown", "Sherlock Holmes": "male", "Mrs. Hudson": "female"}
    assert set(script.cast[1].aliases) == {"Holmes", "Mr. Holmes"}


def test_given_a_hatter_who_is_mad_when_read_then_he_is_one_member() -> None:
    text = "The Mad Hatter poured the tea. “Tea?” said the Hatter.\n\n“More!” said the Mad Hatter. He drank his tea."
    assert [member.name for member in write_script(text).cast] == ["Narrator", "The Mad Hatter"]


def test_given_husband_and_wife_when_read_then_they_are_two_members() -> None:
    text = "“Well?” said Mr. Bennet.\n\n“Well!” said Mrs. Bennet.\n\n“No,” said Mr. Bennet."
    assert speakers(text) == ["Mr. Bennet", "Mrs. Bennet", "Mr. Bennet"]


def test_given_a_doctor_by_rank_when_read_then_he_is_the_doctor_we_know() -> None:
    text = "Dr. Livesey came in.\n\n“Sit,” said the doctor.\n\n“Down,” said Dr. Livesey."
    assert speakers(text) == ["Dr. Livesey", "Dr. Livesey"]


def test_given_a_first_person_narrator_when_he_speaks_then_the_narrator_does() -> None:
    text = (
        "I came home late and I sat down. I was tired.\n\n“You are late, Watson,” said Holmes.\n\n“I know,” said I.\n\n"
        "“Sit, Watson,” said Holmes. I sat."
    )
    script = write_script(text)
    speech = [segment for segment in script.segments if segment.kind == "speech"]
    assert [segment.speaker for segment in speech] == ["c1", "narrator", "c1"]
    assert script.cast[0].narrator
    assert script.cast[0].name == "Watson"


def test_given_nobody_to_speak_when_read_then_a_voice_does() -> None:
    assert speakers("“Who goes there?”") == ["A voice"]


def test_given_no_quotes_when_read_then_the_narrator_is_alone() -> None:
    script = write_script("It was a dark night. Nobody was about.")
    assert [member.id for member in script.cast] == ["narrator"]
    assert {segment.speaker for segment in script.segments} == {"narrator"}


@pytest.mark.parametrize(
    "text",
    [
        "The “Red Death” had long devastated the country.",
        "He called it “home” and left.",
        "The boys’ hats were wet, and ’twas the dog’s fault.",
        "The plank was 5' 10\" long.",
    ],
)
def test_given_marks_about_words_when_read_then_nobody_speaks(text: str) -> None:
    assert said(text) == []


def test_given_the_same_text_when_read_twice_then_the_scripts_are_equal() -> None:
    assert write_script(ALICE) == write_script(ALICE)


def test_given_a_clear_cue_and_a_guess_when_read_then_confidence_tells_them_apart() -> None:
    text = "Tom met Ann and Bob and Joe.\n\n“Hello.”\n\n“Go!” said Tom."
    guess, clear = (segment for segment in write_script(text).segments if segment.kind == "speech")
    assert clear.confidence > 0.9 > guess.confidence
