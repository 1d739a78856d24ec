"""What an answer is when something is wrong, and what every answer brings."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import httpx2
import pytest
from structlog.testing import capture_logs

from narratix.commands import KeyReused, NoSuchJob, NotNow, NotPerformable
from narratix.events.requests import StoreError
from narratix.ports import NotStored, ProviderError
from narratix.providers.storage.directory import AddressRefused
from narratix.results import Expired
from narratix.services import Services
from narratix.spend import OverBudget
from narratix.web.models import ProblemBody
from narratix.web.problems import HANDLED, problem_of
from tests.web.web_site import TEXT, Opened, client_of

Client = httpx2.AsyncClient


@pytest.fixture
async def forlorn(opened: Opened) -> AsyncIterator[Client]:
    """A client of a service whose database went away."""
    async with opened("web") as services, client_of(services, raise_app_exceptions=False) as client:
        await services.pool.close()
        services.store._coalescer.deadline = 0.0
        yield client


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/demo/submit", 405),
        ("DELETE", "/api/jobs", 405),
        ("GET", "/api/jobs/", 404),
    ],
)
async def test_given_no_such_address_or_method_then_a_problem_says_so(
    client: Client, method: str, address: str, status: int
) -> None:
    answer = await client.request(method, address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ProblemBody.model_validate_json(answer.content).status == status
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("seconds", [90.0, None])
async def test_given_a_story_over_the_spending_limit_then_the_answer_is_a_503_that_says_so(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch, seconds: float | None
) -> None:
    async def reserve(*_arguments: object, **_options: object) -> bool:
        raise OverBudget("The limit of $1.00 for all stories of today would be exceeded.", seconds)

    monkeypatch.setattr(services.budget, "reserve", reserve)
    for address, body in (("submit", {"text": TEXT}), ("generate-text", {"template": "mystery"})):
        answer = await client.post(f"/api/demo/{address}", json=body)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"] == "The spending limit is reached"
        assert "$1.00" in answer.json()["detail"]
        assert answer.headers.get("retry-after") == (None if seconds is None else "90")
    assert await services.pool.fetchval("select count(*) from events") == 0


def test_given_any_error_that_has_a_problem_then_the_routes_answer_with_it() -> None:
    errors = (NoSuchJob(uuid.UUID(int=1)), NotNow("x"), KeyReused("x"), NotPerformable("text", "x"), Expired(),
              OverBudget("x", 1.0), AddressRefused("x"), NotStored("x"), ProviderError("x"), StoreError("x"),
              TimeoutError(), ConnectionError())  # fmt: skip
    for error in errors:
        assert problem_of(error) is not None
        assert isinstance(error, HANDLED), type(error)


async def test_given_head_then_it_is_get_without_its_body(client: Client) -> None:
    head, get = await client.head("/api/demo/samples"), await client.get("/api/demo/samples")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await client.head("/nowhere")).status_code == 404


async def test_given_any_answer_then_it_has_an_id_and_the_security_headers(client: Client) -> None:
    for address in ("/", "/api/demo/voices", "/nowhere", "/status", "/docs", "/assets/0/nothing.js"):
        headers = (await client.get(address, headers={"Origin": "https://elsewhere.test"})).headers
        assert len(headers["x-request-id"]) == 32
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


async def test_given_a_request_id_then_a_sane_one_is_kept_and_another_replaced(client: Client) -> None:
    for given, kept in (("trace-0123456789", True), ("x", False), ("a" * 500, False), ("evil\tid here", False)):
        answered = (await client.get("/health/live", headers={"X-Request-Id": given})).headers["x-request-id"]
        assert (answered == given) is kept


async def test_given_a_fault_of_ours_then_a_plain_500_with_an_id_and_no_trace(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(services.commands), "load", broken)
    with capture_logs() as logs:
        async with client_of(services) as client:
            answer = await client.get(f"/api/demo/result/{uuid.uuid4()}")
    assert answer.status_code == 500
    assert [entry["event"] for entry in logs] == ["request_failed"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_given_the_database_is_away_then_503_tells_when_to_come_again(forlorn: Client) -> None:
    job_id = uuid.uuid4()
    for answer in (
        await forlorn.post("/api/demo/submit", json={"text": TEXT}),
        await forlorn.get(f"/api/demo/status/{job_id}"),
        await forlorn.get(f"/api/demo/events/{job_id}"),
        await forlorn.get(f"/api/demo/result/{job_id}"),
        await forlorn.get("/api/jobs"),
        await forlorn.get("/api/audit/verify"),
        await forlorn.get("/health/ready"),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    assert (await forlorn.get("/health/live")).json() == {"status": "live"}
    assert (await forlorn.get("/status")).status_code == 200
    assert "narratix_database_up 0.0" in (await forlorn.get("/metrics")).text


async def test_given_a_storage_that_fails_then_503_says_what_it_said(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: str) -> str:
        raise ProviderError("The disk is full.", retry_after=42)

    monkeypatch.setattr(services.ports.texts, "put", full)
    async with client_of(services) as client:
        answer = await client.post("/api/demo/submit", json={"text": TEXT})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "42")
    assert answer.json()["detail"] == "The disk is full."
