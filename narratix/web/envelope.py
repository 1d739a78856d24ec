"""The outermost layer: what holds for every answer, whoever gives it.

A correlation id, the security headers, HEAD as GET without its body, figures for the metrics, and a plain problem
instead of whatever went wrong unforeseen. Pure ASGI, so that streams pass through untouched.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from sse_starlette.sse import SendTimeoutError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narratix.tracing import span
from narratix.web.metrics import Metrics
from narratix.web.problems import Problem

log = structlog.get_logger(__name__)

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}
"""Pages bring a policy of their own, which stays."""

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{8,128}")


class Envelope:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        method = scope["method"]
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0
        began = time.perf_counter()

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, request_id, state.get("headers", {}))
            if method != "HEAD":
                await send(message)
            elif message["type"] == "http.response.start":
                # The answer is complete with its head.
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        inner = {**scope, "method": "GET"} if method == "HEAD" else scope
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            span(f"{method} request", **{"http.request.method": method}) as note,
        ):
            try:
                await self._app(inner, receive, send_dressed)
            except SendTimeoutError:
                log.info("reader_stalled", path=scope["path"])
            except Exception:
                log.exception("request_failed", method=method, path=scope["path"])
                if status:
                    raise
                await _fault(request_id).response()(inner, receive, send_dressed)
            finally:
                route = getattr(inner.get("route"), "path", "page" if status == 200 else "none")
                self._metrics.answered(method, route, status, time.perf_counter() - began)
                note.rename(f"{method} {route}")
                note.say(**{"http.route": route, "http.response.status_code": status})


def _dress(message: Message, request_id: str, more: Mapping[str, str]) -> None:
    message.setdefault("headers", [])
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = request_id
    for name, value in (*SECURITY_HEADERS.items(), *more.items()):
        headers.setdefault(name, value)


def _request_id(headers: Headers) -> str:
    """The one that was sent along, if it looks like one; else a new one."""
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else secrets.token_hex(16)


def _fault(request_id: str) -> Problem:
    return Problem(
        500,
        "Something went wrong here",
        "This was our fault and has been noted. Try again; if it stays, tell us the request_id.",
        request_id=request_id,
    )
