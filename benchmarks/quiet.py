"""Ten minutes in which nobody comes: what the service asks of its database then, and how soon it answers after them.

    python -m benchmarks.quiet

A service in a process of its own makes a drama over a PostgreSQL that sleeps after five minutes without a question,
cuts off who only listens, and takes half a second to wake, as Neon's does. Then nobody comes for ten minutes but a
monitor, which asks /health/live and /metrics every 15 seconds. What PostgreSQL's own statistics have by the end must be
what they had at the beginning: sessions ever begun, sessions open, and the moment of the last question. Then a story is
submitted and the answer timed. Fails where anything was asked. Takes 13 minutes and next to no processor.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import asyncpg
from sqlalchemy.engine import make_url

from benchmarks._report import RESULTS
from benchmarks._server import fresh_database, postgres
from tests.operations.sleeping_database import sleeping_database

STORY: Final = "The rain fell on the old house.\n\n“Who is there?” whispered Anna.\n\n“Only me,” said Thomas.\n"
SLEEPS_AFTER: Final = 300.0
COLD_SECONDS: Final = 0.5
MONITOR_SECONDS: Final = 15.0
_ASKED: Final = """
select (select sessions from pg_stat_database where datname = $1) as sessions, count(*) as open,
       coalesce(max(greatest(backend_start, query_start, state_change))::text, '') as last
from pg_stat_activity where datname = $1 and backend_type = 'client backend'
"""


@asynccontextmanager
async def service(address: str, home: str) -> AsyncIterator[str]:
    """A service over that database, and its base URL."""
    environment = os.environ | {
        "DATABASE_URL": address,
        "NARRATIX_HOME": home,
        "NARRATIX_SPEECH": "fast",
        "NARRATIX_RATE_LIMIT_PER_MINUTE": "1000",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "narratix", "serve", "--port", "0", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while not (line := (await process.stdout.readline()).decode()).startswith("listening on "):
            assert line, "the service ended before it listened"
        yield line.split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def made(client: aiohttp.ClientSession, text: str) -> tuple[float, float]:
    """Seconds until the submission was answered, and until the drama was there."""
    began = time.monotonic()
    async with client.post("/api/demo/submit", json={"text": text}) as answer:
        body = await answer.json()
        assert answer.status == 202, body
    answered = time.monotonic() - began
    while True:
        async with client.get(f"/api/demo/status/{body['job_id']}") as answer:
            status = (await answer.json())["status"]
        if status == "completed":
            return answered, time.monotonic() - began
        assert status in ("queued", "running"), status
        await asyncio.sleep(0.5)


async def monitored(client: aiohttp.ClientSession, seconds: float) -> int:
    """Look as a monitor does; how often."""
    until, looks = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for path in ("/health/live", "/metrics"):
            async with client.get(path) as answer:
                assert answer.status == 200, path
        looks += 1
        await asyncio.sleep(MONITOR_SECONDS)
    return looks


async def resting(client: aiohttp.ClientSession) -> float:
    """Seconds until the service says that it rests."""
    began = time.monotonic()
    while True:
        async with client.get("/metrics") as answer:
            if "narratix_resting 1.0" in await answer.text():
                return time.monotonic() - began
        await asyncio.sleep(1)


async def run(dsn: str, server: str, home: str, minutes: float) -> dict[str, Any]:
    name = str(make_url(dsn).database)
    watcher = await asyncpg.connect(server)
    async with (
        sleeping_database(dsn, after=SLEEPS_AFTER, cold=COLD_SECONDS) as (database, address),
        service(address, home) as url,
        aiohttp.ClientSession(url) as client,
    ):
        _, first = await made(client, STORY)
        rests = await resting(client)
        await asyncio.sleep(65)  # connections of the pool that are idle for a minute are let go
        before = dict(await watcher.fetchrow(_ASKED, name))
        paid, began = database.awake_seconds, time.monotonic()
        looks = await monitored(client, minutes * 60)
        lasted = time.monotonic() - began
        after = dict(await watcher.fetchrow(_ASKED, name))
        paid = database.awake_seconds - paid
        asleep = database.asleep
        answered, second = await made(client, STORY + "“Come in,” said Anna.\n")
    await watcher.close()
    asked = after["sessions"] != before["sessions"] or (after["open"] > 0 and after["last"] != before["last"])
    return {
        "date": str(dt.datetime.now(dt.UTC).date()),
        "observed_seconds": round(lasted, 1),
        "monitor_looks": looks,
        "asked_meanwhile": asked,
        "statistics_before": before,
        "statistics_after": after,
        "database_awake_seconds_meanwhile": round(paid, 1),
        "database_asleep_at_the_end": asleep,
        "rested_after_seconds": round(rests, 1),
        "first_drama_seconds": round(first, 2),
        "submission_answered_after_cold_wake_seconds": round(answered, 3),
        "second_drama_seconds": round(second, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    with postgres() as server, tempfile.TemporaryDirectory(prefix="narratix-quiet-") as home:
        found = asyncio.run(run(fresh_database(server), server, home, arguments.minutes))
    said = json.dumps(found, indent=2, default=str)
    print(said)
    if arguments.minutes >= 10:
        (RESULTS / "quiet.json").write_text(said + "\n", encoding="utf-8")
        table = "".join(f"| {key.replace('_', ' ')} | {value} |\n" for key, value in found.items())
        page = f"# Ten minutes in which nobody comes\n\n{(__doc__ or '').partition(chr(10) * 2)[2]}\n| what | found |\n|---|---|\n{table}"
        (RESULTS / "quiet.md").write_text(page, encoding="utf-8")
    if found["asked_meanwhile"] or found["submission_answered_after_cold_wake_seconds"] > 2:
        raise SystemExit("The service was not quiet, or slow to wake.")


if __name__ == "__main__":
    main()
