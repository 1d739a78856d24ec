"""Events per second of `audit verify` beside a bare scan of the same columns, and the memory it takes.

    python -m benchmarks.audit --events 1000000 --jobs 3000 --rounds 5

The log is chained as the service chains it, with events of about 420 bytes of data (lines with their words), twelve jobs
at a time. Every turn is a process of its own; its start-up counts, and that of the processes that share a verification.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from benchmarks._harness import fresh_database, interleaved, need_peers, postgres, report
from benchmarks._log import KINDS, TOGETHER, history
from narratix.events import codec
from narratix.events.catalogue import LineSpoken
from narratix.events.chain import Link, link

TURNS: Final = {"bare scan": "scan", "verify": "verify", "verify, one process": "verify in one process"}
METADATA: Final = '{"actor":"worker:6f1d4e0a-51c7-4d6b-9a39-7c2f3b1f9e55","attempt":1}'
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
WORDS: Final = 5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--jobs", type=int, default=3_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    need_peers()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in TURNS}

    def rate(name: str, dsn: str) -> float:
        run = alone(TURNS[name], dsn)
        runs[name].append(run)
        return run["events"] / run["seconds"]

    with postgres() as server:
        dsn = fresh_database(server)
        size = asyncio.run(fill(dsn, given.events, given.jobs))
        measured = interleaved({name: lambda name=name: rate(name, dsn) for name in TURNS}, given.rounds)  # type: ignore[misc]
    report(
        name="audit",
        title=f"Verifying {given.events:,} events of {given.jobs:,} jobs",
        unit="events/s",
        measured=measured,
        baseline="bare scan",
        notes=[
            f"{size:.0f} bytes of data per event on average; every hash recomputed, and the rolling hash of the log.",
            "The bare scan receives the same columns by COPY over one connection and throws them away.",
            "Peak memory of the process that asks: "
            + ", ".join(f"{name} {max(run['peak_mb'] for run in of):.0f} MB" for name, of in runs.items())
            + ".",
        ],
    )


def alone(which: str, dsn: str) -> dict[str, float]:
    program = f"from benchmarks._auditing import turn; turn({which!r}, {dsn!r})"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


async def fill(dsn: str, events: int, jobs: int) -> float:
    """Write the log; the average size of `data` in bytes."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.copy_records_to_table("events", records=chained(events, jobs), timeout=3600)
        await connection.execute("vacuum analyze events", timeout=3600)
        size: float = await connection.fetchval("select avg(octet_length(data::text))::float8 from events")
    finally:
        await connection.close()
    return size


def chained(events: int, jobs: int) -> Iterator[tuple[Any, ...]]:
    """Rows of `events`, in order."""
    given = random.Random(3)
    told = [codec.encode(shortened(event)) for kind in range(KINDS) for event in history(kind) if _is_line(event)]
    open_jobs, begun = [uuid.UUID(int=number) for number in range(TOGETHER)], TOGETHER
    links: dict[uuid.UUID, Link] = {}
    for position in range(1, events + 1):
        if given.random() < jobs / events and begun < jobs:  # one ends, another begins
            open_jobs[given.randrange(TOGETHER)], begun = uuid.UUID(int=begun), begun + 1
        job, event_id = given.choice(open_jobs), uuid.UUID(int=given.getrandbits(128))
        version, previous = links.get(job, (0, b""))
        type_, schema_version, data = told[position % len(told)]
        at = BEGAN + timedelta(milliseconds=50 * position)
        microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        fields = (position, event_id, job, version + 1, type_, schema_version, microseconds, data, METADATA)
        digest = link(previous, "\n".join(map(str, fields)).encode())
        links[job] = version + 1, digest
        yield position, event_id, job, version + 1, type_, schema_version, data, METADATA, at, digest


def shortened(line: Any) -> Any:
    """A line of about 420 bytes."""
    return msgspec.structs.replace(line, words=line.words[:WORDS], energies=line.energies[:2])


def _is_line(event: object) -> bool:
    return isinstance(event, LineSpoken) and len(event.words) >= WORDS


if __name__ == "__main__":
    main()
