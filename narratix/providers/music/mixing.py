"""Balances stems by how loud they are heard, sets them in a hall, and makes room for speech.

Everything linear happens at once in the spectrum of the whole loop, where convolution is circular: the
hall's tail wraps around from the end to the beginning by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
import scipy

from narratix.ports import SAMPLE_RATE, Sound
from narratix.providers.music.notes import Composition, Part
from narratix.sound.levels import amplitude, decibels
from narratix.sound.loudness import integrated, k_weighted, step_energies

Spectrum = npt.NDArray[np.float32]

LOUDNESS_LUFS = -23.0
PEAK_DBFS = -1.5

SPEECH_DIP_DB = -6.0
"""What is taken out between 1 and 4 kHz, where consonants live (the weight of ANSI S3.5's bands)."""

_LOWEST_HZ = 32.0
_REFLECTIONS = ((0.011, 0.5), (0.017, 0.42), (0.023, 0.36), (0.031, 0.3), (0.041, 0.22), (0.053, 0.17))
_HALL_SEED = 1877


def mix(composition: Composition, stems: Iterable[Sound]) -> Sound:
    """Stereo at -23 LUFS, without clipping, as long as the loop."""
    dry = np.zeros((2, composition.samples), np.float32)
    sent = np.zeros((2, composition.samples), np.float32)
    for part, stem in zip(composition.parts, stems, strict=True):
        placed = _place(part, stem)
        dry += placed
        sent += part.room * placed
    hall = _fold_hall(_hall(composition.reverberation), composition.samples)
    spectrum = scipy.fft.rfft(dry) + scipy.fft.rfft(sent) * scipy.fft.rfft(hall)
    spectrum *= _tone(composition.samples, composition.brightness)
    mixed = scipy.fft.irfft(spectrum, composition.samples).astype(np.float32).T
    return _normalise(np.ascontiguousarray(mixed))


def _place(part: Part, stem: Sound) -> Sound:
    """A stem at its level and place: (2, n). Instruments differ by 15 dB at the same velocity; the ear decides."""
    loudness = integrated(step_energies(k_weighted(0.5 * (stem[:, 0] + stem[:, 1]))))
    sides = np.sqrt(np.square(stem).mean(axis=0))
    centred = (
        stem.T * (sides.mean() / np.maximum(sides, 0.25 * sides.mean() + 1e-9))[:, None]
    )  # presets have places, too
    level = amplitude(LOUDNESS_LUFS + part.level - loudness)
    left, right = np.sqrt(0.5 * (1 - part.pan)), np.sqrt(0.5 * (1 + part.pan))
    return cast(Sound, centred * np.array([[left * level], [right * level]], np.float32))


# -- the hall ----------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _hall(rt60: float) -> Sound:
    """Impulse responses (2, n): early reflections, then noise that decays by 60 dB in `rt60`, sooner in the treble
    (Moorer, "About this reverberation business", 1979). Its energy is that of the direct sound."""
    rng = np.random.default_rng(_HALL_SEED)
    time = np.arange(round(1.2 * rt60 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = np.zeros((2, len(time)))
    edges = (60.0, 250.0, 1000.0, 4000.0, 9000.0)
    noise = scipy.fft.rfft(rng.standard_normal((2, len(time))))
    frequencies = scipy.fft.rfftfreq(len(time), 1 / SAMPLE_RATE)
    for (low, high), decay, weight in zip(
        itertools.pairwise(edges), (1.0, 1.0, 0.75, 0.45), (0.7, 1.0, 0.7, 0.35), strict=True
    ):
        band = scipy.fft.irfft(np.where((frequencies >= low) & (frequencies < high), noise, 0.0), len(time))
        tail += weight * band * np.exp(-6.91 * time / (decay * rt60))
    tail *= np.clip((time - 0.012) / 0.05, 0.0, 1.0)
    tail /= np.sqrt(np.square(tail).sum(axis=1, keepdims=True))
    early = np.zeros_like(tail)
    for place, (delay, level) in enumerate(_REFLECTIONS):
        early[place % 2, round(delay * SAMPLE_RATE)] += level
        early[1 - place % 2, round(1.13 * delay * SAMPLE_RATE)] += 0.6 * level
    return (0.9 * tail + 0.4 * early).astype(np.float32)


def _fold_hall(hall: Sound, samples: int) -> Sound:
    turns = -(-hall.shape[1] // samples)
    padded = np.pad(hall, ((0, 0), (0, turns * samples - hall.shape[1])))
    return cast(Sound, padded.reshape(2, turns, samples).sum(axis=1))


# -- the tone ----------------------------------------------------------------------------------


def _tone(samples: int, brightness: float) -> Spectrum:
    """A zero-phase equaliser: no rumble and no DC, a tilt around 500 Hz, and a soft dip for speech."""
    frequencies = np.maximum(scipy.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1e-3)
    octaves = np.log2(frequencies / 500.0)
    tilt = brightness * np.clip(octaves, -3.0, 5.0)
    dip = SPEECH_DIP_DB * np.exp(-0.5 * (np.log2(frequencies / 2000.0) / 0.9) ** 2)
    rumble = 1.0 / (1.0 + (_LOWEST_HZ / frequencies) ** 6)
    gains = 10.0 ** ((tilt + dip) / 20.0) * rumble
    gains[0] = 0.0
    return cast(Spectrum, gains.astype(np.float32))


def _normalise(sound: Sound) -> Sound:
    """At -23 LUFS; a piece with higher peaks than -1.5 dBFS stays softer. A hall may favour a lone tone on one
    side: both sides are made equally strong."""
    sides = np.sqrt(np.square(sound).mean(axis=0))
    sound = sound * (sides.mean() / np.maximum(sides, 1e-9))
    repeated: Sequence[Sound] = [sound] if len(sound) >= SAMPLE_RATE else [sound] * (1 + SAMPLE_RATE // len(sound))
    loudness = integrated(step_energies(k_weighted(np.concatenate(repeated))))
    gain_db = min(LOUDNESS_LUFS - loudness, PEAK_DBFS - decibels(float(np.abs(sound).max())))
    return sound * np.float32(amplitude(gain_db))
