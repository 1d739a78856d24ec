"""Whoever comes wakes the service: it may have let go of the database while nobody was here."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from narratix.events.quiet import Quiet

LETS_REST: Final = ("/health/", "/metrics", "/status", "/assets/", "/favicon.ico", "/robots.txt")
"""What monitors and browsers ask for again and again, and what needs no news of jobs."""


class Rousing:
    """Pure ASGI: stirs `quiet` before any request but those of LETS_REST."""

    def __init__(self, app: ASGIApp, quiet: Quiet) -> None:
        self._app = app
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(LETS_REST):
            self._quiet.stir()
        await self._app(scope, receive, send)
