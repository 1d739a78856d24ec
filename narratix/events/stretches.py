"""Reading the log to check it: a stretch at a time, here or in processes of their own.

What such a process imports is kept small, since a verification waits for its start.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Final
from uuid import UUID

import asyncpg
import uvloop

from narratix.events.chain import Stretch
from narratix.events.copied import COLUMNS, entries

STRETCH: Final = 50_000
"""Events that are read in one go; a log that is no longer is not worth starting processes for."""

PROCESSES: Final = 4
STRETCH_SECONDS: Final = 300.0

_STRETCH: Final = f"select {COLUMNS} from events where position >= $1 and position <= $2 order by position"  # noqa: S608
_JOB: Final = f"select {COLUMNS} from events where stream_id = $1 order by version"  # noqa: S608
_NEXT: Final = "select min(position) from events where position > $1 and position <= $2"


async def job_stretch(pool: asyncpg.Pool, job_id: UUID) -> Stretch:
    """All events of a job."""
    stretch = Stretch(0, gapless=False)
    async with pool.acquire(timeout=10) as connection:
        await _copy(connection, stretch, _JOB, job_id)
    return stretch


async def stretches(pool: asyncpg.Pool, dsn: str | None, after: int, head: int) -> AsyncGenerator[Stretch]:
    """The log after a position and up to another, in order; with `dsn`, a long one is read by several processes."""
    if dsn is None or head - after <= STRETCH:
        async for first, until in _bounds(pool, after, head):
            async with pool.acquire(timeout=10) as connection:
                yield await _read(connection, first, until)
        return
    processes = min(len(os.sched_getaffinity(0)), PROCESSES)
    with _executor(processes) as executor:
        loop, ahead = asyncio.get_running_loop(), deque[asyncio.Future[Stretch]]()
        async for first, until in _bounds(pool, after, head):
            ahead.append(loop.run_in_executor(executor, _read_apart, dsn, first, until))
            if len(ahead) > processes:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()


async def _bounds(pool: asyncpg.Pool, after: int, head: int) -> AsyncIterator[tuple[int, int]]:
    """First and last position of every stretch. A wide gap costs one question, however wide."""
    while (first := await pool.fetchval(_NEXT, after, head)) is not None:
        after = min(first + STRETCH - 1, head)
        yield first, after


async def _read(connection: asyncpg.Connection, first: int, until: int) -> Stretch:
    stretch = Stretch(first - 1)
    await _copy(connection, stretch, _STRETCH, first, until)
    return stretch


async def _copy(connection: asyncpg.Connection, stretch: Stretch, query: str, *arguments: object) -> None:
    async def check(rows: bytes) -> None:
        stretch.check(entries(rows))

    await connection.copy_from_query(query, *arguments, output=check, format="binary", timeout=STRETCH_SECONDS)


# -- in processes of their own -----------------------------------------------------------------


@contextlib.contextmanager
def _executor(processes: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("forkserver")  # a fork of a service would copy the locks of its threads
    context.set_forkserver_preload([__name__])
    executor = ProcessPoolExecutor(processes, mp_context=context, initializer=_enter)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _enter() -> None:
    """Leave Ctrl-C to the process that asked, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _read_apart(dsn: str, first: int, until: int) -> Stretch:
    return uvloop.run(_read_with_own_connection(dsn, first, until))


async def _read_with_own_connection(dsn: str, first: int, until: int) -> Stretch:
    connection = await asyncpg.connect(dsn, timeout=10, statement_cache_size=0)
    try:
        return await _read(connection, first, until)
    finally:
        await connection.close(timeout=5)
