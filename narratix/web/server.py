"""The web application: every part of it, put together over running services."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from narratix import __version__
from narratix.keys import Keys
from narratix.limits import RateLimit
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.library import LIBRARY
from narratix.projections.projection import Reader
from narratix.services import Services
from narratix.settings import Settings
from narratix.signing import signing_key
from narratix.web.bodies import BodyLimit
from narratix.web.broadcaster import Broadcaster, Times
from narratix.web.clients import Clients, GivesToken
from narratix.web.context import Web
from narratix.web.described import describe
from narratix.web.envelope import Envelope
from narratix.web.metrics import Metrics
from narratix.web.origins import Origins
from narratix.web.page import page_routes
from narratix.web.problems import EXCEPTION_HANDLERS
from narratix.web.rousing import Rousing
from narratix.web.routes import ROUTERS
from narratix.web.seats import Seats
from narratix.web.statuses import Statuses
from narratix.web.streams import OPENED, Stream

DESCRIPTION: Final = (
    "Text in, a full-cast audio drama out, and every step of its making on record. Submit a story, follow its events, "
    "fetch the result. Errors are problems in the sense of RFC 9457. Seconds are seconds, `start` and `end` are "
    "characters of the text as code points, loudness is in LUFS, true peaks in dBTP, costs in US dollars."
)

JSON_GROWTH: Final = 6
"""How many bytes of JSON a byte of text can take: a control character is written as six."""


class Api(FastAPI):
    """Keeps the streams running that its routes opened, when all the layers that a request goes through are done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened: list[Stream] = []
        try:
            await super().__call__({**scope, OPENED: opened}, receive, send)
            if opened and scope["method"] != "HEAD":
                await opened[0].run(scope, receive, send)
        finally:
            for stream in opened:
                stream.close()


def create_api(services: Services, times: Times | None = None) -> FastAPI:
    """The application over `services`. Its lifespan closes what it opened itself; the services stay their owner's.
    `times` are those of the event streams."""
    settings, metrics = services.settings, Metrics()
    broadcaster = Broadcaster(services.feed, services.store, times)
    services.feed.poll_while(lambda: broadcaster.watched > 0)
    web = Web(
        services=services,
        clients=Clients(settings, signing_key(settings)),
        statuses=Statuses(Reader(JOB_STATUS, services.pool), services.store),
        library=Reader(LIBRARY, services.pool),
        broadcaster=broadcaster,
        seats=Seats(settings.max_streams_per_address, metrics),
        keys=Keys(services.pool),
        rate_limit=RateLimit(services.pool, settings.rate_limit_per_minute),
        metrics=metrics,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await web.broadcaster.close()

    api = Api(
        title="Narratix",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers=dict(EXCEPTION_HANDLERS),
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    api.state.web = web
    api.openapi = lambda: describe(api)  # type: ignore[method-assign]
    for router in ROUTERS:
        api.include_router(router)
    api.router.routes.extend(_page(settings, settings.packages, web.clients))
    longest = settings.max_text_bytes
    api.add_middleware(BodyLimit, limit=JSON_GROWTH * longest + (1 << 16), longest=longest)
    services.quiet.open_while(lambda: broadcaster.watched > 0)
    api.add_middleware(Rousing, quiet=services.quiet)
    api.add_middleware(Envelope, metrics=metrics)
    if settings.allowed_origins:
        api.add_middleware(Origins, allowed=settings.allowed_origins)
    return api


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}"


def _page(settings: Settings, packages: Path, clients: Clients) -> list[Route]:
    """The page's routes; its documents bring the page's token."""
    routes = []
    for route in page_routes(packages, text_limit=settings.max_text_bytes, storage_origins=_storage_origins(settings)):
        assert isinstance(route, Route)
        if not route.path.startswith("/assets/"):
            route.app = GivesToken(route.app, clients)
        routes.append(route)
    return routes


def _storage_origins(settings: Settings) -> list[str]:
    """Where presigned addresses lead."""
    if not settings.uses_s3:
        return []
    endpoint = urlsplit(settings.s3_endpoint)
    return [f"{endpoint.scheme}://{endpoint.netloc}"]
