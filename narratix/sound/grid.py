"""Whole samples, and the grid on which a drama is cut: whole frames of every codec whose frames are joined."""

from __future__ import annotations

from typing import Final

from narratix.ports import SAMPLE_RATE

AAC_FRAME: Final = 1024
MP3_FRAME: Final = 1152
GRID: Final = 9 * AAC_FRAME
"""Samples: 9 AAC frames, 8 MP3 frames, 209 ms."""


def sample_at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def on_a_sample(seconds: float) -> float:
    """So that sums of seconds are sums of samples, whatever comes before."""
    return sample_at(seconds) / SAMPLE_RATE
