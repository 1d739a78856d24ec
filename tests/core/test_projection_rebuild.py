"""Rebuilds that are killed, chased, raced and poisoned; readers and verifiers beside them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from narratix.events.catalogue import Event, FeedbackGiven, JobCancelled, JobRetried
from narratix.events.feed import Connect, Feed
from narratix.events.store import EventStore, NewEvent, Recorded
from narratix.events.subscription import Subscriptions
from narratix.projections.builds import builds, skip
from narratix.projections.job_status import JOB_STATUS, STAGES, JobStatus
from narratix.projections.projection import Projection, Projector, Reader
from narratix.projections.rebuild import RebuildStopped, RebuiltElsewhere, rebuild, rebuild_outdated
from narratix.projections.verify import NotFoldable, verify
from tests.core.built import ignore, record, rows, serve_build, submitted, until_caught_up
from tests.events.following import record_raw, running, started

STORY = (submitted(), JobCancelled(), JobRetried(), FeedbackGiven(rating=5))


@pytest.fixture
async def feed(store: EventStore, connect: Connect) -> AsyncIterator[Feed]:
    async with started(Feed(store, connect)) as feed:
        yield feed


async def a_job(store: EventStore, events: int) -> uuid.UUID:
    """A job with this many events, of which every other one is feedback."""
    job_id = uuid.uuid4()
    told: list[Event] = [submitted(), *(FeedbackGiven(rating=1 + n % 5) for n in range(events - 1))]
    await store.append([NewEvent(job_id, event, uuid.uuid4()) for event in told])
    return job_id


async def test_given_events_that_come_faster_than_it_folds_when_rebuilt_then_it_ends_all_the_same(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.projections.rebuild.ROUNDS", 5)
    monkeypatch.setattr("narratix.projections.rebuild.NEARLY", 5)
    await record(store, STORY, jobs=10)
    await serve_build(pool, store, JOB_STATUS)
    appending: list[asyncio.Task[None]] = []

    def flood(_done: int, _total: int) -> None:
        """More than a page for every page."""
        appending.append(asyncio.create_task(record(store, STORY, jobs=4)))

    rebuilt = await rebuild(pool, store, JOB_STATUS, flood, page=10)
    await asyncio.gather(*appending)

    assert len(appending) < 30
    assert rebuilt.position >= 40
    verified = await verify(pool, store, JOB_STATUS, ignore)
    assert (verified.build, verified.difference) == (2, None)


async def test_given_a_serving_build_that_stands_still_when_another_is_swapped_in_then_it_never_went_back(
    pool: asyncpg.Pool, store: EventStore, connect: Connect, feed: Feed
) -> None:
    """A reader that polls all the while sees every row whole and no older one."""
    live, still = await a_job(store, 5), await a_job(store, 300)
    await record(store, STORY, jobs=50)
    reader = Reader(JOB_STATUS, pool)
    async with running(Subscriptions([Projector(JOB_STATUS)], feed, pool, connect)):
        await until_caught_up(pool)
        whole = await reader.get(str(still))
        looks, done = 0, asyncio.Event()

        async def look() -> int:
            nonlocal looks
            version = 0
            while not done.is_set():
                row = await reader.get(str(live))
                assert row is not None
                assert row.version >= version
                version = row.version
                assert await reader.get(str(still)) == whole
                assert len(await reader.newest(52)) == 52
                looks += 1
            return version

        async def tell() -> None:
            while not done.is_set():
                await store.append([NewEvent(live, FeedbackGiven(rating=4), uuid.uuid4())])
                await asyncio.sleep(0.005)

        looking, telling = asyncio.create_task(look()), asyncio.create_task(tell())
        for expected in (2, 3, 4):
            assert (await rebuild(pool, store, JOB_STATUS, ignore, page=40)).build == expected
        done.set()
        await telling
        assert await looking > 5
        assert looks > 10
        await until_caught_up(pool)
        assert (await verify(pool, store, JOB_STATUS, ignore)).difference is None


REBUILDS = """
import asyncio, sys, asyncpg
from narratix.events.store import EventStore
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.rebuild import rebuild

async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1) as pool:
        tell = lambda done, total: print(done, flush=True)
        await rebuild(pool, EventStore(pool), JOB_STATUS, tell, page=5)

