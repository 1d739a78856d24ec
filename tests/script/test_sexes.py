"""What a story tells of somebody's sex without saying it."""

from __future__ import annotations

import pytest

from narratix.events.catalogue import CastMember
from narratix.script.engine import write_script
from narratix.script.lexicon import is_trade, sex_of_noun


def member(text: str, name: str) -> CastMember:
    return next(each for each in write_script(text).cast if name in (each.name, *each.aliases))


@pytest.mark.parametrize(
    ("told", "sex"),
    [
        ("Zorin went to the window. She drew the curtain.", "female"),
        ("Zorin took her hat and went out.", "female"),
        ("Zorin hurt himself at the door.", "male"),
        ("Mrs. Gale looked at Zorin. He turned his face away.", "male"),
        ("Zorin, a girl of ten, came in.", "female"),
        ("His sister Zorin came in.", "female"),
    ],
)
def test_given_what_is_told_of_somebody_when_read_then_the_sex_is_known(told: str, sex: str) -> None:
    assert member(f"{told}\n\n“It rains,” said Zorin.", "Zorin").gender == sex


def test_given_signs_for_both_sexes_alike_when_read_then_nothing_is_claimed() -> None:
    told = "The patient went to the door. She opened it.\n\nThe patient looked out. He saw the rain."
    assert member(f"{told}\n\n“It rains,” said the patient.", "The patient").gender == "unknown"


@pytest.mark.parametrize(
    ("who", "sex"),
    [
        ("Belford", "male"),
        ("Zorina", "female"),
        ("the saloon-keeper", "male"),
        ("the stranger", "male"),
        ("the apple-woman", "female"),
        ("a voice", "unknown"),
    ],
)
def test_given_only_a_name_or_a_calling_when_read_then_what_is_likely_is_taken(who: str, sex: str) -> None:
    cast = write_script(f"It was late.\n\n“It rains,” said {who}.").cast
    assert [each.gender for each in cast if not each.narrator] == [sex]


def test_given_a_doctor_beside_a_patient_when_both_are_told_of_then_he_is_a_man() -> None:
    text = (
        "The sick girl lay still. She had not slept, and her eyes were dim. The doctor bent down to her. She sighed.\n\n"
        "“You are better,” said the doctor.\n\nThe doctor shook his head when her mother asked. She wept."
    )
    assert member(text, "The doctor").gender == "male"


def test_given_a_doctor_of_whom_the_story_always_says_she_then_she_is_a_woman() -> None:
    told = "Dr. Chen opened the door. She put her bag on the table.\n\n" * 3
    assert member(f"{told}“You are better,” said Dr. Chen.", "Dr. Chen").gender == "female"


def test_given_a_young_man_and_a_lady_of_one_family_when_read_then_they_are_two() -> None:
    told = "Halden laughed. He took his hat.\n\nHalden went to the car. He was late.\n\n"
    said = "“It rains,” said Halden Inman.\n\n“So it does,” said Miss Inman.\n\n“Well,” said Halden."
    cast = {each.name: each.gender for each in write_script(told + said).cast if not each.narrator}
    assert cast == {"Halden Inman": "male", "Miss Inman": "female"}


def test_given_a_boy_with_a_girls_name_when_the_whole_story_says_he_then_he_is_one() -> None:
    told = "Rose came in. He sat down and put his cap on his knee.\n\n" * 10
    assert member(f"{told}“It rains,” said Rose.", "Rose").gender == "male"


@pytest.mark.parametrize(
    ("noun", "sex"),
    [
        ("fishwife", "female"),
        ("boatwoman", "female"),
        ("ploughman", "male"),
        ("witness", "unknown"),
        ("german", "unknown"),
    ],
)
def test_given_a_noun_when_its_end_tells_a_sex_then_it_is_that(noun: str, sex: str) -> None:
    assert sex_of_noun(noun) == sex


def test_given_a_noun_when_it_ends_like_a_trade_but_is_kin_then_it_is_none() -> None:
    assert is_trade("farrier")
    assert not is_trade("daughter")
