"""A limit on what a request may send, kept before and while it is read."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narratix.web.problems import TOO_LARGE, Problem

_CLOSING: Final = {"Connection": "close"}
"""What was not read is not waited for."""


class BodyLimit:
    """Refuses a larger body with 413: at once where its length is declared, else as soon as it passes the limit."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await Problem(413, "Too large", TOO_LARGE).response(_CLOSING)(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise HTTPException(413, headers=_CLOSING)
            return message

        await self._app(scope, receive_limited, send)
