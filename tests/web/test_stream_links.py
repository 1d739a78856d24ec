"""Streams for pages of other origins: links that admit by themselves, and what browsers must be told."""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import structlog
from starlette.requests import HTTPConnection

from narratix.logging import configure_logging
from narratix.services import Services
from narratix.settings import Settings
from narratix.web.clients import LINK_SECONDS, Clients
from tests.web.event_stream import take
from tests.web.web_site import TEXT, Story, client_of


async def test_given_production_when_a_page_elsewhere_follows_the_link_then_it_gets_the_stream_and_nothing_else(
    services: Services,
) -> None:
    services.settings.environment = "production"
    async with client_of(services) as client:
        await client.get("/")
        submitted = (await client.post("/api/demo/submit", json={"text": TEXT})).json()
        story = Story(services, uuid.UUID(submitted["job_id"]))
        status = (await client.get(submitted["links"]["status"])).json()
    await story.record(*story.begun, story.ended)
    async with client_of(services) as stranger:
        for link in (submitted["links"]["events"], status["links"]["events"]):
            assert (await stranger.get(link.partition("?")[0])).status_code == 401
            assert [message.id for message in await take(stranger, f"{link}&after=3")] == [4, 5]
            token = link.partition("?")[2]
            for other in (f"/api/demo/status/{story.id}", f"/api/demo/events/{uuid.uuid4()}", "/api/demo/library"):
                assert (await stranger.get(f"{other}?{token}")).status_code == 401
            assert (await stranger.post(f"/api/demo/cancel/{story.id}?{token}")).status_code == 401


async def test_given_a_link_that_was_altered_or_is_too_old_then_it_admits_nobody(services: Services) -> None:
    now = 1_000_000.0
    services.settings.environment = "production"
    clients = Clients(services.settings, b"secret", clock=lambda: now)
    path = "/api/demo/events/x"
    token = parse_qs(urlsplit(clients.admitting(path, asked(path, ""))).query)["token"][0]
    expires, signature = token.split(".")

    def admits(given: str, path: str = path) -> bool:
        return clients._is_admitted_by_link(asked(path, given))

    assert admits(f"token={token}")
    assert not admits(f"token={token}", "/api/demo/events/y")
    for wrong in (f"{expires}0.{signature}", f"{expires}.{signature[:-1]}", f".{signature}", expires, "é.é", ""):
        assert not admits(f"token={wrong}")
    assert not admits(f"token={token}&token={token}")
    assert not admits("")
    now += LINK_SECONDS
    assert not admits(f"token={token}")


async def test_given_development_on_this_machine_then_links_carry_no_token(
    client: httpx2.AsyncClient, story: Story
) -> None:
    status = (await client.get(f"/api/demo/status/{story.id}")).json()
    assert status["links"]["events"] == f"/api/demo/events/{story.id}"


@pytest.mark.parametrize("environment", ["production", "development"])
async def test_given_whatever_happens_to_a_stream_then_its_token_is_in_no_log(
    services: Services,
    environment: Literal["production", "development"],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.settings.environment = environment
    async with client_of(services, address="192.0.2.1", raise_app_exceptions=False) as client:
        await client.get("/")
        link = (await client.post("/api/demo/submit", json={"text": TEXT})).json()["links"]["events"]
        token = link.partition("token=")[2]
        assert re.fullmatch(r"\d+\.[0-9a-f]{64}", token)

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a fault of ours")

        with rendered_logs(services.settings):
            assert (await client.get(f"{link}&after=x")).status_code == 422
            monkeypatch.setattr("narratix.web.routes.demo.open_stream", broken)
            assert (await client.get(link)).status_code == 500
    logged = capsys.readouterr().err
    assert "a fault of ours" in logged
    assert "demo.py" in logged
    assert token.partition(".")[2] not in logged


@contextlib.contextmanager
def rendered_logs(settings: Settings) -> Iterator[None]:
    """Logs as the service writes them, to stderr."""
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    configure_logging(settings)
    try:
        yield
    finally:
        structlog.configure(**before)
        root.handlers[:], root.level = handlers, level


def asked(path: str, query: str) -> HTTPConnection:
    return HTTPConnection(
        {"type": "http", "path": path, "query_string": query.encode(), "headers": [], "client": ("192.0.2.1", 1)}
    )
