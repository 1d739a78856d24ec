"""The log: append, read, and the coalescer that makes many appends one commit.

Order is commit order: `append_many` (migrations/sql/append_many.sql) gives gapless positions under one
lock that is held until the commit, so a reader that asks for "position > last" misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec
import structlog

from narratix.events import codec
from narratix.events.catalogue import Event

log = structlog.get_logger(__name__)

FLUSH_LIMIT: Final = 256
"""Requests in one statement. More would lengthen the wait of the first without raising the rate."""

PENDING_LIMIT: Final = 4096
"""Requests waiting in this process; beyond it, appenders wait for room."""

UNREACHABLE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
"""What asyncpg raises when the database is away, full or interrupts, as distinct from refusing a statement."""


class StoreError(Exception):
    """Base of what an append can be refused for."""


class Conflict(StoreError):
    """The stream moved on since it was read: read it again and decide again."""

    def __init__(self, actual: int) -> None:
        super().__init__(f"the stream is at version {actual} by now")
        self.actual = actual


class Fenced(StoreError):
    """The work that this append would settle belongs to somebody else by now."""


class Unreachable(StoreError):
    """The database did not answer within the time that an append may take."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the log. `data` is its decoded form, `raw` the stored JSON text."""

    position: int
    event_id: uuid.UUID
    stream_id: uuid.UUID
    version: int
    type: str
    schema_version: int
    data: Event
    raw: str
    metadata: str
    recorded_at: datetime
    hash: bytes

    def as_json(self) -> bytes:
        """The shape of `history`, of the audit feed and of `event: recorded`, with the stored bytes of `data`."""
        return _json.encode(
            {
                "position": self.position,
                "event_id": self.event_id,
                "job_id": self.stream_id,
                "version": self.version,
                "type": self.type,
                "schema_version": self.schema_version,
                "recorded_at": self.recorded_at,
                "data": msgspec.Raw(self.raw.encode()),
                "metadata": msgspec.Raw(self.metadata.encode()),
                "hash": self.hash.hex(),
            }
        )


