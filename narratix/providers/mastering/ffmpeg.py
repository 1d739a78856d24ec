"""Mastering with the block mixer and ffmpeg."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import soundfile

from narratix.ports import SAMPLE_RATE, Mixed, Passage, ProviderError, Tags, Timeline
from narratix.providers.mastering.formats import ffmetadata, format_named
from narratix.providers.mastering.passage import PassageOrder, mix_passage
from narratix.providers.mastering.process import QUIETLY, failure
from narratix.providers.mastering.render import MixOrder, encoding, mix_files, part_of
from narratix.providers.pool import EnginePool

_STOPPING_SECONDS = 30.0


class FfmpegMastering:
    """Mixes in a worker process, and passages in another; each drives an ffmpeg of its own. Implements `narratix.ports.Mastering`.

    A pass may take `patience` times as long as its sound lasts, and a minute more: it is then stuck, and
    is killed. Cancelling kills ffmpeg and removes what was written.
    """

    name = "ffmpeg"

    def __init__(self, program: Path, *, workers: int = 1, patience: float = 1.0) -> None:
        self._program = program
        self._patience = patience
        self._pool = EnginePool(workers, name="mixer")
        self._passages = EnginePool(1, name="passage mixer")  # nobody listens to a stream that waits for a whole mix

    async def mix(
        self,
        timeline: Timeline,
        clips: Mapping[str, Path],
        master: Path,
        deliverable: Path,
        format: str,
        tags: Tags,
    ) -> Mixed:
        """See the port. Raises ProviderError; ValueError for a cue without a clip, or a drama without a second."""
        format_named(format)
        cues = (*timeline.dialogue, *timeline.music, *timeline.effects)
        missing = sorted({cue.key for cue in cues} - clips.keys())
        if missing:
            raise ValueError(f"There is no clip for {len(missing)} cue(s) of the timeline, such as {missing[0]!r}.")
        if timeline.duration <= 0.0:
            raise ValueError("The timeline has no length: nothing can be mixed.")
        with tempfile.NamedTemporaryFile(prefix="mixing-") as going:
            order = MixOrder(
                ffmpeg=self._program,
                timeline=timeline,
                clips=dict(clips),
                master=master,
                deliverable=deliverable,
                format=format,
                tags=tags,
                going=Path(going.name),
                seconds=self._allowed(timeline.duration),
            )
            run = asyncio.ensure_future(self._pool.run(mix_files, order))
            try:
                return await asyncio.shield(run)
            except asyncio.CancelledError:
                going.close()
                await asyncio.wait({run}, timeout=_STOPPING_SECONDS)
                run.cancel()
                raise

    async def passage(
        self, timeline: Timeline, clips: Mapping[str, Path], first: int, last: int, *, begins: int, out: Path
    ) -> Passage:
        """See the port. Raises ProviderError."""
        order = PassageOrder(
            ffmpeg=self._program,
            timeline=timeline,
            clips=dict(clips),
            first=first,
            last=last,
            begins=begins,
            out=out,
            seconds=self._allowed((last - first) / SAMPLE_RATE),
        )
        return await self._passages.run(mix_passage, order)

    async def encode(self, master: Path, out: Path, format: str, tags: Tags) -> None:
        """See the port. `out` appears when it is whole. Raises ProviderError."""
        format_named(format)
        part, tag_file = part_of(out), out.with_name(out.name + ".tags")
        seconds = self._allowed(await asyncio.to_thread(_duration, master))
        try:
            await asyncio.to_thread(tag_file.write_text, ffmetadata(tags), encoding="utf-8")
            arguments = ("-i", f"file:{master}", *encoding(format, tag_file, part))
            async with self._running(arguments) as ffmpeg:
                try:
                    async with asyncio.timeout(seconds):
                        _, words = await ffmpeg.communicate()
                except TimeoutError as late:
                    raise ProviderError(f"ffmpeg did not finish encoding {format} within {seconds:.0f} s.") from late
            if ffmpeg.returncode != 0:
                raise failure(f"encoding {format}", ffmpeg.returncode, words.decode(errors="replace"))
            await asyncio.to_thread(part.replace, out)
        finally:
            for file in (part, tag_file):
                file.unlink(missing_ok=True)

    async def close(self) -> None:
        await self._pool.close()
        await self._passages.close()

    @contextlib.asynccontextmanager
    async def _running(self, arguments: tuple[str, ...]) -> AsyncIterator[asyncio.subprocess.Process]:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *QUIETLY,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise ProviderError(
                f"ffmpeg at {self._program} cannot be started: {error.strerror}.", permanent=True
            ) from error
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    def _allowed(self, duration: float) -> float:
        return 60.0 + self._patience * duration


def _duration(master: Path) -> float:
    try:
        return float(soundfile.info(master).duration)
    except (OSError, soundfile.SoundFileError) as error:
        raise ProviderError(f"The master {master.name} cannot be read: {error}") from error
