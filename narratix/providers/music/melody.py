"""A melody from one motif: stated, sequenced, varied, brought to rest, and brought back.

Motif and development follow Schoenberg, "Fundamentals of Musical Composition" (1967), chapters 3-5: the
rhythm is what the ear recognises, so it is kept longest, while the contour moves, turns and is trimmed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from narratix.providers.music.harmony import Chord, scale_over


@dataclass(frozen=True, slots=True)
class Tone:
    """A note in beats, counted from wherever the caller says. `accent` 0..1."""

    beat: float
    length: float
    pitch: int
    accent: float = 0.5


@dataclass(frozen=True, slots=True)
class Motif:
    """One bar: onsets and lengths in beats, and the scale steps from its first note to each."""

    onsets: tuple[float, ...]
    lengths: tuple[float, ...]
    contour: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """How a mood sings. `register` is the pitch around which it stays, `liveliness` 0..1 the share of short notes,
    `leaps` 0..1 how often it jumps, `rests` 0..1 how often a bar is left to the accompaniment."""

    register: int
    liveliness: float
    leaps: float
    rests: float


_CELLS: dict[int, tuple[tuple[tuple[float, ...], float], ...]] = {
    # the cell's lengths in beats, and how lively it is
    2: (
        ((2.0,), 0.0),
        ((1.0,), 0.25),
        ((1.5, 0.5), 0.4),
        ((0.5, 0.5), 0.75),
        ((0.75, 0.25), 0.9),
        ((0.5, 0.25, 0.25), 1.0),
    ),
    3: (
        ((2.0,), 0.0),
        ((1.0,), 0.3),
        ((2 / 3, 1 / 3), 0.55),
        ((1 / 3, 1 / 3, 1 / 3), 0.9),
    ),
}


def invent_motif(beats: int, division: int, voice: Voice, rng: random.Random) -> Motif:
    """A bar with a beginning worth remembering: at least two notes, at least two different lengths or pitches."""
    lengths: list[float] = []
    while (left := beats - sum(lengths)) > 1e-6:
        cells = [(cell, life) for cell, life in _CELLS[division] if sum(cell) <= left + 1e-6]
        # The closer a cell's liveliness to the mood's, the likelier.
        weights = [1.0 / (0.08 + (life - voice.liveliness) ** 2) for _, life in cells]
        lengths.extend(rng.choices([cell for cell, _ in cells], weights)[0])
    if len(lengths) == 1:
        lengths = [beats - 1.0, 1.0]
    onsets = [sum(lengths[:place]) for place in range(len(lengths))]
    contour = [0]
    direction = rng.choice((-1, 1))
    for _ in lengths[1:]:
        if rng.random() < 0.35:
            direction = -direction
        size = rng.choice((2, 3, 4)) if rng.random() < voice.leaps else rng.choice((1, 1, 1, 2))
        contour.append(max(-5, min(5, contour[-1] + direction * size)))
        if size > 2:  # a leap is recovered by a step back
            direction = -direction
    return Motif(tuple(onsets), tuple(lengths), tuple(contour))


def vary(motif: Motif, way: str, beats: int, division: int) -> Motif:
    """`repeat`, `invert` (mirrored), `head` (the first half, its last note held) or `turn` (long notes ornamented)."""
    if way == "invert":
        return Motif(motif.onsets, motif.lengths, tuple(-step for step in motif.contour))
    if way == "head":
        kept = max(1, (len(motif.onsets) + 1) // 2)
        lengths = (*motif.lengths[: kept - 1], beats - motif.onsets[kept - 1])
        return Motif(motif.onsets[:kept], lengths, motif.contour[:kept])
    if way == "turn":
        longest = max(range(len(motif.lengths)), key=lambda place: motif.lengths[place])
        part = 1.0 / division
        if motif.lengths[longest] <= 2 * part:
            return motif
        begin, length, step = motif.onsets[longest], motif.lengths[longest], motif.contour[longest]
        cut = longest + 1
        return Motif(
            (*motif.onsets[:cut], begin + length - 2 * part, begin + length - part, *motif.onsets[cut:]),
            (*motif.lengths[:longest], length - 2 * part, part, part, *motif.lengths[cut:]),
            (*motif.contour[:cut], step + 1, step, *motif.contour[cut:]),
        )
    return motif


def sing_bar(
    motif: Motif, harmony: Sequence[Chord], tonic: int, mode: str, voice: Voice, previous: int, beats: int
) -> list[Tone]:
    """A motif set on the bar's chords, beginning on the chord tone nearest to `previous`."""
    tones: list[Tone] = []
    low, high = voice.register - 8, voice.register + 10
    ladder_root: int | None = None
    for onset, length, step in zip(motif.onsets, motif.lengths, motif.contour, strict=True):
        here = harmony[min(len(harmony) - 1, int(onset / beats * len(harmony)))]
        scale = scale_over(here, tonic, mode)
        ladder = [pitch for pitch in range(low - 12, high + 13) if pitch % 12 in scale]
        if ladder_root is None:
            # Lean half way back to the middle of the register, so that phrases do not wander off.
            ladder_root = _nearest((previous + voice.register) / 2, [p for p in ladder if p % 12 in here.tones])
        start = min(range(len(ladder)), key=lambda place: abs(ladder[place] - (ladder_root or 0)))
        pitch = ladder[max(0, min(len(ladder) - 1, start + step))]
        strong = onset % 1.0 < 1e-6 and (round(onset) in (0, beats // 2) or length >= 1.0)
        if strong:
            pitch = _nearest(pitch, [p for p in ladder if p % 12 in here.tones])
        while pitch > high:
            pitch -= 12
        while pitch < low:
            pitch += 12
        tones.append(Tone(onset, length, pitch, accent=0.8 if onset < 1e-6 else 0.6 if strong else 0.4))
    return tones


def cadence_bar(harmony: Chord, tonic: int, mode: str, voice: Voice, previous: int, beats: int) -> list[Tone]:
    """A step down into a long chord tone: the root at home, else the nearest tone of the chord."""
    ladder = [pitch for pitch in range(voice.register - 9, voice.register + 10) if pitch % 12 in harmony.tones]
    home = [pitch for pitch in ladder if pitch % 12 == tonic]
    goal = _nearest(previous, home if home and harmony.root == tonic else ladder)
    scale = scale_over(harmony, tonic, mode)
    above = next(pitch for pitch in range(goal + 1, goal + 4) if pitch % 12 in scale)
    if beats >= 3 and abs(previous - goal) > 2:
        return [Tone(0.0, 1.0, above, 0.6), Tone(1.0, beats - 1.5, goal, 0.5)]
    return [Tone(0.0, beats - 0.5, goal, 0.5)]


def _nearest(pitch: float, candidates: Sequence[int]) -> int:
    return min(candidates, key=lambda candidate: (abs(candidate - pitch), candidate))
