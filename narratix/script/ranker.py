"""A small neural ranker: weighs the evidence for each candidate and gives the odds of each to be the speaker.

`speakers.npz` holds it; `training/train_speakers.py` makes it and `speakers.md` says from what and how well it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import IO

import numpy as np
from numpy.typing import NDArray

from narratix.script.evidence import FEATURES

Floats = NDArray[np.float32]
PASSES = 2
"""A ranker for the first reading of a text, and one for the later ones, which know the odds of the turns to come."""


class WrongRanker(ValueError):
    """The model file was trained on other evidence than this release gathers."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """One hidden layer of rectifiers beside a linear part; rows of evidence in, odds that add up to 1 out."""

    hidden: Floats
    hidden_bias: Floats
    out: Floats
    linear: Floats
    temperature: float = 1.0

    def scores(self, rows: Floats) -> Floats:
        weighed: Floats = np.maximum(rows @ self.hidden + self.hidden_bias, 0.0) @ self.out + rows @ self.linear
        return weighed

    def odds(self, rows: Floats) -> NDArray[np.float64]:
        scores = self.scores(rows).astype(np.float64) / self.temperature
        likely = np.exp(scores - scores.max())
        shares: NDArray[np.float64] = likely / likely.sum()
        return shares


def readings(first: Ranker, later: Ranker) -> tuple[Ranker, ...]:
    """The ranker of each reading: a third one settles what the second has turned over."""
    return first, later, later


@lru_cache(maxsize=1)
def rankers() -> tuple[Ranker, ...]:
    """The shipped model, a ranker for each reading. Raises WrongRanker."""
    with files("narratix.script").joinpath("speakers.npz").open("rb") as file:
        return load(file)


def load(file: IO[bytes]) -> tuple[Ranker, ...]:
    """A ranker for each reading, from a file that training/train_speakers.py wrote. Raises WrongRanker."""
    with np.load(file) as stored:
        if tuple(stored["features"].tolist()) != FEATURES:
            raise WrongRanker(
                "narratix/script/speakers.npz was trained on other evidence than this code gathers; "
                "train it anew with training/train_speakers.py."
            )
        first, later = (
            Ranker(
                stored[f"hidden_{each}"],
                stored[f"hidden_bias_{each}"],
                stored[f"out_{each}"],
                stored[f"linear_{each}"],
                float(stored[f"temperature_{each}"]),
            )
            for each in range(PASSES)
        )
        return readings(first, later)