@dataclass(frozen=True, slots=True)
class Fence:
    """The claim under which work was done, and what becomes of the work row with this append."""

    work_id: int
    attempt: int
    owner: str
    settle: Literal["done", "ready", "dead", "cancelled"] = "done"
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `expected` is the stream's version before this request, None for any."""

    stream_id: uuid.UUID
    event: Event
    event_id: uuid.UUID
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the last event of a request stands. `duplicate`: it stood there before."""

    position: int | None
    version: int | None
    duplicate: bool


@dataclass(slots=True)
class _Request:
    events: Sequence[NewEvent]
    metadata: str
    fence: Fence | None
    done: asyncio.Future[Appended] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


_json: Final = msgspec.json.Encoder()

_APPEND: Final = """
select outcome, last_position, last_version
from append_many($1, $2::int[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::smallint[], $8::text[], $9::text[],
                 $10::int[], $11::bigint[], $12::int[], $13::text[], $14::text[], $15::float8[])
"""

_COLUMNS: Final = "position, event_id, stream_id, version, type, schema_version, data, metadata, recorded_at, hash"
_READ_STREAM: Final = f"""
select {_COLUMNS} from events where stream_id = $1 and version > $2 and version <= $3 order by version limit $4
"""  # noqa: S608
_READ_ALL: Final = f"select {_COLUMNS} from events where position > $1 order by position limit $2"  # noqa: S608
_READ_TYPES: Final = f"""
select {_COLUMNS} from events where stream_id = $1 and type = any($2::text[]) order by version
"""  # noqa: S608


def recorded(row: asyncpg.Record) -> Recorded:
    """A row of `events`, decoded; one that cannot be read carries codec.Damaged."""
    position, event_id, stream_id, version, type_, schema_version, data, metadata, recorded_at, digest = row
    return Recorded(
        position=position,
        event_id=event_id,
        stream_id=stream_id,
        version=version,
        type=type_,
        schema_version=schema_version,
        data=codec.carry(type_, schema_version, data),
        raw=data,
        metadata=metadata,
        recorded_at=recorded_at,
        hash=digest,
    )


class EventStore:
    """Appends and reads. One per process; its coalescer sends one statement at a time and puts into the
    next one whatever arrived meanwhile."""

    def __init__(self, pool: asyncpg.Pool, *, deadline: float = 15.0) -> None:
        self._pool = pool
        self._deadline = deadline
        self._pending: deque[_Request] = deque()
        self._room = asyncio.Semaphore(PENDING_LIMIT)
        self._flusher: asyncio.Task[None] | None = None

    # -- append ----------------------------------------------------------------------------

    async def append(
        self, events: Sequence[NewEvent], *, metadata: Mapping[str, Any] | None = None, fence: Fence | None = None
    ) -> Appended:
        """Append all of `events`, or none. Raises Conflict, Fenced or Unreachable.

        Safe to repeat: events whose ids stand in the log already are answered as `duplicate`. Without
        events, a fence alone is settled.
        """
        await self._room.acquire()
        request = _Request(events, _json.encode(metadata or {}).decode(), fence)
        self._pending.append(request)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_all(), name="append")
        try:
            return await asyncio.shield(request.done)
        finally:
            self._room.release()

    async def close(self) -> None:
        """Wait for what is pending."""
        if self._flusher is not None:
            await self._flusher

    async def _flush_all(self) -> None:
        try:
            while self._pending:
                batch = [self._pending.popleft() for _ in range(min(len(self._pending), FLUSH_LIMIT))]
                try:
                    answers = await self._send(batch)
                except Exception as problem:  # handed to every waiting appender
                    for request in batch:
                        if not request.done.done():
                            request.done.set_exception(problem)
                            request.done.exception()  # whoever was cancelled does not read it
                    continue
                for request, answer in zip(batch, answers, strict=True):
                    if not request.done.done():
                        _answer(request.done, answer)
        finally:
            self._flusher = None

    async def _send(self, batch: Sequence[_Request]) -> list[asyncpg.Record]:
        """One statement, repeated while the database is away: repeating is harmless, since event ids dedupe."""
        arguments = _arguments(batch)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._deadline
        pause = 0.05
        while True:
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    rows: list[asyncpg.Record] = await connection.fetch(_APPEND, *arguments, timeout=20)
                    return rows
            except (*UNREACHABLE, TimeoutError) as problem:
                if loop.time() + pause > give_up:
                    raise Unreachable("The database does not answer; nothing was recorded.") from problem
                log.warning("append_retried", reason=str(problem) or type(problem).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    # -- read ------------------------------------------------------------------------------

    async def read(
        self, stream_id: uuid.UUID, *, after: int = 0, until: int = 2**31 - 1, limit: int = 2**31 - 1
    ) -> list[Recorded]:
        """The events of a stream with after < version <= until, in order."""
        return [recorded(row) for row in await self._pool.fetch(_READ_STREAM, stream_id, after, until, limit)]

    async def read_types(self, stream_id: uuid.UUID, *types: type[Event]) -> list[Recorded]:
        """The events of these types in a stream, in order."""
        names = [event.__name__ for event in types]
        return [recorded(row) for row in await self._pool.fetch(_READ_TYPES, stream_id, names)]

    async def read_all(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """At most `limit` events with position > after, in order."""
        return [recorded(row) for row in await self._pool.fetch(_READ_ALL, after, limit)]

    async def scan(self, *, after: int = 0, page: int = 1000) -> AsyncIterator[Recorded]:
        """Every event with position > after up to the end of the log, in pages."""
        while events := await self.read_all(after=after, limit=page):
            for event in events:
                yield event
            after = events[-1].position

    async def head(self) -> int:
        """The last position of the log, 0 when it is empty."""
        position: int = await self._pool.fetchval("select coalesce(max(position), 0) from events")
        return position


def _arguments(batch: Sequence[_Request]) -> tuple[Any, ...]:
    events: tuple[list[Any], ...] = ([], [], [], [], [], [], [], [])
    fences: tuple[list[Any], ...] = ([], [], [], [], [], [])
    for number, request in enumerate(batch, 1):
        for new in request.events:
            name, schema_version, data = codec.encode(new.event)
            row: tuple[Any, ...] = (
                number,
                new.event_id,
                new.stream_id,
                new.expected,
                name,
                schema_version,
                data,
                request.metadata,
            )
            for column, value in zip(events, row, strict=True):
                column.append(value)
        if (fence := request.fence) is not None:
            settled: tuple[Any, ...] = (number, fence.work_id, fence.attempt, fence.owner, fence.settle, fence.delay)
            for column, value in zip(fences, settled, strict=True):
                column.append(value)
    return (len(batch), *events, *fences)


def _answer(done: asyncio.Future[Appended], row: asyncpg.Record) -> None:
    outcome, position, version = row
    if outcome == "conflict":
        done.set_exception(Conflict(version))
    elif outcome == "fenced":
        done.set_exception(Fenced("this work was taken over, cancelled or settled"))
    else:
        done.set_result(Appended(position, version, outcome == "duplicate"))
    with contextlib.suppress(asyncio.InvalidStateError):
        done.exception()  # an appender that was cancelled does not read it
