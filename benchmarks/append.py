"""Appends per second, one event a commit from 32 tasks, beside a bare insert and eventsourcing; and how long they take.

    python -m benchmarks.append --rounds 5 --seconds 3

Narratix is `EventStore.append` with one event per request, every task in streams of its own. `bare asyncpg` is what
one would write without an event store: 32 connections, one autocommitted insert each into a table of the same columns
and indexes, its position from a sequence, no chain. `eventsourcing` is its PostgresApplicationRecorder with 32
threads. All encode the same events of about 420 bytes. Then, at half of the rate that Narratix reached and at fixed
moments whether or not the answers have come, the time from that moment to the answer.

Three disks: one whose commits take 3 ms, as across a network; the one that is there; and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import uvloop

from benchmarks._events import spoken_line
from benchmarks._harness import DISK, empty_database, fresh_database, interleaved, need_peers, postgres, report
from narratix.app import connection_pool
from narratix.events import codec
from narratix.events.store import EventStore, NewEvent

T = TypeVar("T")
Append = Callable[[uuid.UUID, int], Awaitable[object]]

WRITERS: Final = 32
MEMORY: Final = Path("/dev/shm")  # as fast as a disk can be
EVENTS: Final = [spoken_line(seed) for seed in range(500)]

BARE_TABLE: Final = """
create table if not exists bare (
    position bigint generated always as identity primary key, event_id uuid not null unique, stream_id uuid not null,
    version integer not null, type text not null, schema_version smallint not null, data json not null,
    metadata json not null, recorded_at timestamptz not null default clock_timestamp(), hash bytea not null,
    unique (stream_id, version))
