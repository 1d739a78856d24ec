"""Gains over time: equal-power fades and pans, and music that steps back behind voices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from narratix.ports import Cue
from narratix.sound.grid import sample_at

DUCK_DB = -12.0
DUCK_DOWN_SECONDS = 0.25
DUCK_UP_SECONDS = 0.6
DUCK_HOLD_SECONDS = 1.5
"""Pauses up to this long stay ducked: music that breathes with every comma is worse than none."""

AMBIENCE_SECONDS = 4.0
"""Effects of this length fill a place of their own: none rings in that of the people."""

BED_OVERLAP_SECONDS = 2.0
"""By how much an effect that goes on for ever laps over itself."""

Gain = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]


def fade_in_curve(samples: Positions, length: int) -> Gain:
    """The gain, rising as a quarter sine over `length` samples, at `samples` since its start. Together
    with its mirror image it keeps the power of two uncorrelated sounds."""
    phase = np.clip((samples + 0.5) / length, 0.0, 1.0)
    return cast(Gain, np.sin(0.5 * np.pi * phase).astype(np.float32))


def fade_gain(cue: Cue, samples: Positions) -> Gain | None:
    """The gain of a cue's fades at absolute `samples`, which lie within it; None where it is 1."""
    begin, end = sample_at(cue.begins), sample_at(cue.ends)
    rise, fall = sample_at(cue.fade_in), sample_at(cue.fade_out)
    gain: Gain | None = None
    if rise and samples[0] < begin + rise:
        gain = fade_in_curve(samples - begin, rise)
    if fall and samples[-1] >= end - fall:
        falling = fade_in_curve(end - 1 - samples, fall)
        gain = falling if gain is None else gain * falling
    return gain


def pan_gains(pan: float) -> tuple[float, float]:
    """The left and right gain of a mono sound at `pan` (-1 left, 1 right); their squares sum to 1."""
    angle = (min(1.0, max(-1.0, pan)) + 1.0) * math.pi / 4.0
    return math.cos(angle), math.sin(angle)


@dataclass(frozen=True, slots=True)
class Ducking:
    """The level of the bed over time in dB, straight lines between points (`seconds`, `db`)."""

    seconds: npt.NDArray[np.float64]
    db: npt.NDArray[np.float64]

    def gain(self, first: float, last: float, count: int) -> Gain | float:
        """The gain at `count` instants from `first` on, evenly spaced, `last` not included (seconds).
        A single number where it stays the same."""
        low = max(0, int(np.searchsorted(self.seconds, first, side="right")) - 1)
        high = int(np.searchsorted(self.seconds, last, side="left")) + 1
        levels = self.db[low:high]
        if not levels.size:
            return 1.0
        if levels.min() == levels.max():
            return float(10.0 ** (levels[0] / 20.0))
        instants = first + (last - first) / count * np.arange(count)
        level = np.interp(instants, self.seconds[low:high], levels)
        return cast(Gain, np.exp(level * (math.log(10.0) / 20.0)).astype(np.float32))


def ducking(dialogue: Iterable[Cue]) -> Ducking:
    """Down by 12 dB within 250 ms before a voice, up again within 600 ms after it."""
    spans: list[list[float]] = []
    for cue in sorted(dialogue, key=lambda c: c.begins):
        if spans and cue.begins - spans[-1][1] <= DUCK_HOLD_SECONDS:
            spans[-1][1] = max(spans[-1][1], cue.ends)
        else:
            spans.append([cue.begins, cue.ends])
    points = [(-math.inf, 0.0)] if not spans else []
    for begins, ends in spans:
        points += [(begins - DUCK_DOWN_SECONDS, 0.0), (begins, DUCK_DB), (ends, DUCK_DB), (ends + DUCK_UP_SECONDS, 0.0)]
    return Ducking(np.array([p[0] for p in points]), np.array([p[1] for p in points]))


def is_ambience(seconds: float, energies: Sequence[float]) -> bool:
    """Whether a clip is so long that it is a place of its own. Its energies tell its length where they are
    there, since the end of the drama may cut its cue."""
    return max(seconds, len(energies) * 0.1) >= AMBIENCE_SECONDS


def is_ducked(cue: Cue) -> bool:
    """Music and ambience, which go on, step back behind voices; an event belongs to its word and does not, however long it
    rings: a bell that came up again after the voice was louder than it."""
    return cue.loops
