"""Engines that need the processor, in processes of their own, so that the event loop never stalls.

A worker loads its engine once and keeps it. Workers are started by a fork server, never forked from
the service itself: the service has threads, and a fork would copy their locks.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.forkserver as forkserver
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from typing import Final, ParamSpec, TypeVar

from narratix.ports import ProviderError

_PRELOADED: Final = (
    "narratix.providers.mastering.passage",
    "narratix.providers.mastering.reel",
    "narratix.providers.mastering.join",
    "narratix.providers.mastering.measure",
    "narratix.providers.music.composed",
    "narratix.providers.speech.hibari",
    "narratix.providers.speech.kokoro",
    "hibari.dsp",
    "hibari.g2p",
    "scipy.fft",
    "scipy.ndimage",
    "soundfile",
)
"""What workers need before they can do anything: half a second of work for each of them, done once by the fork server
instead, whose memory they share. What only those that speak need and load at once, onnxruntime, the others need not hold."""

REST_SECONDS: Final = 300.0
"""After this long without a call the workers end: a neural voice holds up to a gigabyte for each, which is paid for."""

BEHIND: Final = 10
"""The `nice` of engines that speak: most of what they make is made long before it is heard, while the mixing of a passage,
the answers of the web, and music, which is composed only when it is near, are waited for."""

P = ParamSpec("P")
T = TypeVar("T")


class EnginePool:
    """Runs functions in up to `workers` processes (default: one per core).

    `initializer(*initargs)` loads the engine, once per worker, before its first function; both must be
    importable by name. No process exists before the first `run`, after `close`, or when nothing was called for `rest`
    seconds (default: REST_SECONDS); the pool starts again when it is used again. At most two calls per worker are
    handed over at a time: the others wait here, where cancelling them costs nothing.

    `nice` is by how much the workers step back behind other processes when all cores are busy (see nice(2)): what is
    made ahead of its time need not hold up what somebody waits for.

    Errors of the function and of the initializer arrive as they were raised. A worker that dies takes the calls
    in flight with it: they raise a retriable ProviderError, and the next call finds fresh workers.
    """

    def __init__(
        self,
        workers: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[object, ...] = (),
        *,
        name: str = "engine",
        rest: float | None = None,
        nice: int = 0,
    ) -> None:
        self.workers = workers or available_cores()
        self._load = partial(initializer, *initargs) if initializer else None
        self._name = name
        self._nice = nice
        self._rest_seconds = REST_SECONDS if rest is None else rest
        self._under_way = 0
        self._resting: asyncio.TimerHandle | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._slots: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`fn(*args, **kwargs)` in a worker. A cancelled caller gets away at once; its call, when already
        running, ends by itself and is forgotten."""
        slots = self._slots_of_this_loop()
        await slots.acquire()
        try:
            executor, future = self._submit(partial(fn, *args, **kwargs))
        except BaseException:
            slots.release()
            raise
        self._begun()
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _told(loop, partial(self._ended, loop, slots)))
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as death:
            self._discard(executor)
            raise ProviderError(
                f"A worker process of the {self._name} ended abruptly, most often for want of memory; "
                "the work can be tried again."
            ) from death

    async def warm(self, fn: Callable[[], object] | None = None) -> None:
        """Have the workers there, each with its engine loaded and `fn` done once, so that a first call need not wait for
        that; return when they were told. Workers that are there already stay for another `rest` seconds, and that is all.
        What goes wrong is the next call's to tell."""
        loop, there = asyncio.get_running_loop(), self._executor
        self._slots_of_this_loop()
        executor = there or self._start()
        calls = [_nothing] if there else [fn or _nothing] * self.workers
        for call in calls:
            # this starts a process, for which the fork server may have to be waited for
            future = await asyncio.to_thread(_handed, executor, call)
            if future is None:
                return
            self._begun()
            future.add_done_callback(lambda _: _told(loop, partial(self._ended, loop)))

    async def close(self) -> None:
        """End the workers, whatever they are doing. Calls in flight raise a retriable ProviderError."""
        if self._resting is not None:
            self._resting.cancel()
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((executor._processes or {}).values())  # no public way ends a busy worker before 3.14
        for process in processes:
            process.kill()
        await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)

    def _begun(self) -> None:
        self._under_way += 1
        if self._resting is not None:
            self._resting.cancel()

    def _ended(self, loop: asyncio.AbstractEventLoop, slots: asyncio.Semaphore | None = None) -> None:
        if slots is not None:
            slots.release()
        self._under_way -= 1
        if not self._under_way:
            self._resting = loop.call_later(self._rest_seconds, self._rest)

    def _rest(self) -> None:
        if self._executor is not None and not self._under_way:
            self._discard(self._executor)

    def _submit(self, call: Callable[[], T]) -> tuple[ProcessPoolExecutor, Future[T]]:
        executor = self._executor or self._start()
        try:
            return executor, executor.submit(_call, call)
        except BrokenProcessPool:  # a worker died while idle: nothing of ours was lost
            self._discard(executor)
            executor = self._start()
            return executor, executor.submit(_call, call)

    def _start(self) -> ProcessPoolExecutor:
        self._executor = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("forkserver"),
            initializer=_enter,
            initargs=(self._load, self._nice),
        )
        return self._executor

    def _discard(self, executor: ProcessPoolExecutor) -> None:
        if self._executor is executor:
            self._executor = None
        executor.shutdown(wait=False, cancel_futures=True)

    def _slots_of_this_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._slots is None or self._loop is not loop:
            self._slots, self._loop, self._under_way = asyncio.Semaphore(2 * self.workers), loop, 0
        return self._slots


def prepare() -> None:
    """Start the fork server, which then loads what workers need while the service waits for its first job."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(_PRELOADED))
    forkserver.ensure_running()


def available_cores() -> int:
    """Cores that this process may use: a container's limit counts, the machine's size does not."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _handed(executor: ProcessPoolExecutor, call: Callable[[], object]) -> Future[object] | None:
    """None where the executor has ended meanwhile."""
    try:
        return executor.submit(_call, call)
    except RuntimeError:  # a broken pool's too
        return None


def _told(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(ended)


# -- in the worker -----------------------------------------------------------------------------

_load: Callable[[], object] | None = None


def _enter(load: Callable[[], object] | None, nice: int) -> None:
    """The terminal's Ctrl-C is the service's to answer; a worker ends when the service does."""
    global _load
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _load = load


def _nothing() -> None:
    """For a worker that is only to be there."""


def _call(call: Callable[[], T]) -> T:
    # Loading here, not in the executor's initializer, lets its error reach the caller instead of
    # breaking the pool without a reason.
    global _load
    if _load is not None:
        _load()
        _load = None
    return call()


def _die_with_parent() -> None:
    """Portable, and right under a fork server, whose own death is all that PR_SET_PDEATHSIG would see: the
    sentinel is a pipe that the service holds open, and SIGKILL closes it too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
