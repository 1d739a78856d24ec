"""Plays a composition with a SoundFont's instruments: one seamless stem per part.

The synthesiser adds up its voices and nothing else, so folding what rings on after the last bar back onto
the first gives exactly what endless repetition would give: the loop has no seam to hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from narratix.ports import SAMPLE_RATE, ProviderError, Sound
from narratix.providers.music.notes import Composition, Note
from narratix.providers.music.soundfont import SoundFont

GRID = 64
"""Samples between which the synthesiser updates envelopes: events on this grid sound the same anywhere."""

_LONGEST_TAIL_SECONDS = 10.0
UPBEAT_SECONDS = 0.06
"""The loop begins this much before its first beat, so that its seam lies in the quiet before an attack."""

_BLOCK = 8 * 1024
_INAUDIBLE = 1e-4  # -80 dBFS
_PLAYING_GAIN_DB = -6.0


def render_stems(composition: Composition, font: SoundFont) -> Iterator[Sound]:
    """The sound of each part, (composition.samples, 2), unbalanced and dry."""
    try:
        import tinysoundfont
    except ImportError as error:
        raise ProviderError(
            "Composing music needs the tinysoundfont library; install it with: pip install --no-deps tinysoundfont",
            permanent=True,
        ) from error

    synth = tinysoundfont.Synth(gain=_PLAYING_GAIN_DB, samplerate=SAMPLE_RATE)
    font_id = synth.sfload(font.excerpt({part.preset for part in composition.parts}), max_voices=128)
    for channel, part in enumerate(composition.parts):
        bank, program = part.preset
        synth.program_select(0, font_id, bank, program, bank == 128)
        notes = [note for note in composition.notes if note.channel == channel]
        yield _fold(_play(synth, notes, composition.samples), composition.samples)
        synth.sounds_off(0)
        synth.generate_simple(SAMPLE_RATE // 10)


def _play(synth: Any, notes: Sequence[Note], samples: int) -> Sound:
    """The notes from the loop's beginning until the last has died away."""
    blocks: list[Sound] = []
    played = 0

    def advance(count: int) -> None:
        nonlocal played
        blocks.append(np.frombuffer(synth.generate_simple(count), np.float32).reshape(-1, 2))
        played += count

    for at, starts, pitch, velocity in _events(notes, samples):
        while played < at:
            advance(min(_BLOCK, at - played))
        if starts:
            synth.noteon(0, pitch, velocity)
        else:
            synth.noteoff(0, pitch)
    end = samples + round(_LONGEST_TAIL_SECONDS * SAMPLE_RATE)
    while played < samples or (played < end and np.abs(blocks[-1]).max() > _INAUDIBLE):
        advance(_BLOCK)
    return np.concatenate(blocks)


def _events(notes: Sequence[Note], samples: int) -> list[tuple[int, bool, int, int]]:
    """(sample, starts, pitch, velocity) in order; a key is released before it is struck again."""
    events = []
    for note in notes:
        begin = round((note.time + UPBEAT_SECONDS) * SAMPLE_RATE / GRID) * GRID % (samples // GRID * GRID)
        end = begin + max(GRID, round(note.duration * SAMPLE_RATE / GRID) * GRID)
        events += [(begin, True, note.pitch, note.velocity), (end, False, note.pitch, 0)]
    return sorted(events)


def _fold(sound: Sound, samples: int) -> Sound:
    """Add what lies beyond the loop onto its beginning, as many times round as it takes."""
    turns = -(-len(sound) // samples)
    padded = np.zeros((turns * samples, 2), np.float32)
    padded[: len(sound)] = sound
    fade = min(len(sound), SAMPLE_RATE // 2)  # only ever at work on what is inaudible or has rung for ten seconds
    padded[len(sound) - fade : len(sound)] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return cast(Sound, padded.reshape(turns, samples, 2).sum(axis=0))
