"""A receiver as strict as Standard Webhooks asks for, its check written from the standard and from nothing of ours."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback import on_loopback

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes, or more").decode()


def verified(secret: str, headers: Any, body: bytes) -> dict[str, Any]:
    """The message, or AssertionError. https://www.standardwebhooks.com: whsec_ + base64, id.timestamp.body, v1."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret[len("whsec_") :])
    id, sent = headers["webhook-id"], headers["webhook-timestamp"]
    assert abs(time.time() - int(sent)) < 300
    signed = id.encode() + b"." + sent.encode() + b"." + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert right in headers["webhook-signature"].split(" ")
    message: dict[str, Any] = json.loads(body)
    assert {"type", "timestamp", "data"} == set(message)
    return message


@dataclass
class Receiver:
    """Answers in turn with `answers`, then 204. A message that does not verify is answered 401 and kept apart."""

    secret: str = SECRET
    answers: list[int | str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    forged: int = 0
    hosts: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def hook(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.hosts.append(request.headers["Host"])
        try:
            message = verified(self.secret, request.headers, body)
        except (AssertionError, KeyError, ValueError):
            self.forged += 1
            return web.Response(status=401)
        self.heard.append((request.headers["webhook-id"], message))
        self.bodies.append(body)
        answer = self.answers.pop(0) if self.answers else 204
        if answer == "stall":
            await asyncio.sleep(30)
        if answer == "endless":
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(b"x" * 65536)
            return response
        if answer == "redirect":
            return web.Response(status=307, headers={"Location": f"{self.url}/elsewhere"})
        assert isinstance(answer, int)
        return web.Response(status=answer, headers=self.headers)

    async def elsewhere(self, _request: web.Request) -> web.Response:
        self.heard.append(("redirected", {}))
        return web.Response()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def receiver(secret: str = SECRET, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """On a free port of loopback; behind https with `tls`."""
    receiver = Receiver(secret)
    application = web.Application()
    application.router.add_post("/hook", receiver.hook)
    application.router.add_post("/elsewhere", receiver.elsewhere)
    async with on_loopback(application, tls) as receiver.url:
        yield receiver
