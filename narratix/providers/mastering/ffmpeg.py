"""Mastering with the block mixer and ffmpeg."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from narratix.ports import MASTER, SAMPLE_RATE, Mixed, Passage, Reel, Tags, Timeline
from narratix.providers.mastering.formats import JOINED, Codec, format_named
from narratix.providers.mastering.join import DeliveryOrder, deliver, join_flac
from narratix.providers.mastering.measure import (
    ListeningOrder,
    duration_of,
    listen,
    quiet_seconds,
    rms_dbfs,
    together,
)
from narratix.providers.mastering.passage import PassageOrder, mix_passage, rehearse
from narratix.providers.mastering.reel import ReelOrder, file_names, mix_reel, part_name
from narratix.providers.pool import EnginePool
from narratix.sound.gates import Measures, judge
from narratix.sound.levels import decibels
from narratix.sound.loudness import Energies, integrated
from narratix.sound.meters import dialogue_over_bed, joins, waveform
from narratix.sound.mixer import excerpt
from narratix.sound.passages import POSTROLL, PREROLL, REEL_ROLL
from narratix.sound.profiles import PROFILES


class FfmpegMastering:
    """Mixes reels in worker processes, and passages in another; each drives an ffmpeg of its own. Implements `narratix.ports.Mastering`.

    A pass may take `patience` times as long as its sound lasts, and a minute more: it is then stuck, and
    is killed. A cancelled caller gets away at once.
    """

    name = "ffmpeg"

    def __init__(self, program: Path, *, workers: int | None = None, patience: float = 1.0) -> None:
        self._program = program
        self._patience = patience
        self._pool = EnginePool(workers, name="mixer")
        self._passages = EnginePool(1, name="passage mixer")  # nobody listens to a stream that waits for a whole mix

    def reel_files(self, formats: Sequence[str], *, stems: bool) -> tuple[str, ...]:
        """See the port. Raises ProviderError for a format that is not made here."""
        return file_names(_codecs(formats), stems=stems)

    def part_file(self, format: str) -> str:
        """See the port. Raises ProviderError for a format that is not made here."""
        format_named(format)
        return part_name(JOINED[format]) if format in JOINED else MASTER

    async def reel(
        self,
        timeline: Timeline,
        clips: Mapping[str, Path],
        first: int,
        last: int,
        *,
        gain_db: float,
        formats: Sequence[str],
        stems: bool,
        out: Path,
    ) -> Reel:
        """See the port. Raises ProviderError."""
        order = ReelOrder(
            ffmpeg=self._program,
            timeline=excerpt(timeline, first - REEL_ROLL, last + REEL_ROLL),
            clips=dict(clips),
            first=first,
            last=last,
            gain_db=gain_db,
            codecs=_codecs(formats),
            listened=JOINED.get(formats[0]),
            stems=stems,
            out=out,
            seconds=self._allowed((last - first) / SAMPLE_RATE),
        )
        return await self._pool.run(mix_reel, order)

    async def deliver(
        self, timeline: Timeline, reels: Sequence[Path], samples: int, out: Path, format: str, tags: Tags
    ) -> None:
        """See the port. Raises ProviderError."""
        format_named(format)
        order = DeliveryOrder(
            ffmpeg=self._program,
            profile=timeline.profile,
            reels=tuple(reels),
            samples=samples,
            out=out,
            format=format,
            tags=tags,
            seconds=self._allowed(samples / SAMPLE_RATE),
        )
        await self._pool.run(deliver, order)

    async def join(self, files: Sequence[Path], out: Path) -> None:
        """See the port. Raises ProviderError."""
        await self._pool.run(join_flac, self._program, tuple(files), out, self._allowed(60.0 * len(files)))

    async def measure(self, timeline: Timeline, deliverable: Path, format: str, reels: Sequence[Reel]) -> Mixed:
        """See the port. Raises ProviderError."""
        profile, seconds = PROFILES[timeline.profile], self._allowed(timeline.duration)
        channels = 1 if profile.mono else 2
        parts = [reel.heard for reel in reels if reel.heard is not None]
        if format in JOINED and len(parts) == len(reels):
            heard, duration = together(parts), await asyncio.to_thread(duration_of, self._program, deliverable)
        else:
            order = ListeningOrder(self._program, deliverable, channels, joins(timeline), seconds)
            heard = await self._pool.run(listen, order)
            duration = heard.samples / SAMPLE_RATE
        loudness_lufs, peak_dbtp = integrated(np.asarray(heard.energies)), decibels(heard.peak)
        measures = Measures(
            loudness_lufs=loudness_lufs,
            true_peak_dbtp=peak_dbtp,
            click_db=heard.click_db,
            over_bed=dialogue_over_bed(_together(reel.voice for reel in reels), _together(reel.bed for reel in reels)),
            quiet_seconds=quiet_seconds(heard),
            duration=duration,
            rms_dbfs=rms_dbfs(heard),
            floor_dbfs=min(reel.floor_dbfs for reel in reels),
        )
        return Mixed(
            duration=timeline.duration,
            loudness_lufs=round(loudness_lufs, 2),
            true_peak_dbtp=round(peak_dbtp, 2),
            gates=judge(measures, duration=timeline.duration, profile=profile),
            peaks=waveform(_together(reel.peaks for reel in reels) / 1000.0),
        )

    async def passage(
        self, timeline: Timeline, clips: Mapping[str, Path], first: int, last: int, *, begins: int, out: Path
    ) -> Passage:
        """See the port. Raises ProviderError."""
        order = PassageOrder(
            ffmpeg=self._program,
            timeline=excerpt(timeline, first - PREROLL, last + POSTROLL),
            clips=dict(clips),
            first=first,
            last=last,
            begins=begins,
            out=out,
            seconds=self._allowed((last - first) / SAMPLE_RATE),
        )
        return await self._passages.run(mix_passage, order)

    async def warm(self) -> None:
        """See `narratix.ports.Warms`: a passage is what is waited for."""
        await self._passages.warm(partial(rehearse, self._program))

    async def close(self) -> None:
        await self._pool.close()
        await self._passages.close()

    def _allowed(self, duration: float) -> float:
        return 60.0 + self._patience * duration


def _codecs(formats: Sequence[str]) -> tuple[Codec, ...]:
    for format in formats:
        format_named(format)
    return tuple(dict.fromkeys(JOINED[format] for format in sorted(formats) if format in JOINED))


def _together(parts: Iterable[Sequence[float]]) -> Energies:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
