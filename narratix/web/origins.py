"""Pages of other origins: what they may ask of this service, and what browsers must be told for it (CORS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS: Final = ("/api/demo/events/",)
"""Where paths begin that pages of other origins may ask for."""


class Origins:
    """Lets pages of the `allowed` origins ("https://host") read the open paths, with a token and without cookies."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=allowed,
            allow_methods=["GET"],
            allow_headers=["Last-Event-ID", "Cache-Control"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS)
        await (self._open if is_open else self._app)(scope, receive, send)
