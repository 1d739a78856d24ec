"""Turns in adjoining paragraphs are decided together."""

from __future__ import annotations

import itertools

import pytest

from narratix.script.cues import Cue
from narratix.script.exchange import settle
from narratix.script.reading import Turn
from narratix.script.references import Reference

HE = Cue(Reference("pronoun", "", ("he",)), "said", 0, 1)


def turn(block: int, cue: Cue | None = None, *, continues: bool = False) -> Turn:
    return Turn(block=block, quotes=[block], start=10 * block, end=10 * block + 5, cue=cue, continues=continues)


def speakers(turns: list[Turn], odds: list[dict[int, float]]) -> list[int]:
    return [speaker for speaker, _ in settle(turns, odds)]


def test_given_an_exchange_in_which_all_lean_to_one_when_settled_then_the_surest_decide_and_the_others_answer() -> None:
    turns = [turn(block) for block in range(5)]
    odds = [{1: 0.9, 2: 0.1}, {1: 0.6, 2: 0.4}, {1: 0.8, 2: 0.2}, {1: 0.55, 2: 0.45}, {1: 0.9, 2: 0.1}]
    assert speakers(turns, odds) == [1, 2, 1, 2, 1]


def test_given_a_name_beside_a_speech_when_its_exchange_is_settled_then_it_stays() -> None:
    assert speakers([turn(0), turn(1), turn(2)], [{1: 1.0}, {1: 0.7, 2: 0.3}, {2: 1.0}]) == [1, 1, 2]


@pytest.mark.parametrize(
    "turns",
    [[turn(0), turn(2)], [turn(0), turn(1, HE)], [turn(0), turn(1, continues=True)]],
    ids=["something is told between", "a cue says who", "the speech goes on"],
)
def test_given_turns_that_are_no_exchange_when_settled_then_one_may_speak_twice(turns: list[Turn]) -> None:
    assert speakers(turns, [{1: 0.8, 2: 0.2}, {1: 0.55, 2: 0.45}]) == [1, 1]


def test_given_a_speech_that_goes_on_when_settled_then_its_speaker_is_the_same() -> None:
    assert speakers(
        [turn(0), turn(1), turn(2, continues=True)], [{1: 0.9, 2: 0.1}, {1: 0.5, 2: 0.5}, {1: 0.6, 2: 0.4}]
    ) == [1, 2, 2]


def test_given_an_exchange_when_settled_then_the_odds_are_those_of_all_its_chains() -> None:
    (_, first), (_, second) = settle([turn(0), turn(1)], [{1: 0.8, 2: 0.2}, {1: 0.5, 2: 0.5}])
    # weights of the chains 11, 12, 21, 22: 0.4 x 0.2, 0.4, 0.1, 0.1 x 0.2
    assert first == pytest.approx({1: 0.48 / 0.6, 2: 0.12 / 0.6})
    assert second == pytest.approx({1: 0.18 / 0.6, 2: 0.42 / 0.6})


def test_given_many_turns_when_settled_then_odds_do_not_vanish() -> None:
    settled = settle([turn(block) for block in range(2_000)], [{1: 0.6, 2: 0.3, 3: 0.1}] * 2_000)
    assert all(sum(odds.values()) == pytest.approx(1.0) for _, odds in settled)
    assert all(one != other for (one, _), (other, _) in itertools.pairwise(settled))
