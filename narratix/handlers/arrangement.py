"""The job's sound in time, and its parts as local files: what mixing and publishing share."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from narratix.events.catalogue import Chapter
from narratix.job import Job
from narratix.ports import Storage, Tags, Timeline
from narratix.sound.chapters import chapters
from narratix.sound.timeline import (
    ComposedMusic,
    PlacedLine,
    RenderedEffect,
    SpokenLine,
    build_timeline,
    lay_lines,
)

SILENT_LEAD_IN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Every line placed in time, the whole timeline, and its chapters: a function of the job's events alone."""

    placed: tuple[PlacedLine, ...]
    timeline: Timeline
    chapters: tuple[Chapter, ...]


def arrange(job: Job, text: str) -> Arrangement:
    """Needs a job whose lines are all spoken."""
    assert job.plan is not None
    placed, timeline = lay_out(job)
    return Arrangement(placed, timeline, chapters(text, placed, job.plan.music, duration=timeline.duration))


def lay_out(job: Job, until: int | None = None) -> tuple[tuple[PlacedLine, ...], Timeline]:
    """The lines before line `until` (default: all of the script), which are spoken, in time, and their sound."""
    assert job.script is not None
    assert job.plan is not None
    lines = [
        SpokenLine(spoken.line, spoken.clip_key, spoken.duration, spoken.words, spoken.energies)
        for spoken in (job.lines[number] for number in range(len(job.script.segments) if until is None else until))
    ]
    opens_with_music = any(cue.first_line == 0 and cue.id in job.music for cue in job.plan.music)
    lead_in = job.plan.lead_in if opens_with_music else min(job.plan.lead_in, SILENT_LEAD_IN)
    placed = lay_lines(job.script.segments, lines, lead_in=lead_in, complete=until is None)
    music = [
        ComposedMusic(plan, made.clip_key, made.duration, made.energies)
        for plan in job.plan.music
        if (made := job.music.get(plan.id)) is not None
    ]
    effects = [
        RenderedEffect(planned, rendered.clip_key, rendered.duration, rendered.onset, rendered.energies)
        for planned in job.plan.effects
        if (rendered := job.effects.get(planned.id)) is not None
    ]
    return placed, build_timeline(placed, music, effects, tail=job.plan.tail, complete=until is None)


def tags(job: Job, arrangement: Arrangement) -> Tags:
    cast = ", ".join(member.name for member in job.script.cast) if job.script else ""
    return Tags(title=job.title, chapters=arrangement.chapters, comment=f"A Narratix drama with {cast}")


@contextlib.asynccontextmanager
async def workshop(scratch: Path) -> AsyncGenerator[Path]:
    """A directory of our own for as long as the block runs, in `scratch`, which exists."""
    # a thread that was told to stop may still write here; what it leaves is swept at a later start
    with tempfile.TemporaryDirectory(dir=scratch, prefix="work-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


async def fetch_all(storage: Storage, keys: Iterable[str], into: Path, at_once: int = 8) -> dict[str, Path]:
    """Local files of stored objects, `at_once` fetched at a time. Raises the first ProviderError."""
    files = {key: into / f"{number}{Path(key).suffix}" for number, key in enumerate(dict.fromkeys(keys))}
    slots = asyncio.Semaphore(at_once)

    async def fetch(key: str, path: Path) -> None:
        async with slots:
            await storage.fetch_file(key, path)

    try:
        async with asyncio.TaskGroup() as group:
            for key, path in files.items():
                group.create_task(fetch(key, path))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return files
