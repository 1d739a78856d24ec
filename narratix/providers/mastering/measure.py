"""What a deliverable sounds like, measured as a listener will decode it. Runs in worker processes.

A deliverable that is joined of reels is measured reel by reel: each is decoded as it was encoded, with what is before and
after it. So a drama in which one line was revised is not decoded as a whole again. Other deliverables are.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from narratix.ports import SAMPLE_RATE, Heard, ProviderError
from narratix.providers.mastering.formats import Codec
from narratix.providers.mastering.process import decoded
from narratix.sound.grid import AAC_FRAME
from narratix.sound.loudness import rounded
from narratix.sound.meters import ClickMeter, LevelMeter, LoudnessMeter, PeakMeter, QuietMeter
from narratix.sound.mp3 import DELAY

DECODING_DELAY: Final[dict[Codec, int]] = {"mp3": DELAY, "aac": AAC_FRAME}
"""Samples by which the decoded frames of an encoder are late."""
_DURATION: Final = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")


@dataclass(frozen=True, slots=True)
class ListeningOrder:
    """`samples` of a file's sound (None: all of it) from sample `first` on. `joins` are the samples, counted from there,
    at which cues audibly begin or end. `seconds` is the time limit."""

    ffmpeg: Path
    file: Path
    channels: int
    joins: tuple[int, ...]
    seconds: float
    first: int = 0
    samples: int | None = None


def listen(order: ListeningOrder) -> Heard:
    """Raises ProviderError."""
    channels, left = order.channels, order.samples
    loudness, level = LoudnessMeter(channels), LevelMeter(channels)
    peak, quiet = PeakMeter(channels), QuietMeter(channels)
    # a join is judged by what is around it, and of that there is more than the stretch itself
    clicks = ClickMeter((order.first + join for join in order.joins), channels)
    skipped, samples = order.first, 0
    for sound in decoded(order.ffmpeg, order.file, channels, seconds=order.seconds):
        clicks.add(sound)
        if skipped:
            loudness.settle(sound[:skipped])
            sound, skipped = sound[skipped:], max(0, skipped - len(sound))
        if left is not None:
            sound, left = sound[:left], max(0, left - len(sound))
        samples += len(sound)
        for meter in (loudness, level, peak, quiet):
            meter.add(sound)
    clicks.finish()
    return Heard(
        samples=samples,
        energies=rounded(loudness.energies),
        mean_square=level.mean_square,
        peak=peak.amplitude,
        click_db=round(clicks.worst_db, 2),
        quiet=quiet.runs,
    )


def duration_of(ffmpeg: Path, file: Path) -> float:
    """Seconds, as a player reads them in the file. Raises ProviderError."""
    run = subprocess.run(  # noqa: S603  a program of our choice, no shell
        [ffmpeg, "-hide_banner", "-nostdin", "-i", f"file:{file}"], capture_output=True, check=False, timeout=60
    )
    found = _DURATION.search(run.stderr.decode(errors="replace"))
    if found is None:
        raise ProviderError(f"{file.name} does not tell its length.")
    return 3600.0 * int(found[1]) + 60.0 * int(found[2]) + float(found[3])


def together(parts: Sequence[Heard]) -> Heard:
    """Stretches, one after another, as one."""
    samples = sum(part.samples for part in parts)
    return Heard(
        samples=samples,
        energies=tuple(energy for part in parts for energy in part.energies),
        mean_square=sum(part.mean_square * part.samples for part in parts) / max(1, samples),
        peak=max(part.peak for part in parts),
        click_db=max(part.click_db for part in parts),
        quiet=_runs_together([part.quiet for part in parts]),
    )


def quiet_seconds(heard: Heard) -> float:
    return heard.quiet[1] * QuietMeter.FRAME / SAMPLE_RATE


def _runs_together(parts: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    begins, longest, ends, frames = 0, 0, 0, 0
    for first, most, last, all_of in parts:
        begins = begins + first if begins == frames else begins
        longest = max(longest, most, ends + first)
        ends = ends + all_of if last == all_of else last
        frames += all_of
    return begins, longest, ends, frames


def rms_dbfs(heard: Heard) -> float:
    return float(10.0 * np.log10(max(heard.mean_square, 1e-12)))
