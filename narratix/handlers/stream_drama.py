"""stream_drama: the drama can be heard while it is made.

The items are the passages, each mixed as soon as its lines are spoken, then `open` and `seal`. Music and effects are
waited for: what was heard once must be what the finished drama sounds like. A passage lies in storage under what it
sounds like, so that a streamer that was killed goes on with the same files. A drama whose stream fails is still made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from narratix.events.catalogue import (
    AttemptFailed,
    EffectRendered,
    Event,
    Fragment,
    LineSpoken,
    MusicComposed,
    PassageMixed,
    SoundPlanned,
    StreamOpened,
    StreamSealed,
)
from narratix.handlers.arrangement import Reading, fetch_all, lay_out, read, workshop
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.pacing import can_begin
from narratix.job import Job
from narratix.ports import SAMPLE_RATE, NotStored, Passage, Timeline
from narratix.sound.fmp4 import CONTENT_TYPE, FACTS, HEADER, SUFFIX
from narratix.sound.lines import PlacedLine
from narratix.sound.passages import (
    POSTROLL,
    PREROLL,
    last_bounds,
    passage_bounds,
    passage_digest,
)
from narratix.sound.prediction import nominal_gain_db
from narratix.sound.rooms import heard_until

_OPEN, _SEAL = "open", "seal"
_NEIGHBOURHOOD: Final = 2 * SAMPLE_RATE  # the mixer renders whole seconds, and looks at those around them
_NOTHING: Final = Passage(())


async def run(ports: Ports, job: Job, item: str) -> Event:
    if item == _OPEN:
        return StreamOpened(duration=_duration(job))
    if item == _SEAL:
        return StreamSealed(passages=job.heard, duration=_duration(job))
    return await _mixed(ports, job, int(item))


async def _mixed(ports: Ports, job: Job, passage: int) -> PassageMixed:
    stretch = _stretch(job, await read(ports.texts, job), passage)
    first, last, begins = stretch.first, stretch.last, stretch.first
    gain_db = nominal_gain_db(stretch.timeline)
    digest = passage_digest(stretch.timeline, first, last, begins=begins, gain_db=gain_db)
    folder = f"passages/{digest[:2]}/{digest}"
    made = _NOTHING
    if first < last:
        made = await _found(ports, folder) or await _made(ports, folder, stretch, begins)
    return PassageMixed(
        passage=passage,
        first_line=stretch.lines[0].line,
        lines=tuple(round(line.begins, 3) for line in stretch.lines),
        header_key=f"{folder}/{HEADER}",
        begins=begins / SAMPLE_RATE,
        duration=(last - first) / SAMPLE_RATE,
        fragments=tuple(
            Fragment(key=f"{folder}/{number}{SUFFIX}", seconds=seconds, size_bytes=size)
            for number, (seconds, size) in enumerate(made.fragments)
        ),
        revision=job.reopened.get(passage, 0),
    )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The timeline as far as it is known, the samples [first, last) of it that a passage is, and the passage's lines."""

    timeline: Timeline
    first: int
    last: int
    lines: tuple[PlacedLine, ...]


def _stretch(job: Job, reading: Reading, passage: int) -> _Stretch:
    assert job.plan is not None
    starts = job.plan.passages
    follows = starts[passage + 1] if passage + 1 < len(starts) else None
    placed, timeline = lay_out(job, reading, follows)
    if follows is None:
        return _Stretch(timeline, *last_bounds(placed, starts, timeline), placed[starts[passage] :])
    return _Stretch(timeline, *passage_bounds(placed, starts, passage), placed[starts[passage] : follows])


async def _found(ports: Ports, folder: str) -> Passage | None:
    try:
        return msgspec.json.decode(await ports.storage.get(f"{folder}/{FACTS}"), type=Passage)
    except NotStored:
        return None


