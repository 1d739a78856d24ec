"""Speech that is heard through something: a telephone, somebody's thoughts, a letter that is read."""

from __future__ import annotations

import re
from typing import Final, Literal

import numpy as np

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.filters import Filter, butterworth

Medium = Literal["", "telephone", "thought", "letter"]

_WORDS: Final[tuple[tuple[Medium, re.Pattern[str]], ...]] = (
    ("telephone", re.compile(r"\b(?:tele)?phon(?:e|ed|ing)\b|\bradio\b|\bintercom\b|\breceiver\b|\btelephoning\b")),
    ("letter", re.compile(r"\breading\b|\bletter\b|\bwriting\b")),
    ("thought", re.compile(r"\bthinking\b|\bthoughts?\b|\binner\b|\bin (?:his|her|its|my|their) head\b")),
)

TELEPHONE_HZ: Final = (300.0, 3400.0)
"""The band of a telephone line (ITU-T G.712)."""
THOUGHT_HZ: Final = 2800.0
LETTER_HZ: Final = (160.0, 5500.0)
_HEAD: Final = ((0.013, 0.42), (0.021, 0.34), (0.034, 0.26), (0.055, 0.16))
_STUDY: Final = ((0.029, 0.22), (0.047, 0.15))
"""Reflections: seconds behind the sound, and their share of it."""


def medium_of(direction: str) -> Medium:
    """What a direction says that a line is heard through; "" for the open air."""
    low = direction.casefold()
    return next((medium for medium, words in _WORDS if words.search(low)), "")


def heard_through(sound: Sound, medium: Medium) -> Sound:
    """Mono sound as it comes through a medium, as long as it was. A telephone leaves its narrow band and is pressed a
    little; a thought is dark and close, with the reflections of a small space; a letter is that of a quiet room."""
    if not medium or not sound.size:
        return sound
    if medium == "telephone":
        narrow = Filter(butterworth(4, *TELEPHONE_HZ))(sound)
        peak = float(np.abs(narrow).max()) or 1.0
        pressed = np.tanh(2.0 * narrow / peak) * peak
        return Filter(butterworth(2, *TELEPHONE_HZ))(pressed.astype(np.float32))
    if medium == "thought":
        return _reflected(Filter(butterworth(2, high=THOUGHT_HZ))(sound), _HEAD)
    return _reflected(Filter(butterworth(1, *LETTER_HZ))(sound), _STUDY)


def _reflected(sound: Sound, reflections: tuple[tuple[float, float], ...]) -> Sound:
    out = sound.copy()
    for seconds, share in reflections:
        delay = round(seconds * SAMPLE_RATE)
        out[delay:] += np.float32(share) * sound[: max(0, sound.size - delay)]
    return out
