"""A piece of music made to repeat without a seam."""

from __future__ import annotations

from typing import Final

import numpy as np

from narratix.ports import SAMPLE_RATE, Sound

CROSSFADE_SECONDS: Final = 2.0


def looped(sound: Sound, seconds: float = CROSSFADE_SECONDS) -> Sound:
    """Stereo sound whose last `seconds` are laid over its first ones at equal power, so that its end leads into its
    beginning; shorter by `seconds`, or by a quarter where that is less."""
    length = min(round(seconds * SAMPLE_RATE), len(sound) // 4)
    if not length:
        return sound
    angle = (np.arange(length, dtype=np.float32) + 0.5) / length * np.float32(np.pi / 2)
    made = sound[:-length].copy()
    made[:length] = made[:length] * np.sin(angle)[:, None] + sound[-length:] * np.cos(angle)[:, None]
    return made
