"""A stand-in for tests: the contract of effects without the synthesis."""

from __future__ import annotations

import zlib

import numpy as np

from narratix.events.catalogue import Usage
from narratix.ports import SAMPLE_RATE, Rendered

SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 60.0


class SilentEffects:
    """Implements `narratix.ports.Effects` with noise at -60 dBFS, the same for the same arguments, in milliseconds.

    It accepts every name; `seconds` of 0 or less gives one second."""

    name = "silent"
    model = "silent"

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered:
        seconds = min(LONGEST_SECONDS, max(SHORTEST_SECONDS, seconds if seconds > 0 else 1.0))
        key = zlib.crc32(f"{name}/{prompt}/{seed}".encode())
        noise = np.random.default_rng(key).standard_normal(round(seconds * SAMPLE_RATE), dtype=np.float32)
        return Rendered(
            sound=np.float32(0.001) * noise,
            usage=Usage(provider=self.name, model=self.model, unit="seconds", units=seconds),
        )

    async def close(self) -> None:
        """Nothing is held."""
