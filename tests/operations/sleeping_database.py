"""A database that is paid by the hour, as Neon's: it sleeps when nobody asks it anything, cuts off who only listens, and
wakes for whoever connects. In front of a real PostgreSQL, whose statistics stay to be asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from sqlalchemy.engine import make_url


class SleepingDatabase:
    """Sleeps after `after` seconds without a word from a client and without a question that waits for its answer; takes
    `cold` seconds to wake."""

    def __init__(self, sockets: str, *, after: float, cold: float) -> None:
        self._socket = f"{sockets}/.s.PGSQL.5432"
        self._after = after
        self._cold = cold
        self._asked = time.monotonic()
        self._since = time.monotonic()
        self._awake_before = 0.0
        self._wires: set[asyncio.StreamWriter] = set()
        self._unanswered: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._waking = asyncio.Lock()
        self.asleep = True
        self.woken = 0

    @property
    def connections(self) -> int:
        """Those that are open, and those that are being opened and will wake it."""
        return len(self._serving)

    @property
    def awake_seconds(self) -> float:
        """What would be paid for."""
        return self._awake_before + (0 if self.asleep else time.monotonic() - self._since)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._wake()
        server, served = await asyncio.open_unix_connection(self._socket)
        self._wires |= {writer, served}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, served, self._asks))
                group.create_task(self._carry(server, writer, lambda _: self._unanswered.discard(served)))
        finally:
            self._wires -= {writer, served}
            self._unanswered.discard(served)
            for end in (writer, served):
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def close(self) -> None:
        """Cut everybody off."""
        for wire in self._wires:
            wire.transport.abort()
        await asyncio.gather(*self._serving)

    async def _wake(self) -> None:
        async with self._waking:
            self._asked = time.monotonic()
            if self.asleep:
                await asyncio.sleep(self._cold)
                self.asleep, self._since = False, time.monotonic()
                self.woken += 1

    def _asks(self, server: asyncio.StreamWriter) -> None:
        self._asked = time.monotonic()
        self._unanswered.add(server)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notice: Callable[[asyncio.StreamWriter], None]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                notice(writer)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def doze(self) -> None:
        """Fall asleep when nobody asks, for ever."""
        while True:
            await asyncio.sleep(min(0.05, self._after))
            if not self.asleep and not self._unanswered and time.monotonic() - self._asked > self._after:
                self.asleep = True
                self._awake_before += time.monotonic() - self._since
                for wire in self._wires:
                    wire.transport.abort()


@contextlib.asynccontextmanager
async def sleeping_database(dsn: str, *, after: float, cold: float) -> AsyncIterator[tuple[SleepingDatabase, str]]:
    """The database of `dsn` (a unix socket, no password) as one that sleeps, and its address."""
    url = make_url(dsn)
    database = SleepingDatabase(str(url.query["host"]), after=after, cold=cold)
    server = await asyncio.start_server(database.serve, "127.0.0.1", 0)
    dozing = asyncio.create_task(database.doze())
    port = server.sockets[0].getsockname()[1]
    try:
        yield database, f"postgresql://{quote(str(url.username))}@127.0.0.1:{port}/{url.database}?sslmode=disable"
    finally:
        dozing.cancel()
        server.close()
        await database.close()
