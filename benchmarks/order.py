"""Nothing skipped, doubled or reordered: writers that pause and abort in four processes, readers that come and go.

    python -m benchmarks.order --writers 8 32 --seconds 20 --runs 3

Every writer appends through its process's `EventStore`. Of a hundred of its appends, five are made in a transaction that
pauses and rolls back, five in one that pauses and commits, and five are cancelled at a random moment. Readers ask
for "position > last", stop at random moments, also by dropping their connection, and go on from where they were.

Beside them, as the negative control, as many writers insert into a table with an identity column, pausing before they
commit, and a reader asks it for "position > last" in the same way. It has to lose some, or the trial proves nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, fields
from itertools import pairwise
from multiprocessing import get_context
from typing import Final

import asyncpg

from benchmarks._harness import fresh_database, postgres, record
from narratix.events.catalogue import FeedbackGiven
from narratix.events.requests import APPEND, NewEvent, Request, arguments
from narratix.events.store import EventStore

Read = Callable[[asyncpg.Pool, int], Awaitable[list[tuple[int, uuid.UUID]]]]

PROCESSES: Final = 4
READERS: Final = 3
STREAMS: Final = [uuid.UUID(int=number) for number in range(1, 11)]
PAUSE: Final = 0.005
SHARE: Final = 0.05
"""Of appends that are aborted, that pause before they commit, and that are cancelled."""

NAIVE_TABLE: Final = (
    "create table naive (position bigint generated always as identity primary key, event_id uuid not null)"
)


@dataclass
class Written:
    """Event ids, by what became of the transaction. Of a cancelled append nobody knows."""

    acknowledged: list[uuid.UUID] = field(default_factory=list)
    aborted: list[uuid.UUID] = field(default_factory=list)
    cancelled: int = 0


@dataclass
class Seen:
    """What one reader was given, over all its lives."""

    events: list[tuple[int, uuid.UUID]] = field(default_factory=list)
    lives: int = 0


@dataclass
class Tally:
    """Counts of one run. All from `lost` to `reordered` must be 0, `naive_skipped` must not."""

    appended: int = 0
    aborted: int = 0
    cancelled: int = 0
    lives: int = 0
    lost: int = 0
    undead: int = 0
    gaps: int = 0
    skipped: int = 0
    doubled: int = 0
    reordered: int = 0
    naive_appended: int = 0
    naive_skipped: int = 0

    @property
    def faults(self) -> int:
        return self.lost + self.undead + self.gaps + self.skipped + self.doubled + self.reordered


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--writers", type=int, nargs="+", default=[8, 32])
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    names = [one.name for one in fields(Tally)]
    tallies: list[tuple[int, int, Tally]] = []
    print("writers  seed  " + "  ".join(names))
    with postgres() as dsn:
        for writers in given.writers:
            for seed in range(given.seed, given.seed + given.runs):
                tally = asyncio.run(trial(fresh_database(dsn), writers, given.seconds, seed))
                counts = "  ".join(f"{getattr(tally, name):{len(name)},}" for name in names)
                print(f"{writers:7}  {seed:4}  {counts}", flush=True)
                tallies.append((writers, seed, tally))
    good = all(tally.faults == 0 and tally.naive_skipped > 0 for _, _, tally in tallies)
    verdict = "Nothing was lost, and the naive reader lost some." if good else "This does not hold."
    record(
        name="order",
        title="Events skipped, doubled or reordered",
        heads=("writers", "seed", *(name.replace("_", " ") for name in names)),
        rows=[(writers, seed, *(getattr(tally, name) for name in names)) for writers, seed, tally in tallies],
        notes=[
            verdict,
            f"Writers in {PROCESSES} processes, {given.seconds:g} s a run, {READERS} readers that came and went so many lives; "
            f"pauses up to {PAUSE * 1000:g} ms, of a hundred appends five aborted, five paused before they commit, five cancelled.",
            "The naive reader asks a table with an identity column for `position > last`; it is the negative control.",
        ],
    )
    return 0 if good else 1


async def trial(dsn: str, writers: int, seconds: float, seed: int, processes: int = PROCESSES) -> Tally:
    """One run over the fresh, migrated database `dsn`."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(NAIVE_TABLE)
    over = asyncio.Event()
    given = random.Random(seed)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        following = [asyncio.create_task(_follow(dsn, _read_log, given, over)) for _ in range(READERS)]
        following.append(asyncio.create_task(_follow(dsn, _read_naive, given, over)))
        loop = asyncio.get_running_loop()
        shares = [writers // processes + (number < writers % processes) for number in range(processes)]
        written: list[Written] = await asyncio.gather(
            *(
                loop.run_in_executor(pool, _write, dsn, share, seconds, seed * 1000 + number)
                for number, share in enumerate(shares)
            )
        )
        over.set()
        *readers, naive = await asyncio.gather(*following)
    truth = [tuple(row) for row in await connection.fetch("select position, event_id from events order by position")]
    naive_truth = {row[0] for row in await connection.fetch("select event_id from naive")}
    await connection.close()
    return _tally(written, readers, naive, truth, naive_truth)


def _tally(
    written: Sequence[Written],
    readers: Sequence[Seen],
    naive: Seen,
    truth: Sequence[tuple[int, uuid.UUID]],
    naive_truth: set[uuid.UUID],
) -> Tally:
    stands = {event_id for _, event_id in truth}
    tally = Tally(appended=len(truth), naive_appended=len(naive_truth))
    for each in written:
        tally.aborted += len(each.aborted)
        tally.cancelled += each.cancelled
        tally.lost += len(set(each.acknowledged) - stands)
        tally.undead += len(set(each.aborted) & stands)
    tally.gaps = sum(position != number for number, (position, _) in enumerate(truth, 1))
    for seen in readers:
        tally.lives += seen.lives
        tally.skipped += len(set(truth) - set(seen.events))
        tally.doubled += len(seen.events) - len(set(seen.events))
        tally.reordered += sum(later[0] <= earlier[0] for earlier, later in pairwise(seen.events))
    tally.naive_skipped = len(naive_truth - {event_id for _, event_id in naive.events})
    return tally


# -- writers, each process with its own store ------------------------------------------------------


def _write(dsn: str, writers: int, seconds: float, seed: int) -> Written:
    return asyncio.run(_write_all(dsn, writers, seconds, random.Random(seed)))


async def _write_all(dsn: str, writers: int, seconds: float, given: random.Random) -> Written:
    written = Written()
    until = time.monotonic() + seconds
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2 * writers + 1) as pool:
        store = EventStore(pool)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(writers):
                tasks.create_task(_append(store, pool, until, given, written))
                tasks.create_task(_append_naively(pool, until, given))
        await store.close()
    return written


