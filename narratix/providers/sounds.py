"""Sound as vendors send it, to the arrays of the ports."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import soundfile
import soxr

from narratix.ports import SAMPLE_RATE, ProviderError, Sound

FLOOR_DB: Final = -45.0
"""Under the peak, this is silence."""

MARGIN_SECONDS: Final = 0.012


def decoded(body: bytes, vendor: str, *, channels: int) -> Sound:
    """float32 at SAMPLE_RATE, mono (n,) or stereo (n, 2). Raises ProviderError for what is empty or no sound."""
    if not body:
        raise ProviderError(f"{vendor} sent an empty sound.")
    try:
        samples, rate = soundfile.read(io.BytesIO(body), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as problem:
        raise ProviderError(f"{vendor} sent something that is no sound.") from problem
    if not len(samples):
        raise ProviderError(f"{vendor} sent an empty sound.")
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE)
    mono = samples.mean(axis=1)
    if channels == 1:
        return np.ascontiguousarray(mono, dtype=np.float32)
    stereo = samples[:, :2] if samples.shape[1] >= 2 else np.column_stack((mono, mono))
    return np.ascontiguousarray(stereo, dtype=np.float32)


def trimmed(sound: Sound) -> tuple[Sound, float]:
    """Mono sound without the silence at its ends, and how many seconds were cut off at its beginning."""
    peak = float(np.abs(sound).max(initial=0.0))
    loud = np.flatnonzero(np.abs(sound) > peak * 10 ** (FLOOR_DB / 20)) if peak > 0 else np.zeros(0, np.intp)
    if not loud.size:
        return np.zeros(0, np.float32), 0.0
    margin = round(MARGIN_SECONDS * SAMPLE_RATE)
    first = max(0, int(loud[0]) - margin)
    last = min(len(sound), int(loud[-1]) + margin)
    return sound[first:last], first / SAMPLE_RATE


def onset(sound: Sound) -> float:
    """Seconds until a mono sound is first clearly heard: 20 dB under its peak."""
    peak = float(np.abs(sound).max(initial=0.0))
    loud = np.flatnonzero(np.abs(sound) > 0.1 * peak)
    return float(loud[0]) / SAMPLE_RATE if loud.size and peak > 0 else 0.0
