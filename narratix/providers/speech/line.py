"""A line from its phrases: utter each, cut off its silence, join them, colour the voice, time the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from narratix.ports import SAMPLE_RATE, Sound, SpokenWord
from narratix.providers.speech.delivery import Delivery, colour
from narratix.providers.speech.phonemes import SILENT, Phrase
from narratix.providers.speech.words import SourceWord

SPEAKING = 2
"""Counts how lines have been made of phrases: beside `READING`, a local voice's model carries it. To be raised when the same
phrases sound otherwise or their words are timed otherwise, so that no older clip is taken for one of these (2: words are
timed by when they are heard)."""
RATE = 24_000
"""Hertz of both networks."""

_FRAME = 600  # samples that one unit of a symbol's duration lasts, in both networks
_LEAD = 0.065
"""Seconds by which a symbol is heard before its frames, in both networks: measured against words whose beginnings are known
(spoken one by one, put together anew), and by an aligner that has never seen a duration of theirs."""
_ATTACK, _RELEASE = 0.16, 0.25  # seconds that a sound may begin before and end after its symbol's frames
_FLOOR_DB = -45.0  # under the phrase's peak this is silence
_MARGIN = 0.012  # seconds kept around what is louder
_FADE = 0.004
_LEAST_REST = 0.01  # a shorter silence is not worth a joint
_CEILING = 0.98

Utter = Callable[[str, float], tuple[Sound, npt.NDArray[np.float32]]]
"""Symbols and a pace to a sound at RATE and the duration of each symbol in 25 ms frames, with those of the
silent pads before and after: len(symbols) + 2."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sound at SAMPLE_RATE, |x| <= 1, and one entry per source word, in order."""

    sound: Sound
    words: tuple[SpokenWord, ...]


NOTHING = Line(np.zeros(0, np.float32), ())


def speak_line(
    words: Sequence[SourceWord], phrases: Sequence[Phrase], utter: Utter, style: Delivery, speed: float, ratio: float
) -> Line:
    """`ratio` scales the voice's whole spectrum, pitch and formants, as a smaller or larger body would: the voice
    is uttered slower by it and played faster."""
    ratio *= 2 ** (style.pitch / 12)
    pace = speed * style.pace
    spans: dict[int, tuple[float, float]] = {}
    parts: list[Sound] = []
    at = 0
    for i, phrase in enumerate(phrases):
        sound, frames = utter(phrase.symbols, pace / ratio)
        edges = np.concatenate([[0.0], np.cumsum(frames)]) * _FRAME
        sound, edges = _rested(phrase, sound, edges, pace / ratio)
        first, last = _voiced(phrase, edges, sound)
        for symbol, owner in enumerate(phrase.owners, start=1):
            if owner != SILENT:
                begins, ends = np.clip(edges[symbol : symbol + 2] - _LEAD * RATE, first, last) - first + at
                spans[owner] = (spans[owner][0] if owner in spans else float(begins), float(ends))
        parts.append(_faded(sound[first:last]))
        at += last - first
        if i + 1 < len(phrases):
            gap = round(phrase.pause / pace * ratio * RATE)
            parts.append(np.zeros(gap, np.float32))
            at += gap
    if not at:
        return Line(NOTHING.sound, _timed(words, {}, 1.0, 0.0))
    joined = colour(np.concatenate(parts), RATE, style)
    sound = soxr.resample(joined, RATE * ratio, SAMPLE_RATE, "HQ").astype(np.float32)
    peak = float(np.abs(sound).max())
    if peak > _CEILING:
        sound *= _CEILING / peak
    return Line(sound, _timed(words, spans, 1 / (RATE * ratio), sound.size / SAMPLE_RATE))


def _rested(
    phrase: Phrase, sound: Sound, edges: npt.NDArray[np.float64], pace: float
) -> tuple[Sound, npt.NDArray[np.float64]]:
    """The phrase with a rest at every mark, where the network hurried over it: silence is put in at the quietest moment
    between the two words, with a fade on both sides."""
    parts: list[Sound] = []
    moved = edges.copy()
    done = 0
    for last, following, rest in phrase.rests():
        ends, begins = edges[last + 1], edges[following]
        lacking = round(rest / pace * RATE - (begins - ends))
        if lacking < _LEAST_REST * RATE:
            continue
        lead = _LEAD * RATE
        at = max(done, _quietest(sound, max(0, round(ends - lead)), max(0, round(begins - lead))))
        parts += [_faded(sound[done:at]), np.zeros(lacking, np.float32)]
        moved[following:] += lacking
        done = at
    if not done:
        return sound, edges
    return np.concatenate([*parts, _faded(sound[done:])]), moved


def _quietest(sound: Sound, first: int, last: int) -> int:
    """The middle of the quietest 10 ms between two samples."""
    size = RATE // 100
    power = np.concatenate([[0.0], np.cumsum(np.square(sound[first : max(last, first + size)], dtype=np.float64))])
    if power.size <= size:
        return (first + last) // 2
    return first + int(np.argmin(power[size:] - power[:-size])) + size // 2


def _voiced(phrase: Phrase, edges: npt.NDArray[np.float64], sound: Sound) -> tuple[int, int]:
    """Where the speech begins and ends, in samples: near its symbols' edges, and louder than the floor."""
    owned = [i for i, owner in enumerate(phrase.owners, start=1) if owner != SILENT]
    first = max(0, round(edges[owned[0]] - _ATTACK * RATE))
    last = min(sound.size, round(edges[owned[-1] + 1] + _RELEASE * RATE))
    level = np.abs(sound[first:last])
    if not level.size or not level.max():
        return first, max(first, last)
    loud = np.flatnonzero(level > level.max() * 10 ** (_FLOOR_DB / 20))
    margin = round(_MARGIN * RATE)
    return max(first, first + int(loud[0]) - margin), min(last, first + int(loud[-1]) + 1 + margin)


def _faded(sound: Sound) -> Sound:
    n = min(round(_FADE * RATE), sound.size // 2)
    if n:
        ramp = np.linspace(0, 1, n, endpoint=False, dtype=np.float32)
        sound = sound.copy()
        sound[:n] *= ramp
        sound[-n:] *= ramp[::-1]
    return sound


def _timed(
    words: Sequence[SourceWord], spans: dict[int, tuple[float, float]], second: float, duration: float
) -> tuple[SpokenWord, ...]:
    """A word that made no sound ("10 km" said as one) stands, without length, where the one before it ended."""
    out: list[SpokenWord] = []
    now = 0.0
    for i, word in enumerate(words):
        begins, ends = (min(t * second, duration) for t in spans.get(i, (now / second, now / second)))
        begins = max(begins, now)
        now = max(ends, begins)
        out.append(SpokenWord(word.start, word.end, begins, now))
    return tuple(out)
