"""Proving that a projection is what its log says."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from narratix.events.store import UNREACHABLE, EventStore
from narratix.events.subscription import skipped, to_take
from narratix.projections.projection import Projection, Projector
from narratix.projections.rebuild import LONG_SECONDS, PAGE, NotRunYet, Progress, pages

_SERVING: Final = "select build, position from subscriptions where name = $1 and serving"
_FOLDED: Final = "pg_temp.folded"


class NotFoldable(Exception):
    """What serves was built from an event that the projection of this release cannot take. Its text is a sentence."""

    def __init__(self, name: str, first: int, last: int, problem: Exception) -> None:
        where = f"an event at one of the positions {first} to {last}"
        super().__init__(f"{name} cannot be compared: it cannot take {where}: {type(problem).__name__}: {problem}")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the log says: the JSON of both, None where there is no row."""

    key: str
    stored: str | None
    folded: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What the comparison of a serving build with the log came to. `rows` is how many rows the log leads to."""

    name: str
    build: int
    position: int
    rows: int
    difference: Difference | None


async def verify(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any], progress: Progress, *, page: int = PAGE
) -> Verified:
    """Fold the log up to where the serving build is, and compare row by row, byte for byte.

    All in one snapshot of the database, in which rows and checkpoint fit together: nobody waits for it. What is
    folded lies in a temporary table. Raises NotRunYet, NotFoldable.
    """
    name = projection.name
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        serving = await connection.fetchrow(_SERVING, name)
        if serving is None:
            raise NotRunYet(name)
        await connection.execute(
            f"create temporary table folded (like {projection.table.name} including all) on commit drop"
        )
        await _fold(connection, store, projection, serving["position"], progress, page)
        rows, difference = await _compare(connection, projection, serving["build"])
    return Verified(name, serving["build"], serving["position"], rows, difference)


async def _fold(
    connection: asyncpg.Connection,
    store: EventStore,
    projection: Projection[Any],
    until: int,
    progress: Progress,
    page: int,
) -> None:
    projector, position = Projector(projection, table=_FOLDED), 0
    passed_over = await skipped(connection, projection.name)
    async with contextlib.aclosing(pages(store, 0, size=page)) as log:
        while position < until:
            events = [event for event in await anext(log) if event.position <= until]
            try:
                if taken := to_take(events, passed_over):
                    await projector.handle(connection, taken)
                    projector.done()
            except (asyncpg.PostgresError, *UNREACHABLE, TimeoutError):
                raise
            except Exception as problem:
                raise NotFoldable(projection.name, position + 1, events[-1].position, problem) from problem
            position = events[-1].position
            progress(position, until)


async def _compare(
    connection: asyncpg.Connection, projection: Projection[Any], build: int
) -> tuple[int, Difference | None]:
    table = projection.table.name
    rows = await connection.fetchval(f"select count(*) from {_FOLDED}", timeout=LONG_SECONDS)  # noqa: S608
    first = await connection.fetchrow(
        f"""
        select key, stored.row::text as stored, folded.row::text as folded, stored.rank as listed, folded.rank as ranked
        from (select * from {table} where build = $1) stored full join {_FOLDED} folded using (key)
        where stored.row::text is distinct from folded.row::text or stored.rank is distinct from folded.rank
        order by key limit 1
        """,  # noqa: S608
        build,
        timeout=LONG_SECONDS,
    )
    if first is None:
        return rows, None
    if first["stored"] == first["folded"]:
        return rows, Difference(first["key"], f"rank {first['listed']}", f"rank {first['ranked']}")
    return rows, Difference(first["key"], first["stored"], first["folded"])
