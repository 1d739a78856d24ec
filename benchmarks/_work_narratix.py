"""Narratix's turn of `benchmarks.work`: store, feed, router, worker and read models of a real service, over five stages
that do nothing. Prints the seconds from the first submission to the last job's end in the status that readers see."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, Final, cast

import structlog
import uvloop

from benchmarks._machine import machine
from narratix.commands import Commands
from narratix.events.catalogue import (
    DramaMixed,
    DramaPublished,
    Event,
    JobCompleted,
    JobSubmitted,
    PublishedFile,
    ScriptWritten,
    SoundPlanned,
    VoicesCast,
)
from narratix.events.feed import Feed
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.texts import Texts
from narratix.job import Job
from tests.beside import running

SLOTS: Final = 256
SUBMITTERS: Final = 64

_FILE: Final = PublishedFile(format="mp3", key="dramas/none.mp3", size_bytes=0, content_type="audio/mpeg")


def stage(name: str, after: type[Event], event: Event, done: str) -> Handler:
    """A stage that follows `after`, does nothing, and reports `event`, which sets the field `done` of the job."""

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        return event

    return Handler(
        name=name,
        uses="nothing",
        wakes_on=(after,),
        items=lambda _job: ("",),
        done=lambda job, _item: getattr(job, done) is not None,
        inputs=lambda job, _item: (job.text_sha256,),
        run=run,
        light=True,
    )


STAGES: Final = (
    stage(
        "write_script",
        JobSubmitted,
        ScriptWritten(engine="none", text_sha256="", language="en", segments=(), cast=(), music=(), effects=()),
        "script",
    ),
    stage("cast_voices", ScriptWritten, VoicesCast(engine="none", voices={}), "voices"),
    stage("plan_sound", VoicesCast, SoundPlanned(lead_in=0.0, tail=0.0, music=(), effects=()), "plan"),
    stage(
        "mix_drama",
        SoundPlanned,
        DramaMixed(
            timeline_sha256="", master=(), reels=1, remixed=1, profile="podcast", file=_FILE, duration=1.0, loudness_lufs=-16.0, true_peak_dbtp=-2.0,
            gates=(),
        ),
        "mixed",
    ),
    stage("publish_drama", DramaMixed, DramaPublished(files=(_FILE,), captions=(), chapters=(), peaks_key=""), "published"),
)  # fmt: skip


class NoStorage:
    """Keeps nothing: the jobs of this measurement have no content."""

    async def put(self, _key: str, _data: bytes, _content_type: str) -> None:
        return None


async def measure(dsn: str, jobs: int) -> float:
    async with machine(dsn, STAGES, {"nothing": SLOTS}) as service, running(service.worker.run()):
        pool, feed = service.pool, service.feed
        await asyncio.sleep(0.5)  # it is a service that runs, and not one that starts, which is measured
        commands = Commands(service.store, Texts(cast(Any, NoStorage())))
        began = time.perf_counter()
        ended = asyncio.create_task(_ended(feed, jobs))
        await _submit(commands, jobs)
        last = await ended
        while await pool.fetchval("select position < $1 from subscriptions where name = 'job_status'", last):
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - began
        completed = await pool.fetchval("select count(*) from job_status where row->>'status' = 'completed'")
        assert completed == jobs, f"the status of {completed} of {jobs} jobs is completed"
    return seconds


async def _ended(feed: Feed, jobs: int) -> int:
    """The position of the last job's end."""
    async for events in feed.follow(feed.position):
        for event in events:
            if isinstance(event.data, JobCompleted):
                jobs -= 1
                if not jobs:
                    return event.position
    raise AssertionError("the feed never ends")


async def _submit(commands: Commands, jobs: int) -> None:
    numbers = iter(range(jobs))

    async def submitter() -> None:
        for number in numbers:
            await commands.submit(f"Nothing, number {number}.")

    await asyncio.gather(*(submitter() for _ in range(SUBMITTERS)))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    print(uvloop.run(measure(sys.argv[1], int(sys.argv[2]))))
