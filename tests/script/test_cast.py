"""Which names mean the same person, and which do not."""

from __future__ import annotations

import pytest

from narratix.events.catalogue import CastMember
from narratix.script.engine import write_script


def member(text: str, name: str) -> CastMember:
    """The one member of the cast who goes by a name."""
    found = [each for each in write_script(text).cast if name in (each.name, *each.aliases)]
    assert len(found) == 1, [(each.name, each.aliases) for each in write_script(text).cast]
    return found[0]


def said(*names: str) -> str:
    return "\n\n".join(f"“Well,” said {name}. “So it is.”" for name in names)


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (("Amelia Sedley", "Amelia", "Amelia", "Miss Sedley"), ("Amelia", "Miss Sedley")),
        (("Elizabeth Bennet", "Elizabeth", "Lizzy"), ("Elizabeth", "Lizzy")),
        (("Lord Antony Dewhurst", "Lord Tony"), ("Lord Antony Dewhurst", "Lord Tony")),
        (("Mr. Franklin Blake", "Mr. Franklin", "Mr. Blake"), ("Mr. Franklin", "Mr. Blake")),
        (("George Minafer", "Georgie", "George"), ("George", "Georgie")),
        (("Dunstan Cass", "Dunstan", "Dunsey", "Dunsey Cass"), ("Dunstan", "Dunsey")),
        (("Sid", "Sid", "Sid", "Sidney"), ("Sid", "Sidney")),
        (("Captain Smollett", "Mr. Smollett"), ("Captain Smollett", "Mr. Smollett")),
        (("Captain Mirvan", "the captain"), ("Captain Mirvan", "The captain")),
        (("Dr. Livesey", "Doctor Livesey", "the doctor"), ("Dr. Livesey", "The doctor")),
    ],
)
def test_given_names_of_one_person_when_read_then_they_are_one_member(
    names: tuple[str, ...], same: tuple[str, str]
) -> None:
    text = said(*names)
    assert member(text, same[0]) == member(text, same[1])


@pytest.mark.parametrize(
    ("names", "different"),
    [
        (("Mr. Bennet", "Mrs. Bennet", "Jane Bennet", "Elizabeth Bennet"), 4),
        (("Mrs. Hale", "Miss Hale"), 2),
        (("Dr. Craven", "Mr. Craven"), 2),
        (("Sir Pitt Crawley", "Mr. Crawley"), 2),
        (("Lady Bertram", "Miss Bertram"), 2),
        (("Carol Kennicott", "Carol", "Dr. Kennicott", "Dr. Kennicott", "Kennicott"), 2),
        (("John Durbeyfield", "Durbeyfield", "King John"), 2),
        (("Paul Morel", "Paul", "Paul", "Walter Morel", "Morel"), 2),
        (("Mary Lennox", "Mary", "Mary", "Mary", "Mrs. Lennox"), 2),
    ],
)
def test_given_names_of_a_family_when_read_then_nobody_is_merged(names: tuple[str, ...], different: int) -> None:
    assert len([each for each in write_script(said(*names)).cast if not each.narrator]) == different


def test_given_a_family_name_alone_when_a_man_bears_it_then_it_is_his() -> None:
    text = said("Carol Kennicott", "Carol", "Dr. Kennicott", "Dr. Kennicott", "Kennicott")
    assert member(text, "Kennicott") == member(text, "Dr. Kennicott")


def test_given_a_stranger_who_is_named_later_when_read_then_he_is_one_member() -> None:
    text = (
        "A stranger came to the inn. The stranger sat down by the fire and looked about.\n\n"
        "The stranger called for rum.\n\n“Rum!” said the stranger.\n\nThe captain came in and turned pale.\n\n"
        "“Come, you know me,” said the stranger.\n\n“Black Dog!” said the captain.\n\n"
        "“And who else?” said Black Dog. He laughed.\n\n“Speak up,” said the captain.\n\n“I will,” said Black Dog."
    )
    assert member(text, "The stranger") == member(text, "Black Dog")
    script = write_script(text)
    names = {each.id: each.name for each in script.cast}
    spoken = [names[each.speaker] for each in script.segments if each.kind == "speech"]
    assert spoken == ["Black Dog", "Black Dog", "The captain", "Black Dog", "The captain", "Black Dog"]


def test_given_a_narrator_whom_others_call_by_name_when_read_then_the_narrator_has_it() -> None:
    text = (
        "I went to the door and I opened it. I knew my guest at once.\n\n“You are late, Hastings,” said Poirot.\n\n"
        "“I am sorry,” I said.\n\n“Sit down, Hastings,” said Poirot. I sat down beside my friend."
    )
    script = write_script(text)
    assert script.cast[0].name == "Hastings"
    assert script.cast[0].narrator


def test_given_an_author_who_steps_in_now_and_then_when_read_then_nobody_tells_the_story() -> None:
    scene = "Amelia walked to the window and looked at the garden for a long time. She was thinking of the ball. " * 8
    text = "\n\n".join([scene] * 6 + ["I have heard that she wept, and I do not blame her.", said("Amelia")])
    assert write_script(text).cast[0].name == "Narrator"


def test_given_a_name_that_is_also_a_word_when_people_speak_by_it_then_it_is_a_name() -> None:
    assert member(said("Good", "Sir Henry", "Good", "Good"), "Good")


