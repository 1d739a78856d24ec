"""A log of a few jobs for the tests of the audit, and what somebody with all rights could do to it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from narratix.events.anchors import Anchor, Anchors, derived_key, keyring, sign
from narratix.events.catalogue import FeedbackGiven, LineSpoken, Usage, Word
from narratix.events.chain import GENESIS, link, roll
from narratix.events.store import EventStore, NewEvent

SECRET = b"the service's signing key"
KEYS: Mapping[str, bytes] = keyring(SECRET)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

JOBS = [uuid.UUID(int=number) for number in (1, 2, 3)]


def spoken(line: int) -> LineSpoken:
    return LineSpoken(
        line=line,
        clip_key=f"clips/speech/{line:02x}/ünïcode “{line}”\\.flac",
        duration=1.25,
        words=tuple(Word(start=at, end=at + 1, begins=at / 2, ends=at / 2 + 0.5) for at in range(4)),
        energies=(0.01, 0.02),
        usage=Usage(provider="silent", model="hum-1", units=10),
    )


async def write(store: EventStore, events: int = 12) -> None:
    """Lines of three jobs by turns: position p is version (p + 2) // 3 of job (p - 1) % 3."""
    for number in range(events):
        job = JOBS[number % 3]
        event = FeedbackGiven(rating=5, comment="Line\nfeed, “quotes”") if number == 7 else spoken(number)
        await store.append([NewEvent(job, event, uuid.uuid4())], metadata={"actor": "somebody"})


@asynccontextmanager
async def unguarded(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """The events, for a superuser who has taken the guards away and puts them back."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table events disable trigger user")
        yield connection
        await connection.execute("alter table events enable always trigger events_are_immutable")
        await connection.execute("alter table events enable always trigger events_are_never_truncated")


async def tamper(pool: asyncpg.Pool, *statements: str) -> None:
    async with unguarded(pool) as connection:
        for statement in statements:
            await connection.execute(statement)


async def forge_chain(pool: asyncpg.Pool) -> None:
    """Compute every hash anew, from what the columns say now."""
    links: dict[uuid.UUID, bytes] = {}
    async with unguarded(pool) as connection:
        for row in await connection.fetch("select * from events order by position"):
            microseconds = (row["recorded_at"] - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000
            fields = (
                row["position"], row["event_id"], row["stream_id"], row["version"], row["type"],
                row["schema_version"], round(microseconds), row["data"], row["metadata"],
            )  # fmt: skip
            digest = link(links.get(row["stream_id"], b""), "\n".join(map(str, fields)).encode())
            links[row["stream_id"]] = digest
            await connection.execute("update events set hash = $2 where position = $1", row["position"], digest)


async def anchored(pool: asyncpg.Pool, *positions: int) -> Anchors:
    """The anchors that an honest service writes at these positions."""
    good: list[Anchor] = []
    for position in positions:
        rows = await pool.fetch("select hash from events where position <= $1 order by position", position)
        rolling = roll(GENESIS, b"".join(row["hash"] for row in rows))
        good.append(sign(position, rolling, NOON, derived_key(SECRET)))
    return Anchors(tuple(good))
