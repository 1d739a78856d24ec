"""A queue of 100,000 lines over 1,000 jobs: the time of a claim, whose turn it is, and the memory of a process.

    python -m benchmarks.backlog [--jobs 1000] [--lines 100] [--seconds 30]

One process routes and works. First all jobs are submitted and their lines queued; then claims are timed on the full
queue, as it is and among as many settled rows; then the worker speaks lines (without sound) for a while.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog
import uvloop

from benchmarks._harness import fresh_database, postgres, record
from benchmarks._machine import machine
from narratix.claims import Claims
from narratix.events.catalogue import (
    CastMember,
    Event,
    JobSubmitted,
    LineSpoken,
    Options,
    ScriptWritten,
    Segment,
    Usage,
    VoicesCast,
    Word,
)
from narratix.events.store import EventStore, NewEvent
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.speak_line import SPEAK_LINE
from narratix.job import Job
from tests.beside import running

SLOTS: Final = 8
CLAIMS: Final = 300
CLAIM_MS: Final = 10.0
LINE: Final = 90
"""Characters of a line; 16 words, 5 seconds."""

_SETTLE: Final = """
update work set state = 'done', owner = null, lease_until = null, settled_at = now() where id = any($1::bigint[])
"""


async def speak(_ports: Ports, _job: Job, item: str) -> Event:
    """What a line's event weighs, without a sound."""
    start = int(item) * LINE
    return LineSpoken(
        line=int(item),
        clip_key=f"clips/speech/00/{uuid.uuid4().hex}{uuid.uuid4().hex}.flac",
        duration=5.0,
        words=tuple(
            Word(start=start + 5 * number, end=start + 5 * number + 4, begins=number * 0.3, ends=number * 0.3 + 0.25)
            for number in range(16)
        ),
        energies=tuple(0.0123 + number / 1e4 for number in range(50)),
        usage=Usage(provider="none", model="none", units=float(LINE)),
    )


SPEAK: Final = Handler(
    name=SPEAK_LINE.name,
    uses=SPEAK_LINE.uses,
    wakes_on=SPEAK_LINE.wakes_on,
    items=SPEAK_LINE.items,
    done=SPEAK_LINE.done,
    inputs=SPEAK_LINE.inputs,
    run=speak,
    light=True,
    priority=SPEAK_LINE.priority,
)


async def measure(dsn: str, jobs: int, lines: int, seconds: float) -> dict[str, Any]:
    async with machine(dsn, [SPEAK], {"speech": SLOTS}) as service:
        pool, store = service.pool, service.store
        began = time.perf_counter()
        await asyncio.gather(*(_submit(store, lines) for _ in range(jobs)))
        await _until(pool, "select count(*) from work", jobs * lines)
        found: dict[str, Any] = {"queued": jobs * lines, "queued in seconds": round(time.perf_counter() - began, 1)}
        found["memory when queued, MB"] = _memory()

        found["a bare round trip, ms"] = await _time_round_trips(pool)
        claims = Claims(pool, owner="bench", lease=600.0, limits={})
        turns: list[uuid.UUID] = []
        limited = Claims(pool, owner="bench", lease=600.0, limits={"speech": SLOTS})
        found["claim of 1, ms"] = await _time_claims(pool, claims, 1, turns)
        found["claim of 8, ms"] = await _time_claims(pool, claims, 8, turns)
        found["claim of 8 under a limit, ms"] = await _time_claims(pool, limited, 8, turns)
        shares = Counter(turns).values()
        found["lines begun per job, fewest and most"] = (min(shares) if len(shares) == jobs else 0, max(shares))
        before = await pool.fetchval("select count(*) from work where state = 'done'")
        async with running(service.worker.run()):
            await asyncio.sleep(seconds)
            found["claim of 1 beside the worker, ms"] = await asyncio.to_thread(asyncio.run, _time_claims_apart(dsn))
        after = await pool.fetchval("select count(*) from work where state = 'done'")
        found["lines per second"] = round((after - before) / seconds)
        found["settled rows in the table"] = after
        found["memory at the end, MB"] = _memory()
    return found


