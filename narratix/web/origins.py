"""Pages of other origins: what they may ask of this service, and what browsers must be told for it (CORS).

The list of origins is closed, and nobody's cookies count: a page elsewhere brings an API key, or a link that admits by
itself. Without a list nothing of this is sent, and browsers keep other pages away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS: Final = ("/api/", "/files/", "/health/", "/openapi.json")
"""Where paths begin that pages of other origins may ask for: what programs use, and none of our own pages."""

METHODS: Final = ("GET", "HEAD", "POST")
SENT: Final = ("Authorization", "Cache-Control", "Idempotency-Key", "Last-Event-ID", "Range", "X-Request-Id")
READ: Final = (
    *("Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate", "X-Request-Id", "Link"),
    *("Accept-Ranges", "Content-Disposition", "Content-Range"),
)


class Origins:
    """Lets pages of the `allowed` origins ("https://host") ask for the open paths. Raises ValueError for "*"."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        if "*" in allowed:
            raise ValueError("every origin is no list of origins")
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=allowed,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=READ,
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS)
        await (self._open if is_open else self._app)(scope, receive, send)
