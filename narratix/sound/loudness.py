"""Loudness after ITU-R BS.1770-5, kept as K-weighted mean squares per 100 ms.

Ten numbers a second are enough to know the loudness of everything that a clip becomes part of:
mean squares of uncorrelated sounds add up, and a gain of g multiplies them by g squared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.filters import Factors, Filter, Hertz
from narratix.sound.levels import SILENCE_LUFS, lufs, mean_square

STEP_SECONDS = 0.1
STEP = SAMPLE_RATE // 10
GATING_STEPS = 4  # 400 ms, overlapping by 75 %
SHORT_TERM_STEPS = 30  # 3 s

Energies = npt.NDArray[np.float64]


def k_weighting(rate: int = SAMPLE_RATE) -> Energies:
    """The two biquads of BS.1770-5, annex 1, as second-order sections (2, 6) for any sample rate.

    The standard tabulates 48 kHz only. These are the analogue prototypes behind the table, warped
    to `rate` by the bilinear transform (as in libebur128, which they match to 1e-12 at 48 kHz).
    """
    shelf_hz, shelf_gain_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * shelf_hz / rate)
    high = 10.0 ** (shelf_gain_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / shelf_q + k * k
    shelf = [
        (high + band * k / shelf_q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / shelf_q + k * k) / a0,
        1.0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / shelf_q + k * k) / a0,
    ]
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / rate)
    a0 = 1.0 + k / pass_q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / pass_q + k * k) / a0]
    return np.array([shelf, high_pass])


@cache
def k_filter() -> Filter:
    """`k_weighting` at SAMPLE_RATE; after 100 ms it has died away by 180 dB."""

    def response(hertz: Hertz, rate: int) -> Factors:
        delays = np.exp(-2j * np.pi / rate * hertz) ** np.arange(3)[:, None]
        sections = k_weighting(rate)
        factors: Factors = np.prod((sections[:, :3] @ delays) / (sections[:, 3:] @ delays), axis=0)
        return factors

    return Filter(response)


def k_weighted(sound: Sound) -> Sound:
    """The K-weighted signal, channels first: shape (channels, n)."""
    return k_filter()(np.atleast_2d(sound.T))


def step_energies(weighted: npt.NDArray[np.floating]) -> Energies:
    """Mean squares per 100 ms of a K-weighted signal (channels, n), summed over the channels.

    A last part shorter than 100 ms is a step of its own, as if silence followed: so the sum over all
    steps is the energy of the whole.
    """
    missing = -weighted.shape[-1] % STEP
    padded = np.pad(weighted, ((0, 0), (0, missing))) if missing else weighted
    steps = padded.reshape(padded.shape[0], -1, STEP)
    return np.asarray(np.einsum("cik,cik->i", steps, steps), dtype=np.float64) / STEP


def energies(sound: Sound) -> tuple[float, ...]:
    """K-weighted mean squares of `sound` per 100 ms, summed over channels, `rounded`."""
    return rounded(step_energies(k_weighted(sound)))


def rounded(energies: Energies) -> tuple[float, ...]:
    """To four digits (0.001 dB), which keep events small; what lies 50 dB below the absolute gate is written as 0."""
    return tuple(float(f"{energy:.4g}") if energy > 1e-12 else 0.0 for energy in energies)


def windows(energies: Iterable[float] | Energies, steps: int) -> Energies:
    """The mean over every `steps` consecutive energies, moving by one; empty if there are fewer."""
    values = np.asarray(energies if isinstance(energies, np.ndarray) else tuple(energies), dtype=np.float64)
    if len(values) < steps:
        return np.empty(0)
    return np.convolve(values, np.full(steps, 1.0 / steps), mode="valid")


def integrated(energies: Iterable[float] | Energies) -> float:
    """Gated loudness in LUFS (BS.1770-5, annex 1): blocks of 400 ms at 75 % overlap, the absolute
    gate at -70 LUFS, the relative gate 10 LU under what passes it. -70 where nothing passes."""
    blocks = windows(energies, GATING_STEPS)
    audible = blocks[blocks > mean_square(SILENCE_LUFS)]
    if not audible.size:
        return SILENCE_LUFS
    return lufs(float(audible[audible > audible.mean() / 10.0].mean()))


def short_term(energies: Iterable[float] | Energies) -> Energies:
    """Loudness in LUFS of every 3 s window, moving by 100 ms."""
    blocks = windows(energies, SHORT_TERM_STEPS)
    return -0.691 + 10.0 * np.log10(np.maximum(blocks, mean_square(SILENCE_LUFS)))


def overall(sound: Sound) -> float:
    """Loudness in LUFS without gates, over exactly the length of `sound`: for clips under 400 ms."""
    if not sound.size:
        return SILENCE_LUFS
    weighted = k_weighted(sound)
    return lufs(float(np.square(weighted).sum() / weighted.shape[-1]))
