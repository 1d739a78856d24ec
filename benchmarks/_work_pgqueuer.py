"""PgQueuer's turn of `benchmarks.work`: five entries in a row, each put in by the handler of the one before.

Its best sensible settings: a pool, all jobs put in by one statement, large batches. It keeps no history of a job and
does not fence completions. Prints the seconds from the first entry to the end of the last."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.models import Job

ENTRIES = ("first", "second", "third", "fourth", "fifth")
BATCH = 100
TOGETHER = 400


async def measure(dsn: str, jobs: int) -> float:
    async with asyncpg.create_pool(dsn, min_size=4, max_size=20) as pool:
        queue = PgQueuer.from_asyncpg_pool(pool)
        assert queue.queries is not None
        await queue.queries.install()
        left, ended = jobs, asyncio.Event()

        def entry(name: str, following: str | None) -> None:
            @queue.entrypoint(name)
            async def handle(job: Job) -> None:
                nonlocal left
                if following is not None:
                    await queue.queries.enqueue(following, job.payload)  # type: ignore[union-attr]
                    return
                left -= 1
                if not left:
                    ended.set()

        for name, following in zip(ENTRIES, (*ENTRIES[1:], None), strict=True):
            entry(name, following)
        running = asyncio.create_task(queue.qm.run(batch_size=BATCH, max_concurrent_tasks=TOGETHER))
        await asyncio.sleep(1)
        began = time.perf_counter()
        await queue.queries.enqueue([ENTRIES[0]] * jobs, [b"1"] * jobs, [0] * jobs)
        await ended.wait()
        seconds = time.perf_counter() - began
        queue.shutdown.set()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    return seconds


if __name__ == "__main__":
    print(uvloop.run(measure(sys.argv[1], int(sys.argv[2]))))
