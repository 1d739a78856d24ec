"""Gives a harmonised piece to its instruments, and plays the parts as people would."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from narratix.providers.music.characters import HORNS, PERCUSSION_BANK, TAIKO, TIMPANI, Character
from narratix.providers.music.harmony import Chord
from narratix.providers.music.melody import Tone, cadence_bar, invent_motif, sing_bar, vary
from narratix.providers.music.notes import Note, Part
from narratix.providers.music.textures import FIGURES, Voicing, bass_line, drum_bar, hold_pad

Draw = Callable[[str], random.Random]
"""A generator of its own for each aspect of a piece."""

Score = list[tuple[Part, list[Tone]]]
"""Each part with its tones, in beats from the beginning of the piece."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar's place in the form and its chord. `number` counts within the phrase, `begins_chord` says that
    the chord is struck here rather than held on, `energy` 0..1 is how far the piece has swollen."""

    phrase: int
    letter: str
    cadence: str
    number: int
    harmony: Chord
    following: Chord
    voicing: Voicing
    begins_chord: bool
    energy: float


def arrange(character: Character, mode: str, tonic: int, sheet: Sequence[Bar], intensity: float, draw: Draw) -> Score:
    """The parts that play at this intensity: pad, figure and melody first, then bass, drums and a counter-voice."""
    pick = draw("instruments")
    pad, figure, melody = pick.choice(character.pad), pick.choice(character.figure), pick.choice(character.melody)
    bass, bass_style = pick.choice(character.bass), pick.choice(character.bass_style)
    figure_style = pick.choice(character.figures)
    if intensity < 0.2 and figure_style not in ("sparse", "rolled"):
        figure_style = "rolled"
    beats = character.beats
    score: Score = [
        (Part("pad", (0, pad), -5.0, -0.1, 0.6), _pad(sheet, beats)),
        (Part("figure", (0, figure), -4.5, 0.3, 0.4), _figure(figure_style, sheet, character, draw("figure"))),
    ]
    if intensity >= 0.1:
        tones = _melody(character, mode, tonic, sheet, intensity, draw("motif"), draw("phrasing"))
        score.append((Part("melody", (0, melody), 0.0, -0.15, 0.5), tones))
    if intensity >= 0.15:
        score.append((Part("bass", (0, bass), -6.0, 0.0, 0.2), _bass(bass_style, sheet, beats, sheet[0].harmony)))
    if intensity >= 0.45 and character.drums:
        score.append(_drums(pick.choice(character.drums), sheet, character, intensity, draw("drums")))
    if intensity >= 0.65:
        score.append((Part("counter", (0, HORNS), -7.0, 0.2, 0.6), _counter(sheet, beats)))
    return [(part, tones) for part, tones in score if tones]


def play(
    score: Score, sheet: Sequence[Bar], beats: int, beat_seconds: float, intensity: float, hand: random.Random
) -> tuple[Note, ...]:
    """The score in seconds and velocities: louder where the piece swells and on accents, never quite on the beat."""
    unsteadiness = {"melody": 0.010, "drums": 0.004, "bass": 0.006, "figure": 0.008}
    notes = []
    for channel, (part, tones) in enumerate(score):
        for tone in tones:
            bar = sheet[min(len(sheet) - 1, max(0, int(tone.beat // beats)))]
            arch = 1.0 - 0.12 * abs(bar.number - 2)  # a phrase swells to its third bar
            force = (0.45 + 0.55 * intensity) * (0.6 + 0.4 * bar.energy) * arch * (0.62 + 0.38 * tone.accent)
            velocity = round(22 + 92 * force + hand.gauss(0.0, 2.5))
            notes.append(
                Note(
                    time=tone.beat * beat_seconds + hand.gauss(0.0, unsteadiness.get(part.role, 0.012)),
                    duration=max(0.05, tone.length * beat_seconds),
                    pitch=tone.pitch,
                    velocity=max(16, min(118, velocity)),
                    channel=channel,
                )
            )
    return tuple(sorted(notes, key=lambda note: (note.time, note.channel, note.pitch)))


# -- parts -------------------------------------------------------------------------------------


def _melody(
    character: Character,
    mode: str,
    tonic: int,
    sheet: Sequence[Bar],
    intensity: float,
    invent: random.Random,
    phrasing: random.Random,
) -> list[Tone]:
    voice, beats, division = character.voice, character.beats, character.division
    motif = invent_motif(beats, division, voice, invent)
    ways = {
        "A": ("repeat", invent.choice(("repeat", "turn")), invent.choice(("head", "turn"))),
        "B": ("invert", "repeat", "head"),
        "C": ("head", "turn", "head"),
    }
    rests = voice.rests * (1.3 - 0.6 * intensity)
    phrases = sheet[-1].phrase + 1
    waits = phrases >= 4 and intensity < 0.5  # a long, quiet piece begins with the accompaniment alone
    heard: set[str] = set()
    tones: list[Tone] = []
    previous = voice.register
    for number, bar in enumerate(sheet):
        if bar.phrase == 0 and waits:
            continue
        if bar.number == 3:
            line = cadence_bar(bar.harmony, tonic, mode, voice, previous, beats)
            heard.add(bar.letter)
        else:
            way = ways[bar.letter][bar.number]
            if bar.letter in heard and bar.number == 1 and way == "repeat":
                way = "turn"  # what comes back is ornamented
            line = sing_bar(vary(motif, way, beats, division), [bar.harmony], tonic, mode, voice, previous, beats)
        if bar.number in (1, 2) and phrasing.random() < rests:
            continue
        previous = line[-1].pitch
        tones += [
            replace(tone, beat=number * beats + tone.beat, length=tone.length * character.sustain) for tone in line
        ]
    return tones


def _pad(sheet: Sequence[Bar], beats: int) -> list[Tone]:
    # A little longer than written, so that one chord melts into the next.
    voicings = [bar.voicing for bar in sheet]
    return [replace(tone, length=tone.length + 0.1) for tone in _hold(sheet, voicings, beats)]


def _figure(style: str, sheet: Sequence[Bar], character: Character, rng: random.Random) -> list[Tone]:
    return [
        replace(tone, beat=number * character.beats + tone.beat)
        for number, bar in enumerate(sheet)
        if style != "rolled" or bar.begins_chord
        for tone in FIGURES[style](bar.voicing, float(character.beats), character.division, rng)
    ]


def _bass(style: str, sheet: Sequence[Bar], beats: int, home: Chord) -> list[Tone]:
    low = 36 if home.root < 6 else 31
    return [
        replace(tone, beat=number * beats + tone.beat)
        for number, bar in enumerate(sheet)
        for tone in bass_line(style, bar.harmony, bar.following, float(beats), low)
    ]


def _drums(
    style: str, sheet: Sequence[Bar], character: Character, intensity: float, rng: random.Random
) -> tuple[Part, list[Tone]]:
    preset = {"timpani": (0, TIMPANI), "taiko": (0, TAIKO), "heartbeat": (0, TAIKO)}.get(style, (PERCUSSION_BANK, 0))
    tones = [
        replace(tone, beat=number * character.beats + tone.beat)
        for number, bar in enumerate(sheet)
        for tone in drum_bar(style, bar.harmony, character.beats, character.division, bar.number == 3, rng)
    ]
    return Part("drums", preset, -13.0 + 5.0 * intensity, 0.1, 0.4), tones


def _counter(sheet: Sequence[Bar], beats: int) -> list[Tone]:
    """A horn that follows the inner voice of the chords, in the swelling middle of the piece only."""
    voices = [(bar.voicing[1],) if bar.energy >= 0.7 else () for bar in sheet]
    return [replace(tone, length=0.97 * tone.length) for tone in _hold(sheet, voices, beats)]


def _hold(sheet: Sequence[Bar], voicings: Sequence[Voicing], beats: int) -> list[Tone]:
    """Sustained voices, taken anew at every phrase, silent where a bar has none."""
    tones: list[Tone] = []
    sounding = [(number, bar.phrase) for number, bar in enumerate(sheet) if voicings[number]]
    for _, group in itertools.groupby(sounding, key=lambda place: place[1]):
        bars = [number for number, _ in group]
        held = hold_pad([voicings[number] for number in bars], [float(beats)] * len(bars))
        tones += [replace(tone, beat=bars[0] * beats + tone.beat) for tone in held]
    return tones
