"""Building a projection anew beside the one that serves its readers, and proving that a projection is what its log says.

A new build is a row of `subscriptions` that does not serve, and rows of the projection's table under its number. It is
folded from the log in pages, each page and its checkpoint in one transaction, so that a killed rebuild is continued.
When it has caught up, the serving build's row is locked, which makes its runner wait; the last events are folded and
`serving` moves, all in one transaction. The runner then finds its checkpoint gone and begins again with the new build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from narratix.events.store import EventStore
from narratix.events.subscription import Overtaken
from narratix.projections.projection import Projection, Projector

PAGE: Final = 500
NEARLY: Final = 50
"""Events left to fold at which the serving build's runner is made to wait."""

SHADOW: Final = -1
"""The build number of a verification, whose rows are never committed."""

Progress = Callable[[int, int], None]
"""Told (events folded, events in the log)."""

_SERVING: Final = "select build, position from subscriptions where name = $1 and serving"
_UNFINISHED: Final = """
select build, position from subscriptions
where name = $1 and not serving and build > $2 and code_version = $3 and error is null order by build desc limit 1
"""
_LAST_BUILD: Final = "select max(build) from subscriptions where name = $1"
_FORGET: Final = "delete from subscriptions where name = $1 and not serving and build <> $2"
_BEGIN: Final = "insert into subscriptions (name, build, code_version, serving) values ($1, $2, $3, false)"
_MOVE: Final = """
update subscriptions set position = $4, updated_at = now()
where name = $1 and build = $2 and position = $3 and not serving returning true
"""
_RETIRE: Final = "update subscriptions set serving = false, updated_at = now() where name = $1 and serving"
_SERVE: Final = "update subscriptions set serving = true, updated_at = now() where name = $1 and build = $2"
_LIST: Final = """
select name, build, position, (select coalesce(max(position), 0) from events) - position as lag, code_version, serving,
       error, coalesce(build > max(build) filter (where serving) over (partition by name), true) as newer
from subscriptions order by name, build
"""


class NotRunYet(Exception):
    """The projection has no build: no service has ever run on this database. Its text is a sentence for people."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has not been built yet; the service does that when it runs. Start it first.")


class RebuiltElsewhere(Exception):
    """Another process rebuilds the same projection. Its text is a sentence for people."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being rebuilt by another process; wait for that one.")


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a subscription. `lag` is how many events of the log it has not taken; `state` a word or a sentence."""

    name: str
    build: int
    position: int
    lag: int
    code_version: int
    state: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The build that serves now, how far it is, and whether an unfinished one was continued."""

    name: str
    build: int
    position: int
    continued: bool


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


async def builds(pool: asyncpg.Pool, wanted: dict[str, int]) -> list[Build]:
    """Every build of every subscription. `wanted` maps names to the code versions of this release."""
    return [
        Build(
            row["name"],
            row["build"],
            row["position"],
            row["lag"],
            row["code_version"],
            _state(row, wanted.get(row["name"])),
        )
        for row in await pool.fetch(_LIST)
    ]


def _state(row: asyncpg.Record, wanted: int | None) -> str:
    if row["error"] is not None:
        return f"stopped: {row['error']}"
    if not row["serving"]:
        return "unfinished" if row["newer"] else "replaced"
    if wanted is not None and row["code_version"] != wanted:
        return f"serving, to be rebuilt (this release has code version {wanted})"
    return "serving"


# -- rebuild -----------------------------------------------------------------------------------


async def rebuild(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any], progress: Progress, *, page: int = PAGE
) -> Rebuilt:
    """Build `projection` anew and let the new build serve. Whoever reads it meanwhile reads the old one.

    The old build is kept until the next rebuild. Killed at any moment, the next call goes on. Raises NotRunYet,
    RebuiltElsewhere, codec.Unreadable.
    """
    projector, position, continued = await _begin(pool, projection)
    while True:
        head = await store.head()
        progress(position, head)
        if head - position <= NEARLY:
            break
        events = await store.read_all(after=position, limit=page)
        async with pool.acquire() as connection, connection.transaction():
            await projector.handle(connection, events)
            await _move(connection, projector, position, events[-1].position)
        projector.done()
        position = events[-1].position
    position = await _swap(pool, store, projector, position)
    progress(position, position)
    return Rebuilt(projection.name, projector.build, position, continued)


