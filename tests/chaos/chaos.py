"""Kills and freezes processes of a working Narratix at random moments, then counts what that did.

`python -m tests.chaos.chaos --moments 200 --seed 1` strikes web and worker processes, the router's holder and
PostgreSQL, by SIGKILL and SIGSTOP, while clients submit stories and follow them. `--pgbouncer` puts PgBouncer in
transaction mode between; `--cut-listeners 3` ends every listening connection each 3 seconds. What must hold: every
accepted job is completed, no event is lost or doubled, no client misses a version, nobody writes who has lost its
work, and only calls that were in flight are made again. Prints its tally; the exit status is 1 if that is broken, and
2 if struck work was not free for others within a lease and two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from narratix.app import connection_pool
from narratix.embedded.postgres import EmbeddedPostgres
from narratix.schema import migrate
from tests.chaos.audience import Audience
from tests.chaos.fleet import Fleet
from tests.chaos.moments import Striker, cutting_listeners, plan
from tests.chaos.pooler import pgbouncer
from tests.chaos.tally import TAKEOVER_SLACK, Tally, count

LEASE_SECONDS = 3.0
ENDING_SECONDS = 180.0
"""How long the last jobs may take when nothing is struck any more."""


async def run(
    home: Path,
    *,
    seed: int,
    moments: int,
    mean_pause: float = 4.0,
    jobs: int = 6,
    web: int = 2,
    workers: int = 3,
    pooled: bool = False,
    cut_listeners: float = 0.0,
) -> Tally:
    """Strike `moments` times while `jobs` dramas are always under way. The home directory holds the logs afterwards."""
    began, cut = time.monotonic(), [0]
    variant = " ".join(["pgbouncer"] * pooled + [f"listeners cut every {cut_listeners:g} s"] * bool(cut_listeners))
    tally = Tally(seed, variant or "plain", LEASE_SECONDS)
    async with contextlib.AsyncExitStack() as stack:
        postgres = EmbeddedPostgres(home)
        direct = await asyncio.to_thread(postgres.start)
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        await migrate(direct)
        dsn = stack.enter_context(pgbouncer(direct, home)) if pooled else direct
        fleet = Fleet(home, dsn, direct, LEASE_SECONDS)
        stack.callback(fleet.stop)
        fleet.start(web=web, workers=workers)
        await fleet.serving()
        watcher = await stack.enter_async_context(connection_pool(direct))
        audience = Audience(fleet, random.Random(seed), jobs)
        striker = Striker(fleet, postgres, watcher)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(striker.keep_watching())
            attending = group.create_task(audience.attend())
            cutting = cutting_listeners(watcher, cut_listeners, cut) if cut_listeners else contextlib.nullcontext()
            async with cutting:
                await striker.carry_out(plan(seed, moments, mean_pause=mean_pause, lease=LEASE_SECONDS))
                audience.stop_submitting()
                await asyncio.wait([attending], timeout=ENDING_SECONDS)
            watching.cancel()
            attending.cancel()
        await count(tally, watcher, fleet, audience, striker)
        tally.listeners_cut = sum(cut)
    tally.seconds = round(time.monotonic() - began, 1)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--mean-pause", type=float, default=4.0, help="Seconds between two moments.")
    parser.add_argument("--jobs", type=int, default=6, help="Dramas that are always under way.")
    parser.add_argument("--web", type=int, default=2)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--pgbouncer", dest="pooled", action="store_true")
    parser.add_argument("--cut-listeners", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, help="A new directory for the logs of all processes.")
    chosen = vars(parser.parse_args())
    kept: Path | None = chosen.pop("keep")
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # our own pool's laments when its server is struck
    with tempfile.TemporaryDirectory(prefix="narratix-chaos-") as passing:
        home = kept or Path(passing)
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        tally = asyncio.run(run(home, **chosen))
        print(tally.table())
        print(msgspec.json.encode(tally).decode())
        for fault in tally.faults:
            print(f"BROKEN: {fault}")
        if tally.freed_late:
            print(f"LATE: {tally.freed_late} times work was kept for more than {LEASE_SECONDS + TAKEOVER_SLACK:g} s")
    sys.exit(1 if tally.faults else 2 if tally.freed_late else 0)


if __name__ == "__main__":
    main()
