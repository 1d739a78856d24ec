"""What tests of the feed and of subscriptions share."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import asyncpg

from narratix.events.catalogue import FeedbackGiven
from narratix.events.feed import Feed
from narratix.events.store import EventStore, NewEvent, Recorded
from narratix.events.subscription import Subscriptions
from tests import beside

Connect = Callable[[], Awaitable[asyncpg.Connection]]

SEEN = "create table seen (number bigint generated always as identity, position bigint)"

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()
"""


async def append(store: EventStore, rating: int = 5) -> int:
    appended = await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=rating), uuid.uuid4())])
    assert appended.position is not None
    return appended.position


async def record_raw(pool: asyncpg.Pool, type_: str, data: str, schema_version: int = 1) -> int:
    """Append an event in whatever form; its position."""
    position: int = await pool.fetchval(
        """
        select last_position from append_many(1, array[1], array[$1::uuid], array[$2::uuid], array[null]::int[],
            array[$3], array[$4::smallint], array[$5], array['{}'], '{}', '{}', '{}', '{}', '{}', '{}')
        """,
        uuid.uuid4(),
        uuid.uuid4(),
        type_,
        schema_version,
        data,
    )
    return position


async def take(feed: Feed, after: int, count: int) -> list[int]:
    """The positions of the next `count` events, as a follower gets them."""
    positions: list[int] = []
    async with asyncio.timeout(30):
        async for events in feed.follow(after):
            positions += [event.position for event in events]
            if len(positions) >= count:
                return positions
    raise AssertionError("unreachable")


@contextlib.asynccontextmanager
async def started(feed: Feed) -> AsyncIterator[Feed]:
    await feed.start()
    try:
        yield feed
    finally:
        await feed.close()


def running(subscriptions: Subscriptions) -> AbstractAsyncContextManager[object]:
    return beside.running(subscriptions.run())


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


class Idler(Recorder):
    """Another one, which takes everything and does nothing."""

    name = "other"

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None: ...


async def seen(pool: asyncpg.Pool) -> list[int]:
    return [row[0] for row in await pool.fetch("select position from seen order by number")]


async def until_seen(pool: asyncpg.Pool, last: int) -> list[int]:
    async with asyncio.timeout(30):
        while not (positions := await seen(pool)) or positions[-1] < last:
            await asyncio.sleep(0.05)
    return positions


async def until_at(pool: asyncpg.Pool, name: str, position: int) -> None:
    async with asyncio.timeout(30):
        while await pool.fetchval("select position from subscriptions where name = $1 and serving", name) != position:
            await asyncio.sleep(0.05)


async def until_stopped(pool: asyncpg.Pool, name: str) -> str:
    async with asyncio.timeout(30):
        while not (error := await pool.fetchval("select error from subscriptions where name = $1", name)):
            await asyncio.sleep(0.05)
    assert isinstance(error, str)
    return error
