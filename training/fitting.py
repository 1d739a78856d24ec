"""Fits a ranker: softmax over the candidates of a turn, by Adam (Kingma and Ba 2015).

A turn whose cue was hidden is not like one that never had a cue: authors name the speaker where it is not plain. So each way of
hiding has linear weights of its own, which are dropped afterwards, beside those shared with the annotated turns
(Daume 2007, "Frustratingly Easy Domain Adaptation")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from narratix.script.evidence import FEATURES
from narratix.script.ranker import Ranker

Floats = NDArray[np.float32]
_BATCH = 256
_RATE = 0.02
_DECAY, _INNER_DECAY, _OWN_DECAY = 3e-4, 3e-4, 1e-3
_DROPPED = 0.15
PRIOR: Final = {
    "cue_sex": 2.1, "cue_other_sex": -6.0, "cue_unknown_sex": 0.6, "cue_last_subject": 2.0, "cue_earlier": 1.0,
    "cue_present": 1.5, "noun_own": 3.0, "beat_share": 3.0, "beat_before": 0.8, "beat_adjoins": 1.2, "beat_sex": 1.0,
    "beat_other_sex": -1.5, "spoke_before": -2.5, "spoke_apart": -0.3, "spoke_that": 1.2, "addressed_before": 1.1,
    "addresses": -5.0, "addressed_next": 1.0, "speaks_next": -2.4, "speaks_then": 0.9, "told_subject": 2.8,
    "told_mention": 0.4, "age": -2.0, "cues": 1.5, "narrator": 0.3, "named": 0.5, "absent": -1.5, "talks_of": -2.0,
}  # fmt: skip
"""Where the linear part starts and what it is drawn back to: weights set by hand before anything was trained."""


@dataclass(frozen=True, slots=True)
class Example:
    """A turn: the evidence for its candidates, the row of who spoke it, how much it counts, and in which way its cue was
    hidden ("" for a turn as it stands)."""

    rows: Floats
    truth: int
    weight: float
    way: str


def prior() -> Ranker:
    """The ranker before any training: the weights set by hand."""
    linear = np.array([PRIOR.get(name, 0.0) for name in FEATURES], dtype=np.float32)
    columns = len(FEATURES)
    return Ranker(
        np.zeros((columns, 1), dtype=np.float32), np.zeros(1, dtype=np.float32), np.zeros(1, dtype=np.float32), linear
    )


@dataclass(slots=True)
class _Weights:
    """`hidden`, `bias`, `out` and `linear` as in Ranker; `own` are the linear weights of each way of hiding."""

    hidden: Floats
    bias: Floats
    out: Floats
    linear: Floats
    own: Floats

    def all(self) -> tuple[Floats, ...]:
        return self.hidden, self.bias, self.out, self.linear, self.own


def fit(examples: Sequence[Example], hidden: int, epochs: int, seed: int) -> Ranker:
    """The ranker under which the examples are likeliest. The same examples and seed give the same ranker."""
    random = np.random.default_rng(seed)
    columns = len(FEATURES)
    rows, void, truth, weight = _stacked(examples)
    ways = sorted({example.way for example in examples} - {""})
    way = np.array([ways.index(example.way) if example.way else -1 for example in examples])
    start = prior().linear
    weights = _Weights(
        (random.standard_normal((columns, hidden)) * 0.2).astype(np.float32),
        np.zeros(hidden, dtype=np.float32),
        np.zeros(hidden, dtype=np.float32),
        start.copy(),
        np.zeros((max(1, len(ways)), columns), dtype=np.float32),
    )
    means = [np.zeros_like(each) for each in weights.all()]
    spreads = [np.zeros_like(each) for each in weights.all()]
    step = 0
    for epoch in range(epochs):
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        order = random.permutation(len(examples))
        for begin in range(0, len(order), _BATCH):
            batch = order[begin : begin + _BATCH]
            kept = ((random.random(hidden) >= _DROPPED) / (1 - _DROPPED)).astype(np.float32)
            slopes = _slopes(weights, rows[batch], void[batch], truth[batch], weight[batch], way[batch], kept)
            decays: tuple[Floats, ...] = (
                _INNER_DECAY * weights.hidden,
                np.zeros_like(weights.bias),
                _INNER_DECAY * weights.out,
                _DECAY * (weights.linear - start),
                _OWN_DECAY * weights.own,
            )
            step += 1
            for place, (value, slope, decay) in enumerate(zip(weights.all(), slopes, decays, strict=True)):
                slope = slope + decay
                means[place] = 0.9 * means[place] + 0.1 * slope
                spreads[place] = 0.999 * spreads[place] + 0.001 * slope * slope
                mean, spread = means[place] / (1 - 0.9**step), spreads[place] / (1 - 0.999**step)
                value -= (rate * mean / (np.sqrt(spread) + 1e-8)).astype(np.float32)
    return Ranker(weights.hidden, weights.bias, weights.out, weights.linear)


def joined(rankers: Sequence[Ranker]) -> Ranker:
    """One ranker that gives the mean of the scores of several."""
    count = np.float32(len(rankers))
    return Ranker(
        np.concatenate([each.hidden for each in rankers], axis=1),
        np.concatenate([each.hidden_bias for each in rankers]),
        (np.concatenate([each.out for each in rankers]) / count).astype(np.float32),
        np.mean([each.linear for each in rankers], axis=0, dtype=np.float32),
    )


def _stacked(examples: Sequence[Example]) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """All evidence in one array, filled up to the widest turn; `void` puts the filling out of the question."""
    width = max(len(example.rows) for example in examples)
    rows = np.zeros((len(examples), width, len(FEATURES)), dtype=np.float32)
    void = np.full((len(examples), width), -1e9, dtype=np.float32)
    for place, example in enumerate(examples):
        rows[place, : len(example.rows)] = example.rows
        void[place, : len(example.rows)] = 0.0
    truth = np.array([example.truth for example in examples])
    return rows, void, truth, np.array([example.weight for example in examples], dtype=np.float32)


def _slopes(
    weights: _Weights,
    rows: Floats,
    void: Floats,
    truth: NDArray[np.int64],
    weight: Floats,
    way: NDArray[np.int64],
    kept: Floats,
) -> tuple[Floats, ...]:
    inner = rows @ weights.hidden + weights.bias
    active = np.maximum(inner, 0.0) * kept
    own = weights.own[way] * (way >= 0)[:, None]
    scores = active @ weights.out + rows @ weights.linear + np.einsum("tcf,tf->tc", rows, own) + void
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    wrong = (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)
    wrong[np.arange(len(truth)), truth] -= 1.0
    wrong *= (weight / _BATCH)[:, None]
    back = wrong[:, :, None] * (weights.out * kept) * (inner > 0)
    by_turn = np.einsum("tc,tcf->tf", wrong, rows)
    return (
        np.einsum("tcf,tch->fh", rows, back, optimize=True),
        back.sum(axis=(0, 1)),
        np.einsum("tc,tch->h", wrong, active),
        by_turn.sum(axis=0),
        np.stack([by_turn[way == each].sum(axis=0) for each in range(len(weights.own))]),
    )


def temperature(judged: Sequence[tuple[Ranker, Sequence[Example]]]) -> float:
    """What to divide the scores by so that the odds are neither too bold nor too shy (Guo et al. 2017)."""
    scored = [(ranker.scores(each.rows), each) for ranker, examples in judged for each in examples]

    def surprise(degree: float) -> float:
        return -sum(
            float(scores[each.truth] / degree - np.logaddexp.reduce(scores / degree)) * each.weight
            for scores, each in scored
        )

    return float(min(np.linspace(0.6, 2.5, 39), key=surprise))
