"""Building a projection anew beside the one that serves its readers.

A new build is a row of `subscriptions` that does not serve, and rows of the projection's table under its number. It is
folded from the log in pages, each page and its checkpoint in one transaction, so that a killed rebuild is continued.
When it is close to the log's end, or does not get closer, the serving build's row is locked, which makes its runner
wait; what that build has and the new one has not is folded, and `serving` moves, all in one transaction. So readers
never go back, and the runner, which finds its checkpoint gone, begins again with the new build.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from narratix.events.store import UNREACHABLE, EventStore, Recorded
from narratix.events.subscription import Overtaken, skipped, to_take, transaction, what_happened
from narratix.projections.projection import Projection, Projector

log = structlog.get_logger(__name__)

PAGE: Final = 2000
NEARLY: Final = 50
"""Events left to fold at which the serving build's runner is made to wait."""

ROUNDS: Final = 20
"""Pages after which it is made to wait all the same, if the log's end has not come closer."""

AGAIN_SECONDS: Final = 30.0
LONG_SECONDS: Final = 3600.0
"""For statements over a whole table, instead of a connection's usual limit."""

Progress = Callable[[int, int], None]
"""Told (events folded, events in the log)."""

_SERVING: Final = "select build, position, code_version from subscriptions where name = $1 and serving"
_UNFINISHED: Final = """
select build, position from subscriptions
where name = $1 and not serving and build > $2 and code_version = $3 and error is null order by build desc limit 1
"""
_LAST_BUILD: Final = "select max(build) from subscriptions where name = $1"
_FORGET: Final = "delete from subscriptions where name = $1 and not serving and build <> $2"
_BEGIN: Final = "insert into subscriptions (name, build, code_version, serving) values ($1, $2, $3, false)"
_MOVE: Final = """
update subscriptions set position = $4, updated_at = now()
where name = $1 and build = $2 and position = $3 and not serving and error is null returning true
"""
_STOP: Final = """
update subscriptions set error = $3, updated_at = now() where name = $1 and build = $2 and not serving
"""
_RETIRE: Final = "update subscriptions set serving = false, updated_at = now() where name = $1 and serving"
_SERVE: Final = "update subscriptions set serving = true, updated_at = now() where name = $1 and build = $2"


class NotRunYet(Exception):
    """The projection has no build: no service has ever run on this database. Its text is a sentence for people."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has not been built yet; the service does that when it runs. Start it first.")


class RebuiltElsewhere(Exception):
    """Another process rebuilds the same projection. Its text is a sentence for people."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being rebuilt by another process; wait for that one.")


