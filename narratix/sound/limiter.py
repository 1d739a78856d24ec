"""A look-ahead limiter with finite memory.

The gain that each sample needs is held over `REACH` to both sides (a sliding minimum) and smoothed by
weights that reach equally far and sum to one. A mean of values that are all low enough is low enough:
the ceiling holds by construction, the gain is smooth, and there is no delay, since the future is
looked at instead of waited for. Nothing beyond `CONTEXT` samples has any influence, so that a block
limited alone, with its surroundings, is bit for bit the block limited within the whole.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import scipy

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.peaks import TILE, magnitudes, peak_envelope

REACH = round(0.020 * SAMPLE_RATE)
CONTEXT = 2 * REACH + 2 * TILE


def reduction(peaks: npt.NDArray[np.float64], ceiling: float) -> npt.NDArray[np.float64] | None:
    """The gain, 0..1, that keeps `peaks` under `ceiling`; None where nothing is to be done."""
    if not peaks.size or peaks.max() <= ceiling:
        return None
    needed = ceiling / np.maximum(peaks, ceiling)
    held = scipy.ndimage.minimum_filter1d(needed, 2 * REACH + 1, mode="nearest")
    half = REACH | 1  # odd, hence centred: two of them reach REACH to either side
    smooth = scipy.ndimage.uniform_filter1d(
        scipy.ndimage.uniform_filter1d(held, half, mode="nearest"), half, mode="nearest"
    )
    return cast(npt.NDArray[np.float64], np.minimum(smooth, 1.0))


def limit_samples(sound: Sound, ceiling: float) -> Sound:
    """`sound`, mono or stereo, with no sample above `ceiling` (an amplitude). For clips."""
    peaks = np.abs(sound) if sound.ndim == 1 else magnitudes(sound)
    gain = reduction(peaks.astype(np.float64), ceiling)
    if gain is None:
        return sound
    limited = sound * (gain if sound.ndim == 1 else gain[:, None])
    return np.clip(limited, -ceiling, ceiling).astype(np.float32)


def limit_block(before: Sound, block: Sound, after: Sound, ceiling: float) -> Sound:
    """The stereo `block` with no true peak above `ceiling` (an amplitude). `before` and `after` are its
    unlimited neighbours; of each, `CONTEXT` samples are used."""
    around = np.concatenate((before[-CONTEXT:], block, after[:CONTEXT]))
    gain = reduction(peak_envelope(around, ceiling), ceiling)
    if gain is None:
        return block
    return (block * gain[CONTEXT : CONTEXT + len(block), None]).astype(np.float32)
