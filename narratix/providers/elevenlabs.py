"""What the ElevenLabs adapters have in common: the address, the key, how many calls at once, and what errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from narratix.ports import ProviderError
from narratix.providers.http import Api, OutOfService, Reply

NAME: Final = "elevenlabs"
URL: Final = "https://api.elevenlabs.io"
FORMAT: Final = "mp3_44100_128"
"""Of all sound that is asked for: hertz, and kbit/s."""
MARK: Final = "narratix"
"""The label of voices that we made."""

QUEUE_SECONDS: Final = 1.0
QUEUE_TURNS: Final = 30
"""How often a call that came too early for the plan's concurrency is sent again before it is given up."""

NEVER_AGAIN: Final = frozenset(
    {"quota_exceeded", "invalid_api_key", "detected_unusual_activity", "voice_limit_reached"}
)


class ElevenLabs:
    """Calls to ElevenLabs. `calls` at once in this process; other processes are held off by the work's own limits, and
    where these are wrong, a call that came too early waits its turn."""

    def __init__(self, key: str, url: str = "", *, calls: int = 5, deadline: float = 120.0) -> None:
        self._api = Api("ElevenLabs", url or URL, {"xi-api-key": key}, deadline=deadline)
        self._seats = asyncio.Semaphore(calls)

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, json: Mapping[str, Any] | None = None
    ) -> Reply:
        """A reply of status 200. Raises ProviderError."""
        async with self._seats:
            for _ in range(QUEUE_TURNS):
                reply = await self._api.call(method, path, query=query, json=json)
                if reply.status == 200:
                    return reply
                status, message = _detail(reply)
                if (reply.status, status) != (429, "too_many_concurrent_requests"):
                    raise _problem(reply, status, message)
                await asyncio.sleep(QUEUE_SECONDS)
        raise ProviderError("ElevenLabs has more calls at once than its plan allows.", retry_after=QUEUE_SECONDS)

    async def close(self) -> None:
        await self._api.close()


def _detail(reply: Reply) -> tuple[str, str]:
    """The error's status and message. A 422 has a list of fields instead."""
    try:
        detail = msgspec.json.decode(reply.body)["detail"]
        if isinstance(detail, list):
            first = detail[0]
            return "unprocessable", f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        if isinstance(detail, str):
            return "", detail
        return str(detail["status"]), str(detail["message"])
    except (msgspec.MsgspecError, KeyError, TypeError, IndexError):
        return "", ""


def _problem(reply: Reply, status: str, message: str) -> ProviderError:
    if status in NEVER_AGAIN:
        return OutOfService(f"ElevenLabs refuses for good: {message}")
    match reply.status:
        case 401 | 403:
            return OutOfService("ElevenLabs does not accept the key; set ELEVENLABS_API_KEY anew.")
        case 402:
            return OutOfService("ElevenLabs wants to be paid first.")
        case 404:
            return ProviderError(
                f"ElevenLabs does not know what was asked for: {message or 'not found'}", permanent=True
            )
        case 408 | 409 | 425 | 429:
            return ProviderError("ElevenLabs is busy.", retry_after=reply.retry_after)
        case code if code >= 500:
            return ProviderError(f"ElevenLabs has a fault of its own (status {code}).", retry_after=reply.retry_after)
        case code:
            return ProviderError(f"ElevenLabs does not accept the call (status {code}): {message}", permanent=True)
