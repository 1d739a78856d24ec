"""Server-sent events over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

PING_SECONDS: Final = 15
STALLED_SECONDS: Final = 30
GRACE_SECONDS: Final = 1.0
"""Between the signal to shut down and the end of streams that did not end by themselves."""


class EventStream(EventSourceResponse):
    """A stream that holds what it needs (a channel, a seat) until it has ended, however it ends."""

    def __init__(self, chunks: AsyncIterator[bytes], holds: AsyncExitStack) -> None:
        super().__init__(
            chunks,
            headers={"Cache-Control": "no-store, no-transform"},
            sep="\n",
            ping=PING_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="still here", sep="\n"),
            send_timeout=STALLED_SECONDS,
            shutdown_grace_period=GRACE_SECONDS,
        )
        self._holds = holds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._holds:
            await super().__call__(scope, receive, send)
