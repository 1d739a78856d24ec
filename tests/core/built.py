"""What tests of builds share: jobs on record, a build that serves, its rows."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import asyncpg

from narratix.events.catalogue import Event, JobSubmitted, Options
from narratix.events.store import EventStore, NewEvent
from narratix.projections.builds import builds
from narratix.projections.projection import Projection, Projector


def ignore(_done: int, _total: int) -> None:
    """No bar."""


def submitted(title: str = "A story") -> JobSubmitted:
    return JobSubmitted(title=title, text_sha256="0" * 64, text_key="texts/00/0.txt", characters=9, options=Options())


async def record(store: EventStore, events: Sequence[Event], jobs: int = 1) -> None:
    """`jobs` jobs, each with these events."""
    for _ in range(jobs):
        job_id = uuid.uuid4()
        await store.append([NewEvent(job_id, event, uuid.uuid4()) for event in events])


async def serve_build(pool: asyncpg.Pool, store: EventStore, projection: Projection[Any]) -> None:
    """Build 1, as a service that has caught up leaves it."""
    projector = Projector(projection)
    events = await store.read_all()
    async with pool.acquire() as connection, connection.transaction():
        await projector.handle(connection, events)
        await connection.execute(
            "insert into subscriptions values ($1, 1, $2, $3, true)",
            projection.name,
            events[-1].position,
            projection.code_version,
        )


async def rows(pool: asyncpg.Pool, projection: Projection[Any], build: int) -> list[tuple[Any, ...]]:
    table = projection.table.name
    found = await pool.fetch(f"select key, rank, row::text from {table} where build = $1 order by key", build)
    return [tuple(row) for row in found]


async def until_caught_up(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(30):
        while not (found := await builds(pool, {})) or any(each.lag for each in found if each.state == "serving"):
            await asyncio.sleep(0.05)