async def _append(store: EventStore, pool: asyncpg.Pool, until: float, given: random.Random, written: Written) -> None:
    while time.monotonic() < until:
        await asyncio.sleep(given.uniform(0, PAUSE))
        event = NewEvent(given.choice(STREAMS), FeedbackGiven(rating=given.randint(1, 5)), uuid.uuid4())
        fate = given.random()
        if fate < 2 * SHARE:
            async with pool.acquire() as connection:
                change = connection.transaction()
                await change.start()
                await connection.fetch(APPEND, *arguments([Request.of([event], None, None)]))
                await asyncio.sleep(given.uniform(0, PAUSE))
                if fate < SHARE:
                    await change.rollback()
                    written.aborted.append(event.event_id)
                else:
                    await change.commit()
                    written.acknowledged.append(event.event_id)
        elif fate < 3 * SHARE:
            appending = asyncio.create_task(store.append([event]))
            await asyncio.sleep(given.uniform(0, PAUSE))
            appending.cancel()
            with suppress(asyncio.CancelledError):
                await appending
            written.cancelled += 1
        else:
            await store.append([event])
            written.acknowledged.append(event.event_id)


async def _append_naively(pool: asyncpg.Pool, until: float, given: random.Random) -> None:
    while time.monotonic() < until:
        await asyncio.sleep(given.uniform(0, PAUSE))
        async with pool.acquire() as connection:
            change = connection.transaction()
            await change.start()
            await connection.execute("insert into naive (event_id) values ($1)", uuid.uuid4())
            await asyncio.sleep(given.uniform(0, PAUSE))
            await (change.rollback() if given.random() < SHARE else change.commit())


# -- readers ---------------------------------------------------------------------------------------


async def _follow(dsn: str, read: Read, given: random.Random, over: asyncio.Event) -> Seen:
    """Read what comes, through many lives, until the writers have ended and nothing is left."""
    seen = Seen()
    while not over.is_set():
        await _live(dsn, read, given, over, seen)
        await asyncio.sleep(given.uniform(0, 0.2))
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        while events := await read(pool, _last(seen)):
            seen.events += events
    return seen


async def _live(dsn: str, read: Read, given: random.Random, over: asyncio.Event, seen: Seen) -> None:
    seen.lives += 1
    end = time.monotonic() + given.uniform(0.05, 1.0)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1)
    while time.monotonic() < end and not over.is_set():
        seen.events += await read(pool, _last(seen))
        await asyncio.sleep(given.uniform(0, 0.01))
    if given.random() < 0.5:
        pool.terminate()
    else:
        await pool.close()


def _last(seen: Seen) -> int:
    return seen.events[-1][0] if seen.events else 0


async def _read_log(pool: asyncpg.Pool, after: int) -> list[tuple[int, uuid.UUID]]:
    return [(event.position, event.event_id) for event in await EventStore(pool).read_all(after=after, limit=500)]


async def _read_naive(pool: asyncpg.Pool, after: int) -> list[tuple[int, uuid.UUID]]:
    rows = await pool.fetch(
        "select position, event_id from naive where position > $1 order by position limit 500", after
    )
    return [(row["position"], row["event_id"]) for row in rows]


if __name__ == "__main__":
    sys.exit(main())
