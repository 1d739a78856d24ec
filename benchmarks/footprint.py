"""What making a drama takes: processor, memory, storage, database. `narratix cost` counts with what this leaves behind.

    python -m benchmarks.footprint

Performs a story of the package twice in a service of its own over a fresh PostgreSQL: with the local engines, and with
stand-ins for those that a vendor would run, so that what remains here can be told apart. Memory is proportional set
size, summed over the service's processes, the fork server's shared pages counted once; PostgreSQL's are left out, since
it runs elsewhere. Writes narratix/footprint.toml.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from benchmarks._server import fresh_database, postgres
from narratix import app, engines
from narratix.cli.performing import follow
from narratix.cost import FOOTPRINT, MULTIPART_BYTES
from narratix.events.catalogue import EffectRendered, JobCompleted, LineSpoken, MusicComposed, Options
from narratix.ports import Storage
from narratix.providers import pool as engine_pool
from narratix.samples import SAMPLES
from narratix.services import Services
from narratix.settings import Settings

STORY: Final = "marrow-crossing"
PLANS: Final[Mapping[str, Mapping[str, str]]] = {
    "local": {"speech": "kokoro", "music": "composed", "effects": "synthesised"},
    "cloud": {"speech": "silent", "music": "silent", "effects": "silent"},
}
"""Which engines perform; those of the cloud are stood in for by engines that cost this machine nothing."""

SAMPLE_SECONDS: Final = 0.5
REST_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 30.0


class CountedStorage:
    """A storage that counts as R2 would: what writes and lists is class A, what reads class B, deleting is free."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def put(self, key: str, data: bytes, content_type: str) -> Any:
        self.calls["writes"] += 1
        return await self._storage.put(key, data, content_type)

    async def put_file(self, key: str, path: Path, content_type: str) -> Any:
        size = path.stat().st_size  # noqa: ASYNC240
        # begun, ended, and a call for every part
        self.calls["writes"] += 1 if size <= MULTIPART_BYTES else 2 - -size // MULTIPART_BYTES
        return await self._storage.put_file(key, path, content_type)

    async def get(self, key: str) -> bytes:
        self.calls["reads"] += 1
        return await self._storage.get(key)

    async def fetch_file(self, key: str, path: Path) -> None:
        self.calls["reads"] += 1
        await self._storage.fetch_file(key, path)

    async def head(self, key: str) -> Any:
        self.calls["reads"] += 1
        return await self._storage.head(key)

    async def list(self, prefix: str) -> AsyncIterator[Any]:
        self.calls["writes"] += 1
        async for stored in self._storage.list(prefix):
            yield stored


# -- the service's processes -------------------------------------------------------------------


