"""The grid on which a drama is cut: whole frames of every codec whose frames are joined."""

from __future__ import annotations

from typing import Final

AAC_FRAME: Final = 1024
MP3_FRAME: Final = 1152
GRID: Final = 9 * AAC_FRAME
"""Samples: 9 AAC frames, 8 MP3 frames, 209 ms."""
