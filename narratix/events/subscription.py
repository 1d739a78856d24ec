"""A subscription takes every event once, in order, and moves its checkpoint in the transaction of its own writes.

The runner is elected by a session advisory lock, which a dead process frees at once; safety does not rest on the
election but on the checkpoint's compare-and-set.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Final, Protocol

import asyncpg
import structlog

from narratix.events.feed import Connect, Feed
from narratix.events.store import UNREACHABLE, Recorded

log = structlog.get_logger(__name__)

ELECTION: Final = 72374632
ELECTION_SECONDS: Final = 1.0
STOPPED_SECONDS: Final = 5.0


class Subscriber(Protocol):
    """What is done with the events. Writes go through `connection`, inside its open transaction."""

    name: str
    build: int
    code_version: int

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None: ...

    def forget(self) -> None:
        """Drop what is remembered of earlier events: the transaction of the last `handle` did not commit."""
        ...

    def done(self) -> None:
        """The events of the last `handle` are committed."""
        ...


class Overtaken(Exception):
    """Another process moved this checkpoint, or another build serves: we are not its runner any more."""


_BEGIN: Final = """
insert into subscriptions (name, build, code_version, serving)
select $1, 1, $2, true where not exists (select 1 from subscriptions where name = $1)
on conflict do nothing
"""
_SERVING: Final = "select build, position, code_version, error from subscriptions where name = $1 and serving"
_MOVE: Final = """
update subscriptions set position = $4, updated_at = now()
where name = $1 and build = $2 and position = $3 and serving and error is null returning true
"""
_STOP: Final = "update subscriptions set error = $3, updated_at = now() where name = $1 and build = $2"


async def move(connection: asyncpg.Connection, name: str, build: int, position: int, to: int) -> None:
    """Move the serving build's checkpoint within the caller's transaction. Raises Overtaken when it does not stand at
    `position`, or when that build does not serve any more."""
    if not await connection.fetchval(_MOVE, name, build, position, to):
        raise Overtaken(name)


class Subscriptions:
    """Runs subscribers for ever, in whichever process is elected; a stopped or slow one delays no other."""

    def __init__(self, subscribers: Sequence[Subscriber], feed: Feed, pool: asyncpg.Pool, connect: Connect) -> None:
        self._running = [Subscription(subscriber, feed, pool) for subscriber in subscribers]
        self._connect = connect
        self.elected = False

    async def run(self) -> None:
        while True:
            try:
                async with self._elected() as lost, asyncio.TaskGroup() as group:
                    followers = [group.create_task(subscription.run()) for subscription in self._running]
                    await lost.wait()
                    for follower in followers:
                        follower.cancel()
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("election_waits", reason=str(problem) or type(problem).__name__)
            await asyncio.sleep(ELECTION_SECONDS * (0.5 + random.random()))

    @contextlib.asynccontextmanager
    async def _elected(self) -> AsyncGenerator[asyncio.Event]:
        """Hold the session lock on a connection that lives as long as we lead; the event tells of its loss."""
        connection = await self._connect()
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        try:
            while not await connection.fetchval("select pg_try_advisory_lock($1)", ELECTION):
                await asyncio.sleep(ELECTION_SECONDS)
            self.elected = True
            yield lost
        finally:
            self.elected = False
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await connection.close(timeout=2)


class Subscription:
    """One subscriber, its checkpoint, and what happens when it meets an event that it cannot take."""

    def __init__(self, subscriber: Subscriber, feed: Feed, pool: asyncpg.Pool) -> None:
        self._subscriber = subscriber
        self._feed = feed
        self._pool = pool
        self.position = 0

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except Overtaken:
                log.warning("subscription_overtaken", name=self._subscriber.name)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("subscription_waits", name=self._subscriber.name, reason=str(problem))
            finally:
                self._subscriber.forget()
            await asyncio.sleep(ELECTION_SECONDS * (0.5 + random.random()))

    async def _follow(self) -> None:
        subscriber = self._subscriber
        await self._pool.execute(_BEGIN, subscriber.name, subscriber.code_version)
        build, self.position, code_version, error = await self._pool.fetchrow(_SERVING, subscriber.name)
        if error is not None:
            await asyncio.sleep(STOPPED_SECONDS)
            return
        if code_version > subscriber.code_version:  # a newer release's rows: leave them to its processes
            await asyncio.sleep(STOPPED_SECONDS)
            return
        if code_version < subscriber.code_version:
            log.warning("rebuild_wanted", name=subscriber.name, stored=code_version, code=subscriber.code_version)
        subscriber.build = build
        async for events in self._feed.follow(self.position):
            try:
                await self._take(events)
            except (Overtaken, TimeoutError, *UNREACHABLE):
                raise
            except Exception:
                log.warning("subscription_isolates", name=subscriber.name, after=self.position, exc_info=True)
                if not await self._took_one_by_one(events):
                    return

    async def _take(self, events: Sequence[Recorded]) -> None:
        """The events' effects and the checkpoint's move, in one transaction."""
        subscriber = self._subscriber
        last = events[-1].position
        try:
            async with self._pool.acquire(timeout=10) as connection, connection.transaction():
                await subscriber.handle(connection, events)
                await move(connection, subscriber.name, subscriber.build, self.position, last)
        except BaseException:
            subscriber.forget()
            raise
        self.position = last
        subscriber.done()

    async def _took_one_by_one(self, events: Sequence[Recorded]) -> bool:
        """Take what comes before the poisonous event, then stop with a clear state; the service goes on."""
        for event in events:
            try:
                await self._take([event])
            except (Overtaken, TimeoutError, *UNREACHABLE):
                raise
            except Exception as problem:
                where = f"{event.type} at position {event.position}: {type(problem).__name__}: {problem}"
                await self._pool.execute(_STOP, self._subscriber.name, self._subscriber.build, where)
                log.error("subscription_stopped", name=self._subscriber.name, reason=where, exc_info=True)
                return False
        return True
