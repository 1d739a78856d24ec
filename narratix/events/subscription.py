"""A subscription takes every event once, in order, and moves its checkpoint in the transaction of its own writes.

The runner is elected by a session advisory lock, which a dead process frees at once; safety does not rest on the
election but on the checkpoint's compare-and-set.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Final, Protocol

import asyncpg
import structlog

from narratix.events.codec import Damaged, Unreadable
from narratix.events.feed import DEAF_SECONDS, Connect, Feed, notice_silence
from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE, Recorded

log = structlog.get_logger(__name__)

ELECTION: Final = 72374632
ELECTION_SECONDS: Final = 1.0
STOPPED_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 30.0
"""How long the elected process may leave events lying before another one takes its place."""


class Subscriber(Protocol):
    """What is done with the events. Writes go through `connection`, inside its open transaction.

    `pause` is how many seconds may pass between two batches that arrive live, so that bursts become few transactions.
    `refolds` tells what a higher `code_version` means: the log is to be folded anew (a read model), or it just goes on
    from where it is.
    """

    name: str
    build: int
    code_version: int
    pause: float
    refolds: bool

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None: ...

    def forget(self) -> None:
        """Drop what is remembered of earlier events: the transaction of the last `handle` did not commit."""
        ...

    def done(self) -> None:
        """The events of the last `handle` are committed."""
        ...


class Overtaken(Exception):
    """Another process moved this checkpoint, or another build serves: we are not its runner any more."""


_BEGIN: Final = """
insert into subscriptions (name, build, code_version, serving)
select $1, 1, $2, true where not exists (select 1 from subscriptions where name = $1)
on conflict do nothing
"""
_SERVING: Final = "select build, position, code_version, error from subscriptions where name = $1 and serving"
_ADOPT: Final = """
update subscriptions set code_version = $3, updated_at = now() where name = $1 and build = $2 and code_version < $3
"""
_MOVE: Final = """
update subscriptions set position = $4, updated_at = now()
where name = $1 and build = $2 and position = $3 and serving and error is null returning true
"""
_STOP: Final = "update subscriptions set error = $3, updated_at = now() where name = $1 and build = $2"
_SKIPPED: Final = """
select (data->>'position')::bigint as position from events where type = 'EventSkipped' and data->>'subscription' = $1
"""
_TRANSACTION: Final = "begin; set local idle_in_transaction_session_timeout = '3s'; set local synchronous_commit = off"
_BEHIND: Final = """
select coalesce(min(position) filter (where error is null), 0) as least,
       count(*) filter (where position >= $2 or error is not null) < cardinality($1::text[]) as behind
from subscriptions where serving and name = any($1::text[])
"""
_DEPOSE: Final = """
select count(pg_terminate_backend(pid)) from pg_locks
where locktype = 'advisory' and granted and classid = 0 and objid = $1 and objsubid = 1
  and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()
