"""Composes a loop: form, harmony, melody and accompaniment from a mood, as notes.

The same arguments give the same piece. Every aspect draws from its own seeded generator, so that a change
in one (a hint that swaps the harp for a piano) leaves the others as they were.
"""

from __future__ import annotations

import random

import scipy

from narratix.ports import SAMPLE_RATE
from narratix.providers.music.arrangement import Bar, arrange, play
from narratix.providers.music.characters import CHARACTERS, Character
from narratix.providers.music.harmony import PITCH_NAMES, chord, lead_voices, progression
from narratix.providers.music.hints import follow
from narratix.providers.music.notes import Composition

LONGEST_SECONDS = 120.0
BARS_OF_A_PHRASE = 4

_FORMS = {
    # the letter of each phrase and its cadence; a piece of more phrases repeats the last form
    1: (("A", "half"),),
    2: (("A", "half"), ("A", "full")),
    3: (("A", "half"), ("B", "middle"), ("A", "full")),
    4: (("A", "half"), ("A", "full"), ("B", "middle"), ("A", "full")),
    6: (("A", "half"), ("A", "full"), ("B", "middle"), ("A", "full"), ("C", "middle"), ("A", "full")),
    8: (
        ("A", "half"),
        ("A", "full"),
        ("B", "middle"),
        ("A", "full"),
        ("C", "middle"),
        ("C", "half"),
        ("B", "middle"),
        ("A", "full"),
    ),
}


def compose(mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Composition:
    """A loop of about `seconds` (whole bars, at most 120 s). An unknown mood is composed as calm;
    `intensity` 0..1 adds pace, layers and weight; `prompt` may name instruments or a scene."""
    intensity = min(1.0, max(0.0, intensity))
    mood = mood.casefold() if mood.casefold() in CHARACTERS else "calm"
    character = follow(prompt, CHARACTERS[mood])

    def draw(aspect: str) -> random.Random:
        return random.Random(f"{mood}/{seed}/{aspect}")

    key = draw("key")
    mode, tonic = key.choice(character.modes), key.choice(character.tonics)
    slowest, fastest = character.tempo
    wish = slowest + (fastest - slowest) * (0.3 * key.random() + 0.7 * intensity)
    bars, bar_samples = _measure(seconds, wish, character.beats)
    tempo = 60.0 * SAMPLE_RATE * character.beats / bar_samples

    sheet = _harmonise(character, tonic, bars, draw("harmony"))
    score = arrange(character, mode, tonic, sheet, intensity, draw)
    notes = play(score, sheet, character.beats, 60.0 / tempo, intensity, draw("hand"))
    return Composition(
        key=PITCH_NAMES[tonic],
        mode=mode,
        tempo=tempo,
        beats=character.beats,
        bars=bars,
        bar_samples=bar_samples,
        progression=tuple(bar.harmony.symbol for bar in sheet),
        parts=tuple(part for part, _ in score),
        notes=notes,
        reverberation=character.reverberation,
        brightness=character.brightness,
    )


def _measure(seconds: float, tempo: float, beats: int) -> tuple[int, int]:
    """How many bars, and how many samples each. Whole phrases where they fit; the tempo gives up to 6 % to come
    closer; a bar is a length that the Fourier transform likes, so that their product is one, too."""
    seconds = min(LONGEST_SECONDS, max(1.0, seconds))
    bar = beats * 60.0 / tempo
    grain = BARS_OF_A_PHRASE if seconds >= 1.5 * BARS_OF_A_PHRASE * bar else 1
    bars = max(1, grain * round(seconds / bar / grain))
    stretched = min(1.06 * bar, max(0.94 * bar, seconds / bars))
    bar_samples = int(scipy.fft.next_fast_len(round(stretched * SAMPLE_RATE), real=True))
    while bars * bar_samples > LONGEST_SECONDS * SAMPLE_RATE:
        bars -= grain
    return bars, bar_samples


def _harmonise(character: Character, tonic: int, bars: int, rng: random.Random) -> list[Bar]:
    phrases = -(-bars // BARS_OF_A_PHRASE)
    form = _FORMS[max(count for count in _FORMS if count <= phrases)]
    form = tuple(form[place % len(form)] for place in range(phrases))
    if phrases > 2:
        # The loop goes on: its last phrase leads back to the first instead of ending.
        form = (*form[:-1], (form[-1][0], "half" if rng.random() < 0.5 else "full"))
    written: dict[tuple[str, str], tuple[str, ...]] = {}
    opening: dict[str, tuple[str, ...]] = {}
    symbols: list[str] = []
    for letter, cadence in form:
        if (letter, cadence) not in written:
            phrase = progression(character.chords, cadence, character.phrase_slots, rng)
            if letter in opening:  # a phrase that returns is the same until its cadence
                phrase = (*opening[letter][: len(phrase) // 2], *phrase[len(phrase) // 2 :])
            opening.setdefault(letter, phrase)
            written[letter, cadence] = phrase
        phrase = written[letter, cadence]
        symbols += [phrase[bar * len(phrase) // BARS_OF_A_PHRASE] for bar in range(BARS_OF_A_PHRASE)]
    harmony = [chord(symbol, tonic) for symbol in symbols[:bars]]
    voicings = lead_voices(harmony, *character.pad_range, voices=4)
    # Energy swells to two thirds of the way and sinks again towards the loop's beginning.
    return [
        Bar(
            phrase=bar // BARS_OF_A_PHRASE,
            letter=form[bar // BARS_OF_A_PHRASE][0],
            cadence=form[bar // BARS_OF_A_PHRASE][1],
            number=bar % BARS_OF_A_PHRASE,
            harmony=harmony[bar],
            following=harmony[(bar + 1) % bars],
            voicing=voicings[bar],
            begins_chord=bar % BARS_OF_A_PHRASE == 0 or symbols[bar] != symbols[bar - 1],
            energy=0.5 + 0.5 * (1.0 - abs((bar + 0.5) / bars - 0.62) / 0.62),
        )
        for bar in range(bars)
    ]
