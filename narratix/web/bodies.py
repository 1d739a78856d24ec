"""A limit on what a request may send, kept before and while it is read.

Two limits: on the bytes of the body, and on each string in it once its escapes are read, which is what the length of a
story means. A story that is one byte too long is refused at that byte, whatever would have followed.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narratix.web.problems import TOO_LARGE, Problem

_CLOSING: Final = {"Connection": "close"}
"""What was not read is not waited for."""

_TOKEN: Final = re.compile(rb'"|\\u([0-9a-fA-F]{4})|(\\(?:u[0-9a-fA-F]{0,3})?\Z)|\\.', re.DOTALL)
"""What ends or begins a string, or is shorter in UTF-8 than it is written; the last group is cut off by the chunk."""


class LongestString:
    """The longest string of a JSON text that comes in chunks: `size` is its bytes in UTF-8, as far as it was read."""

    def __init__(self) -> None:
        self.size = 0
        self._current = 0
        self._inside = False
        self._cut_off = b""

    def read(self, chunk: bytes) -> None:
        data, at = self._cut_off + chunk, 0
        self._cut_off = b""
        for token in _TOKEN.finditer(data):
            self._count(token.start() - at)
            at = token.end()
            code, cut_off = token.groups()
            if cut_off is not None:
                self._cut_off = cut_off
            elif code is not None:
                self._count(_utf8_size(int(code, 16)))
            elif token[0] == b'"':
                self._inside = not self._inside
                self._current = 0
            else:
                self._count(1)
        self._count(len(data) - at)

    def _count(self, size: int) -> None:
        if self._inside:
            self._current += size
            self.size = max(self.size, self._current)


def _utf8_size(code_unit: int) -> int:
    """Bytes of a UTF-16 code unit; a surrogate is half of a character of four."""
    if code_unit < 0x80:
        return 1
    return 2 if code_unit < 0x800 or 0xD800 <= code_unit < 0xE000 else 3


class BodyLimit:
    """Refuses with 413 a body of more than `limit` bytes, at once where its length is declared, and one with a string
    of more than `longest` bytes: as soon as it passes the limit, without reading on."""

    def __init__(self, app: ASGIApp, limit: int, longest: int) -> None:
        self._app = app
        self._limit = limit
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await Problem(413, "Too large", TOO_LARGE).response(_CLOSING)(scope, receive, send)
            return
        read, strings = 0, LongestString()

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            body = message.get("body", b"")
            read += len(body)
            strings.read(body)
            if read > self._limit or strings.size > self._longest:
                raise HTTPException(413, headers=_CLOSING)
            return message

        await self._app(scope, receive_limited, send)
