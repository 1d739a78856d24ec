"""Server-sent events over HTTP: one client's stream, which costs next to nothing while nothing happens.

Streams of jobs are answered here and not by sse-starlette, which holds four tasks, a generator and the whole stack of
middlewares per client: at 1,000 streams that was 63 kB each. Here a stream is one sleeping coroutine; what it sends is
begun by whoever has news, and only a client that cannot take it at once gets a task of its own. See benchmarks/sse.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine, Generator
from typing import Any, Final
from uuid import UUID

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from narratix.events.store import UNREACHABLE
from narratix.web.broadcaster import Broadcaster
from narratix.web.channel import Channel
from narratix.web.seats import Seats

log = structlog.get_logger(__name__)

OPENED: Final = "narratix.opened"
"""In a scope: the list of streams that its request opened, for whoever keeps them running (see server.py)."""

DROP: Final = "narratix.drop"
"""An ASGI extension: its `call` drops the connection at once, with all that was not sent yet (see serve.py)."""

RETRY_MILLISECONDS: Final = range(1000, 3000)
"""When a client is to come back; spread, so that after a restart not all come at once."""

EARLIEST_END: Final = 0.93
"""Of the lifetime; spread for the same reason."""

STILL_HERE: Final = b": still here\n\n"


async def open_stream(
    broadcaster: Broadcaster, seats: Seats, client: str, job_id: UUID, after: int | None, with_events: bool
) -> Stream | None:
    """A stream of every version after `after`, or from the present status on. None when the job has ended and the
    client has had all of it. To be run or closed. Raises Problem (429), NoSuchJob."""
    seats.take(client)
    try:
        channel = await broadcaster.open(job_id)
    except BaseException:
        seats.leave(client)
        raise
    stream = Stream(broadcaster, channel, seats, client, after, with_events)
    if channel.delivered(after):
        stream.close()
        return None
    return stream


class Stream:
    """One client's place in a channel: every version once, in order, up to the job's end."""

    __slots__ = (
        "_broadcaster",
        "_busy",
        "_channel",
        "_client",
        "_closed",
        "_cursor",
        "_drop",
        "_ends_at",
        "_leash",
        "_over",
        "_ping",
        "_seats",
        "_send",
        "_task",
        "_with_events",
    )

    def __init__(
        self,
        broadcaster: Broadcaster,
        channel: Channel,
        seats: Seats,
        client: str,
        after: int | None,
        with_events: bool,
    ) -> None:
        self._broadcaster = broadcaster
        self._channel = channel
        self._seats = seats
        self._client = client
        self._cursor = channel.version - 1 if after is None else min(after, channel.version)
        self._with_events = with_events
        self._busy = self._ping = self._closed = self._over = False
        lifetime = broadcaster.times.lifetime * random.uniform(EARLIEST_END, 1)
        self._ends_at = asyncio.get_running_loop().time() + lifetime
        self._task: asyncio.Task[None] | None = None
        self._leash: asyncio.Timeout | None = None

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the client has everything, goes, or is cut off; the answer's head has been sent."""
        self._send = send
        self._drop = scope.get("extensions", {}).get(DROP, {"call": _keep})["call"]
        try:
            self._channel.listeners.add(self)
            self._over = self._broadcaster.closing
            self.tell()
            while (await receive())["type"] != "http.disconnect":  # which also follows the end of the answer
                pass
        finally:
            self.close()

    def close(self) -> None:
        """Give back what was held."""
        if not self._closed:
            self._closed = True
            self._channel.listeners.discard(self)
            self._broadcaster.leave(self._channel)
            self._seats.leave(self._client)
            if self._task is not None:
                self._task.cancel()

    # -- what the channel says -------------------------------------------------------------

    def tell(self) -> None:
        """Send what the client has not had. If it cannot take it at once, a task sees to it."""
        if self._busy or self not in self._channel.listeners:
            return
        self._busy = True
        try:
            rest = begin(self._catch_up())
        except Exception as problem:
            self._give_up(problem)
            return
        if rest is None:
            self._busy = False
        else:
            self._task = asyncio.create_task(self._finish(rest), name="stream")

    def tick(self, now: float) -> None:
        self._ping = True
        self._over = self._over or now >= self._ends_at
        self.tell()

    def end(self) -> None:
        self._over = True
        if self._leash is not None and not self._leash.expired():
            self._leash.reschedule(asyncio.get_running_loop().time() + self._broadcaster.times.grace)
        self.tell()

    # -- sending ---------------------------------------------------------------------------

    async def _finish(self, rest: Rest) -> None:
        """What was begun, and what has come since, from a client that gets on with it."""
        try:
            async with asyncio.timeout(self._patience) as self._leash:
                await rest
        except Exception as problem:
            self._give_up(problem)
        else:
            self._busy = False
        finally:
            self._leash = self._task = None

    async def _catch_up(self) -> None:
        channel = self._channel
        while not (self._over or channel.broken):
            if self._cursor + 1 < channel.first:
                if self._leash is None:
                    await asyncio.sleep(0)  # waiting for the database needs the task that `tell` makes
                async for chunk, version in channel.older(self._cursor, self._with_events):
                    await self._write(chunk)
                    self._cursor = version
            elif self._cursor < channel.version:
                chunk, self._cursor = channel.chunk(self._cursor, self._with_events)
                await self._write(chunk)
            elif channel.ended:
                break
            elif self._ping:
                await self._write(STILL_HERE)
            else:
                return
        self._channel.listeners.discard(self)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, body: bytes) -> None:
        self._ping = False
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        if self._leash is not None:
            self._leash.reschedule(asyncio.get_running_loop().time() + self._patience)

    @property
    def _patience(self) -> float:
        times = self._broadcaster.times
        return times.grace if self._broadcaster.closing else times.stalled

    def _give_up(self, problem: Exception) -> None:
        """Drop the connection; the client comes back with its cursor, and misses nothing."""
        self._channel.listeners.discard(self)
        if self._leash is not None and self._leash.expired():
            log.info("reader_stalled", job_id=str(self._channel.job_id), version=self._cursor)
        elif isinstance(problem, (*UNREACHABLE, TimeoutError)):
            log.warning("stream_dropped", reason=str(problem) or type(problem).__name__)
        else:
            log.error("stream_broken", job_id=str(self._channel.job_id), exc_info=problem)
        self._drop()


