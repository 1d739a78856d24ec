"""Reads server-sent events as a browser does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2


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
