"""A PostgreSQL for a benchmark: private, fresh, on a real disk with fsync on, and as slow to commit as one asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy.engine import make_url

from narratix.embedded.postgres import EmbeddedPostgres
from narratix.schema import migrate

T = TypeVar("T")

SLOW_DISK: Final = Path(__file__).parent / "slow_disk.c"
# /tmp is memory on many systems, and memory commits for nothing
DISK: Final = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())

seen: Final[dict[str, str]] = {}
"""What the reports say about the last server, or about those that ran together. Write reports after `postgres` has
ended."""

_running: Final[list[str]] = []


@contextlib.contextmanager
def postgres(slow_commit_ms: float | None = None, *, disk: Path = DISK) -> Iterator[str]:
    """The address of a server of its own, in a home below `disk` that is removed afterwards. With `slow_commit_ms`,
    no fdatasync of it takes less than so many milliseconds."""
    if not _running:
        seen.clear()
    with tempfile.TemporaryDirectory(prefix="narratix-bench-", dir=disk) as folder:
        _running.append(folder)
        Path(folder).chmod(0o755)  # or, as root, the data would go to a place that outlives this run
        found = fdatasync_ms(Path(folder))
        environment = {}
        if slow_commit_ms is not None:
            environment = {"LD_PRELOAD": str(_slow_disk(Path(folder))), "SLOW_COMMIT_MS": str(slow_commit_ms)}
            seen["slow commits"] = f"every fdatasync of the server takes {slow_commit_ms:g} ms or more"
        try:
            with EmbeddedPostgres(Path(folder), environment=environment) as dsn:
                seen["PostgreSQL"] = _run(_fetch(dsn, "show server_version"))
                yield dsn
        finally:
            _running.remove(folder)
        seen["disk"] = f"fdatasync of 8 kB took {found:.2f} ms before, {fdatasync_ms(Path(folder)):.2f} ms after"


def empty_database(dsn: str) -> str:
    """A new, empty database on the server of `dsn`."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    _run(_fetch(dsn, f"create database {name}"))
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


def fresh_database(dsn: str) -> str:
    """A new database on the server of `dsn`, with the tables of Narratix."""
    made = empty_database(dsn)
    _run(migrate(made))
    return made


def fdatasync_ms(folder: Path, times: int = 50) -> float:
    """Median milliseconds of writing 8 kB into the middle of a file in `folder` and waiting for the disk."""
    taken = []
    page = os.urandom(8192)
    with (folder / "probe").open("wb", buffering=0) as file:
        file.write(bytes(64 * 8192))
        os.fsync(file)
        for number in range(times):
            began = time.perf_counter()
            file.seek(number % 64 * 8192)
            file.write(page)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    (folder / "probe").unlink()
    return statistics.median(taken) * 1000


def _slow_disk(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        raise SystemExit(
            "Slow commits are emulated with a few lines of C, on Linux alone: install a C compiler "
            "(Debian: apt-get install gcc libc6-dev), or measure only the disk as it is."
        )
    library = folder / "slow_disk.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SLOW_DISK), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{compiler} could not compile {SLOW_DISK}: {done.stderr.strip()}")
    return library


async def _fetch(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """From anywhere, also from code that runs in an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