def test_given_a_voice_of_somebody_when_it_speaks_then_it_is_theirs() -> None:
    text = said("Jane", "John Reed") + "\n\n“Boh!” cried the voice of John Reed.\n\n“No!” cried Jane’s voice."
    script = write_script(text)
    names = {each.id: each.name for each in script.cast}
    assert [names[each.speaker] for each in script.segments if each.kind == "speech"][-2:] == ["John Reed", "Jane"]


def test_given_a_narrator_who_is_called_sir_when_read_then_he_is_a_man() -> None:
    text = (
        "I opened the door and I looked out. I saw a boy.\n\n“A letter, sir,” said the boy.\n\n“Thank you,” I said.\n\n"
        "“Good night, sir,” said the boy. I took my letter and I read it."
    )
    assert write_script(text).cast[0].gender == "male"


def exchange(*speeches: tuple[str, str]) -> str:
    return "\n\n".join(f"“{speech}” said {name}." for name, speech in speeches)


def test_given_a_name_that_ends_like_an_adverb_when_it_speaks_then_it_is_somebody() -> None:
    text = exchange(("Sally", "Good morning,"), ("Emily", "So it is,"), ("Sally", "Is it not?"))
    assert sorted(each.name for each in write_script(text).cast if not each.narrator) == ["Emily", "Sally"]


def test_given_a_bearer_who_is_called_captain_most_when_the_captain_speaks_then_it_is_he() -> None:
    names = ["Captain Smollett"] * 3 + ["Silver"] * 8 + ["John Silver", "Captain Silver", "the captain"]
    assert member(said(*names), "The captain").name == "Captain Smollett"


def test_given_a_saint_when_a_namesake_speaks_then_they_are_two() -> None:
    text = said("St. John Rivers", "St. John", "St. John", "John", "John")
    assert member(text, "St. John") == member(text, "St. John Rivers") != member(text, "John")


def test_given_father_and_son_who_answer_each_other_then_they_are_two() -> None:
    talk = [("Mr. Hale", "Come in, Frederick,"), ("Frederick", "Here I am,")] * 3
    text = exchange(("Frederick Hale", "It rains,"), *talk)
    assert member(text, "Mr. Hale") != member(text, "Frederick")


def test_given_a_gentleman_called_by_both_names_in_turn_then_he_is_one() -> None:
    told = "\n\n".join(["Eugene walked up and down."] * 6 + ["Mr. Morgan looked out at the rain."] * 6)
    text = said("Eugene Morgan", "Eugene", "Mr. Morgan", "Lucy", "Eugene") + "\n\n" + told
    assert member(text, "Mr. Morgan") == member(text, "Eugene")


def test_given_a_trade_before_a_family_name_then_it_is_a_title() -> None:
    text = said("Gabriel Oak", "Farmer Oak", "Gabriel", "Oak")
    assert member(text, "Farmer Oak") == member(text, "Gabriel")


def test_given_a_narrator_whom_friends_call_by_two_names_then_both_are_hers() -> None:
    talk = "“You are late, Nelly,” said Joseph.\n\n“I know it,” I said.\n\n“And wet, Ellen,” said Zillah.\n\n“I am,” I replied, and I took off my cloak.\n\n"
    teller = next(each for each in write_script(talk * 5).cast if each.narrator)
    assert {teller.name, *teller.aliases} == {"Nelly", "Ellen"}


def test_given_somebody_whom_only_others_call_then_that_is_not_the_narrator() -> None:
    aside = "“Come, Tom,” said Joseph.\n\n“Not yet,” said Zillah.\n\nI waited, and I held my breath.\n\n“Who is there?” I said.\n\nNobody answered me.\n\nThe wind rose.\n\nIt fell.\n\nI went.\n\n"
    teller = next(each for each in write_script(aside * 40).cast if each.narrator)
    assert "Tom" not in (teller.name, *teller.aliases)


def test_given_a_doctor_told_of_beside_a_patient_then_he_stays_a_man() -> None:
    text = said("Dr. Wigram", "Dr. Wigram") + "\n\nDr. Wigram looked at the bed. She was asleep. " * 2
    assert member(text, "Dr. Wigram").gender == "male"


def test_given_a_voice_of_his_mother_when_it_speaks_then_it_is_hers_and_not_his() -> None:
    text = said("Tom", "Tom") + "\n\n“You asked my advice,” interrupted his mother’s voice.\n\n“I did,” said Tom."
    assert {each.name for each in write_script(text).cast if not each.narrator} == {"Tom", "The mother"}


def test_given_a_captain_and_a_mr_whom_a_paragraph_tells_of_together_then_they_are_brothers() -> None:
    text = said("Captain Lennox", "Mr. Lennox") + "\n\nCaptain Lennox looked round. Mr. Lennox had gone out."
    assert member(text, "Captain Lennox") != member(text, "Mr. Lennox")


def test_given_an_article_before_a_title_when_shown_then_the_name_goes_without_it() -> None:
    assert member("It was late.\n\n“Well,” said the Miss Hale of old.", "Miss Hale").name == "Miss Hale"


def test_given_a_town_that_is_named_after_a_saint_when_nobody_of_it_speaks_then_it_is_nobody() -> None:
    text = "A man came to the village of St. Petersburg.\n\n“It rains,” said Tom.\n\n“So it does.”\n\n“Well,” said Tom."
    assert all("Petersburg" not in each.name for each in write_script(text).cast)
