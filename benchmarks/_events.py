"""Events shaped like the real ones, made from a seed."""

from __future__ import annotations

import hashlib
import random

from narratix.events.catalogue import LineSpoken, Usage, Word


def spoken_line(seed: int) -> LineSpoken:
    """A line of some four words and one and a half seconds: about 420 bytes of JSON, the median of the log's events."""
    given = random.Random(seed)
    digest = hashlib.sha256(seed.to_bytes(8, "big")).hexdigest()
    start = given.randrange(50_000)
    duration = round(given.uniform(1.2, 1.5), 3)
    words = tuple(
        Word(
            start=start + 6 * n, end=start + 6 * n + 5, begins=round(0.05 + 0.32 * n, 3), ends=round(0.31 + 0.32 * n, 3)
        )
        for n in range(4)
    )
    return LineSpoken(
        line=seed % 400,
        clip_key=f"clips/speech/{digest[:2]}/{digest[:32]}.flac",
        duration=duration,
        words=words,
        energies=tuple(round(given.uniform(0.001, 0.02), 4) for _ in range(int(duration * 10))),
        usage=Usage(provider="kokoro", model="kokoro-82m-v1.0-int8", units=24.0),
    )
