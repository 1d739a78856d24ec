"""The feed and its subscriptions: nothing skipped, nothing twice, whatever breaks."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import asyncpg
import pytest

from narratix.events.catalogue import FeedbackGiven
from narratix.events.feed import Feed, NotificationsLost
from narratix.events.store import EventStore, NewEvent, Recorded
from narratix.events.subscription import Subscriptions

Connect = Callable[[], Awaitable[asyncpg.Connection]]


async def append(store: EventStore, rating: int = 5) -> int:
    appended = await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=rating), uuid.uuid4())])
    assert appended.position is not None
    return appended.position


@contextlib.asynccontextmanager
async def running(subscriptions: Subscriptions) -> AsyncIterator[None]:
    task = asyncio.create_task(subscriptions.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def feed(store: EventStore, connect: Connect) -> AsyncIterator[Feed]:
    feed = Feed(store, connect)
    await feed.start()
    yield feed
    await feed.close()


async def take(feed: Feed, after: int, count: int) -> list[int]:
    positions: list[int] = []
    async with asyncio.timeout(20):
        async for events in feed.follow(after):
            positions += [event.position for event in events]
            if len(positions) >= count:
                return positions
    raise AssertionError("unreachable")


class Recorder:
    """A subscriber that keeps what it saw, in the database, so that a rolled-back batch is unseen."""

    name = "recorder"
    build = 1
    code_version = 1
    pause = 0.0
    refolds = True

    def __init__(self, poison: int | None = None) -> None:
        self.poison = poison

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        for event in events:
            if event.position == self.poison:
                raise ValueError("this event is poisonous")
            await connection.execute("insert into seen (position) values ($1)", event.position)

    def forget(self) -> None: ...

    def done(self) -> None: ...


async def seen(pool: asyncpg.Pool) -> list[int]:
    return [row[0] for row in await pool.fetch("select position from seen order by number")]


async def until_seen(pool: asyncpg.Pool, last: int) -> list[int]:
    async with asyncio.timeout(20):
        while not (positions := await seen(pool)) or positions[-1] < last:
            await asyncio.sleep(0.05)
    return positions


@pytest.fixture
async def seen_table(pool: asyncpg.Pool) -> None:
    await pool.execute("create table seen (number bigint generated always as identity, position bigint)")


async def test_given_a_follower_when_events_are_appended_then_each_arrives_once_and_in_order(
    feed: Feed, store: EventStore
) -> None:
    following = asyncio.create_task(take(feed, 0, 50))
    await asyncio.gather(*(append(store) for _ in range(50)))
    assert await following == list(range(1, 51))


async def test_given_a_follower_that_is_far_behind_when_it_reads_then_the_log_fills_in_what_memory_has_not(
    store: EventStore, connect: Connect
) -> None:
    for _ in range(5):
        await append(store)
    feed = Feed(store, connect)  # begins at the end of the log
    await feed.start()
    try:
        await append(store)
        assert await take(feed, 0, 6) == [1, 2, 3, 4, 5, 6]
    finally:
        await feed.close()


async def test_given_a_lost_connection_when_events_came_meanwhile_then_none_is_missed(
    feed: Feed, store: EventStore, pool: asyncpg.Pool
) -> None:
    following = asyncio.create_task(take(feed, 0, 30))
    for number in range(30):
        await append(store)
        if number % 10 == 5:
            await pool.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' or query like '%pg_notify%'"
                " and pid <> pg_backend_pid()"
            )
    assert await following == list(range(1, 31))


async def test_given_a_pooler_that_drops_listen_when_the_feed_starts_then_it_says_so_and_polls(
    store: EventStore, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(asyncpg.Connection):  # type: ignore[misc]
        async def add_listener(self, *_: object) -> None:
            """What LISTEN through a transaction pooler comes to."""

    async def deaf() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, connection_class=Deaf)

    monkeypatch.setattr("narratix.events.feed.PROBE_SECONDS", 0.2)
    feed = Feed(store, deaf)
    with pytest.raises(NotificationsLost, match="direct address"):
        async with feed._listening():
            pass
    await feed.start()
    try:
        following = asyncio.create_task(take(feed, 0, 1))
        await append(store)
        assert await following == [1]
        assert not feed.connected
    finally:
        await feed.close()


async def test_given_two_processes_when_both_subscribe_then_every_event_is_taken_once(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed, seen_table: None
) -> None:
    first, second = (Subscriptions([Recorder()], feed, pool, connect) for _ in range(2))
    async with running(second):
        async with running(first):
            for _ in range(20):
                await append(store)
            await until_seen(pool, 20)
        for _ in range(20):
            await append(store)
        positions = await until_seen(pool, 40)
    assert positions == list(range(1, 41))


async def test_given_a_poisonous_event_when_it_is_met_then_that_subscription_alone_stops_and_says_why(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed, seen_table: None
) -> None:
    class Other(Recorder):
        name = "other"

        async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
            await connection.execute("select 1")

    async with running(Subscriptions([Recorder(poison=3), Other()], feed, pool, connect)):
        for _ in range(5):
            await append(store)
        async with asyncio.timeout(20):
            while not await pool.fetchval("select error from subscriptions where name = 'recorder'"):
                await asyncio.sleep(0.05)
            while await pool.fetchval("select position from subscriptions where name = 'other'") != 5:
                await asyncio.sleep(0.05)
    stopped = await pool.fetchrow("select position, error from subscriptions where name = 'recorder'")
    assert stopped is not None
    assert stopped["position"] == 2
    assert "FeedbackGiven at position 3" in stopped["error"]
    assert await seen(pool) == [1, 2]


async def test_given_rows_of_a_newer_release_when_an_older_one_is_elected_then_it_leaves_them_alone(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed, seen_table: None
) -> None:
    await pool.execute("insert into subscriptions (name, build, code_version, serving) values ('recorder', 1, 2, true)")
    subscriptions = Subscriptions([Recorder()], feed, pool, connect)
    async with running(subscriptions):
        await append(store)
        async with asyncio.timeout(20):
            while not subscriptions.elected:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
    assert await seen(pool) == []
