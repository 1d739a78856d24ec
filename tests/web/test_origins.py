"""Pages of other origins: which may ask for what, and what browsers are told."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from narratix.keys import Keys
from narratix.services import Services
from narratix.settings import Settings
from narratix.web.origins import Origins
from tests.web.web_site import TEXT, Story, client_of

ELSEWHERE = "https://stories.example"
OTHER = "https://other.example"
OURS = {"/metrics", "/status", "/docs"}
"""Pages and figures of our own, which no page elsewhere needs."""


@pytest.fixture
async def open_client(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a service that lets in the pages of one origin elsewhere."""
    services.settings.allowed_origins = (ELSEWHERE,)
    async with client_of(services) as client:
        yield client


def preflight(method: str, *headers: str, origin: str = ELSEWHERE) -> dict[str, str]:
    asked = {"Access-Control-Request-Headers": ", ".join(headers)} if headers else {}
    return {"Origin": origin, "Access-Control-Request-Method": method, **asked}


async def test_given_an_allowed_origin_then_every_route_of_the_contract_answers_it_and_none_takes_its_cookies(
    open_client: httpx2.AsyncClient,
) -> None:
    paths = (await open_client.get("/openapi.json")).json()["paths"]
    for path, methods in paths.items():
        address = path.replace("{job_id}", str(uuid.uuid4())).replace("{key}", "x").replace("{line}", "0")
        for method in methods:
            answer = await open_client.request(method.upper(), address, headers={"Origin": ELSEWHERE})
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (None if path in OURS else ELSEWHERE), path
            assert "access-control-allow-credentials" not in answer.headers
            if path not in OURS:
                assert "Origin" in answer.headers["vary"].split(", ")
                asked = await open_client.options(address, headers=preflight(method.upper(), "Authorization"))
                assert asked.status_code == 200, path
                assert asked.headers["access-control-allow-origin"] == ELSEWHERE
                assert "access-control-allow-credentials" not in asked.headers


async def test_given_another_origin_or_none_then_nobody_is_let_in_and_caches_are_told(
    open_client: httpx2.AsyncClient,
) -> None:
    for headers in ({"Origin": OTHER}, {"Origin": "null"}, {"Origin": f"{ELSEWHERE}.evil.example"}, {}):
        answer = await open_client.get("/api/demo/samples", headers=headers)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"
    refused = await open_client.options("/api/demo/submit", headers=preflight("POST", origin=OTHER))
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


async def test_given_a_submission_from_elsewhere_when_asked_beforehand_then_its_headers_are_allowed_and_others_not(
    open_client: httpx2.AsyncClient,
) -> None:
    sent = ("authorization", "content-type", "idempotency-key", "last-event-id", "range")
    asked = await open_client.options("/api/demo/submit", headers=preflight("POST", *sent))
    assert asked.status_code == 200
    assert set(sent) <= {one.strip().lower() for one in asked.headers["access-control-allow-headers"].split(",")}
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert int(asked.headers["access-control-max-age"]) > 0
    assert {"Origin", "Access-Control-Request-Headers"} <= set(asked.headers["vary"].split(", "))
    for wrong in (preflight("DELETE"), preflight("POST", "X-Anything")):
        assert (await open_client.options("/api/demo/submit", headers=wrong)).status_code == 400


async def test_given_production_when_a_page_elsewhere_brings_a_key_then_it_submits_and_reads_its_limits(
    services: Services,
) -> None:
    services.settings.environment = "production"
    services.settings.allowed_origins = (ELSEWHERE,)
    _, key = await Keys(services.pool).create("their page", ["submit"])
    async with client_of(services, address="192.0.2.1") as client:
        sent = {"Origin": ELSEWHERE, "Authorization": f"Bearer {key}"}
        submitted = await client.post("/api/demo/submit", json={"text": TEXT}, headers=sent)
        assert submitted.status_code == 202
        readable = submitted.headers["access-control-expose-headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(readable)
        cookie = {"Cookie": (await client.get("/")).headers["set-cookie"].split(";")[0]}
        client.cookies.clear()
        refused = await client.get("/api/demo/samples", headers={"Origin": ELSEWHERE})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ELSEWHERE)
        # the token is ours to send: browsers keep it from other sites, and hide the answer from them without this header
        with_cookie = await client.get("/api/demo/samples", headers={"Origin": ELSEWHERE, **cookie})
        assert "access-control-allow-credentials" not in with_cookie.headers


async def test_given_a_fault_or_a_stream_then_the_page_elsewhere_may_read_it_too(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.settings.allowed_origins = (ELSEWHERE,)
    story = Story(services, await services.commands.submit(TEXT))
    await story.record(*story.begun, story.ended)

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with client_of(services, raise_app_exceptions=False) as client:
        stream = await client.get(f"/api/demo/events/{story.id}", headers={"Origin": ELSEWHERE})
        monkeypatch.setattr(type(services.commands), "load", broken)
        fault = await client.get(f"/api/demo/result/{story.id}", headers={"Origin": ELSEWHERE})
    for answer, status in ((stream, 200), (fault, 500)):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ELSEWHERE


async def test_given_no_list_then_no_page_elsewhere_is_let_in(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/demo/samples", headers={"Origin": ELSEWHERE})
    assert "access-control-allow-origin" not in answer.headers
    assert (await client.options("/api/demo/submit", headers=preflight("POST"))).status_code == 405


def test_given_every_origin_then_it_is_refused_in_the_settings_and_by_the_layer_itself(tmp_path: Path) -> None:
    for given in ("*", "https://a.example,*", "https://*.a.example", "null", "a.example/page"):
        with pytest.raises(ValueError, match="is no origin"):
            Settings(home=tmp_path, allowed_origins=given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no list"):
        Origins(lambda *_: None, ["*"])  # type: ignore[arg-type]


def test_given_origins_in_the_environment_then_they_are_written_as_browsers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "https://A.example, http://localhost:3000/,https://b.example:443"
    monkeypatch.setenv("NARRATIX_ALLOWED_ORIGINS", given)
    assert Settings().allowed_origins == ("https://a.example", "http://localhost:3000", "https://b.example")