"""
BARE_INSERT: Final = """
insert into bare (event_id, stream_id, version, type, schema_version, data, metadata, hash)
values ($1, $2, $3, $4, $5, $6, '{}', $7)
"""
NO_HASH: Final = bytes(32)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3.0, help="length of each turn")
    options.add_argument("--slow-ms", type=float, default=3.0, help="how long a commit takes on the slow disk")
    given = options.parse_args()
    need_peers("eventsourcing", "psycopg", "psycopg_pool")
    kinds: list[tuple[str, str, float | None, Path]] = [
        ("append-slow-disk", f"commits of {given.slow_ms:g} ms", given.slow_ms, DISK),
        ("append", "the disk as found", None, DISK),
    ]
    if MEMORY.is_dir():
        kinds.append(("append-memory", "a disk in memory", None, MEMORY))
    for name, what, slow, disk in kinds:
        with postgres(slow_commit_ms=slow, disk=disk) as dsn:
            rates, times = measure(dsn, given.rounds, given.seconds)
        report(
            name=name,
            title=f"Appending one event per commit, {WRITERS} writers, {what}",
            unit="events/s",
            measured=rates,
            baseline="bare asyncpg",
            notes=[f"{spread(codec_sizes())} bytes of JSON per event", "eventsourcing 9.5 keeps no hash chain"],
        )
        report(
            name=f"{name}-time",
            title=f"Time of an append at half of the rate that Narratix reached, 99th percentile, {what}",
            unit="ms",
            measured=times,
            baseline="bare asyncpg",
            lower_is_better=True,
        )


def measure(dsn: str, rounds: int, seconds: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """(events per second, 99th percentiles in milliseconds) of every turn."""
    ours, bare, eventsourcing = fresh_database(dsn), empty_database(dsn), empty_database(dsn)
    rates = interleaved(
        {
            "narratix": lambda: run(closed_loop(ours, narratix, seconds)),
            "bare asyncpg": lambda: run(closed_loop(bare, bare_asyncpg, seconds)),
            "eventsourcing": lambda: eventsourcing_rate(eventsourcing, seconds),
        },
        rounds,
    )
    half = statistics.median(rates["narratix"]) / 2
    times = interleaved(
        {
            "narratix": lambda: run(open_loop(ours, narratix, seconds, half)),
            "bare asyncpg": lambda: run(open_loop(bare, bare_asyncpg, seconds, half)),
        },
        rounds,
    )
    return rates, times


# -- who appends -----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def narratix(dsn: str) -> Any:
    async with connection_pool(dsn) as pool:
        store = EventStore(pool)

        async def append(stream: uuid.UUID, version: int) -> None:
            event = NewEvent(stream, EVENTS[version % len(EVENTS)], uuid.uuid4())
            await store.append([event])

        yield append
        await store.close()


@contextlib.asynccontextmanager
async def bare_asyncpg(dsn: str) -> Any:
    async with asyncpg.create_pool(dsn, min_size=WRITERS, max_size=WRITERS) as pool:
        await pool.execute(BARE_TABLE)
        idle: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
        held = [await pool.acquire() for _ in range(WRITERS)]
        for connection in held:
            idle.put_nowait(connection)

        async def append(stream: uuid.UUID, version: int) -> None:
            name, schema_version, data = codec.encode(EVENTS[version % len(EVENTS)])
            connection = await idle.get()
            await connection.execute(BARE_INSERT, uuid.uuid4(), stream, version, name, schema_version, data, NO_HASH)
            idle.put_nowait(connection)

        yield append
        for connection in held:
            await pool.release(connection)


def eventsourcing_rate(dsn: str, seconds: float) -> float:
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
    from psycopg.conninfo import conninfo_to_dict

    address = conninfo_to_dict(dsn)
    with PostgresDatastore(
        dbname=str(address["dbname"]),
        host=str(address["host"]),
        port=str(address.get("port", 5432)),
        user=str(address["user"]),
        password=str(address.get("password", "")),
        pool_size=WRITERS,
        max_overflow=0,
    ) as datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="events")
        recorder.create_table()
        start = threading.Barrier(WRITERS + 1)

        def write(_writer: int) -> int:
            stream, version = uuid.uuid4(), 0
            start.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                name, _, data = codec.encode(EVENTS[version % len(EVENTS)])
                version += 1
                recorder.insert_events([StoredEvent(stream, version, name, data.encode())])
            return version

        with ThreadPoolExecutor(WRITERS) as threads:
            writers = [threads.submit(write, number) for number in range(WRITERS)]
            start.wait()
            began = time.perf_counter()
            return sum(writer.result() for writer in writers) / (time.perf_counter() - began)


# -- how they are driven ---------------------------------------------------------------------------


async def closed_loop(dsn: str, connected: Callable[[str], Any], seconds: float) -> float:
    """Events per second of WRITERS tasks, each of which appends again as soon as it was answered."""
    async with connected(dsn) as append:
        await asyncio.gather(*(append(uuid.uuid4(), 1) for _ in range(2 * WRITERS)))  # connects, prepares, plans
        began = time.perf_counter()

        async def write() -> int:
            stream, version = uuid.uuid4(), 0
            while time.perf_counter() < began + seconds:
                version += 1
                await append(stream, version)
            return version

        written = await asyncio.gather(*(write() for _ in range(WRITERS)))
        return sum(written) / (time.perf_counter() - began)


async def open_loop(dsn: str, connected: Callable[[str], Any], seconds: float, rate: float) -> float:
    """The 99th percentile of the milliseconds from the moment at which an append is due to its answer."""
    taken: list[float] = []
    async with connected(dsn) as append:
        await asyncio.gather(*(append(uuid.uuid4(), 1) for _ in range(2 * WRITERS)))
        began = time.perf_counter()

        async def write(due: float) -> None:
            await append(uuid.uuid4(), 1)
            taken.append(time.perf_counter() - due)

        async with asyncio.TaskGroup() as tasks:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                tasks.create_task(write(due))
    return 1000 * statistics.quantiles(taken, n=100)[98]


def run(coroutine: Any) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answer: float = runner.run(coroutine)
        return answer


def codec_sizes() -> list[int]:
    return sorted(len(codec.encode(event)[2]) for event in EVENTS)


def spread(sizes: list[int]) -> str:
    return f"{sizes[0]} to {sizes[-1]}, median {sizes[len(sizes) // 2]},"


if __name__ == "__main__":
    main()
