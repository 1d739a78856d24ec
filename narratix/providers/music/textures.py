"""What goes on under a melody: pads, basses, figures and drums, each a function from a bar's chord to tones.

Every figure takes a voicing (rising pitches) and gives tones in beats from the chord's beginning.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from narratix.providers.music.harmony import Chord
from narratix.providers.music.melody import Tone

Voicing = tuple[int, ...]
Figure = Callable[[Voicing, float, int, random.Random], list[Tone]]


def hold_pad(voicings: Sequence[Voicing], lengths: Sequence[float]) -> list[Tone]:
    """Sustained chords; a voice that keeps its pitch is held over, not struck again."""
    tones: list[Tone] = []
    for voice in range(len(voicings[0])):
        begin, beat, pitch = 0.0, 0.0, voicings[0][voice]
        for voicing, length in zip(voicings, lengths, strict=True):
            if voicing[voice] != pitch:
                tones.append(Tone(begin, beat - begin, pitch, 0.4))
                begin, pitch = beat, voicing[voice]
            beat += length
        tones.append(Tone(begin, beat - begin, pitch, 0.4))
    return sorted(tones, key=lambda tone: (tone.beat, tone.pitch))


# -- figures -----------------------------------------------------------------------------------


def _cycle(order: Sequence[int], voicing: Voicing, beats: float, step: float, hold: float) -> list[Tone]:
    count = round(beats / step)
    return [
        Tone(
            place * step,
            hold * step,
            voicing[order[place % len(order)] % len(voicing)] + 12 * (order[place % len(order)] // len(voicing)),
            0.7 if place % len(order) == 0 else 0.4,
        )
        for place in range(count)
    ]


def rising(voicing: Voicing, beats: float, division: int, _: random.Random) -> list[Tone]:
    """A harp's arpeggio: up, up, and over the top."""
    return _cycle((0, 1, 2, 3, 4, 3, 2, 1), voicing, beats, 1 / division, 2.5)


def rocking(voicing: Voicing, beats: float, division: int, _: random.Random) -> list[Tone]:
    """Alberti's broken chord."""
    order = (0, 2, 1, 2) if division == 2 else (0, 1, 2, 3, 2, 1)
    return _cycle(order, voicing, beats, 1 / division, 1.2)


def sparse(voicing: Voicing, beats: float, _: int, rng: random.Random) -> list[Tone]:
    """A few notes of the chord, an octave up, far apart: mostly silence."""
    tones = [Tone(0.0, beats, rng.choice(voicing) + 12, 0.5)] if rng.random() < 0.7 else []
    if beats >= 3 and rng.random() < 0.6:
        at = rng.choice((1.5, 2.0, 2.5))
        tones.append(Tone(at, beats - at, rng.choice(voicing) + 12, 0.3))
    return tones


def rolled(voicing: Voicing, beats: float, _: int, __: random.Random) -> list[Tone]:
    """The whole chord, spread from below."""
    return [Tone(place * 0.08, beats - place * 0.08, pitch, 0.5) for place, pitch in enumerate(voicing)]


def off_beats(voicing: Voicing, beats: float, division: int, _: random.Random) -> list[Tone]:
    """Short chords after the beat; in triple metre the waltz's second and third beats."""
    if round(beats) == 3 and division == 2:
        places = [1.0, 2.0]
    else:
        places = [beat + (0.5 if division == 2 else 2 / 3) for beat in range(round(beats))]
    return [Tone(place, 0.4, pitch, 0.3) for place in places for pitch in voicing[1:]]


def ostinato(voicing: Voicing, beats: float, division: int, _: random.Random) -> list[Tone]:
    """Restless repeated notes with a lift on every beat."""
    order = (0, 0, 1, 0, 2, 0, 1, 0) if division == 2 else (0, 1, 2, 0, 1, 2)
    return _cycle(order, voicing, beats, 1 / (2 * division) if beats <= 2 else 1 / division, 0.8)


def strummed(voicing: Voicing, beats: float, division: int, _: random.Random) -> list[Tone]:
    """A guitar: down on the beat, lighter up after it."""
    tones = []
    for beat in range(round(beats)):
        down = [Tone(beat + 0.02 * place, 0.9, pitch, 0.6) for place, pitch in enumerate(voicing)]
        after = beat + 1 - 1 / division
        up = [Tone(after + 0.02 * place, 0.4, pitch, 0.25) for place, pitch in enumerate(reversed(voicing[1:]))]
        tones += down + (up if beat % 2 else [])
    return tones


FIGURES: dict[str, Figure] = {
    "rising": rising,
    "rocking": rocking,
    "sparse": sparse,
    "rolled": rolled,
    "off beats": off_beats,
    "ostinato": ostinato,
    "strummed": strummed,
}

# -- basses ------------------------------------------------------------------------------------


def bass_line(style: str, here: Chord, following: Chord, beats: float, low: int) -> list[Tone]:
    """`pedal` one long root; `alternate` root and fifth; `pulse` every beat; `walk` towards the next root."""
    root = _at_or_above(here.root, low)
    fifth = _at_or_above(here.tones[2], low)
    if style == "alternate" and beats >= 2:
        half = beats / 2 if beats % 2 == 0 else beats - 1
        return [Tone(0.0, half * 0.9, root, 0.7), Tone(half, (beats - half) * 0.9, fifth, 0.5)]
    if style == "pulse":
        return [Tone(float(beat), 0.7, root, 0.7 if beat == 0 else 0.45) for beat in range(round(beats))]
    if style == "walk" and beats >= 2:
        goal = _at_or_above(following.root, low)
        approach = goal + (2 if root > goal else -2) if abs(goal - root) > 2 else fifth
        line = [root, _at_or_above(here.tones[1], low), fifth][: round(beats) - 1]
        line += [root] * (round(beats) - 1 - len(line)) + [approach]
        return [Tone(float(beat), 0.9, pitch, 0.7 if beat == 0 else 0.5) for beat, pitch in enumerate(line)]
    return [Tone(0.0, beats, root, 0.6)]


def _at_or_above(pitch_class: int, low: int) -> int:
    return low + (pitch_class - low) % 12


# -- drums -------------------------------------------------------------------------------------


def drum_bar(style: str, here: Chord, beats: int, division: int, last: bool, rng: random.Random) -> list[Tone]:
    """`timpani` on the chord's root; `taiko` deep and uneven; `heartbeat` two soft strokes; `tambourine` and `shaker`
    keep time (General MIDI percussion keys 54 and 70). `last` marks a phrase's end, where a roll may lead on."""
    root = 40 + (here.root - 40) % 12
    if style == "timpani":
        tones = [Tone(0.0, 1.0, root, 0.7)]
        if last:
            tones += [Tone(beats - 1 + place / 6, 0.3, root, 0.2 + 0.08 * place) for place in range(6)]
        return tones
    if style == "taiko":
        step = 1 / division
        strokes = [0.0] + [place * step for place in range(2, beats * division) if rng.random() < 0.22]
        return [Tone(place, 0.8, 45 if place == 0 else 52, 0.8 if place == 0 else 0.35) for place in strokes]
    if style == "heartbeat":
        return [Tone(0.0, 0.5, 38, 0.6), Tone(0.5 if division == 2 else 2 / 3, 0.5, 38, 0.35)]
    key = {"tambourine": 54, "shaker": 70}[style]
    places = [beat + offset for beat in range(beats) for offset in (0.0, 1 - 1 / division)]
    return [Tone(place, 0.2, key, 0.5 if int(place) % 2 and place % 1 == 0 else 0.2) for place in places]
