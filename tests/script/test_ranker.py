"""The ranker that is shipped, and how one is trained."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from numpy.typing import NDArray

from narratix.script import ranker
from narratix.script.evidence import FEATURES
from narratix.script.ranker import PASSES, Ranker, WrongRanker, rankers
from training.fitting import Example, fit, joined, prior, temperature


def evidence_for(name: str, value: float) -> NDArray[np.float32]:
    row = np.zeros(len(FEATURES), dtype=np.float32)
    row[FEATURES.index(name)] = value
    return row


def test_given_the_shipped_model_when_loaded_then_it_is_small_and_its_odds_add_up_to_one() -> None:
    assert len(files("narratix.script").joinpath("speakers.npz").read_bytes()) < 1_000_000
    assert len({id(each) for each in rankers()}) == PASSES
    rows = np.random.default_rng(1).random((5, len(FEATURES)), dtype=np.float32)
    for each in rankers():
        assert each.odds(rows).sum() == pytest.approx(1.0)
        assert (each.odds(rows) == each.odds(rows)).all()


def test_given_a_woman_and_a_man_when_she_said_it_then_the_woman_is_likelier() -> None:
    shared = evidence_for("bias", 1.0) + evidence_for("pronoun_cue", 1.0)
    woman, man = shared + evidence_for("cue_sex", 1.0), shared + evidence_for("cue_other_sex", 1.0)
    for each in rankers():
        odds = each.odds(np.stack([woman, man]))
        assert odds[0] > 0.9


def test_given_a_model_of_other_evidence_when_loaded_then_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = io.BytesIO()
    np.savez(stored, features=np.array(["another", "evidence"]))

    class Folder:
        def joinpath(self, _name: str) -> Folder:
            return self

        def open(self, _mode: str) -> io.BytesIO:
            return io.BytesIO(stored.getvalue())

    monkeypatch.setattr(ranker, "files", lambda _package: Folder())
    rankers.cache_clear()
    try:
        with pytest.raises(WrongRanker, match="train it anew"):
            rankers()
    finally:
        rankers.cache_clear()


def examples(way: str, name: str) -> list[Example]:
    return [
        Example(np.stack([evidence_for("bias", 1.0), evidence_for(name, 1.0)]), 1, 1.0, way),
        Example(np.stack([evidence_for(name, 1.0), evidence_for("bias", 1.0)]), 0, 1.0, way),
    ] * 40


def test_given_examples_when_trained_then_the_ranker_learns_them_and_the_same_way_each_time() -> None:
    once = fit(examples("", "tells_next"), hidden=4, epochs=60, seed=3)
    again = fit(examples("", "tells_next"), hidden=4, epochs=60, seed=3)
    row = np.stack([evidence_for("bias", 1.0), evidence_for("tells_next", 1.0)])
    assert once.odds(row)[1] > 0.8
    assert (once.odds(row) == again.odds(row)).all()


def test_given_several_rankers_when_joined_then_their_scores_are_averaged() -> None:
    both = [fit(examples("", "tells_next"), hidden=4, epochs=3, seed=seed) for seed in (0, 1)]
    row = np.stack([evidence_for("bias", 1.0), evidence_for("tells_next", 1.0)])
    expected = (both[0].scores(row) + both[1].scores(row)) / 2
    assert joined(both).scores(row) == pytest.approx(expected, abs=1e-4)


def test_given_a_ranker_that_is_too_sure_when_its_temperature_is_taken_then_it_is_cooled() -> None:
    bold = prior()
    sure = Ranker(bold.hidden, bold.hidden_bias, bold.out, bold.linear * 5)
    half_wrong = [
        replace(each, truth=each.truth if place % 3 else 1 - each.truth)
        for place, each in enumerate(examples("", "told_subject"))
    ]
    assert temperature([(sure, half_wrong)]) > temperature([(bold, examples("", "told_subject"))])
