"""Projections built anew beside the serving build, while events arrive, after a kill; and compared with the log."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from narratix.events.catalogue import JobCancelled, JobRetried
from narratix.events.feed import Connect, Feed
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriptions
from narratix.projections import PROJECTIONS
from narratix.projections.builds import builds
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.projection import Projector, Reader
from narratix.projections.rebuild import NotRunYet, rebuild
from narratix.projections.verify import verify
from narratix.services import Services
from tests.core.built import ignore, record, rows, serve_build, submitted, until_caught_up

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n"


async def test_given_a_finished_drama_when_everything_is_rebuilt_then_no_byte_changes(narratix: Services) -> None:
    await narratix.commands.submit(STORY)
    async with asyncio.timeout(60):
        while not any(row.status == "completed" for row in await Reader(JOB_STATUS, narratix.pool).newest()):
            await asyncio.sleep(0.05)
    await until_caught_up(narratix.pool)

    for projection in PROJECTIONS:
        before = await rows(narratix.pool, projection, 1)
        rebuilt = await rebuild(narratix.pool, narratix.store, projection, ignore, page=3)
        assert rebuilt.build == 2
        assert before
        assert await rows(narratix.pool, projection, 2) == before
        assert (await verify(narratix.pool, narratix.store, projection, ignore)).difference is None


async def test_given_a_running_service_when_a_projection_is_rebuilt_then_its_runner_goes_on_with_the_new_build(
    narratix: Services,
) -> None:
    await narratix.commands.submit(STORY)
    await until_caught_up(narratix.pool)
    await rebuild(narratix.pool, narratix.store, JOB_STATUS, ignore)
    replaced = await rows(narratix.pool, JOB_STATUS, 1)

    later = await narratix.commands.submit("Another story altogether.")
    async with asyncio.timeout(30):
        while await Reader(JOB_STATUS, narratix.pool).get(str(later)) is None:
            await asyncio.sleep(0.05)

    assert str(later) in {key for key, *_ in await rows(narratix.pool, JOB_STATUS, 2)}
    assert await rows(narratix.pool, JOB_STATUS, 1) == replaced


async def test_given_events_that_keep_coming_when_a_projection_is_rebuilt_then_the_new_build_has_them_all(
    pool: asyncpg.Pool, store: EventStore, connect: Connect
) -> None:
    await record(store, [submitted()], jobs=80)
    feed = Feed(store, connect)
    await feed.start()
    runner = asyncio.create_task(Subscriptions([Projector(JOB_STATUS)], feed, pool, connect).run())
    try:
        await until_caught_up(pool)
        rebuilding = asyncio.create_task(rebuild(pool, store, JOB_STATUS, ignore, page=20))
        for _ in range(30):
            await record(store, [submitted("Later"), JobCancelled(), JobRetried(), JobCancelled()])
        await rebuilding
        await record(store, [submitted("Last")])
        await until_caught_up(pool)

        verified = await verify(pool, store, JOB_STATUS, ignore)
        assert verified.build == 2
        assert verified.difference is None
        assert verified.position == await store.head()
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await feed.close()


async def test_given_a_killed_rebuild_when_it_is_started_again_then_it_goes_on_where_it_stopped(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, [submitted()], jobs=120)
    await serve_build(pool, store, JOB_STATUS)

    class Killed(Exception):
        pass

    def kill(done: int, _total: int) -> None:
        if done >= 20:
            raise Killed

    with pytest.raises(Killed):
        await rebuild(pool, store, JOB_STATUS, kill, page=10)
    assert [build.state for build in await builds(pool, {})] == ["serving", "unfinished"]
    seen: list[int] = []
    rebuilt = await rebuild(pool, store, JOB_STATUS, lambda done, _total: seen.append(done), page=10)

    assert rebuilt.continued
    assert (rebuilt.build, rebuilt.position, seen[0]) == (2, 120, 20)
    assert await rows(pool, JOB_STATUS, 2) == await rows(pool, JOB_STATUS, 1)


async def test_given_a_replaced_build_when_rebuilt_again_then_the_oldest_build_is_gone(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, [submitted()], jobs=3)
    await serve_build(pool, store, JOB_STATUS)
    for _ in range(2):
        await rebuild(pool, store, JOB_STATUS, ignore)

    assert [(build.build, build.state) for build in await builds(pool, {})] == [(2, "replaced"), (3, "serving")]
    assert await rows(pool, JOB_STATUS, 1) == []


@pytest.mark.parametrize(
    "tampering",
    [
        """update job_status set row = replace(row::text, 'A story', 'A lie')::json""",
        "delete from job_status where key = (select min(key) from job_status)",
        "update job_status set rank = rank + interval '1 second'",
        "insert into job_status select build, 'intruder', rank, row from job_status limit 1",
    ],
)
async def test_given_a_row_that_was_tampered_with_when_verified_then_it_is_found(
    pool: asyncpg.Pool, store: EventStore, tampering: str
) -> None:
    await record(store, [submitted()], jobs=3)
    await serve_build(pool, store, JOB_STATUS)
    assert (await verify(pool, store, JOB_STATUS, ignore)).difference is None
    await pool.execute(tampering)

    difference = (await verify(pool, store, JOB_STATUS, ignore)).difference
    assert difference is not None
    assert difference.stored != difference.folded

    await rebuild(pool, store, JOB_STATUS, ignore)
    assert (await verify(pool, store, JOB_STATUS, ignore)).difference is None


async def test_given_a_stopped_build_and_new_code_when_listed_then_both_are_told(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await record(store, [submitted()])
    await serve_build(pool, store, JOB_STATUS)
    newer = JOB_STATUS.code_version + 1
    [build] = await builds(pool, {"job_status": newer})
    assert build.state == f"serving, to be rebuilt (this release has code version {newer})"
    await pool.execute("update subscriptions set error = 'JobSubmitted at position 1'")
    [build] = await builds(pool, {"job_status": JOB_STATUS.code_version})
    assert build.state == "stopped: JobSubmitted at position 1"


async def test_given_a_database_without_builds_when_rebuilt_or_verified_then_it_says_so(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    with pytest.raises(NotRunYet):
        await rebuild(pool, store, JOB_STATUS, ignore)
    with pytest.raises(NotRunYet):
        await verify(pool, store, JOB_STATUS, ignore)
