"""DBOS's turn of `benchmarks.work`: workflows of five steps. Prints the seconds from the first start to the last end.

Its best sensible settings: asynchronous workflows and steps, many at once, a larger pool, no logs."""

from __future__ import annotations

import asyncio
import sys
import time

from dbos import DBOS, DBOSConfig

TOGETHER = 64
POOL = 32


@DBOS.step()
async def step(number: int) -> int:
    return number


@DBOS.workflow()
async def workflow(job: int) -> int:
    for number in range(5):
        await step(number)
    return job


async def measure(jobs: int) -> float:
    numbers = iter(range(jobs))

    async def starter() -> None:
        for number in numbers:
            await (await DBOS.start_workflow_async(workflow, number)).get_result()

    await (await DBOS.start_workflow_async(workflow, -1)).get_result()
    began = time.perf_counter()
    await asyncio.gather(*(starter() for _ in range(TOGETHER)))
    return time.perf_counter() - began


def main(dsn: str, jobs: int) -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": dsn,
        "sys_db_pool_size": POOL,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "application_version": "1",
    }
    DBOS(config=config)
    DBOS.launch()
    print(asyncio.run(measure(jobs)))
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
