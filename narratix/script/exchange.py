"""Who speaks in an exchange as a whole: hardly anybody answers himself in the next paragraph.

Turns in adjoining paragraphs are decided together, by the odds of each and by what it costs that two neighbours are the same:
the likeliest chain (Viterbi, "Error Bounds for Convolutional Codes", 1967), and by all chains the odds of each turn in it
(Rabiner, "A Tutorial on Hidden Markov Models", 1989, section III).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from narratix.script.reading import Turn

_AGAIN = 0.2
"""How much less likely than by its odds alone a turn without a cue is the neighbour's speaker's."""
_LEAST = 1e-6

Shares = NDArray[np.float64]


def settle(turns: Sequence[Turn], odds: Sequence[Mapping[int, float]]) -> list[tuple[int, dict[int, float]]]:
    """The speaker of each turn, and the odds of its candidates now. `odds` are what each turn has by itself."""
    found: list[tuple[int, dict[int, float]]] = []
    first = 0
    for place in range(1, len(turns) + 1):
        if place == len(turns) or turns[place].block != turns[place - 1].block + 1:
            found.extend(_chain(turns[first:place], odds[first:place]))
            first = place
    return found


def _chain(turns: Sequence[Turn], odds: Sequence[Mapping[int, float]]) -> list[tuple[int, dict[int, float]]]:
    shares = [np.maximum(np.fromiter(each.values(), dtype=np.float64), _LEAST) for each in odds]
    steps = [_step(list(one), list(other), turn) for (one, other), turn in zip(pairwise(odds), turns[1:], strict=True)]
    return [
        (list(each)[place], dict(zip(each, map(float, share), strict=True)))
        for each, place, share in zip(odds, _likeliest(shares, steps), _shares_in_all(shares, steps), strict=True)
    ]


def _step(one: Sequence[int], other: Sequence[int], turn: Turn) -> Shares:
    """By what the odds of `turn`, whose candidates are `other`, change with each candidate for the turn before."""
    same = np.equal.outer(one, other)
    if turn.continues:
        return np.where(same, 1.0, _LEAST)
    return np.where(same, _AGAIN if turn.cue is None else 1.0, 1.0)


def _likeliest(shares: Sequence[Shares], steps: Sequence[Shares]) -> list[int]:
    best = np.log(shares[0])
    came = []
    for step, share in zip(steps, shares[1:], strict=True):
        ways = best[:, None] + np.log(step)
        came.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + np.log(share)
    path = [int(best.argmax())]
    for way in reversed(came):
        path.append(int(way[path[-1]]))
    return path[::-1]


def _shares_in_all(shares: Sequence[Shares], steps: Sequence[Shares]) -> list[Shares]:
    forward, backward = [shares[0]], [np.ones(len(shares[-1]))]
    for step, share in zip(steps, shares[1:], strict=True):
        forward.append(_normed((forward[-1] @ step) * share))
    for step, share in zip(reversed(steps), reversed(shares[1:]), strict=True):
        backward.append(_normed(step @ (backward[-1] * share)))
    return [_normed(ahead * behind) for ahead, behind in zip(forward, reversed(backward), strict=True)]


def _normed(shares: Shares) -> Shares:
    normed: Shares = shares / shares.sum()
    return normed
