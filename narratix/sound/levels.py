"""Decibels."""

from __future__ import annotations

import math

SILENCE_LUFS = -70.0
"""The absolute gate of ITU-R BS.1770-5: what is softer has no loudness, and is reported as this."""


def amplitude(decibels: float) -> float:
    """The factor on a signal: 0 dB is 1.0, -6.02 dB is 0.5."""
    return float(10.0 ** (decibels / 20.0))


def decibels(amplitude: float, floor: float = -120.0) -> float:
    """The level of an amplitude in dB, not below `floor`."""
    return max(floor, 20.0 * math.log10(amplitude)) if amplitude > 0.0 else floor


def lufs(mean_square: float) -> float:
    """The loudness of a K-weighted mean square, summed over channels (BS.1770-5, equation 2)."""
    return max(SILENCE_LUFS, -0.691 + 10.0 * math.log10(mean_square)) if mean_square > 0.0 else SILENCE_LUFS


def mean_square(lufs: float) -> float:
    """The inverse of `lufs`."""
    return float(10.0 ** ((lufs + 0.691) / 10.0))
