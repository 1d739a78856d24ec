"""Who may ask what: everything on this machine in development; elsewhere the page's token, for the page's needs."""

from __future__ import annotations

import httpx2
import pytest
from starlette.requests import HTTPConnection

from narratix.services import Services
from narratix.web.clients import TOKEN_SECONDS, Clients
from tests.web.web_site import TEXT, client_of

OPEN = ("/", "/health/live", "/health/ready", "/status")
FOR_THE_PAGE = ("/api/demo/voices", "/api/demo/library", "/docs", "/openapi.json")
FOR_OPERATORS = ("/api/jobs", "/api/audit/feed", "/api/audit/verify", "/metrics")


async def statuses(client: httpx2.AsyncClient, addresses: tuple[str, ...]) -> set[int]:
    return {(await client.get(address)).status_code for address in addresses}


async def test_given_development_on_this_machine_then_all_is_open(services: Services) -> None:
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        async with client_of(services, address=address) as client:
            assert await statuses(client, OPEN + FOR_THE_PAGE + FOR_OPERATORS) == {200}
            assert "set-cookie" not in (await client.get("/")).headers


@pytest.mark.parametrize(("environment", "address"), [("production", "127.0.0.1"), ("development", "203.0.113.9")])
async def test_given_anything_else_then_only_the_page_opens_the_demo_and_nothing_the_log(
    services: Services, environment: str, address: str
) -> None:
    services.settings.environment = environment  # type: ignore[assignment]
    async with client_of(services, address=address) as client:
        assert await statuses(client, FOR_THE_PAGE + FOR_OPERATORS) == {401}
        refused = await client.post("/api/demo/submit", json={"text": TEXT})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="narratix"')
        assert await statuses(client, OPEN) == {200}
        cookie = (await client.get("/")).headers["set-cookie"]
        assert "HttpOnly; SameSite=Strict" in cookie
        assert ("; Secure" in cookie) == (environment == "production")
        assert (await client.post("/api/demo/submit", json={"text": TEXT})).status_code == 202
        assert await statuses(client, FOR_THE_PAGE) == {200}
        assert await statuses(client, FOR_OPERATORS) == {401}


async def test_given_a_token_that_was_altered_or_is_too_old_then_it_opens_nothing(services: Services) -> None:
    now = 1_000_000.0
    services.settings.environment = "production"
    clients = Clients(services.settings, b"secret", clock=lambda: now)
    token = clients.cookie().split("=", 1)[1].split(";")[0]
    expires, signature = token.split(".")

    def opens(given: str) -> bool:
        headers = [(b"cookie", f"narratix_page={given}".encode())]
        return clients.has_token(connection_with(headers))

    assert opens(token)
    assert not any(map(opens, ["", ".", expires, f"{expires}0.{signature}", f"{expires}.{signature[:-1]}", "é.é"]))
    now += TOKEN_SECONDS + 1
    assert not opens(token)


def connection_with(headers: list[tuple[bytes, bytes]]) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)})