def family() -> list[int]:
    """This process and all below it, without PostgreSQL's."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            if not name.startswith(("postgres", "(postgres")):
                parents[int(entry.name)] = int(rest.split()[1])
    found = [os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return [process for process in found if not _is_postgres(process)]


def _is_postgres(process: int) -> bool:
    with contextlib.suppress(OSError):
        return b"postgres" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]
    return False


def cpu_seconds() -> float:
    """Used by the family so far, those included that have ended."""
    ticks = 0
    for process in family():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_gb() -> float:
    kilobytes = 0
    for process in family():
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
    return kilobytes * 1024 / 1e9


# -- measuring ---------------------------------------------------------------------------------


async def measure(plan: str, dsn: str, home: Path) -> dict[str, Any]:
    settings = Settings.model_validate({"home": home, "language": "rules", **PLANS[plan]})
    engine_pool.REST_SECONDS = REST_SECONDS  # type: ignore[misc]
    counted: list[CountedStorage] = []
    original = engines.open_storage

    def opened(given: Settings) -> Any:
        counted.append(CountedStorage(original(given)))
        return counted[-1]

    engines.open_storage = opened  # type: ignore[assignment]
    try:
        async with app.open_app(settings, app.Database(dsn), "all") as services:
            return await _performed(plan, services, counted[0])
    finally:
        engines.open_storage = original


async def _performed(plan: str, services: Services, storage: CountedStorage) -> dict[str, Any]:
    text = next(known.text for known in SAMPLES if known.id == STORY)
    await asyncio.sleep(3)  # the fork server loads what it preloads
    storage.calls.clear()
    size, wal = await _database(services.pool)
    began, spent = time.monotonic(), cpu_seconds()
    held: list[float] = []
    sampling = asyncio.create_task(_sample(held))
    position = services.feed.position
    job_id = await services.commands.submit(text, options=Options(formats=("mp3", "m4b")), actor="benchmark")
    status = await follow(services, job_id, position, lambda _status: None)
    assert status.status == "completed", status
    wall, spent = time.monotonic() - began, cpu_seconds() - spent
    sampling.cancel()
    events = await services.store.read(job_id)
    [duration] = [event.data.duration for event in events if isinstance(event.data, JobCompleted)]
    await asyncio.sleep(5)  # the last anchors, checkpoints and sweeps
    size_after, wal_after = await _database(services.pool)
    calls = dict(storage.calls)
    stored = sum([found.size_bytes async for found in storage.list("")])
    music = [event.data.usage.units for event in events if isinstance(event.data, MusicComposed)]
    effects = [event.data.usage.units for event in events if isinstance(event.data, EffectRendered)]
    await asyncio.sleep(REST_SECONDS + 2)
    idle_began, idle_spent = time.monotonic(), cpu_seconds()
    await asyncio.sleep(IDLE_SECONDS)
    idle_cpu = (cpu_seconds() - idle_spent) / (time.monotonic() - idle_began) * 3600
    return {
        "performed": plan,
        "engines": ", ".join(PLANS[plan].values()),
        "seconds": round(duration, 1),
        "characters": len(text),
        "lines": sum(isinstance(event.data, LineSpoken) for event in events),
        "music_clips": len(music),
        "music_seconds": round(sum(music), 1),
        "effect_clips": len(effects),
        "effect_seconds": round(sum(effects), 1),
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(spent, 1),
        "memory_gb": round(statistics.mean(held), 3),
        "idle_memory_gb": round(memory_gb(), 3),
        "idle_cpu_seconds_per_hour": round(idle_cpu, 1),
        "events": len(events),
        "database_bytes": size_after - size,
        "wal_bytes": wal_after - wal,
        "stored_bytes": stored,
        "storage_writes": calls.get("writes", 0),
        "storage_reads": calls.get("reads", 0),
    }


async def _database(pool: asyncpg.Pool) -> tuple[int, int]:
    size, wal = await pool.fetchrow(
        "select pg_database_size(current_database()), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    )
    return int(size), int(wal)


async def _sample(held: list[float]) -> None:
    while True:
        held.append(memory_gb())
        await asyncio.sleep(SAMPLE_SECONDS)


def written(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "[[footprint]]"
    for name, value in measured.items():
        yield f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", choices=PLANS, help="Only this one, to standard output (default: both, kept).")
    arguments = parser.parse_args()
    if arguments.plan:
        with postgres() as dsn, tempfile.TemporaryDirectory(prefix="narratix-footprint-", dir="/var/tmp") as home:
            measured = uvloop.run(measure(arguments.plan, fresh_database(dsn), Path(home)))
        print("\n".join(written(measured)))
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    lines = [
        "# What performing a story takes, as `python -m benchmarks.footprint` measured it. GB are 10^9 bytes.",
        f"measured = {dt.datetime.now(dt.UTC).date()}",
        f'story = "{STORY}"',
        f'machine = "{os.cpu_count()} cores, {_processor()}; commit {commit}"',
        "",
    ]
    for plan in PLANS:  # each in a process of its own, so that none finds the other's memory
        command = [sys.executable, "-m", "benchmarks.footprint", "--plan", plan]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines += told[told.index("[[footprint]]") :].splitlines()  # behind what the service logged
    FOOTPRINT.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(FOOTPRINT.read_text(encoding="utf-8"))


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