class EventStream(Response):
    """The head of the answer. The stream goes on in whoever keeps it running, so that it does not hold on to all the
    layers that a request goes through."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
        self._stream = stream

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        scope[OPENED].append(self._stream)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        retry = b"retry: %d\n\n" % random.choice(RETRY_MILLISECONDS)
        await send({"type": "http.response.body", "body": retry, "more_body": True})


# -- a coroutine, begun by hand ----------------------------------------------------------------


class Rest:
    """What is left of a coroutine that was begun and had to wait for `blocker`."""

    __slots__ = ("_blocker", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, None], blocker: Any) -> None:
        self._coroutine = coroutine
        self._blocker = blocker

    def __await__(self) -> Generator[Any, Any, None]:
        with contextlib.suppress(StopIteration):
            while True:
                try:
                    yield self._blocker
                except BaseException as thrown:
                    self._blocker = self._coroutine.throw(thrown)
                else:
                    self._blocker = self._coroutine.send(None)


def begin(coroutine: Coroutine[Any, Any, None]) -> Rest | None:
    """Run `coroutine` up to where it has to wait, and return what is left of it, to be awaited in a task; None when it
    came to its end. Almost always it does, and a task, its memory and its turn of the loop are saved.

    (From Python 3.12 on, `asyncio.Task(..., eager_start=True)` is the same.) Up to its first wait the coroutine runs
    in the caller's task, so it must not use what belongs to a task, such as `asyncio.timeout`.
    """
    try:
        return Rest(coroutine, coroutine.send(None))
    except StopIteration:
        return None


def _keep() -> None:
    """Where the server has no way to drop a connection, TCP gives it up in the end."""
