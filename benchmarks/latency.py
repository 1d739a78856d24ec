"""From an event's commit to its arrival at the clients of event streams: 50 streams, 100 events a second.

    python -m benchmarks.latency [--streams 50] [--rate 100] [--seconds 10] [--rounds 5]

Three processes on one machine and one clock: an appender that keeps to its timetable whatever the answers take, the
server (`narratix serve --role web`), and this one with the clients. The whole real way: append, commit, NOTIFY, feed,
fold, encode, socket. Two clocks start for each delivery: at `recorded_at`, which PostgreSQL takes within the append,
so that the commit itself is counted in; and when the append returned, which is the first that anybody knows of it.
*One job*: all streams watch one job, so every event goes to all of them. *A job each*: every event goes to one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import re
import statistics
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import uvloop

from benchmarks._crowd import LostDelivery, crowd
from benchmarks._events import spoken_line
from benchmarks._harness import fresh_database, interleaved, postgres, report
from benchmarks._stream_servers import Server, narratix_web
from benchmarks._watched import WatchedJob, open_store
from narratix.events.store import NewEvent

SETTLE_SECONDS: Final = 1.0
_STATUS: Final = re.compile(rb"^data: (\{.*\})$", re.MULTILINE)

Returned = dict[tuple[str, int], float]
"""(job, version) -> when its append returned, in seconds of the epoch."""


@dataclass(frozen=True)
class Round:
    """Milliseconds of every delivery."""

    since_recorded: Sequence[float]
    since_returned: Sequence[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--rate", type=float, default=100, help="events per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found: dict[str, list[Round]] = {"one job": [], "a job each": []}
    with (
        postgres() as dsn,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as appender,
        narratix_web(database := fresh_database(dsn), given.streams) as server,
    ):

        def measure(name: str, jobs: int) -> float:
            work = measured(database, server, appender, given.streams, jobs, given.rate, given.seconds)
            found[name].append(uvloop.run(work))
            return statistics.median(found[name][-1].since_recorded)

        interleaved(
            {"one job": lambda: measure("one job", 1), "a job each": lambda: measure("a job each", given.streams)},
            rounds=given.rounds,
        )
    rows = {}
    for name, rounds in found.items():
        rows[f"{name}, p50 from the record"] = [_percentile(one.since_recorded, 50) for one in rounds]
        rows[f"{name}, p99 from the record"] = [_percentile(one.since_recorded, 99) for one in rounds]
        rows[f"{name}, p50 from the append's return"] = [_percentile(one.since_returned, 50) for one in rounds]
        rows[f"{name}, p99 from the append's return"] = [_percentile(one.since_returned, 99) for one in rounds]
    report(
        name="latency",
        title=f"Commit to client: {given.streams} streams, {given.rate:g} events/s",
        unit="ms",
        measured=rows,
        baseline="one job, p50 from the record",
        lower_is_better=True,
        notes=[
            f"{given.rounds} rounds of {given.seconds:g} s each; every stream got every event once, in order.",
            "Below zero: the event was with the client before the append had returned to the appender.",
        ],
    )


async def measured(
    dsn: str, server: Server, appender: ProcessPoolExecutor, streams: int, jobs: int, rate: float, seconds: float
) -> Round:
    """One round. Raises LostDelivery."""
    async with open_store(dsn) as store:
        watched = [WatchedJob(store) for _ in range(jobs)]
        for job in watched:
            await job.begin()
    paths = [f"/api/demo/events/{watched[number % jobs].id}?after=0" for number in range(streams)]
    ids = [str(job.id) for job in watched]
    async with crowd("127.0.0.1", server.port, paths, timed=True) as clients:
        for reader in clients.readers:
            reader.arrivals()
        loop = asyncio.get_running_loop()
        returned = await loop.run_in_executor(appender, append_steadily, dsn, ids, rate, seconds)
        await asyncio.sleep(SETTLE_SECONDS)
        arrived = [(time, message) for reader in clients.readers for time, message in _messages(reader.arrivals())]
    deliveries = {job: sum(1 for path in paths if job in path) for job in ids}
    if len(arrived) != (sent := sum(deliveries[job] for job, _ in returned)):
        raise LostDelivery(f"{len(arrived)} messages came where {sent} were sent.")
    return Round(
        [(time - datetime.fromisoformat(message["updated_at"]).timestamp()) * 1000 for time, message in arrived],
        [(time - returned[message["job_id"], message["version"]]) * 1000 for time, message in arrived],
    )


def append_steadily(dsn: str, jobs: Sequence[str], rate: float, seconds: float) -> Returned:
    """Append lines to the jobs by turns, each at its time. To be run in a process of its own."""
    return uvloop.run(_append_steadily(dsn, jobs, rate, seconds))


async def _append_steadily(dsn: str, jobs: Sequence[str], rate: float, seconds: float) -> Returned:
    returned: Returned = {}
    async with open_store(dsn) as store:

        async def append(number: int, job: str) -> None:
            appended = await store.append([NewEvent(uuid.UUID(job), spoken_line(number), uuid.uuid4())])
            assert appended.version is not None
            returned[job, appended.version] = time.time()

        loop = asyncio.get_running_loop()
        await store.head()  # the connection is open before the timetable begins
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(began + number / rate - loop.time())
                group.create_task(append(number, jobs[number % len(jobs)]))
    return returned


def _messages(arrivals: Iterable[tuple[float, bytes]]) -> list[tuple[float, dict[str, Any]]]:
    """When each message was there whole, in seconds of the epoch, and what it says. Raises LostDelivery."""
    found = []
    pending = b""
    for time_, data in arrivals:
        pending += data
        *whole, pending = pending.split(b"\n\n")
        for part in whole:
            if status := _STATUS.search(part):
                found.append((time_, json.loads(status[1])))
    versions = [message["version"] for _, message in found]
    if versions and versions != list(range(versions[0], versions[0] + len(versions))):
        raise LostDelivery(f"A stream brought the versions {versions}.")
    return found


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    main()
