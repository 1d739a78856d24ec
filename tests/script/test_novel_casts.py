"""The people noted by hand, by whom whole novels are judged, and the pattern that finds who speaks."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks._novel_casts import Person, beside_a_name, noted, plain
from benchmarks.novels import pair_off

ANNE, HARVILLE = Person(("Anne Elliot", "Anne")), Person(("Captain Harville", "Harville"))


def test_given_the_noted_people_then_no_name_is_borne_by_two_of_a_novel() -> None:
    for work, people in noted().items():
        borne = Counter(
            plain(name) for person in people for name in {plain(each): each for each in person.names}.values()
        )
        assert [name for name, count in borne.items() if count > 1] == [], work


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("“It rains,” said Anne. “It does,” Captain Harville replied.", [ANNE, HARVILLE]),
        ("“It rains.”\n\nAnne said nothing.", []),
        ("“It rains,” said\nHarville.", [HARVILLE]),
        ("“It rains,” said Louisa.", []),
    ],
)
def test_given_a_name_beside_a_speech_then_its_bearer_is_found(text: str, speakers: list[Person]) -> None:
    assert [person for _, person in beside_a_name(text, [ANNE, HARVILLE])] == speakers


def test_given_a_member_of_the_cast_who_is_two_people_then_only_the_one_with_most_speeches_counts() -> None:
    assert pair_off({(1, "Anne"): 5, (1, "Mary"): 3, (2, "Mary"): 1, (3, "Anne"): 2}) == {1: "Anne", 2: "Mary"}
