"""Sound effects synthesised from a recipe and a seed: offline, free, the same every time."""

from __future__ import annotations

import asyncio
import zlib
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are first used: scipy.signal takes half a second

from narratix.events.catalogue import Usage
from narratix.ports import SAMPLE_RATE, Rendered, Sound
from narratix.providers.effects.recipes import EFFECT_RECIPES, find_recipe
from narratix.providers.effects.synthesis import Signal
from narratix.sound.levels import amplitude, decibels, lufs
from narratix.sound.loudness import GATING_STEPS, k_weighted, step_energies, windows

LOUDNESS_LUFS = -20.0
PEAK_DBFS = -3.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 60.0

_LASTING_FADE_SECONDS = 0.8
_EDGE_SECONDS = 0.002
_TAIL_SECONDS = 0.12
_ONSET_WINDOW = SAMPLE_RATE // 100
_ONSET_DB = -15.0


class SynthesisedEffects:
    """Implements `narratix.ports.Effects` by the recipes of `EFFECT_RECIPES`.

    Exactly `seconds` long (0.2 to 60; 0 or less: the effect's natural length). The loudest 400 ms are at -20 LUFS
    unless that would take the peak over -3 dBFS. What lasts fades in and out, what happens begins at once.
    Costs less than 0.02 CPU-seconds per second of sound.
    """

    name = "synthesised"
    model = "narratix-foley-2"

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered:
        """Raises ProviderError(permanent=True) when neither name nor prompt is near to any recipe."""
        effect = find_recipe(name, prompt)
        # numpy and scipy let go of the interpreter while they work: a thread is enough.
        sound = await asyncio.to_thread(synthesise, effect, seconds, seed)
        usage = Usage(provider=self.name, model=self.model, unit="seconds", units=round(len(sound) / SAMPLE_RATE, 3))
        return Rendered(sound=sound, usage=usage, onset=find_onset(sound))

    async def warm(self) -> None:
        """See `narratix.ports.Warms`."""
        await asyncio.to_thread(_no_rumble)

    async def close(self) -> None:
        """Nothing is held."""


@cache
def _no_rumble() -> npt.NDArray[np.float64]:
    return np.asarray(scipy.signal.butter(2, 25.0, "highpass", fs=SAMPLE_RATE, output="sos"))


def synthesise(effect: str, seconds: float, seed: int) -> Sound:
    """The recipe called `effect`, finished: level, edges, no DC."""
    recipe = EFFECT_RECIPES[effect]
    if seconds <= 0:
        seconds = recipe.natural
    seconds = min(LONGEST_SECONDS, max(SHORTEST_SECONDS, seconds))
    rng = np.random.default_rng([seed & 0xFFFF_FFFF, zlib.crc32(effect.encode())])
    sound = recipe.make(rng, seconds)
    sound = scipy.signal.sosfilt(_no_rumble(), sound)
    rise, fall = _EDGE_SECONDS, min(_TAIL_SECONDS, 0.2 * seconds)
    if recipe.lasting:
        rise = fall = min(_LASTING_FADE_SECONDS, 0.25 * seconds)
    return _level(_fade(sound, rise, fall)).astype(np.float32)


def find_onset(sound: Sound) -> float:
    """Seconds until the first 10 ms whose RMS comes within 15 dB of the loudest: where a listener hears it begin."""
    count = -(-len(sound) // _ONSET_WINDOW)
    padded = np.zeros(count * _ONSET_WINDOW)
    padded[: len(sound)] = sound
    energies = np.square(padded.reshape(count, _ONSET_WINDOW)).mean(axis=1)
    if not energies.max() > 0:
        return 0.0
    return float(np.argmax(energies >= energies.max() * 10 ** (_ONSET_DB / 10))) * _ONSET_WINDOW / SAMPLE_RATE


def _fade(sound: Signal, rise: float, fall: float) -> Signal:
    """Half-cosine edges."""
    faded = sound.copy()
    for length, edge in ((rise, faded), (fall, faded[::-1])):
        count = min(len(sound), round(length * SAMPLE_RATE))
        edge[:count] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(1, count))
    return faded


def _level(sound: Signal) -> Signal:
    peak = float(np.abs(sound).max())
    if peak == 0.0:
        return sound
    padded = np.zeros(max(len(sound), GATING_STEPS * SAMPLE_RATE // 10), np.float32)
    padded[: len(sound)] = sound
    loudest = lufs(float(windows(step_energies(k_weighted(padded)), GATING_STEPS).max()))
    return sound * amplitude(min(LOUDNESS_LUFS - loudest, PEAK_DBFS - decibels(peak)))
