"""A line that is performed otherwise: what is made anew, and that nothing made before counts."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

import msgspec
import pytest

from narratix.commands import NoSuchJob, NotNow, NotPerformable
from narratix.events.catalogue import (
    DramaMixed,
    DramaPublished,
    Event,
    JobCompleted,
    JobRetried,
    LineRevised,
    LineSpoken,
    Options,
    PassageMixed,
)
from narratix.job import Conclude, Job, Revise, decide, evolve, fold
from narratix.projections.job_status import JobStatus
from narratix.projections.job_status import evolve as evolve_status
from narratix.results import result
from narratix.services import Services
from tests.core.test_first_drama import STORY, until_ended

LONGER = """

They talked until the fire had burned down. Nobody came. The clock struck three, and then four.

"It is late," said Anna. "We should sleep."

"Let us wait a little longer," said Thomas, and he put another log on the fire.

In the morning the rain had stopped. The garden was full of birds, and the road was dry.
"""


async def events_of(app: Services, job_id: uuid.UUID, after: int = 0) -> list[Event]:
    return [event.data for event in await app.store.read(job_id, after=after)]


async def until_made(app: Services, job_id: uuid.UUID) -> JobStatus:
    """Its status, as soon as the log says that it has ended, and the status knows."""
    while (job := await app.commands.load(job_id)).active:
        await asyncio.sleep(0.05)
    while (status := await until_ended(app, job_id)).version < job.version:
        await asyncio.sleep(0.05)
    return status


async def line_saying(app: Services, job_id: uuid.UUID, words: str) -> int:
    script = (await result(app, job_id))["script"]
    return next(int(line["line"]) for line in script if words in (STORY + LONGER)[line["start"] : line["end"]])


async def test_given_a_finished_drama_when_a_line_is_revised_then_only_what_hears_it_is_made_anew(
    narratix: Services,
) -> None:
    options = Options(formats=("mp3", "m4b"), stems=True)
    job_id = await narratix.commands.submit(STORY + LONGER, options=options)
    assert (await until_ended(narratix, job_id)).status == "completed"
    before = await narratix.commands.load(job_id)
    assert before.script is not None
    first = await result(narratix, job_id)
    assert set(first["stems"]) == {"dialogue", "music", "effects"}
    line = await line_saying(narratix, job_id, "It is late")

    await narratix.commands.revise(
        job_id, line, text="“It is far too late for that,”", speaker="Thomas", direction="sad"
    )
    # repeated at once, nothing is left to change
    await narratix.commands.revise(job_id, line, text="“It is far too late for that,”", speaker="thomas")
    assert (await narratix.commands.load(job_id)).active
    status = await until_made(narratix, job_id)
    assert (status.status, status.progress) == ("completed", 100)
    assert all(count.done == count.total for count in status.stages.values()), status.stages

    since = await events_of(narratix, job_id, after=before.version)
    kinds = Counter(type(event) for event in since)
    assert [type(event) for event in since[:2]] == [LineRevised, JobRetried]
    assert kinds[LineRevised] == kinds[LineSpoken] == kinds[DramaMixed] == kinds[DramaPublished] == 1
    assert kinds[JobCompleted] == 1
    assert 1 <= kinds[PassageMixed] <= 2
    mixed = next(event for event in since if isinstance(event, DramaMixed))
    assert 1 <= mixed.remixed <= 3
    thomas = next(member.id for member in before.script.cast if member.name == "Thomas")

    job, second = await narratix.commands.load(job_id), await result(narratix, job_id)
    told = second["script"][line]
    assert (told["speaker"], told["direction"], told["text"]) == (thomas, "sad", "“It is far too late for that,”")
    said = [told["text"][start:end] for start, end, _, _ in told["words"]]
    assert [word.strip("“,”") for word in said] == ["It", "is", "far", "too", "late", "for", "that"]
    assert first["audio"]["url"].partition("?")[0] != second["audio"]["url"].partition("?")[0]
    streamed = sum(passage.duration for passage in job.passages.values())
    assert streamed == pytest.approx(mixed.duration, abs=0.03)  # the passages still follow each other without a gap
    captions = await narratix.ports.storage.get(job.published.captions[0].key)  # type: ignore[union-attr]
    assert "far too late for that" in captions.decode()
    assert "It is late" not in captions.decode()
    unchanged = [n for n in before.lines if n != line]
    assert all(job.lines[n].clip_key == before.lines[n].clip_key for n in unchanged)

    await narratix.commands.revise(
        job_id, line, text="", speaker="Anna", direction=before.script.segments[line].direction
    )
    assert (await until_made(narratix, job_id)).status == "completed"
    job = await narratix.commands.load(job_id)
    assert job.lines[line].clip_key == before.lines[line].clip_key
    assert job.lines[line].usage.cached
    assert job.mixed is not None
    assert before.mixed is not None
    assert job.mixed.remixed == 0  # just as it had been at first
    assert job.mixed.master == before.mixed.master


async def test_given_a_drama_in_the_making_when_lines_are_revised_then_it_ends_with_them(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY + LONGER)
    while (job := await narratix.commands.load(job_id)).script is None:
        await asyncio.sleep(0.01)
    lines = range(0, len(job.script.segments), 3)
    for line in lines:
        await narratix.commands.revise(job_id, line, text=f"Now it is line number {line}.")
    status = await until_made(narratix, job_id)
    assert (status.status, status.progress) == ("completed", 100)
    assert all(count.done == count.total for count in status.stages.values()), status.stages
    made = await result(narratix, job_id)
    for line in made["script"]:
        revised = line["line"] in lines
        assert line["text"] == (f"Now it is line number {line['line']}." if revised else None)
        if revised:
            assert [line["text"][start:end] for start, end, _, _ in line["words"]][:2] == ["Now", "it"]
    job = await narratix.commands.load(job_id)
    assert job.mixed is not None
    assert sum(p.duration for p in job.passages.values()) == pytest.approx(job.mixed.duration, abs=0.03)


async def test_given_what_cannot_be_performed_then_it_is_refused_with_what_can(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("wav",)))
    await until_ended(narratix, job_id)
    version = (await narratix.commands.load(job_id)).version
    for line, wish, told in (
        (999, {"text": "So"}, "lines 0 to"),
        (0, {"speaker": "Zebedee"}, "the cast is: Narrator, Anna"),
        (0, {"text": "…!"}, "no letter"),
        (0, {"text": "word " * 500}, "up to 2,000 characters"),
    ):
        with pytest.raises(NotPerformable, match=told):
            await narratix.commands.revise(job_id, line, **wish)
    with pytest.raises(NoSuchJob):
        await narratix.commands.revise(uuid.uuid4(), 0, text="So")
    assert (await narratix.commands.load(job_id)).version == version
    await narratix.commands.expire(job_id, actor="test")
    with pytest.raises(NotNow, match="expired"):
        await narratix.commands.revise(job_id, 0, text="So")


# -- what counts -------------------------------------------------------------------------------


async def test_given_results_made_before_a_revision_when_they_arrive_after_it_then_they_count_for_nothing(
    narratix: Services,
) -> None:
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("wav",)))
    await until_ended(narratix, job_id)
    log = await narratix.store.read(job_id)
    history = [event.data for event in log]
    finished = fold(Job(id=job_id), history)
    line = 1
    revised, retried = decide(finished, Revise(line, direction="loud"))
    assert isinstance(revised, LineRevised)
    assert (revised.spoken, retried) == (True, JobRetried())
    open_again = fold(finished, (revised, retried))
    assert line not in open_again.lines
    assert (open_again.mixed, open_again.published, open_again.sealed) == (None, None, None)
    assert not set(revised.passages) & set(open_again.passages.keys())

    late = (finished.lines[line], finished.mixed, finished.published, *(finished.passages[p] for p in revised.passages))
    for event in late:
        assert event is not None
        assert decide(open_again, Conclude(event)) == ()
        assert msgspec.structs.replace(evolve(open_again, event), version=0) == msgspec.structs.replace(
            open_again, version=0
        )
    row: JobStatus | None = None
    for recorded in log:
        row = evolve_status(row, recorded)
    assert row is not None
    rows: list[dict[str, int]] = []
    for data in (revised, retried, *late):
        row = evolve_status(row, msgspec.structs.replace(log[-1], version=row.version + 1, data=data))
        assert row is not None
        rows.append({name: count.done for name, count in row.stages.items()})
    assert rows[1:] == [rows[1]] * (len(late) + 1)
    assert rows[1]["speak_line"] == len(finished.lines) - 1
    assert row.status == "queued"

    fresh = msgspec.structs.replace(finished.lines[line], revision=open_again.revision)
    assert decide(open_again, Conclude(fresh)) == (fresh,)
    assert evolve(open_again, fresh).lines[line] == fresh


@pytest.mark.parametrize(
    "wish",
    [Revise(0), Revise(0, direction=""), Revise(0, speaker="narrator"), Revise(0, text_sha256=""), Revise(99, "c1")],
)
async def test_given_a_line_that_is_as_it_should_be_then_nothing_happens(narratix: Services, wish: Revise) -> None:
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("wav",)))
    await until_ended(narratix, job_id)
    finished = await narratix.commands.load(job_id)
    assert decide(finished, wish) == ()
    assert decide(Job(id=job_id), wish) == ()
