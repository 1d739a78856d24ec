"""How loud a timeline will be, from the energies of its clips: the master gain is known before the
first sample is mixed, and no second pass is needed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from narratix.ports import Cue, Timeline
from narratix.sound.clip import SPEECH_LUFS
from narratix.sound.envelopes import BED_OVERLAP_SECONDS, Ducking, ducking, is_ducked
from narratix.sound.levels import SILENCE_LUFS
from narratix.sound.loudness import STEP_SECONDS, Energies, integrated
from narratix.sound.profiles import PROFILES
from narratix.sound.rooms import echo_energies, echo_of

MOST_MASTER_GAIN_DB = 20.0
PAUSES_DB = 0.15
"""What the pauses between lines take from the loudness of the whole (four dramas: 0.06 to 0.28)."""
GAIN_STEP_DB = 0.25
"""Gains come in steps, so that a line that is revised seldom changes the gain of all the others."""


def predicted_energies(timeline: Timeline) -> Energies:
    """K-weighted mean squares per 100 ms of the mix before its master gain. Mean squares of
    uncorrelated sounds add up."""
    total = np.zeros(math.ceil(timeline.duration / STEP_SECONDS - 1e-9) + 1)
    duck = ducking(timeline.dialogue)
    for cue in timeline.dialogue:
        _add(total, cue, None)
    for cue in (*timeline.dialogue, *timeline.effects):
        echo = echo_of(cue, timeline.duration)
        if echo is not None and cue.energies:
            _add(total, replace(echo, energies=tuple(echo_energies(cue).tolist())), None)
    for cue in timeline.music:
        _add(total, cue, duck)
    for cue in timeline.effects:
        _add(
            total,
            cue,
            duck if is_ducked(cue) else None,
            again=min(round(BED_OVERLAP_SECONDS / STEP_SECONDS), len(cue.energies) // 3),
        )
    return total[:-1]


def master_gain_db(timeline: Timeline) -> float:
    """The gain that brings the mix to `timeline.loudness_lufs`; 0 for silence, at most 20 dB either way."""
    loudness = integrated(predicted_energies(timeline))
    if loudness <= SILENCE_LUFS:
        return 0.0
    return max(-MOST_MASTER_GAIN_DB, min(MOST_MASTER_GAIN_DB, timeline.loudness_lufs - loudness))


def nominal_gain_db(timeline: Timeline) -> float:
    """The gain for a drama whose end is not known yet: spoken lines all have the same loudness, and the
    bed under them adds little."""
    return timeline.loudness_lufs - SPEECH_LUFS + PAUSES_DB


def steady_gain_db(timeline: Timeline) -> float:
    """The nominal gain where it brings the whole within half of its profile's tolerance, so that the finished drama is
    what was heard while it was made; else one that is a few steps from it. A line spoken anew changes nothing else."""
    exact, nominal = master_gain_db(timeline), nominal_gain_db(timeline)
    if abs(exact - nominal) <= PROFILES[timeline.profile].tolerance_lu / 2:
        return nominal
    return nominal + round((exact - nominal) / GAIN_STEP_DB) * GAIN_STEP_DB


def _add(total: Energies, cue: Cue, duck: Ducking | None, again: int = 0) -> None:
    """Add a cue's energies to the 100 ms grid. Its own grid lies between the steps: each of its
    energies is shared by the two steps that it covers. One that loops goes on from step `again`."""
    first = int(cue.begins / STEP_SECONDS)
    last = min(len(total), math.ceil(cue.ends / STEP_SECONDS))
    if not cue.energies or last <= first:
        return
    own = np.asarray(cue.energies)
    late = cue.begins / STEP_SECONDS - first
    steps = np.arange(first, last)
    index = steps - first
    index = index + round(cue.offset / STEP_SECONDS)
    if cue.loops:
        around = [
            np.where((i >= 0) & (i < again), i, again + (i - again) % (len(own) - again)) for i in (index, index - 1)
        ]
        mixed = (1.0 - late) * own[around[0]] + late * own[around[1]]
    else:
        padded = np.concatenate(([0.0], own, np.zeros(max(0, int(index[-1]) + 1 - len(own)))))
        mixed = (1.0 - late) * padded[index + 1] + late * padded[index]

    middles = (steps + 0.5) * STEP_SECONDS
    squared = np.full(len(steps), 10.0 ** (cue.gain_db / 10.0))
    for seconds, since in ((cue.fade_in, middles - cue.begins), (cue.fade_out, cue.ends - middles)):
        if seconds > STEP_SECONDS:
            squared *= np.sin(0.5 * np.pi * np.clip(since / seconds, 0.0, 1.0)) ** 2
    if duck is not None:
        squared *= 10.0 ** (np.interp(middles, duck.seconds, duck.db) / 10.0)
    total[first:last] += mixed * squared
