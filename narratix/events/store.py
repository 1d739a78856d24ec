"""The log: append and read.

Order is commit order: `append_many` (migrations/sql/append_many_at_once.sql) gives gapless positions under one
lock that is held until the commit, so a reader that asks for "position > last" misses nothing.

What stands in the log stays: UPDATE, DELETE and TRUNCATE are revoked, and triggers refuse them to the table's owner
too. An owner can still drop or disable a trigger, which no database prevents; what is changed then is found by the
hash chain (`narratix audit verify`). A service that connects as a role without ownership cannot do even that: it needs
SELECT on `events`, EXECUTE on `append_many`, and SELECT, INSERT, UPDATE and DELETE on the other tables.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from narratix.events import codec
from narratix.events.catalogue import Event
from narratix.events.coalescer import UNREACHABLE, Coalescer
from narratix.events.requests import (
    Appended,
    Conflict,
    Fence,
    Fenced,
    NewEvent,
    Request,
    StoreError,
    Unreachable,
    Unstorable,
)

__all__ = [
    "UNREACHABLE",
    "Appended",
    "Conflict",
    "EventStore",
    "Fence",
    "Fenced",
    "NewEvent",
    "Recorded",
    "StoreError",
    "Unreachable",
    "Unstorable",
    "recorded",
]


class Recorded(msgspec.Struct, frozen=True, gc=False):
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

    @property
    def restored(self) -> bool:
        """Whether it came here in an archive: it happened at another time, and maybe elsewhere."""
        return "restored" in msgspec.json.decode(self.metadata, type=dict[str, msgspec.Raw])

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


_json: Final = msgspec.json.Encoder()

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
    event = codec.carry(type_, schema_version, data)
    return Recorded(
        position, event_id, stream_id, version, type_, schema_version, event, data, metadata, recorded_at, digest
    )


class EventStore:
    """Appends and reads. One per process; its coalescer sends one statement at a time and puts into the
    next one whatever arrived meanwhile."""

    def __init__(self, pool: asyncpg.Pool, *, deadline: float = 15.0) -> None:
        self._pool = pool
        self._coalescer = Coalescer(pool, deadline)

    # -- append ----------------------------------------------------------------------------

    async def append(
        self, events: Sequence[NewEvent], *, metadata: Mapping[str, Any] | None = None, fence: Fence | None = None
    ) -> Appended:
        """Append all of `events`, of one stream or of several, or none. Raises Conflict, Fenced or Unreachable;
        TypeError or ValueError for what could never be appended.

        Safe to repeat: events whose ids stand in the log already are answered as `duplicate`. Without events, a fence
        alone is settled. NUL characters, which PostgreSQL cannot keep, become U+FFFD.
        """
        return await self._coalescer.submit(Request.of(events, metadata, fence))

    async def close(self) -> None:
        """Refuse further appends, and wait for what is pending."""
        await self._coalescer.close()

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
