"""Reads server-sent events as a browser does, and as a server would hand them to it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from prometheus_client import generate_latest
from starlette.types import Message

from narratix.web.broadcaster import Broadcaster
from narratix.web.metrics import Metrics
from narratix.web.seats import Seats
from narratix.web.streams import DROP, Stream, open_stream


@dataclass(frozen=True)
class Sent:
    event: str
    id: int | None
    data: Any


async def messages(answer: httpx2.Response) -> AsyncIterator[Sent]:
    event, id = "message", None
    data: list[str] = []
    async for line in answer.aiter_lines():
        if line == "":
            if data:
                yield Sent(event, id, json.loads("\n".join(data)))
            event, id, data = "message", None, []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "id":
            id = int(value)
        elif field == "data":
            data.append(value)


async def take(client: httpx2.AsyncClient, address: str, count: int = 10**9, **options: Any) -> list[Sent]:
    """The first `count` messages of a stream, or all of one that ends."""
    found: list[Sent] = []
    async with client.stream("GET", address, **options) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for message in messages(answer):
            found.append(message)
            if len(found) == count:
                break
    return found


class Listener:
    """A client's end of a stream, without a network: what it was sent, and whether it takes more."""

    def __init__(self) -> None:
        self.received = b""
        self.ended = False
        self.dropped = False
        self._takes = asyncio.Event()
        self._takes.set()
        self._gone = asyncio.Event()

    def stop_reading(self) -> None:
        self._takes.clear()

    def read_on(self) -> None:
        self._takes.set()

    def leave(self) -> None:
        self._gone.set()

    @property
    def versions(self) -> list[int]:
        return [int(found) for found in re.findall(rb"^id: (\d+)$", self.received, re.MULTILINE)]

    async def listen(
        self, shared: Broadcaster, job_id: UUID, after: int | None = None, with_events: bool = False,
        seats: Seats | None = None,
    ) -> None:  # fmt: skip
        """Until the stream is over."""
        seats = seats or Seats(1000, Metrics())
        stream = await open_stream(shared, seats, "192.0.2.1", job_id, after, with_events)
        assert stream is not None
        await self.follow(stream)

    async def follow(self, stream: Stream) -> None:
        """Until it is over."""
        await stream.run({"extensions": {DROP: {"call": self._drop}}}, self._receive, self._send)

    async def until(self, version: int) -> None:
        """Until it was sent this version."""
        async with asyncio.timeout(60):
            while version not in self.versions:
                await asyncio.sleep(0.01)

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        assert not self.ended, "nothing comes after the end"
        self.received += message["body"]
        if not message["more_body"]:
            self.ended = True
            self._gone.set()
        await self._takes.wait()

    def _drop(self) -> None:
        self.dropped = True
        self._gone.set()


def open_streams(metrics: Metrics) -> int:
    found = re.search(r"^narratix_streams (\d+)", generate_latest(metrics._registry).decode(), re.MULTILINE)
    assert found is not None
    return int(found[1])
