"""A stand-in for tests: the contract of music without the music."""

from __future__ import annotations

import zlib

import numpy as np

from narratix.events.catalogue import Usage
from narratix.ports import SAMPLE_RATE, Rendered

LONGEST_SECONDS = 120.0


class SilentMusic:
    """Implements `narratix.ports.Music` with noise at -60 dBFS, the same for the same arguments, in milliseconds."""

    name = "silent"
    model = "silent"

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        seconds = min(LONGEST_SECONDS, max(1.0, seconds))
        key = zlib.crc32(f"{mood}/{intensity:.3f}/{prompt}/{seed}".encode())
        noise = np.random.default_rng(key).standard_normal((round(seconds * SAMPLE_RATE), 2), dtype=np.float32)
        return Rendered(
            sound=np.float32(0.001) * noise,
            usage=Usage(provider=self.name, model=self.model, unit="seconds", units=seconds),
        )

    async def close(self) -> None:
        """Nothing is held."""
