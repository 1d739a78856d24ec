"""Events per second of a rebuild of job_status beside reading and decoding the same log, and the memory it takes.

    python -m benchmarks.rebuild --events 1000000 --rounds 3

Both read in pages of the same size, the next one being fetched while one is worked on, each turn in a process of its
own. Scanning decodes every event into its class and does nothing else. The rebuild folds them, writes the rows and
checkpoints of every page, and swaps builds at the end. All the while another process appends to a job, which the
serving build's runner folds, and reads: the newest rows, a finished job and the live one. It must find every row whole
and none older than before, or this benchmark fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import uvloop

from benchmarks._harness import fresh_database, interleaved, need_peers, postgres, report
from benchmarks._log import fill
from narratix.app import connection_pool
from narratix.events.catalogue import FeedbackGiven, JobSubmitted, Options
from narratix.events.feed import Feed
from narratix.events.store import EventStore, NewEvent
from narratix.events.subscription import Subscriptions
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.projection import Projector, Reader
from narratix.projections.rebuild import PAGE, pages, rebuild
from narratix.projections.verify import verify

FEW: Final = 100_000
POLL_SECONDS: Final = 0.02
_SPAWN: Final = multiprocessing.get_context("spawn")
_WRITTEN: Final = """
select n_tup_ins + n_tup_upd from pg_stat_user_tables where relname = 'job_status'
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a turn came to: events, seconds, and the most memory its process held, in MB."""

    events: int
    seconds: float
    peak: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    need_peers()
    with postgres() as server:
        few, many = fresh_database(server), fresh_database(server)
        _finish(_fill(few, min(FEW, given.events)))
        _finish(_fill(many, given.events))
        small = _alone(_rebuild, few)
        runs: list[Run] = []
        with _reading(many) as looks:

            def rebuilt() -> float:
                runs.append(_alone(_rebuild, many))
                return runs[-1].rate

            measured = interleaved(
                {"scan and decode": lambda: _alone(_scan, many).rate, "rebuild of job_status": rebuilt}, given.rounds
            )
        looked = looks.get(timeout=60)
        if isinstance(looked, str):
            raise SystemExit(f"A reader saw what must not be seen: {looked}")
        written = _finish(_written(many)) / (given.rounds * given.events)
        difference = _finish(_difference(many))
        if difference is not None:
            raise SystemExit(f"The new build is not what its log says: {difference}")
    report(
        name="rebuild",
        title=f"Rebuild of job_status over {given.events:,} events",
        unit="events/s",
        measured=measured,
        baseline="scan and decode",
        notes=[
            f"Peak memory of the rebuilding process: {small.peak:.0f} MB over {small.events:,} events, "
            f"{max(run.peak for run in runs):.0f} MB over {given.events:,}.",
            f"One row was written for every {1 / written:.0f} events: pages of {PAGE:,}, each row once per page.",
            f"A reader that looked {looked:,} times meanwhile found every row whole and none older than before.",
            "The last build is row for row what a refold of its log gives.",
        ],
    )


# -- turns, each in a process of its own -------------------------------------------------------


def _alone(turn: Any, dsn: str) -> Run:
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as process:
        run: Run = process.submit(turn, dsn).result()
        return run


def _scan(dsn: str) -> Run:
    async def scan() -> Run:
        async with _store(dsn) as store:
            begun, count = time.perf_counter(), 0
            async for events in pages(store, 0):
                count += len(events)
            return Run(count, time.perf_counter() - begun, _peak())

    return uvloop.run(scan())


def _rebuild(dsn: str) -> Run:
    async def build() -> Run:
        async with connection_pool(dsn) as pool:
            begun = time.perf_counter()
            rebuilt = await rebuild(pool, EventStore(pool), JOB_STATUS, lambda _done, _total: None)
            return Run(rebuilt.position, time.perf_counter() - begun, _peak())

    return uvloop.run(build())


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- the log, and who lives with it ------------------------------------------------------------


async def _fill(dsn: str, events: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await fill(connection, events)
        await connection.execute(
            "insert into subscriptions (name, build, code_version, serving) values ($1, 1, $2, true)",
            JOB_STATUS.name,
            JOB_STATUS.code_version,
        )
    finally:
        await connection.close()
    async with connection_pool(dsn) as pool:  # a first build, for the readers
        await rebuild(pool, EventStore(pool), JOB_STATUS, lambda _done, _total: None)


@contextlib.contextmanager
def _reading(dsn: str) -> Iterator[Any]:
    """A process that lives with the log as long as the block lasts; its queue then has the number of its looks, or
    what it saw wrong."""
    looks, stop = _SPAWN.Queue(), _SPAWN.Event()
    process = _SPAWN.Process(target=_look_on, args=(dsn, looks, stop), daemon=True)
    process.start()
    try:
        yield looks
    finally:
        stop.set()
        process.join(30)


def _look_on(dsn: str, looks: Any, stop: Any) -> None:
    try:
        looks.put(uvloop.run(_live(dsn, stop)))
    except Exception as problem:  # the parent says it
        looks.put(f"{type(problem).__name__}: {problem}")


async def _live(dsn: str, stop: Any) -> int:
    async with connection_pool(dsn) as pool:
        store = EventStore(pool)
        feed = Feed(store, lambda: asyncpg.connect(dsn))
        await feed.start()
        runner = asyncio.create_task(
            Subscriptions([Projector(JOB_STATUS)], feed, pool, lambda: asyncpg.connect(dsn)).run()
        )
        live = uuid.uuid4()
        submitted = JobSubmitted(title="Live", text_sha256="0" * 64, text_key="t", characters=1, options=Options())
        await store.append([NewEvent(live, submitted, uuid.uuid4())])
        try:
            return await _poll(Reader(JOB_STATUS, pool), store, live, stop)
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
            await feed.close()


async def _poll(reader: Reader[Any], store: EventStore, live: uuid.UUID, stop: Any) -> int:
    finished = next(row for row in await reader.newest(50) if row.status == "completed")
    whole, version, looks = await reader.get(finished.job_id), 0, 0
    while not stop.is_set():
        if looks % 10 == 0:
            await store.append([NewEvent(live, FeedbackGiven(rating=5), uuid.uuid4())])
        if await reader.get(finished.job_id) != whole:
            raise AssertionError(f"finished job {finished.job_id} is not what it was")
        row = await reader.get(str(live))
        if (row is None and version) or (row is not None and row.version < version):
            raise AssertionError(f"the live job went back from version {version} to {row and row.version}")
        version = row.version if row is not None else 0
        newest = await reader.newest(50)
        if len(newest) != 50 or (version and newest[0].job_id != str(live)):
            raise AssertionError(f"the newest jobs are {len(newest)}, the first of them {newest and newest[0].job_id}")
        looks += 1
        await asyncio.sleep(POLL_SECONDS)
    if version < 2:
        raise AssertionError(f"the live job stayed at version {version}")
    return looks


async def _written(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_stat_force_next_flush()")
        written: int = await connection.fetchval(_WRITTEN)
        return written
    finally:
        await connection.close()


async def _difference(dsn: str) -> Any:
    async with connection_pool(dsn) as pool:
        verified = await verify(pool, EventStore(pool), JOB_STATUS, lambda _done, _total: None)
        return verified.difference


@contextlib.asynccontextmanager
async def _store(dsn: str) -> AsyncIterator[EventStore]:
    async with connection_pool(dsn) as pool:
        yield EventStore(pool)


def _finish(coroutine: Any) -> Any:
    return uvloop.run(coroutine)


if __name__ == "__main__":
    main()
