"""When sounds begin, told from their level alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks._hearing_ear import RATE, STEP, Heard, level_db

UNDER_PEAK_DB: Final = 15.0
"""A sound has begun as soon as it comes so near to its loudest 10 ms: half as loud again, and then half of that."""
SILENT_DB: Final = -70.0
PAUSE_SECONDS: Final = 0.2
SPEECH_DB: Final = -48.0
SAME_SECONDS: Final = 0.03
SHORT_PAUSE_SECONDS: Final = 0.05


def onset(sound: Heard) -> float | None:
    """Seconds until the first 10 ms that come within 15 dB of the loudest; None where all is silent."""
    levels = level_db(sound)
    loudest = float(levels.max())
    return None if loudest < SILENT_DB else float(np.argmax(levels >= loudest - UNDER_PEAK_DB)) * STEP / RATE


def speech_begins(sound: Heard, near: float) -> float | None:
    """The second at which speech sets in after a pause, within 0.25 s of `near`; None where there is no pause there."""
    first = max(0, round((near - 0.25 - PAUSE_SECONDS) * RATE / STEP))
    levels = level_db(sound[first * STEP : round((near + 0.25) * RATE)])
    loud = levels > SPEECH_DB
    pause = round(PAUSE_SECONDS * RATE / STEP)
    for step in range(pause, len(loud)):
        if loud[step] and not loud[step - pause : step].any():
            return (first + step) * STEP / RATE
    return None


def out_of_silence(sound: Heard, at: float, most: float = 1.2) -> float:
    """`at`, or where silence lies there its end, if that is within `most` seconds: no word begins in a silence, though
    aligners like to give a rest to the word after it."""
    first = round(max(0.0, at) * RATE)
    loud = level_db(sound[first : first + round(most * RATE)]) > SPEECH_DB
    step = int(np.argmax(loud)) if loud.any() else 0
    return at if step < 2 else at + step * STEP / RATE


def out_of_silences(sound: Heard, times: Sequence[float | None]) -> list[float | None]:
    """`times` of words in order, each `out_of_silence`. Two words do not begin at one moment: one that would then begin
    with the word after it stands before the silence, where the sound in front of it begins; where that is the word before
    it, its place is not known."""
    moved = [None if at is None else out_of_silence(sound, at) for at in times]
    settled = list(moved)
    for i, (at, now) in enumerate(zip(times, moved, strict=True)):
        following = moved[i + 1] if i + 1 < len(moved) else None
        if at is None or now is None or now == at or following is None or following - now > SAME_SECONDS:
            continue
        begins, before = _sound_before(sound, at), settled[i - 1] if i else None
        settled[i] = begins if before is None or begins - before > SAME_SECONDS else None
    return settled


def _sound_before(sound: Heard, at: float, most: float = 1.2) -> float:
    """Where the stretch of sound begins that ends before the silence at second `at`."""
    first = max(0, round((at - most) * RATE / STEP))
    loud = level_db(sound[first * STEP : round(at * RATE)]) > SPEECH_DB
    step = len(loud)
    while step and not loud[step - 1]:
        step -= 1
    pause = round(SHORT_PAUSE_SECONDS * RATE / STEP)
    while step and loud[max(0, step - pause) : step].any():
        step -= 1
    return (first + step) * STEP / RATE
