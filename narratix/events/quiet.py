"""Quiet: with nothing open for a while, this process asks the database nothing until somebody comes.

Databases that are paid by the hour sleep when nobody asks them anything, and cut off who only listens. So whoever asks
on a timer, or connects anew after a connection was lost, waits for `awake()` first; and whoever brings something to do
calls `stir()`. A listener that is not cut off goes on listening, which is no question, and what it hears stirs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

LOOKS: Final = 10
"""How often it is asked whether anything is open, within the time after which all is quiet."""


class Quiet:
    """Rests after `seconds` in which nothing stirred and nothing was open; None: never."""

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._stirred = clock()
        self._open: list[Callable[[], bool]] = []
        self._settling: list[Callable[[], Awaitable[None]]] = []
        self._awake = asyncio.Event()
        self._awake.set()

    @property
    def resting(self) -> bool:
        return not self._awake.is_set()

    def open_while(self, open: Callable[[], bool]) -> None:
        """No rest while `open()`; it is asked often and must be cheap."""
        self._open.append(open)

    def before_rest(self, settle: Callable[[], Awaitable[None]]) -> None:
        """Call this when all is quiet, before the rest begins: for what would otherwise be due during it."""
        self._settling.append(settle)

    def stir(self) -> None:
        """There is, or may soon be, something to do."""
        self._stirred = self._clock()
        if self.resting:
            log.info("awake")
            self._awake.set()

    async def awake(self) -> None:
        """Return at once while awake; else when somebody stirs."""
        await self._awake.wait()

    async def run(self) -> None:
        """Rest and wake for ever."""
        if self._seconds is None:
            return
        while True:
            await self._quiet_for(self._seconds)
            stirred = self._stirred
            for settle in self._settling:
                await settle()
            if self._stirred == stirred and not self._anything_open():
                log.info("rests", after=self._seconds)
                self._awake.clear()
                await self._awake.wait()

    async def _quiet_for(self, seconds: float) -> None:
        since = self._clock()
        while (now := self._clock()) - max(since, self._stirred) < seconds:
            await asyncio.sleep(max(0.01, min(seconds / LOOKS, seconds - (now - max(since, self._stirred)))))
            if self._anything_open():
                since = self._clock()

    def _anything_open(self) -> bool:
        return any(open() for open in self._open)
