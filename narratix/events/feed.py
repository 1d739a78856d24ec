"""The feed: one LISTEN per process, every new event read and decoded once, any number of followers.

NOTIFY is only a hint. The order is always: LISTEN, read from where we are, then wait; so nothing that was
committed before, during or after a lost connection is missed. Followers hold a cursor, no queue: a slow one
falls back to reading the log by itself and delays nobody. A feed without news asks the database nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Final

import asyncpg
import structlog

from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE, EventStore, Recorded

log = structlog.get_logger(__name__)

CHANNEL: Final = "narratix_events"
KEPT: Final = 8192
"""Events kept in memory for followers; who lags further behind reads the log."""

KEPT_CHARACTERS: Final = 16 << 20
"""The same bound for their stored text, since a novel's script is a thousand times a line."""

PAGE: Final = 1000
PROBE_SECONDS: Final = 2.0
POLL_SECONDS: Final = 2.0
"""How often the feed looks by itself while work is open, in case a hint was lost."""

DEAF_SECONDS: Final = 60.0
"""How long a feed that gets no notifications polls before it tries LISTEN again."""

LONGEST_PAUSE: Final = 2.0
"""Between two attempts to listen again; nothing is routed in this process until one succeeds."""

Connect = Callable[[], Awaitable[asyncpg.Connection]]
"""Opens a direct connection, within a deadline of its own."""


class NotificationsLost(Exception):
    """LISTEN does not work on this connection: most likely it goes through a transaction pooler."""


class Feed:
    """Follows the log. `position` is the last one that has been read; `connected` whether hints arrive; `deaf` why
    they cannot arrive on this address at all, in a sentence, or empty. While `quiet` rests, a lost connection stays
    lost, and a deaf feed does not look.
    """

    def __init__(self, store: EventStore, connect: Connect, quiet: Quiet | None = None) -> None:
        self.position = 0
        self.connected = False
        self.deaf = ""
        self._store = store
        self._connect = connect
        self._quiet = quiet or Quiet()
        self._open: list[Callable[[], bool]] = []
        self._besides: list[tuple[str, Callable[[], object]]] = []
        self._kept: deque[Recorded] = deque()
        self._kept_characters = 0
        self._hint = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

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

    def poll_while(self, open: Callable[[], bool]) -> None:
        """While `open()` says that somebody waits for events, look every POLL_SECONDS without a hint too. It is asked
        as often and must be cheap; where nobody waits, the database is asked nothing."""
        self._open.append(open)

    def listen_besides(self, channel: str, heard: Callable[[], object]) -> None:
        """Call `heard` when something is notified on `channel`, and whenever it may have been: for what is in no event.
        To be called before the feed starts."""
        self._besides.append((channel, heard))

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
            await self.news(after)
            batch = self._from_memory(after, limit)
            if batch is None:
                batch = await self._store.read_all(after=after, limit=limit)
            if batch:
                return batch

    async def news(self, after: int) -> None:
        """Wait until the log has an event with position > after."""
        if after < self.position:
            return
        async with self._news:
            await self._news.wait_for(lambda: after < self.position)

    def _from_memory(self, after: int, limit: int) -> list[Recorded] | None:
        if not self._kept or self._kept[0].position > after + 1:
            return None
        skip = after + 1 - self._kept[0].position
        return list(islice(self._kept, skip, skip + limit))

    def _keep(self, events: list[Recorded]) -> None:
        self._kept.extend(events)
        self._kept_characters += sum(len(event.raw) for event in events)
        while len(self._kept) > KEPT or (self._kept_characters > KEPT_CHARACTERS and len(self._kept) > 1):
            self._kept_characters -= len(self._kept.popleft().raw)

    # -- the listener ----------------------------------------------------------------------

    async def _run(self) -> None:
        pause = 0.05
        while True:
            await self._quiet.awake()
            try:
                async with self._listening() as connection:
                    self.connected, self.deaf = True, ""
                    pause = 0.05
                    await self._read_on(connection)
            except NotificationsLost as problem:
                self.deaf = str(problem)
                log.error("notifications_lost", reason=self.deaf)
                await self._poll_for(DEAF_SECONDS)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("feed_reconnects", reason=str(problem) or type(problem).__name__, pause=round(pause, 2))
                await asyncio.sleep(pause * (0.5 + random.random()))
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception:  # everyone depends on the feed: whatever is wrong, say it and go on trying
                log.exception("feed_failed")
                await asyncio.sleep(LONGEST_PAUSE)
            finally:
                self.connected = False

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await self._connect()
        try:
            notice_silence(connection)
            await connection.add_listener(CHANNEL, lambda *_: self._hint.set())
            connection.add_termination_listener(lambda *_: self._hint.set())
            for channel, heard in self._besides:
                await connection.add_listener(channel, lambda *_, heard=heard: heard())
            await self._probe()
            self._look_besides()
            yield connection
        finally:
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await connection.close(timeout=2)

    async def _probe(self) -> None:
        """Through a transaction pooler LISTEN is lost silently, so we send ourselves a hint: from another connection,
        since what a session tells itself comes back with the answer, also through a pooler."""
        self._hint.clear()
        other = await self._connect()
        try:
            await other.execute(f"notify {CHANNEL}, '0'")  # without a parameter: poolers forbid prepared statements
        finally:
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await other.close(timeout=2)
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
            if connection.is_closed():  # perhaps during the probe, which took the farewell for its hint
                raise asyncpg.ConnectionDoesNotExistError("the listening connection was closed")
            await self._catch_up()
            self._started.set()
            await self._hinted()

    async def _hinted(self) -> None:
        """Wait for a hint; while work is open, no longer than POLL_SECONDS."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._hint.wait()
                    return
            if any(open() for open in self._open):
                return

    async def _poll_for(self, seconds: float) -> None:
        """Without notifications, looking is the only way to learn of what other processes append."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await self._quiet.awake()
            self._hint.clear()
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await self._catch_up()
            self._look_besides()
            self._started.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._hint.wait()

    def _look_besides(self) -> None:
        for _, heard in self._besides:
            heard()

    async def _catch_up(self) -> None:
        while events := await self._store.read_all(after=self.position, limit=PAGE):
            self._quiet.stir()
            self._keep(events)
            async with self._news:
                self.position = events[-1].position
                self._news.notify_all()
            if len(events) < PAGE:
                return


def notice_silence(connection: asyncpg.Connection) -> None:
    """Let the kernel find out within half a minute that the other side of a connection, on which nothing is said
    for hours, is gone: the server of a cut network sends no farewell."""
    transport = connection._transport  # asyncpg has no other way to its socket
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # not on every system
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
