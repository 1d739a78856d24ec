"""Many appends, one commit: while one statement is under way, what arrives waits, and goes together into the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog

from narratix.events.requests import APPEND, Appended, Request, StoreError, Unreachable, answer, arguments

log = structlog.get_logger(__name__)

FLUSH_LIMIT: Final = 256
"""Requests in one statement. More would lengthen the wait of the first without raising the rate."""

FLUSH_BYTES: Final = 1 << 20
"""Characters of JSON in one statement; a request that is longer goes alone."""

PENDING_LIMIT: Final = 4096
"""Requests waiting in this process; beyond it, appenders wait for room."""

LINGER_SECONDS: Final = 0.5
"""How long an idle connection is kept: taking one from the pool and resetting it costs as much as an append."""

STATEMENT_SECONDS: Final = 20.0
ACQUIRE_SECONDS: Final = 10.0
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0

UNREACHABLE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that is cut between the two halves of a statement
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # we stood still within a transaction
)
"""What asyncpg raises when the database is away, full or interrupts, as distinct from refusing a statement."""


@dataclass(slots=True, eq=False)
class _Pending:
    request: Request
    due: float
    done: asyncio.Future[Appended]

    def fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)


class Coalescer:
    """Sends requests to append_many, one statement at a time. `deadline`: the seconds after which a request that
    the database did not take is given up; a statement that is under way then is still awaited."""

    def __init__(self, pool: asyncpg.Pool, deadline: float) -> None:
        self.deadline = deadline
        self._pool = pool
        self._pending: deque[_Pending] = deque()
        self._room = asyncio.Semaphore(PENDING_LIMIT)
        self._arrived = asyncio.Event()
        self._flusher: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None
        self._closed = False

    async def submit(self, request: Request) -> Appended:
        """Raises StoreError; Unreachable when there is no room or no answer in time.

        An appender that is cancelled before its request was sent has written nothing.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + self.deadline
        await self._enter()
        try:
            if self._closed:
                raise Unreachable("This process is stopping: nothing was recorded.")
            waiting = _Pending(request, due, loop.create_future())
            self._pending.append(waiting)
            self._arrived.set()
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._flush_all(), name="append")
            return await waiting.done
        finally:
            self._room.release()

    async def close(self) -> None:
        """Refuse what comes from now on, and wait for what is pending."""
        self._closed = True
        self._arrived.set()
        if self._flusher is not None:
            await asyncio.wait([self._flusher])

    async def _enter(self) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(self.deadline):
                await self._room.acquire()
        except TimeoutError as problem:
            raise Unreachable("Too much waits for the database: nothing was recorded.") from problem

    async def _flush_all(self) -> None:
        try:
            while await self._anything():
                # those who were answered just now may have more: without this turn for them, they and those who came
                # meanwhile would take turns for ever, each paying for a commit of their own
                await asyncio.sleep(0)
                if batch := self._take():
                    await self._deliver(batch)
        finally:
            self._flusher = None
            await self._let_go()

    async def _anything(self) -> bool:
        """Wait a moment for the next request, and say whether one came."""
        self._arrived.clear()
        if not self._pending and not self._closed:
            try:
                async with asyncio.timeout(LINGER_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                pass
        return bool(self._pending)

    def _take(self) -> list[_Pending]:
        batch: list[_Pending] = []
        size = 0
        while self._pending and len(batch) < FLUSH_LIMIT:
            size += self._pending[0].request.size
            if batch and size > FLUSH_BYTES:
                break
            first = self._pending.popleft()
            if not first.done.done():  # its appender was cancelled
                batch.append(first)
        return batch

    async def _deliver(self, batch: Sequence[_Pending]) -> None:
        """Send until every request is answered. Repeating is harmless, since the log knows its events by their ids."""
        pause = FIRST_PAUSE_SECONDS
        while batch := [waiting for waiting in batch if not waiting.done.done()]:
            try:
                rows = await self._send([waiting.request for waiting in batch])
            except Exception as problem:
                await self._let_go()
                if isinstance(problem, (*UNREACHABLE, TimeoutError)):
                    log.warning("append_retried", reason=str(problem) or type(problem).__name__)
                    self._give_up(batch, asyncio.get_running_loop().time() + pause, problem)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                elif len(batch) == 1:
                    batch[0].fail(problem)
                else:  # one of them is to blame, and shall fail alone
                    await self._deliver(batch[: len(batch) // 2])
                    await self._deliver(batch[len(batch) // 2 :])
                continue
            for waiting, row in zip(batch, rows, strict=True):
                said = answer(row)
                if isinstance(said, StoreError):
                    waiting.fail(said)
                elif not waiting.done.done():
                    waiting.done.set_result(said)

    async def _send(self, requests: Sequence[Request]) -> list[asyncpg.Record]:
        if self._connection is None:
            self._connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        rows: list[asyncpg.Record] = await self._connection.fetch(
            APPEND, *arguments(requests), timeout=STATEMENT_SECONDS
        )
        return rows

    def _give_up(self, batch: Sequence[_Pending], by: float, problem: Exception) -> None:
        for waiting in (*batch, *self._pending):
            if waiting.due < by and not waiting.done.done():
                refusal = Unreachable("The database does not answer; to repeat this is safe.")
                refusal.__cause__ = problem
                waiting.fail(refusal)

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await self._pool.release(connection, timeout=ACQUIRE_SECONDS)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.info("connection_lost", reason=str(problem) or type(problem).__name__)