"""


async def move(connection: asyncpg.Connection, name: str, build: int, position: int, to: int) -> None:
    """Move the serving build's checkpoint within the caller's transaction. Raises Overtaken when it does not stand at
    `position`, or when that build does not serve any more."""
    if not await connection.fetchval(_MOVE, name, build, position, to):
        raise Overtaken(name)


async def skipped(connection: asyncpg.Connection | asyncpg.Pool, name: str) -> frozenset[int]:
    """The positions that `name` passes over, by decisions that are on record (EventSkipped)."""
    return frozenset(row["position"] for row in await connection.fetch(_SKIPPED, name))


def to_take(events: Sequence[Recorded], passed_over: Collection[int]) -> list[Recorded]:
    """Those of `events` that are to be taken. Raises Unreadable for one that cannot be read."""
    taken = [event for event in events if event.position not in passed_over] if passed_over else list(events)
    for event in taken:
        if isinstance(event.data, Damaged):
            raise Unreadable(event.data.problem)
    return taken


class Subscriptions:
    """Runs subscribers for ever, in whichever process is elected; a stopped or slow one delays no other."""

    def __init__(
        self,
        subscribers: Sequence[Subscriber],
        feed: Feed,
        pool: asyncpg.Pool,
        connect: Connect,
        *,
        patience: float = PATIENCE_SECONDS,
        quiet: Quiet | None = None,
    ) -> None:
        self._quiet = quiet or Quiet()
        self._running = [Subscription(subscriber, feed, pool, self._quiet) for subscriber in subscribers]
        self._names = [subscriber.name for subscriber in subscribers]
        self._feed = feed
        self._connect = connect
        self._patience = patience
        self.elected = False

    async def run(self) -> None:
        while True:
            await self._quiet.awake()
            try:
                async with self._elected() as lost, asyncio.TaskGroup() as group:
                    followers = [group.create_task(subscription.run()) for subscription in self._running]
                    await lost.wait()
                    for follower in followers:
                        follower.cancel()
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("election_waits", reason=str(problem) or type(problem).__name__)
            await asyncio.sleep(ELECTION_SECONDS * (0.5 + random.random()))

    @contextlib.asynccontextmanager
    async def _elected(self) -> AsyncGenerator[asyncio.Event]:
        """Hold the session lock on a connection that lives as long as we lead; the event tells of its loss.

        Behind a transaction pooler a session's lock would be left with some connection of the pooler's. There every
        process runs, and the checkpoints alone decide: who is too late pauses and begins again.
        """
        lost = asyncio.Event()
        if self._feed.deaf:
            asyncio.get_running_loop().call_later(DEAF_SECONDS, lost.set)
            self.elected = True
            try:
                yield lost
            finally:
                self.elected = False
            return
        connection = await self._connect()
        try:
            connection.add_termination_listener(lambda *_: lost.set())
            notice_silence(connection)
            await self._win(connection)
            self.elected = True
            yield lost
        finally:
            self.elected = False
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await connection.close(timeout=2)

    async def _win(self, connection: asyncpg.Connection) -> None:
        """Wait for the lock. While nothing happens in the log nothing is asked of the database; where events lie
        untaken for too long, their runner hangs and is deposed (its checkpoints keep it from doing harm)."""
        loop = asyncio.get_running_loop()
        least, since = -1, loop.time()
        while not await connection.fetchval("select pg_try_advisory_lock($1)", ELECTION):
            seen = self._feed.position
            await asyncio.sleep(min(ELECTION_SECONDS, self._patience))
            now, behind = await connection.fetchrow(_BEHIND, self._names, seen)
            if not behind:
                await self._feed.news(seen)
            if not behind or now != least:
                least, since = now, loop.time()
            elif loop.time() - since > self._patience:
                log.warning("leader_deposed", position=least, patience=self._patience)
                await connection.execute(_DEPOSE, ELECTION)
                since = loop.time()


class Subscription:
    """One subscriber, its checkpoint, and what happens when it meets an event that it cannot take."""

    def __init__(self, subscriber: Subscriber, feed: Feed, pool: asyncpg.Pool, quiet: Quiet | None = None) -> None:
        self._quiet = quiet or Quiet()
        self._subscriber = subscriber
        self._feed = feed
        self._pool = pool
        self._passed_over: frozenset[int] = frozenset()
        self.position = 0

    async def run(self) -> None:
        while True:
            await self._quiet.awake()
            try:
                await self._follow()
            except Overtaken:
                log.warning("subscription_overtaken", name=self._subscriber.name)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("subscription_waits", name=self._subscriber.name, reason=str(problem))
            except Exception:  # the database refused a statement of ours: say so, and let the others go on
                log.exception("subscription_failed", name=self._subscriber.name)
            finally:
                self._subscriber.forget()
            await asyncio.sleep(ELECTION_SECONDS * (0.5 + random.random()))

    async def _follow(self) -> None:
        if not await self._begin():
            await asyncio.sleep(STOPPED_SECONDS)
            return
        subscriber = self._subscriber
        async for events in self._feed.follow(self.position):
            try:
                await self._take(events)
            except (Overtaken, TimeoutError, *UNREACHABLE):
                raise
            except Exception:
                log.warning("subscription_isolates", name=subscriber.name, after=self.position, exc_info=True)
                if not await self._took_one_by_one(events):
                    return
            if subscriber.pause and self.position >= self._feed.position:
                await asyncio.sleep(subscriber.pause)

    async def _begin(self) -> bool:
        """Stand where the checkpoint is. False where the build is stopped, or belongs to a newer release."""
        subscriber = self._subscriber
        await self._pool.execute(_BEGIN, subscriber.name, subscriber.code_version)
        build, self.position, code_version, error = await self._pool.fetchrow(_SERVING, subscriber.name)
        if error is not None or code_version > subscriber.code_version:
            return False
        if code_version < subscriber.code_version:
            if subscriber.refolds:
                log.warning(
                    "rebuild_wanted",
                    name=subscriber.name,
                    stored=code_version,
                    code=subscriber.code_version,
                    advice=f"narratix projections rebuild {subscriber.name}, or serve --rebuild",
                )
            else:
                await self._pool.execute(_ADOPT, subscriber.name, build, subscriber.code_version)
        subscriber.build = build
        self._passed_over = await skipped(self._pool, subscriber.name)
        return True

    async def _take(self, events: Sequence[Recorded]) -> None:
        """The events' effects and the checkpoint's move, in one transaction."""
        subscriber = self._subscriber
        last = events[-1].position
        taken = to_take(events, self._passed_over)
        try:
            async with self._pool.acquire(timeout=10) as connection, transaction(connection):
                if taken:
                    await subscriber.handle(connection, taken)
                await move(connection, subscriber.name, subscriber.build, self.position, last)
        except BaseException:
            subscriber.forget()
            raise
        self.position = last
        subscriber.done()

    async def _took_one_by_one(self, events: Sequence[Recorded]) -> bool:
        """Take what comes before the poisonous event, then stop with a clear state; the service goes on."""
        for event in events:
            try:
                await self._take([event])
            except (Overtaken, TimeoutError, *UNREACHABLE):
                raise
            except Exception as problem:
                where = what_happened(event, problem)
                await self._pool.execute(_STOP, self._subscriber.name, self._subscriber.build, where)
                log.error("subscription_stopped", name=self._subscriber.name, reason=where, exc_info=True)
                return False
        return True


def what_happened(event: Recorded, problem: Exception) -> str:
    """Where a fold stopped and why, for the state that people see."""
    return f"{event.type} at position {event.position}: {type(problem).__name__}: {problem}"


@contextlib.asynccontextmanager
async def transaction(connection: asyncpg.Connection) -> AsyncGenerator[None]:
    """A transaction of effects and their checkpoint.

    Its commit does not wait for the disk: what a crash of the server takes, it takes together with the checkpoint, and
    the log, which is on the disk, gives it again; and whatever is built on it and flushed flushes it too, since the
    server writes its journal in order. The server ends the transaction when this process is stopped within it: nobody
    shall wait for its locks, nor for its connection, of which a pooler has few and a frozen leader holds one for each
    subscriber. Between two statements here there is only a fold, so three seconds are plenty; who was slower begins anew.
    """
    await connection.execute(_TRANSACTION)
    try:
        yield
    except BaseException:
        with contextlib.suppress(*UNREACHABLE, TimeoutError):  # a lost connection is rolled back by the server
            await connection.execute("rollback")
        raise
    await connection.execute("commit")