async def _submit(store: EventStore, lines: int) -> None:
    job_id = uuid.uuid4()
    events: Sequence[Event] = (
        JobSubmitted(title="A story", text_sha256=job_id.hex, text_key="", characters=LINE * lines, options=Options()),
        ScriptWritten(
            engine="none",
            text_sha256=job_id.hex,
            language="en",
            segments=tuple(
                Segment(start=LINE * line, end=LINE * (line + 1), kind="narration", speaker="narrator")
                for line in range(lines)
            ),
            cast=(CastMember(id="narrator", name="Narrator", narrator=True),),
            music=(),
            effects=(),
        ),
        VoicesCast(engine="none", voices={"narrator": "nobody"}),
    )
    await store.append([NewEvent(job_id, event, uuid.uuid4()) for event in events])


async def _time_claims(
    pool: asyncpg.Pool, claims: Claims, slots: int, turns: list[uuid.UUID], *, pause: float = 0.0
) -> dict[str, float]:
    """Milliseconds of a claim, median and 99th percentile. What was claimed is settled at once."""
    taken = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        claimed = await claims.take({"speech": slots})
        taken.append((time.perf_counter() - began) * 1000)
        turns += [claim.job_id for claim in claimed]
        await pool.execute(_SETTLE, [claim.id for claim in claimed])
        await asyncio.sleep(pause)
    return _spread(taken)


async def _time_claims_apart(dsn: str) -> dict[str, float]:
    """The same in a loop of its own, so that nothing but the claim is timed."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        claims = Claims(pool, owner="apart", lease=600.0, limits={})
        return await _time_claims(pool, claims, 1, [], pause=0.01)


async def _time_round_trips(pool: asyncpg.Pool) -> dict[str, float]:
    """What the machine and its load make of a statement that does nothing."""
    taken = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        await pool.fetchval("select 1")
        taken.append((time.perf_counter() - began) * 1000)
    return _spread(taken)


def _spread(taken: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(taken), 2), "p99": round(statistics.quantiles(taken, n=100)[98], 2)}


async def _until(pool: asyncpg.Pool, query: str, value: int) -> None:
    while await pool.fetchval(query) < value:
        await asyncio.sleep(0.2)


def _memory() -> float:
    """Megabytes that this process has resident, at most until now."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def judged(found: dict[str, Any]) -> dict[str, bool]:
    """What must hold, and whether it does."""
    claims = {name: value["median"] < CLAIM_MS for name, value in found.items() if name.startswith("claim of")}
    fewest, most = found["lines begun per job, fewest and most"]
    return {**claims, "fair order": most - fewest <= 1}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=1000)
    options.add_argument("--lines", type=int, default=100, help="of each job")
    options.add_argument("--seconds", type=float, default=30.0, help="how long the worker works")
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    with postgres() as dsn:
        found = uvloop.run(measure(fresh_database(dsn), given.jobs, given.lines, given.seconds))
    broken = [name for name, held in judged(found).items() if not held]
    record(
        name="backlog",
        title=f"{given.jobs * given.lines:,} lines queued over {given.jobs:,} jobs",
        heads=("what", "found"),
        rows=[
            (name, ", ".join(f"{key} {said}" for key, said in value.items()) if isinstance(value, dict) else str(value))
            for name, value in found.items()
        ],
        notes=[
            f"{CLAIMS} claims of each kind; what was claimed is settled at once, so the lane stays as long as it is.",
            "One process with router, read models and worker; memory is the most that it ever had resident.",
            f"Limit: a claim's median under {CLAIM_MS:g} ms; every job gets a turn before any gets a second one more.",
            "All of it holds." if not broken else f"Broken: {', '.join(broken)}.",
        ],
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
