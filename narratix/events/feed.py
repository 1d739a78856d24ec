"""The feed: one LISTEN per process, every new event read and decoded once, any number of followers.

NOTIFY is only a hint. The order is always: LISTEN, read from where we are, then wait; so nothing that was
committed before, during or after a lost connection is missed. Followers hold a cursor, no queue: a slow one
falls back to reading the log by itself and delays nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import asyncpg
import structlog

from narratix.events.store import UNREACHABLE, EventStore, Recorded

log = structlog.get_logger(__name__)

CHANNEL: Final = "narratix_events"
KEPT: Final = 8192
"""Events kept in memory for followers; who lags further behind reads the log."""

PAGE: Final = 1000
PROBE_SECONDS: Final = 2.0

Connect = Callable[[], Awaitable[asyncpg.Connection]]
"""Opens a direct connection, within a deadline of its own."""


class NotificationsLost(Exception):
    """LISTEN does not work on this connection: most likely it goes through a transaction pooler."""


class Feed:
    """Follows the log. `position` is the last one that has been read; `connected` whether hints arrive."""

    def __init__(self, store: EventStore, connect: Connect, *, poll_seconds: float = 15.0) -> None:
        self._store = store
        self._connect = connect
        self._poll_seconds = poll_seconds
        self._kept: deque[Recorded] = deque(maxlen=KEPT)
        self._hint = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self.position = 0
        self.connected = False

    async def start(self) -> None:
        """Begin at the end of the log: what was before is read by whoever needs it."""
        self.position = await self._store.head()
        self._task = asyncio.create_task(self._run(), name="feed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._started.wait()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def hint(self) -> None:
        """Look for new events now."""
        self._hint.set()

    # -- followers -------------------------------------------------------------------------

    async def follow(self, after: int, *, limit: int = PAGE) -> AsyncIterator[list[Recorded]]:
        """Batches of all events with position > after, in order, for ever."""
        while True:
            batch = await self.next_batch(after, limit=limit)
            after = batch[-1].position
            yield batch

    async def next_batch(self, after: int, *, limit: int = PAGE) -> list[Recorded]:
        """The next events with position > after; waits until there are any."""
        while True:
            if after < self.position:
                batch = self._from_memory(after, limit)
                if batch is None:
                    batch = await self._store.read_all(after=after, limit=limit)
                if batch:
                    return batch
            async with self._news:
                if after >= self.position:
                    await self._news.wait()

    def _from_memory(self, after: int, limit: int) -> list[Recorded] | None:
        if not self._kept or self._kept[0].position > after + 1:
            return None
        skip = after + 1 - self._kept[0].position
        return [self._kept[index] for index in range(skip, min(skip + limit, len(self._kept)))]

    # -- the listener ----------------------------------------------------------------------

    async def _run(self) -> None:
        pause = 0.05
        while True:
            try:
                async with self._listening() as connection:
                    self.connected = True
                    pause = 0.05
                    await self._read_on(connection)
            except NotificationsLost as problem:
                log.error("notifications_lost", reason=str(problem))
                await self._poll_for(60.0)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("feed_reconnects", reason=str(problem) or type(problem).__name__, pause=round(pause, 2))
                await asyncio.sleep(pause * (0.5 + random.random()))
                pause = min(pause * 2, 5.0)
            finally:
                self.connected = False

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await self._connect()
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._hint.set())
            connection.add_termination_listener(lambda *_: self._hint.set())
            await self._probe(connection)
            yield connection
        finally:
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await connection.close(timeout=2)

    async def _probe(self, connection: asyncpg.Connection) -> None:
        """Through a transaction pooler LISTEN is lost silently, so we send ourselves a hint."""
        self._hint.clear()
        await connection.execute("select pg_notify($1, '0')", CHANNEL)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._hint.wait()
        except TimeoutError:
            raise NotificationsLost(
                "LISTEN gets nothing here: use the database's direct address, not the pooler's. "
                "Until then new events are looked for every second."
            ) from None

    async def _read_on(self, connection: asyncpg.Connection) -> None:
        while True:
            self._hint.clear()
            await self._catch_up()
            self._started.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._hint.wait()
            if connection.is_closed():
                raise asyncpg.ConnectionDoesNotExistError("the listening connection was closed")

    async def _poll_for(self, seconds: float) -> None:
        self._started.set()
        for _ in range(int(seconds)):
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await self._catch_up()
            await asyncio.sleep(1)

    async def _catch_up(self) -> None:
        while events := await self._store.read_all(after=self.position, limit=PAGE):
            self._kept.extend(events)
            async with self._news:
                self.position = events[-1].position
                self._news.notify_all()
            if len(events) < PAGE:
                return
