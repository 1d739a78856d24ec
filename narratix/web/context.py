"""What the routes work with, and what they ask of a request before they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from narratix.keys import ApiKey, Keys, Scope
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
    keys: Keys
    metrics: Metrics
    addresses: Addresses = field(default_factory=Addresses)


def _web(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


Here = Annotated[Web, Depends(_web)]

NEWEST_VERSION: Final = 2**31 - 1
"""The highest that a job's version can be."""

LAST_POSITION: Final = 2**63 - 1
"""The highest that a position of the log can be."""


async def visitor(request: Request, web: Here) -> None:
    """The demo is for whoever has the page or a key, and for everyone on this machine in development."""
    if not await _opened_by_key(request, web, "submit"):
        web.clients.admit_visitor(request)


async def operator(request: Request, web: Here) -> None:
    """The log, the jobs and the figures are for auditors and operators."""
    if not await _opened_by_key(request, web, "audit"):
        web.clients.admit_operator(request)


async def administrator(request: Request, web: Here) -> None:
    """What changes more than a caller's own jobs is for who runs the service."""
    if not await _opened_by_key(request, web, "admin"):
        web.clients.admit_operator(request)


async def _opened_by_key(request: Request, web: Web, scope: Scope) -> bool:
    """Whether the request brings a key that opens `scope`; False when it brings none. Raises Problem (401, 403)."""
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return False
    key = await web.keys.find(presented.strip()) if scheme.casefold() == "bearer" else None
    if key is None:
        raise Problem(
            401, "This key opens nothing", "It is not a key of this service, or it has ended. Ask for another."
        )
    if not key.may(scope):
        raise Problem(403, "This key does not open this", f"It would need the scope {scope!r}.")
    request.state.key = key
    return True


def _caller(request: Request, web: Web) -> str:
    """What limits are counted by: the key, or the address."""
    key: ApiKey | None = getattr(request.state, "key", None)
    return web.clients.network(request) if key is None else f"key:{key.id}"


async def rate_limited(request: Request, web: Here) -> None:
    """Counts the call, and puts on its answer how many are left."""
    permit = await web.rate_limit.take(_caller(request, web))
    request.state.headers = permit.headers
    if not permit.passed:
        raise Problem(
            429,
            "Too many requests",
            f"One client can ask for {permit.limit} stories a minute. Wait a moment, then try again.",
            retry_after=permit.seconds,
        )


def _actor(request: Request, web: Here) -> str:
    key: ApiKey | None = getattr(request.state, "key", None)
    return web.clients.pseudonym(request) if key is None else f"key:{key.id}"


Actor = Annotated[str, Depends(_actor)]


def as_json(value: Any, status: int = 200) -> Response:
    """Values as they are; the models describe them, and the tests hold them to it."""
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, "application/json")
