"""Many readers of event streams in one process, which check afterwards that nothing was lost, doubled or out of order.

While the clock runs a reader does nothing but keep what comes and look for the last version it waits for: what is
measured is the server.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

AT_ONCE: Final = 200
"""Connections that are being opened at the same time."""

PATIENCE: Final = 120.0
_VERSION: Final = re.compile(rb'"version":(\d+),')


class LostDelivery(Exception):
    """A reader did not get every version once, in order."""


class Reader(asyncio.Protocol):
    """One stream. `ready` when its head is there."""

    __slots__ = ("_crowd", "_parts", "_path", "_tail", "_times", "lost", "ready", "transport")

    def __init__(self, crowd: Crowd, path: str) -> None:
        self._crowd = crowd
        self._path = path
        self._parts: list[bytes] = []
        self._times: list[float] = []
        self._tail = b""
        self.lost = False
        self.ready: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # that of uvloop is no subclass
        head = f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        self.transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        if self.ready is not None:
            self._tail += data
            if b"\r\n\r\n" not in self._tail:
                return
            assert self._tail.startswith(b"HTTP/1.1 200"), self._tail
            self.ready.set_result(None)
            self.ready = None
        crowd = self._crowd
        self._parts.append(data)
        if crowd.timed:
            self._times.append(time.time())
        if crowd.marker and (crowd.marker in data or crowd.marker in self._tail + data[:64]):
            crowd.finished_one()
        self._tail = data[-64:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.ready is not None:
            self.ready.set_exception(LostDelivery(f"The connection for {self._path} ended before it began: {exc}"))

    def versions(self) -> list[int]:
        """What came since this was last asked."""
        found = [int(version) for version in _VERSION.findall(b"".join(self._parts))]
        self._parts.clear()
        return found

    def arrivals(self) -> list[tuple[float, bytes]]:
        """What came since this was last asked, each part with its time in seconds of the epoch, in a timed crowd."""
        found = list(zip(self._times, self._parts, strict=True))
        self._times.clear()
        self._parts.clear()
        return found


class Crowd:
    """Readers that are all connected. `timed`: they note when something comes."""

    def __init__(self, timed: bool = False) -> None:
        self.timed = timed
        self.readers: list[Reader] = []
        self.marker = b""
        self._missing = 0
        self._all = asyncio.Event()

    def expect(self, version: int) -> None:
        """From now on, wait for the message of `version`."""
        for reader in self.readers:
            reader.versions()
        self.marker = b'"version":%d,' % version
        self._missing = len(self.readers)
        self._all.clear()

    def finished_one(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._all.set()

    async def all_have_it(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._all.wait()
        except TimeoutError:
            cut = sum(reader.lost for reader in self.readers)
            raise LostDelivery(
                f"{self._missing} readers still wait after {PATIENCE:g} s; {cut} were cut off."
            ) from None

    def check(self, versions: Sequence[int]) -> None:
        """Everybody got exactly these since `expect`. Raises LostDelivery."""
        for number, reader in enumerate(self.readers):
            if (got := reader.versions()) != list(versions):
                raise LostDelivery(f"Reader {number} got {got} where {list(versions)} was sent.")

    async def _open(self, host: str, port: int, path: str) -> None:
        reader = Reader(self, path)
        ready = reader.ready
        assert ready is not None
        await asyncio.get_running_loop().create_connection(lambda: reader, host, port)
        await ready
        self.readers.append(reader)


@asynccontextmanager
async def crowd(host: str, port: int, paths: Sequence[str], *, timed: bool = False) -> AsyncIterator[Crowd]:
    """A reader of each path, connected."""
    made = Crowd(timed)
    try:
        for start in range(0, len(paths), AT_ONCE):
            await asyncio.gather(*(made._open(host, port, path) for path in paths[start : start + AT_ONCE]))
        await asyncio.sleep(1)  # for what a stream begins with
        yield made
    finally:
        for reader in made.readers:
            reader.transport.abort()