async def _made(ports: Ports, folder: str, stretch: _Stretch, begins: int) -> Passage:
    """The sound is stored before its facts, and found by its facts: a crash in between only makes it again."""
    timeline, storage = stretch.timeline, ports.storage
    low = (stretch.first - PREROLL - _NEIGHBOURHOOD) / SAMPLE_RATE
    high = (stretch.last + POSTROLL + _NEIGHBOURHOOD) / SAMPLE_RATE
    async with workshop(ports.scratch) as directory:
        heard = (cue.key for cue in timeline.cues if cue.begins < high and heard_until(cue) > low)
        clips = await fetch_all(storage, heard, directory)
        made = await ports.mastering.passage(timeline, clips, stretch.first, stretch.last, begins=begins, out=directory)
        names = [HEADER, *(f"{number}{SUFFIX}" for number in range(len(made.fragments)))]
        await asyncio.gather(*(storage.put_file(f"{folder}/{name}", directory / name, CONTENT_TYPE) for name in names))
    await storage.put(f"{folder}/{FACTS}", msgspec.json.encode(made), "application/json")
    return made


# -- when --------------------------------------------------------------------------------------


def stream_over(job: Job) -> bool:
    """Whether the stream is sealed, or none is coming."""
    return job.plan is None or not job.plan.passages or job.sealed is not None or stream_failed(job)


def stream_failed(job: Job) -> bool:
    return any(work.startswith("stream_drama ") for work in job.missing)


def _items(job: Job) -> Iterable[str]:
    if job.plan is None or stream_over(job):
        return
    passage = job.heard
    while _settled(job, passage):
        yield str(passage)
        passage += 1
        if job.opened is None:  # the next one waits until it is known whether the stream can open, which comes first
            break
    everything = job.heard == len(job.plan.passages)
    if job.opened is None and (everything or can_begin(job)):
        yield _OPEN
    if everything:
        yield _SEAL


def _settled(job: Job, passage: int) -> bool:
    """Whether all that is heard in a passage is there, or will never be."""
    assert job.script is not None
    assert job.plan is not None
    starts = job.plan.passages
    if passage >= len(starts):
        return False
    follows = starts[passage + 1] if passage + 1 < len(starts) else len(job.script.segments)
    if job.spoken < follows:
        return False
    music = (cue.id for cue in job.plan.music if cue.first_line < follows and cue.id not in job.music)
    effects = (cue.id for cue in job.plan.effects if cue.line < follows and cue.id not in job.effects)
    return all(f"compose_music {cue}" in job.missing for cue in music) and all(
        f"render_effect {cue}" in job.missing for cue in effects
    )


def _duration(job: Job) -> float:
    """Of what can be heard without a gap. The stream's own time jumps where a line was revised."""
    return sum(job.passages[passage].duration for passage in range(job.heard))


def _done(job: Job, item: str) -> bool:
    if item == _OPEN:
        return job.opened is not None
    if item == _SEAL:
        return job.sealed is not None
    return int(item) in job.passages


def _inputs(job: Job, item: str) -> tuple[object, ...]:
    """A stretch hears its own lines, and the end of the one before."""
    assert job.script is not None
    assert job.plan is not None
    if not item.isdecimal():
        return (job.plan.passages, *((job.revision,) if job.revision else ()))
    starts = (*job.plan.passages, len(job.script.segments))
    first, last = starts[max(0, int(item) - 1)], starts[int(item) + 1]
    inputs = (starts[int(item)], [job.lines[line].clip_key for line in range(first, last)])
    reopened = job.reopened.get(int(item))
    return inputs if reopened is None else (*inputs, reopened)


STREAM_DRAMA = Handler(
    name="stream_drama",
    uses="stream",
    wakes_on=(SoundPlanned, LineSpoken, MusicComposed, EffectRendered, AttemptFailed, PassageMixed, StreamOpened),
    items=_items,
    done=_done,
    inputs=_inputs,
    run=run,
    time_limit=300,
    priority=lambda _job, item: int(item) if item.isdecimal() else 0,
    optional=True,
)
