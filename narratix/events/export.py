"""The log as lines of JSON, for auditors: the stored bytes as they are, also of events that cannot be decoded.

One line is one event, in the shape of `history`; docs/audit.md describes it. The cursor is the position (of one job: the
version) of the last line, which never changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

PAGE: Final = 1000

_COLUMNS: Final = "position, event_id, stream_id, version, type, schema_version, recorded_at, data, metadata, hash"
_LOG: Final = f"select {_COLUMNS} from events where position > $1 order by position limit $2"  # noqa: S608
_JOB: Final = f"select {_COLUMNS} from events where stream_id = $3 and version > $1 order by version limit $2"  # noqa: S608

_encode: Final = msgspec.json.Encoder().encode


def as_line(row: asyncpg.Record) -> bytes:
    """A row of `events` as JSON, without the line's end."""
    position, event_id, stream_id, version, type_, schema_version, recorded_at, data, metadata, digest = row
    return _encode(
        {
            "position": position,
            "event_id": event_id,
            "job_id": stream_id,
            "version": version,
            "type": type_,
            "schema_version": schema_version,
            "recorded_at": recorded_at,
            "data": msgspec.Raw(data.encode()),
            "metadata": msgspec.Raw(metadata.encode()),
            "hash": digest.hex(),
        }
    )


async def read_lines(
    pool: asyncpg.Pool, job_id: UUID | None = None, *, after: int = 0, limit: int = PAGE
) -> tuple[Sequence[bytes], int]:
    """At most `limit` events after a position (of one job: after a version), and the cursor after the last of them."""
    rows = await (pool.fetch(_LOG, after, limit) if job_id is None else pool.fetch(_JOB, after, limit, job_id))
    return [as_line(row) for row in rows], rows[-1]["position" if job_id is None else "version"] if rows else after


async def pages(
    pool: asyncpg.Pool, job_id: UUID | None = None, *, after: int = 0, until: int = 2**63 - 1
) -> AsyncIterator[tuple[bytes, int]]:
    """NDJSON, a page at a time, and the cursor after it, until there is no more or the cursor has come to `until`."""
    while after < until:
        lines, after = await read_lines(pool, job_id, after=after, limit=min(PAGE, until - after))
        if not lines:
            return
        yield b"".join(line + b"\n" for line in lines), after