async def _begin(pool: asyncpg.Pool, projection: Projection[Any]) -> tuple[Projector[Any], int, bool]:
    """A projector for the unfinished newer build of this code, or for a new one; all others but the serving one go."""
    name, table = projection.name, projection.table.name
    async with pool.acquire() as connection, connection.transaction():
        # two who begin at once take turns at the serving row
        serving = await connection.fetchrow(f"{_SERVING} for update", name)
        if serving is None:
            raise NotRunYet(name)
        unfinished = await connection.fetchrow(_UNFINISHED, name, serving["build"], projection.code_version)
        build = unfinished["build"] if unfinished else 1 + await connection.fetchval(_LAST_BUILD, name)
        await connection.execute(_FORGET, name, build)
        await connection.execute(
            f"delete from {table} where build <> all($1)",  # noqa: S608 - a name from our own code
            [serving["build"], build],
        )
        if unfinished is None:
            await connection.execute(_BEGIN, name, build, projection.code_version)
    return Projector(projection, build), unfinished["position"] if unfinished else 0, unfinished is not None


async def _move(connection: asyncpg.Connection, projector: Projector[Any], position: int, to: int) -> None:
    if not await connection.fetchval(_MOVE, projector.name, projector.build, position, to):
        raise RebuiltElsewhere(projector.name) from Overtaken(projector.name)


async def _swap(pool: asyncpg.Pool, store: EventStore, projector: Projector[Any], position: int) -> int:
    """The last events and the change of `serving`, in one transaction; the position reached."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchrow(f"{_SERVING} for update", projector.name)
        while events := await store.read_all(after=position, limit=PAGE):
            await projector.handle(connection, events)
            await _move(connection, projector, position, events[-1].position)
            position = events[-1].position
        await connection.execute(_RETIRE, projector.name)
        await connection.execute(_SERVE, projector.name, projector.build)
    return position


# -- verify ------------------------------------------------------------------------------------


class _Undone(Exception):
    """Rolls a transaction back on purpose."""


async def verify(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any], progress: Progress, *, page: int = PAGE
) -> Verified:
    """Fold the log into a shadow up to where the serving build is, and compare row by row, byte for byte.

    The shadow lives in a transaction that is rolled back: nobody sees it, and nothing of it is left behind. The
    serving build waits only for the last events and the comparison. Raises NotRunYet, codec.Unreadable.
    """
    name, shadow, position = projection.name, Projector(projection, SHADOW), 0
    verified: Verified | None = None
    try:
        async with pool.acquire() as connection, connection.transaction():
            serving = await connection.fetchrow(_SERVING, name)
            while serving is not None and position < serving["position"]:
                position = await _fold_until(connection, store, shadow, position, serving["position"], page)
                progress(position, serving["position"])
            serving = await connection.fetchrow(f"{_SERVING} for update", name)
            if serving is None:
                raise NotRunYet(name)
            while position < serving["position"]:
                position = await _fold_until(connection, store, shadow, position, serving["position"], page)
            rows, difference = await _compare(connection, projection, serving["build"])
            verified = Verified(name, serving["build"], position, rows, difference)
            raise _Undone
    except _Undone:
        pass
    assert verified is not None
    return verified


async def _fold_until(
    connection: asyncpg.Connection, store: EventStore, shadow: Projector[Any], position: int, until: int, page: int
) -> int:
    events = await store.read_all(after=position, limit=min(page, until - position))
    await shadow.handle(connection, events)
    shadow.done()
    return events[-1].position


async def _compare(
    connection: asyncpg.Connection, projection: Projection[Any], build: int
) -> tuple[int, Difference | None]:
    table = projection.table.name
    rows = await connection.fetchval(f"select count(*) from {table} where build = $1", SHADOW)  # noqa: S608
    first = await connection.fetchrow(
        f"""
        select key, stored.row::text as stored, folded.row::text as folded, stored.rank as listed, folded.rank as ranked
        from (select * from {table} where build = $1) stored
             full join (select * from {table} where build = $2) folded using (key)
        where stored.row::text is distinct from folded.row::text or stored.rank is distinct from folded.rank
        order by key limit 1
        """,  # noqa: S608
        build,
        SHADOW,
    )
    if first is None:
        return rows, None
    if first["stored"] == first["folded"]:
        return rows, Difference(first["key"], f"rank {first['listed']}", f"rank {first['ranked']}")
    return rows, Difference(first["key"], first["stored"], first["folded"])
