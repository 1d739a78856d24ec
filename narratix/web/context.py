"""What the routes work with, and what they ask of a request before they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from narratix.limits import RateLimit
from narratix.projections.library import Drama
from narratix.projections.projection import Reader
from narratix.services import Services
from narratix.web.broadcaster import Broadcaster
from narratix.web.clients import Clients
from narratix.web.listening import Addresses
from narratix.web.metrics import Metrics
from narratix.web.problems import Problem
from narratix.web.seats import Seats
from narratix.web.statuses import Statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    services: Services
    clients: Clients
    statuses: Statuses
    library: Reader[Drama]
    broadcaster: Broadcaster
    seats: Seats
    rate_limit: RateLimit
    metrics: Metrics
    addresses: Addresses = field(default_factory=Addresses)


def _web(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


Here = Annotated[Web, Depends(_web)]


def visitor(request: Request, web: Here) -> None:
    """The demo is for whoever has the page, and for everyone on this machine in development."""
    web.clients.admit_visitor(request)


def operator(request: Request, web: Here) -> None:
    """The log, the jobs and the figures are for operators."""
    web.clients.admit_operator(request)


async def rate_limited(request: Request, web: Here) -> None:
    """Counts the call, and puts on its answer how many are left."""
    permit = await web.rate_limit.take(web.clients.network(request))
    request.state.headers = permit.headers
    if not permit.passed:
        raise Problem(
            429,
            "Too many requests",
            f"One address can ask for {permit.limit} stories a minute. Wait a moment, then try again.",
            retry_after=permit.seconds,
        )


def _actor(request: Request, web: Here) -> str:
    return web.clients.pseudonym(request)


Actor = Annotated[str, Depends(_actor)]


def as_json(value: Any, status: int = 200) -> Response:
    """Values as they are; the models describe them, and the tests hold them to it."""
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, "application/json")