class RebuildStopped(Exception):
    """The projection cannot take an event. The build that serves is as it was. Its text is for people."""

    def __init__(self, name: str, position: int, where: str) -> None:
        super().__init__(
            f"{name} cannot take {where}. What serves is as it was. Mend the projection and rebuild again, or put on "
            f'record that it passes over this event: narratix projections skip {name} --position {position} --reason "..."'
        )


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The build that serves now, how far it is, and whether an unfinished one was continued."""

    name: str
    build: int
    position: int
    continued: bool


async def rebuild(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any], progress: Progress, *, page: int = PAGE
) -> Rebuilt:
    """Build `projection` anew and let the new build serve. Whoever reads it meanwhile reads the old one.

    The old build is kept until the next rebuild. Killed at any moment, the next call goes on. Raises NotRunYet,
    RebuiltElsewhere, RebuildStopped.
    """
    work, continued = await _begin(pool, projection)
    least: int | None = None
    rounds, until = ROUNDS, 0
    async with contextlib.aclosing(pages(store, work.position, size=page)) as log_from_there:
        while rounds:
            head = await store.head()
            progress(work.position, head)
            left = head - work.position
            if left <= NEARLY:
                until = head
                break
            least, rounds = (left, ROUNDS) if least is None or left < least else (least, rounds - 1)
            # what was fetched ahead may have been the end of the log then
            await work.take(await anext(log_from_there, []) or await store.read_all(after=work.position, limit=page))
    await work.swap(store, until, page)
    progress(work.position, work.position)
    return Rebuilt(projection.name, work.projector.build, work.position, continued)


async def rebuild_outdated(pool: asyncpg.Pool, store: EventStore, projections: Sequence[Projection[Any]]) -> None:
    """Rebuild what an older release built, one after the other, and say how far it is. For the start of a service."""
    for projection in projections:
        while await _outdated(pool, projection):
            try:
                await rebuild(pool, store, projection, _told(projection.name))
                log.info("rebuilt", name=projection.name, code_version=projection.code_version)
            except RebuildStopped as problem:
                log.error("rebuild_stopped", name=projection.name, reason=str(problem))
                break
            except (RebuiltElsewhere, *UNREACHABLE, TimeoutError) as problem:
                log.info("rebuild_waits", name=projection.name, reason=str(problem))
                await asyncio.sleep(AGAIN_SECONDS)
            except asyncpg.PostgresError:  # the old build serves on; say what is wrong and leave it to people
                log.exception("rebuild_failed", name=projection.name)
                break


async def _outdated(pool: asyncpg.Pool, projection: Projection[Any]) -> bool:
    serving = await pool.fetchrow(_SERVING, projection.name)
    return serving is not None and serving["code_version"] < projection.code_version


def _told(name: str) -> Progress:
    """A line of the log at every tenth of the way."""
    tenth = -1

    def tell(done: int, total: int) -> None:
        nonlocal tenth
        if total and (now := 10 * done // total) != tenth:
            tenth = now
            log.info("rebuilding", name=name, done=done, total=total)

    return tell


async def pages(store: EventStore, after: int, *, size: int = PAGE) -> AsyncGenerator[list[Recorded]]:
    """The log after a position, page by page to its end; the next page is fetched while one is worked on."""
    reading = asyncio.create_task(store.read_all(after=after, limit=size))
    try:
        while events := await reading:
            reading = asyncio.create_task(store.read_all(after=events[-1].position, limit=size))
            yield events
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _begin(pool: asyncpg.Pool, projection: Projection[Any]) -> tuple[_Rebuilding, bool]:
    """The unfinished newer build of this code, or a new one; all others but the serving one go."""
    name, table = projection.name, projection.table.name
    async with pool.acquire() as connection, connection.transaction():
        # two who begin at once take turns at the serving row, which may serve no more when it is one's turn: look again
        while (serving := await connection.fetchrow(f"{_SERVING} for update", name)) is None:
            if await connection.fetchrow(_SERVING, name) is None:
                raise NotRunYet(name)
        unfinished = await connection.fetchrow(_UNFINISHED, name, serving["build"], projection.code_version)
        build = unfinished["build"] if unfinished else 1 + await connection.fetchval(_LAST_BUILD, name)
        await connection.execute(_FORGET, name, build)
        await connection.execute(
            f"delete from {table} where build <> all($1)",  # noqa: S608 - a name from our own code
            [serving["build"], build],
            timeout=LONG_SECONDS,
        )
        if unfinished is None:
            await connection.execute(_BEGIN, name, build, projection.code_version)
    position = unfinished["position"] if unfinished else 0
    work = _Rebuilding(pool, Projector(projection, build), position, await skipped(pool, name))
    return work, unfinished is not None


class _Rebuilding:
    """A build that does not serve yet, and its checkpoint."""

    def __init__(
        self, pool: asyncpg.Pool, projector: Projector[Any], position: int, passed_over: Collection[int]
    ) -> None:
        self._pool = pool
        self._passed_over = passed_over
        self.projector = projector
        self.position = position

    async def take(self, events: Sequence[Recorded]) -> None:
        """Fold the next events and move on. Raises RebuildStopped at one that cannot be taken, with all before it
        taken."""
        try:
            await self._take(events)
        except (RebuiltElsewhere, TimeoutError, *UNREACHABLE):
            raise
        except Exception:
            for event in events:
                await self._take_or_stop(event)

    async def _take(self, events: Sequence[Recorded]) -> None:
        try:
            async with self._pool.acquire() as connection, transaction(connection):
                await self._fold(connection, events)
        except BaseException:
            self.projector.forget()
            raise
        self.projector.done()
        self.position = events[-1].position

    async def _take_or_stop(self, event: Recorded) -> None:
        try:
            await self._take([event])
        except (RebuiltElsewhere, TimeoutError, *UNREACHABLE):
            raise
        except Exception as problem:
            where = what_happened(event, problem)
            await self._pool.execute(_STOP, self.projector.name, self.projector.build, where)
            raise RebuildStopped(self.projector.name, event.position, where) from problem

    async def _fold(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        """Move first: whoever rebuilds at the same time waits here, and finds itself too late before it wrote."""
        projector, to = self.projector, events[-1].position
        if not await connection.fetchval(_MOVE, projector.name, projector.build, self.position, to):
            raise RebuiltElsewhere(projector.name) from Overtaken(projector.name)
        if taken := to_take(events, self._passed_over):
            await projector.handle(connection, taken)

    async def swap(self, store: EventStore, until: int, page: int) -> None:
        """Take the log up to `until`, and what the serving build has taken, which waits meanwhile; serve in its place."""
        position = self.position
        try:
            await self._swap(store, until, page)
        except (RebuiltElsewhere, TimeoutError, *UNREACHABLE):
            raise
        except Exception:
            self.projector.forget()
            self.position = position
            while events := await store.read_all(after=self.position, limit=page):
                await self.take(events)
            raise

    async def _swap(self, store: EventStore, until: int, page: int) -> None:
        name, build = self.projector.name, self.projector.build
        async with self._pool.acquire() as connection, transaction(connection):
            serving = await connection.fetchrow(f"{_SERVING} for update", name)
            if serving is None or serving["build"] >= build:
                raise RebuiltElsewhere(name)
            while (left := max(serving["position"], until) - self.position) > 0:
                events = await store.read_all(after=self.position, limit=min(page, left))
                await self._fold(connection, events)
                self.position = events[-1].position
            await connection.execute(_RETIRE, name)
            await connection.execute(_SERVE, name, build)
