"""The job's sound in time, and its parts as local files: what mixing and publishing share."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from narratix.events.catalogue import Chapter
from narratix.handlers.texts import Texts
from narratix.job import Job
from narratix.ports import Storage, Tags, Timeline
from narratix.sound.chapters import chapters
from narratix.sound.cover import cover, to_png
from narratix.sound.lines import Laid, PlacedLine, SpokenLine, lay_lines
from narratix.sound.profiles import PROFILES
from narratix.sound.timeline import ComposedMusic, RenderedEffect, build_timeline
from narratix.sound.wording import Wording

T = TypeVar("T")

SILENT_LEAD_IN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Every line placed in time, the whole timeline, and its chapters: a function of the job's events and words."""

    placed: tuple[PlacedLine, ...]
    timeline: Timeline
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a drama: the story's text, and the wordings of the lines that say something else."""

    text: str
    wordings: Mapping[int, Wording]


async def read(texts: Texts, job: Job) -> Reading:
    """Raises NotStored, ProviderError."""
    assert job.script is not None
    text = await texts.get(job.text_sha256)
    wordings = {}
    for line, revised in job.revised.items():
        if revised.text_sha256:
            segment = job.script.segments[line]
            source = text[segment.start : segment.end]
            wordings[line] = Wording(await texts.get(revised.text_sha256), source)
    return Reading(text, wordings)


def arrange(job: Job, reading: Reading) -> Arrangement:
    """Needs a job whose lines are all spoken."""
    assert job.plan is not None
    placed, timeline = lay_out(job, reading)
    return Arrangement(placed, timeline, chapters(reading.text, placed, job.plan.music, duration=timeline.duration))


def lay_out(job: Job, reading: Reading, until: int | None = None) -> tuple[tuple[PlacedLine, ...], Timeline]:
    """The lines before line `until` (default: all of the script), which are spoken, in time, and their sound."""
    assert job.script is not None
    assert job.plan is not None
    lines = [
        SpokenLine(
            line=number,
            clip_key=spoken.clip_key,
            duration=spoken.duration,
            words=spoken.words,
            energies=spoken.energies,
            wording=reading.wordings.get(number),
            laid=None if (first := job.laid.get(number)) is None else Laid(first.duration, first.words),
        )
        for number, spoken in ((n, job.lines[n]) for n in range(len(job.script.segments) if until is None else until))
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
    profile = PROFILES[job.options.profile]
    timeline = build_timeline(
        placed,
        music,
        effects,
        tail=job.plan.tail,
        places=job.plan.places,
        complete=until is None,
        profile=profile,
    )
    return placed, timeline


def tags(job: Job, arrangement: Arrangement) -> Tags:
    """Blocking: it draws the cover."""
    assert job.plan is not None
    placed = arrangement.placed
    moods = [(placed[cue.first_line].begins, cue.mood) for cue in job.plan.music if cue.first_line < len(placed)]
    picture = to_png(cover(arrangement.timeline, moods))
    cast = ", ".join(member.name for member in job.script.cast) if job.script else ""
    return Tags(title=job.title, chapters=arrangement.chapters, comment=f"A Narratix drama with {cast}", cover=picture)


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

    await together(fetch(key, path) for key, path in files.items())
    return files


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all of `work`, done at the same time. The first error cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
