"""Proof that the log is whole: every hash is recomputed from what is stored, as migrations/sql/append_many.sql says.

What this cannot see is the loss of the newest events of a job: a chain proves what stands before its last link.
Whoever wants to prove that too keeps the last hash elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

PAGE: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    "position, event_id, stream_id, version, type, schema_version, recorded_at, data::text, metadata::text, hash"
)
_ALL: Final = f"select {_COLUMNS} from events where position > $1 order by position limit $2"  # noqa: S608
_JOB: Final = f"select {_COLUMNS} from events where stream_id = $3 and version > $1 order by version limit $2"  # noqa: S608


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first event that is not what it should be, and what is wrong with it."""

    position: int
    job_id: UUID
    what: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`events` is how many were found right before the problem, if there is one."""

    ok: bool
    events: int
    problem: Fault | None = None


class Chains:
    """Checks events in the order of the log, or of one job. Pure. Remembers one link per job."""

    def __init__(self, *, whole_log: bool) -> None:
        self._whole_log = whole_log
        self._position = 0
        self._links: dict[UUID, tuple[int, bytes]] = {}

    def fault(self, row: Any) -> str | None:
        """What is wrong with the next event, a sentence; None when nothing is."""
        position, stream_id, version, digest = row["position"], row["stream_id"], row["version"], row["hash"]
        last_version, previous = self._links.get(stream_id, (0, b""))
        if self._whole_log and position != self._position + 1:
            return f"The log goes from position {self._position} to {position}: events are missing."
        if position <= self._position:
            return f"It stands at position {position}, after {self._position}: the order was altered."
        if version != last_version + 1:
            return f"The job goes from version {last_version} to {version}: events are missing."
        if link(previous, row) != digest:
            return "Its hash is not that of its content and of the event before it: one of the two was altered."
        self._position = position
        self._links[stream_id] = (version, digest)
        return None


def link(previous: bytes, row: Any) -> bytes:
    """The hash of an event: SHA-256 over the hash before it in its job, and all its columns."""
    fields = (
        row["position"],
        row["event_id"],
        row["stream_id"],
        row["version"],
        row["type"],
        row["schema_version"],
        (row["recorded_at"] - _EPOCH) // timedelta(microseconds=1),
        row["data"],
        row["metadata"],
    )
    return hashlib.sha256(previous + "\n".join(map(str, fields)).encode()).digest()


async def verify(pool: asyncpg.Pool, job_id: UUID | None = None) -> Verdict:
    """Check the whole log, or one job, in pages. A job without events is whole, with 0 events."""
    chains, events = Chains(whole_log=job_id is None), 0
    async for row in _rows(pool, job_id):
        if (what := chains.fault(row)) is not None:
            return Verdict(
                ok=False, events=events, problem=Fault(position=row["position"], job_id=row["stream_id"], what=what)
            )
        events += 1
    return Verdict(ok=True, events=events)


async def _rows(pool: asyncpg.Pool, job_id: UUID | None) -> AsyncIterator[asyncpg.Record]:
    after = 0
    while True:
        rows = await (pool.fetch(_ALL, after, PAGE) if job_id is None else pool.fetch(_JOB, after, PAGE, job_id))
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1]["position" if job_id is None else "version"]
