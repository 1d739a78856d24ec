"""What `benchmarks.audit` measures, each turn in a fresh process that is as light as the command's:

    python -c "from benchmarks._auditing import turn; turn('verify', DSN)"

prints {"events", "seconds", "peak_mb"}.
"""

from __future__ import annotations

import json
import re
import resource
import time
from pathlib import Path
from typing import Final

import asyncpg
import uvloop

from narratix.events.audit import verify
from narratix.events.copied import COLUMNS

_SCAN: Final = f"select {COLUMNS} from events order by position"


def turn(which: str, dsn: str) -> None:
    began = time.perf_counter()
    events = uvloop.run({"scan": _scan, "verify": _verify, "verify in one process": _verify_here}[which](dsn))
    taken = time.perf_counter() - began
    print(json.dumps({"events": events, "seconds": taken, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Of this program; getrusage would count what its parent held when it was forked off."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _scan(dsn: str) -> int:
    """The same columns over one connection, thrown away as they come."""

    async def drop(_: bytes) -> None:
        pass

    connection = await asyncpg.connect(dsn)
    told: str = await connection.copy_from_query(_SCAN, output=drop, format="binary", timeout=600)
    await connection.close()
    return int(told.rpartition(" ")[2])


async def _verify(dsn: str) -> int:
    return await _verified(dsn, dsn)


async def _verify_here(dsn: str) -> int:
    return await _verified(dsn, None)


async def _verified(dsn: str, apart: str | None) -> int:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=3) as pool:
        verdict = await verify(pool, dsn=apart)
    if not verdict.ok:
        raise SystemExit(f"The log is not whole: {verdict.problem}")
    return verdict.events