asyncio.run(main(sys.argv[1]))
"""


async def test_given_a_rebuild_killed_in_its_process_when_started_again_then_it_goes_on_and_nothing_differs(
    pool: asyncpg.Pool, store: EventStore, dsn: str
) -> None:
    await record(store, STORY, jobs=100)
    await serve_build(pool, store, JOB_STATUS)
    reached = 0
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", REBUILDS, dsn, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        async for line in process.stdout:
            if int(line) >= reached + 60:
                break
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        # what was on its way in the killed process's session ends before we look
        async with asyncio.timeout(10):
            while await pool.fetchval(
                "select count(*) from pg_stat_activity where xact_start < now() and pid <> pg_backend_pid() and datname = current_database()"
            ):
                await asyncio.sleep(0.05)
        reached = await pool.fetchval("select position from subscriptions where build = 2")
        assert 0 < reached < 400

    told: list[int] = []
    rebuilt = await rebuild(pool, store, JOB_STATUS, lambda done, _total: told.append(done), page=50)
    assert rebuilt.continued
    assert told[0] == reached >= 120
    assert await rows(pool, JOB_STATUS, 2) == await rows(pool, JOB_STATUS, 1)


async def test_given_two_rebuilds_at_once_when_they_meet_then_one_gives_way_and_nothing_is_folded_twice(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, STORY, jobs=60)
    await serve_build(pool, store, JOB_STATUS)
    outcomes = await asyncio.gather(
        *(rebuild(pool, store, JOB_STATUS, ignore, page=20) for _ in range(3)), return_exceptions=True
    )
    assert any(isinstance(outcome, RebuiltElsewhere) for outcome in outcomes)
    assert [out for out in outcomes if isinstance(out, BaseException) and not isinstance(out, RebuiltElsewhere)] == []
    if all(isinstance(outcome, RebuiltElsewhere) for outcome in outcomes):
        await rebuild(pool, store, JOB_STATUS, ignore, page=20)
    assert (await verify(pool, store, JOB_STATUS, ignore)).difference is None
    assert [build.state for build in await builds(pool, {})].count("serving") == 1


async def test_given_a_rebuild_that_waits_for_one_that_swaps_when_that_serves_then_it_begins_beside_the_new_one(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, STORY, jobs=5)
    await serve_build(pool, store, JOB_STATUS)
    async with pool.acquire() as swapping, asyncio.TaskGroup() as group, swapping.transaction():
        await swapping.execute("update subscriptions set serving = false where name = 'job_status'")
        await swapping.execute(
            "insert into subscriptions (name, build, code_version, position, serving)"
            " select name, 2, code_version, position, true from subscriptions where name = 'job_status'"
        )
        second = group.create_task(rebuild(pool, store, JOB_STATUS, ignore))
        async with asyncio.timeout(10):
            while not await pool.fetchval("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.01)
    assert second.result().build == 3


# -- another release ---------------------------------------------------------------------------


def evolve_otherwise(row: JobStatus | None, recorded: Recorded, key: str) -> JobStatus | None:
    row = JOB_STATUS.evolve(row, recorded, key)
    if row is not None:
        row.title = row.title.upper()
    return row


NEWER: Projection[JobStatus] = replace(JOB_STATUS, code_version=JOB_STATUS.code_version + 1, evolve=evolve_otherwise)


async def test_given_rows_of_an_older_release_when_a_service_starts_with_the_setting_then_they_are_built_anew(
    pool: asyncpg.Pool, store: EventStore, connect: Connect, feed: Feed
) -> None:
    await record(store, STORY, jobs=20)
    await serve_build(pool, store, JOB_STATUS)
    [before] = await builds(pool, {"job_status": NEWER.code_version})
    assert before.outdated
    assert before.state == f"serving, to be rebuilt (this release has code version {NEWER.code_version})"

    async with running(Subscriptions([Projector(NEWER)], feed, pool, connect)):
        await rebuild_outdated(pool, store, [NEWER])
        await record(store, STORY)
        await until_caught_up(pool)

    served = {build.build: build for build in await builds(pool, {"job_status": NEWER.code_version})}
    assert (served[2].state, served[2].code_version) == ("serving", NEWER.code_version)
    assert {row.title for row in await Reader(NEWER, pool).newest()} == {"A STORY"}
    assert (await verify(pool, store, NEWER, ignore)).difference is None
    await rebuild_outdated(pool, store, [NEWER])  # nothing is outdated any more
    assert set(served) == {build.build for build in await builds(pool, {})}


# -- poison ------------------------------------------------------------------------------------


async def test_given_an_event_that_cannot_be_taken_when_rebuilt_then_the_old_build_serves_on_until_it_is_skipped(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, STORY, jobs=3)
    await serve_build(pool, store, JOB_STATUS)
    poison = (await store.read_all())[5]

    def choke(row: JobStatus | None, recorded: Recorded, key: str) -> JobStatus | None:
        if recorded.position == poison.position:
            raise ZeroDivisionError("what is a sixth?")
        return JOB_STATUS.evolve(row, recorded, key)

    choking = replace(JOB_STATUS, evolve=choke)
    with pytest.raises(RebuildStopped, match=r"JobCancelled at position 6: ZeroDivisionError.*--position 6"):
        await rebuild(pool, store, choking, ignore)
    first, second = await builds(pool, {})
    assert (first.state, second.position) == ("serving", 5)
    assert second.stopped
    with pytest.raises(NotFoldable, match="job_status cannot be compared"):
        await verify(pool, store, choking, ignore)

    await skip(pool, store, "job_status", 6, reason="sixths are out", actor="cli:anna")
    rebuilt = await rebuild(pool, store, choking, ignore)
    assert rebuilt.continued
    assert (await verify(pool, store, choking, ignore)).difference is None
    again = await rebuild(pool, store, choking, ignore)  # from the first event: the decision holds
    assert not again.continued
    assert (await verify(pool, store, choking, ignore)).difference is None


async def test_given_a_damaged_event_when_a_service_folds_it_then_job_status_stops_and_a_skip_lets_it_go_on(
    pool: asyncpg.Pool, store: EventStore, connect: Connect, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.events.subscription.STOPPED_SECONDS", 0.1)
    await record(store, STORY)
    position = await record_raw(pool, "LineSpoken", "[]")
    await record(store, STORY)
    async with running(Subscriptions([Projector(JOB_STATUS)], feed, pool, connect)):
        async with asyncio.timeout(20):
            while not any(build.stopped for build in await builds(pool, {})):
                await asyncio.sleep(0.05)
        await skip(pool, store, "job_status", position, reason="damaged on its disk", actor="cli:anna")
        await until_caught_up(pool)
    assert (await verify(pool, store, JOB_STATUS, ignore)).difference is None
    assert (await rebuild(pool, store, JOB_STATUS, ignore)).position == await store.head()


async def test_given_a_verification_under_way_when_events_come_then_the_serving_build_does_not_wait(
    pool: asyncpg.Pool, store: EventStore, connect: Connect, feed: Feed
) -> None:
    await record(store, STORY, jobs=10)
    async with running(Subscriptions([Projector(JOB_STATUS)], feed, pool, connect)):
        await until_caught_up(pool)
        appended: list[asyncio.Task[None]] = []

        def meanwhile(_done: int, _total: int) -> None:
            appended.append(asyncio.create_task(record(store, STORY)))

        verified = await verify(pool, store, JOB_STATUS, meanwhile, page=4)
        await asyncio.gather(*appended)
        await until_caught_up(pool)
        assert (verified.position, verified.rows, verified.difference) == (40, 10, None)
        assert (await verify(pool, store, JOB_STATUS, ignore)).position == 40 + 4 * len(appended)


async def test_given_rows_of_a_release_with_fewer_stages_when_this_one_reads_and_folds_on_then_they_are_whole(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, STORY)
    await serve_build(pool, store, JOB_STATUS)
    stage = "stream_drama"
    assert (
        await pool.execute("update job_status set row = ((row::jsonb) #- array['stages', $1])::json", stage)
        == "UPDATE 1"
    )
    [row] = await Reader(JOB_STATUS, pool).newest()
    assert set(row.stages) == set(STAGES)
    assert row.stages[stage].done == 0
    assert 0 <= row.progress <= 100
