"""Keys, chords, a grammar of progressions, and voice leading.

Chords are written as Roman numerals against the major scale ("I", "bVImaj7", "ii7", "Vsus4"): upper case
is major, lower case minor. The grammar is the functional one, tonic - predominant - dominant, of
Rohrmeier, "Towards a generative syntax of tonal harmony" (2011), cut down to four-bar phrases.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MODES: Mapping[str, tuple[int, ...]] = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
MAJOR_MODES = frozenset({"lydian", "ionian", "mixolydian"})

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_NUMERALS = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_CHORD = re.compile(r"(?P<accidental>[b#]?)(?P<numeral>[iv]+|[IV]+)(?P<quality>.*)")
_QUALITIES: Mapping[str, Mapping[bool, tuple[int, ...]]] = {
    "": {True: (0, 4, 7), False: (0, 3, 7)},
    "7": {True: (0, 4, 7, 10), False: (0, 3, 7, 10)},
    "maj7": {True: (0, 4, 7, 11), False: (0, 3, 7, 11)},
    "add9": {True: (0, 4, 7, 14), False: (0, 3, 7, 14)},
    "sus2": {True: (0, 2, 7), False: (0, 2, 7)},
    "sus4": {True: (0, 5, 7), False: (0, 5, 7)},
    "6": {True: (0, 4, 7, 9), False: (0, 3, 7, 9)},
    "°": {True: (0, 3, 6), False: (0, 3, 6)},
    "°7": {True: (0, 3, 6, 9), False: (0, 3, 6, 9)},
    "+": {True: (0, 4, 8), False: (0, 4, 8)},
}


@dataclass(frozen=True, slots=True)
class Chord:
    """`root` and `tones` are pitch classes 0..11, the root first."""

    symbol: str
    root: int
    tones: tuple[int, ...]


def chord(symbol: str, tonic: int) -> Chord:
    """The chord that a Roman numeral names over `tonic`. Raises ValueError for what is no numeral."""
    match = _CHORD.fullmatch(symbol)
    if match is None or match["numeral"].lower() not in _NUMERALS or match["quality"] not in _QUALITIES:
        raise ValueError(f"{symbol!r} is not a Roman numeral that is known here")
    shift = {"b": -1, "#": 1, "": 0}[match["accidental"]]
    root = (tonic + _NUMERALS[match["numeral"].lower()] + shift) % 12
    intervals = _QUALITIES[match["quality"]][match["numeral"].isupper()]
    return Chord(symbol, root, tuple((root + interval) % 12 for interval in intervals))


def scale_over(harmony: Chord, tonic: int, mode: str) -> frozenset[int]:
    """The pitch classes that a melody may use over a chord: the mode, bent to the chord where they clash
    (the raised leading note over a dominant in minor)."""
    degrees = {(tonic + step) % 12 for step in MODES[mode]}
    foreign = {tone for tone in harmony.tones if tone not in degrees}
    clashing = {
        tone for tone in degrees - set(harmony.tones) if (tone + 1) % 12 in foreign or (tone - 1) % 12 in foreign
    }
    return frozenset((degrees - clashing) | set(harmony.tones))


# -- progressions ------------------------------------------------------------------------------

Functions = Mapping[str, Sequence[str]]
"""T, S and D: the chords that serve as tonic, predominant and dominant, the likeliest first."""

_PHRASES: Mapping[str, Sequence[str]] = {
    "half": ("TTSD", "TSTD", "TSSD", "TDSD"),
    "full": ("TSDT", "TSDT", "SSDT", "TTDT"),
    "middle": ("STSD", "SSTD", "TSTS", "SDTD"),
}
_SLOW_PHRASES: Mapping[str, Sequence[str]] = {
    "half": ("TD", "TS"),
    "full": ("ST", "DT"),
    "middle": ("SD", "TS", "ST"),
}


def progression(functions: Functions, cadence: str, slots: int, rng: random.Random) -> tuple[str, ...]:
    """Chord symbols for a phrase of 4 slots (or 2 for slow harmony) that ends with `cadence`: `half` on a
    dominant, `full` on the tonic, `middle` wherever it leads on."""
    shape = rng.choice((_PHRASES if slots == 4 else _SLOW_PHRASES)[cadence])
    symbols: list[str] = []
    for place, function in enumerate(shape):
        if function == "T" and (place == 0 or (cadence == "full" and place == len(shape) - 1)):
            symbols.append(functions["T"][0])
            continue
        fresh = [symbol for symbol in functions[function] if symbols[-1:] != [symbol]]
        choices = fresh or list(functions[function])
        weights = [1.0 / (1 + rank) for rank in range(len(choices))]
        symbols.append(rng.choices(choices, weights)[0])
    return tuple(symbols)


# -- voice leading -----------------------------------------------------------------------------


def lead_voices(chords: Sequence[Chord], low: int, high: int, voices: int) -> list[tuple[int, ...]]:
    """A voicing in [low, high] for each chord, moving as little as possible from one to the next.

    The last chord also looks back to the first, since the piece is a loop."""
    voicings: list[tuple[int, ...]] = []
    centre = (low + high) / 2
    for place, harmony in enumerate(chords):
        before = voicings[-1] if voicings else None
        after = voicings[0] if place == len(chords) - 1 and voicings else None

        def cost(
            voicing: tuple[int, ...], before: tuple[int, ...] | None = before, after: tuple[int, ...] | None = after
        ) -> tuple[float, tuple[int, ...]]:
            drift = abs(sum(voicing) / len(voicing) - centre)
            return (
                0.5 * drift + _movement(before, voicing) + 0.5 * _movement(voicing, after) + _tightness(voicing),
                voicing,
            )

        voicings.append(min(_voicings(harmony, low, high, voices), key=cost))
    return voicings


def _voicings(harmony: Chord, low: int, high: int, voices: int) -> list[tuple[int, ...]]:
    # Over a triad a fourth voice doubles the root or, where that does not fit, the fifth or the third.
    tones = harmony.tones[:voices]
    extras = [(harmony.tones[place],) for place in (0, 2, 1)] if len(tones) < voices else [()]
    for extra in extras:
        places = [[pitch for pitch in range(low, high + 1) if pitch % 12 == tone] for tone in (*tones, *extra)]
        found = {tuple(sorted(pitches)) for pitches in itertools.product(*places) if len(set(pitches)) == voices}
        if found:
            return sorted(found)
    raise ValueError(f"{harmony.symbol} has no voicing for {voices} voices between {low} and {high}")


def _movement(before: tuple[int, ...] | None, after: tuple[int, ...] | None) -> float:
    if before is None or after is None:
        return 0.0
    steps = [b - a for a, b in zip(before, after, strict=True)]
    parallels = sum(
        1
        for (a, b), (c, d) in itertools.combinations(zip(before, after, strict=True), 2)
        if a != b and (c - a) % 12 in (0, 7) and (c - a) % 12 == (d - b) % 12
    )
    return sum(abs(step) for step in steps) + 3.0 * parallels


def _tightness(voicing: tuple[int, ...]) -> float:
    """Discourage seconds at the bottom and holes of more than an octave."""
    gaps = [high - low for low, high in itertools.pairwise(voicing)]
    return (4.0 if gaps and gaps[0] < 3 else 0.0) + sum(max(0, gap - 9) for gap in gaps)
