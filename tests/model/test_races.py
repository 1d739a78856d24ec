"""What generated histories meet only by luck: two statements that wait for each other at the one moment that matters."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from narratix.claims import Claims
from narratix.events.catalogue import FeedbackGiven, JobSubmitted, Options
from narratix.events.store import EventStore, Fence, Fenced, NewEvent
from narratix.events.subscription import Overtaken, move
from narratix.handlers import HANDLERS
from narratix.projections.builds import skip
from narratix.projections.library import LIBRARY
from narratix.projections.rebuild import RebuiltElsewhere, rebuild
from narratix.router import Router

Connect = Callable[[], Awaitable[asyncpg.Connection]]

_WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
_TAKEN_OVER = "update work set attempt = attempt + 1, owner = 'another' where state = 'running'"


async def insert_work(pool: asyncpg.Pool, state: str = "running", count: int = 1) -> int:
    """The id of the last piece."""
    work_id: int = await pool.fetchval(
        "insert into work (key, job_id, stage, item, uses, priority, state, attempt, attempts, owner, lease_until)"
        " select gen_random_uuid(), gen_random_uuid(), 's', '', 'speech', n, $1, 1, 4, $2, now() + interval '1 h'"
        " from generate_series(1, $3) n returning id",
        state, "me" if state == "running" else None, count,
    )  # fmt: skip
    return work_id


@contextlib.asynccontextmanager
async def in_the_way(connect: Connect, statement: str) -> AsyncIterator[None]:
    """A transaction that has done this and commits at the end of the block."""
    connection = await connect()
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


async def until_waiting(pool: asyncpg.Pool) -> None:
    """Until somebody waits for a lock."""
    async with asyncio.timeout(20):
        while not await pool.fetchval(_WAITING):
            await asyncio.sleep(0.01)


async def test_given_a_takeover_that_commits_while_the_loser_reports_then_the_report_is_refused(
    store: EventStore, pool: asyncpg.Pool, connect: Connect
) -> None:
    work_id, stream = await insert_work(pool), uuid.uuid4()
    async with in_the_way(connect, _TAKEN_OVER):
        new = NewEvent(stream, FeedbackGiven(rating=1), uuid.uuid4())
        report = asyncio.create_task(store.append([new], fence=Fence(work_id, 1, "me")))
        await until_waiting(pool)
    with pytest.raises(Fenced):
        await report
    assert await store.read(stream) == []
    assert await pool.fetchval("select owner from work") == "another"


async def test_given_a_claim_that_commits_while_another_claims_then_nothing_is_claimed_twice(
    pool: asyncpg.Pool, connect: Connect
) -> None:
    await insert_work(pool, "ready", count=4)
    connection = await connect()
    try:
        async with connection.transaction():
            first = await Claims(connection, owner="me", lease=60, limits={}).take({"speech": 2})
            late = asyncio.create_task(Claims(pool, owner="another", lease=60, limits={}).take({"speech": 2}))
            async with asyncio.timeout(20):
                while not (late.done() or await pool.fetchval(_WAITING)):
                    await asyncio.sleep(0.01)
    finally:
        await connection.close()
    assert len({claim.id for claim in [*first, *await late]}) == 4


async def test_given_work_that_others_hold_when_it_is_renewed_then_their_lease_stays_as_it_is(
    pool: asyncpg.Pool,
) -> None:
    work_id = await insert_work(pool)
    before = await pool.fetchval("select lease_until from work")
    assert await Claims(pool, owner="another", lease=9999, limits={}).renew([work_id]) == set()
    assert await pool.fetchval("select lease_until from work") == before


@pytest.mark.parametrize("state", ["ready", "waiting", "running", "done"])
async def test_given_work_that_was_routed_when_it_is_wanted_again_then_it_stays_as_it_is(
    store: EventStore, pool: asyncpg.Pool, state: str
) -> None:
    submitted = JobSubmitted(title="", text_sha256="", text_key="", characters=1, options=Options())
    await store.append([NewEvent(uuid.uuid4(), submitted, uuid.uuid4())])
    events = await store.read_all()
    for _ in range(2):
        async with pool.acquire() as connection, connection.transaction():
            await Router(store, HANDLERS).handle(connection, events)
        await pool.execute("update work set state = $1", state)
        await pool.execute("update work set attempts = 77")
    async with pool.acquire() as connection, connection.transaction():
        await Router(store, HANDLERS).handle(connection, events)
    assert {tuple(row) for row in await pool.fetch("select state, attempts from work")} == {(state, 77)}


async def test_given_a_limited_lane_when_a_claim_commits_while_another_claims_then_the_limit_holds(
    pool: asyncpg.Pool, connect: Connect
) -> None:
    await insert_work(pool, "ready", count=4)
    await pool.execute("insert into lanes (uses, clock) values ('speech', 1000)")  # which no claim will move on
    first, second = (Claims(pool, owner=owner, lease=60, limits={"speech": 2}) for owner in ("me", "another"))
    connection = await connect()
    try:
        async with connection.transaction():
            assert len(await Claims(connection, owner="me", lease=60, limits=first.limits).take({"speech": 2})) == 2
            late = asyncio.create_task(second.take({"speech": 2}))
            await until_waiting(pool)
    finally:
        await connection.close()
    assert await late == []


async def test_given_a_checkpoint_that_moved_when_a_late_runner_moves_it_then_it_is_told(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "insert into subscriptions (name, build, position, code_version, serving) values ('s', 2, 5, 1, true)"
    )
    async with pool.acquire() as connection:
        for build, position in ((2, 4), (1, 5)):
            with pytest.raises(Overtaken):
                await move(connection, "s", build, position, 6)
        await move(connection, "s", 2, 5, 6)
        await connection.execute("update subscriptions set error = 'poison'")
        with pytest.raises(Overtaken):
            await move(connection, "s", 2, 6, 7)
        await connection.execute("update subscriptions set error = null, serving = false")
        with pytest.raises(Overtaken):
            await move(connection, "s", 2, 6, 7)


async def test_given_a_build_that_serves_further_on_when_another_takes_its_place_then_no_reader_goes_back(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    class Behind(EventStore):
        """As when the log and its reader went on after it was asked."""

        async def head(self) -> int:
            return 100

    await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=1), uuid.uuid4()) for _ in range(120)])
    await _serve_library(pool, 120)
    await rebuild(pool, Behind(pool), LIBRARY, lambda *_: None, page=100)
    assert await pool.fetchval("select (build, position) from subscriptions where serving") == (2, 120)


async def test_given_an_event_that_is_passed_over_when_a_read_model_is_rebuilt_then_it_is_again(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    submitted = JobSubmitted(title="", text_sha256="", text_key="", characters=1, options=Options())
    jobs = [uuid.uuid4() for _ in range(2)]
    for job in jobs:
        await store.append([NewEvent(job, submitted, uuid.uuid4())])
    await _serve_library(pool, 0)
    await pool.execute("update subscriptions set error = 'poison'")
    await skip(pool, store, "library", 1, reason="nonsense", actor="test")
    await rebuild(pool, store, LIBRARY, lambda *_: None)
    await pool.execute("update subscriptions set position = 3 where serving")
    rows = await pool.fetch("select key from library where build = 2")
    assert jobs[0] not in {uuid.UUID(row["key"]) for row in rows}


async def _serve_library(pool: asyncpg.Pool, position: int) -> None:
    await pool.execute(
        "insert into subscriptions (name, build, position, code_version, serving) values ('library', 1, $1, $2, true)",
        position, LIBRARY.code_version,
    )  # fmt: skip


async def test_given_a_rebuild_under_way_when_another_moves_its_checkpoint_then_it_gives_up(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=1), uuid.uuid4()) for _ in range(120)])
    await _serve_library(pool, 120)
    meddling = asyncio.Event()

    async def meddle() -> None:
        await meddling.wait()
        await pool.execute("update subscriptions set position = position + 1 where not serving")

    task = asyncio.create_task(meddle())
    with pytest.raises(RebuiltElsewhere):
        await _rebuild_slowly(pool, store, meddling, task)
    assert await pool.fetchval("select build from subscriptions where serving") == 1


async def _rebuild_slowly(
    pool: asyncpg.Pool, store: EventStore, meddling: asyncio.Event, task: asyncio.Task[None]
) -> None:
    """Page by page; after the first, somebody else moves the checkpoint."""

    class Paused(EventStore):
        async def head(self) -> int:
            if meddling.is_set():
                await task
            meddling.set()
            return await super().head()

    paused = Paused(pool)
    try:
        await rebuild(pool, paused, LIBRARY, lambda *_: None, page=10)
    finally:
        await paused.close()
