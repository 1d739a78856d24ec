"""What the doctor finds in accounts, each fault injected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from narratix.doctor.accounts import accounts
from narratix.ports import ProviderError
from narratix.settings import Settings
from tests.loopback import on_loopback


@dataclass
class Vendors:
    """All vendors in one; `answers` replaces the answer of a path."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        given = {
            "/v1/models/claude-haiku-5-5": (200, {"id": "claude-haiku-5-5", "type": "model"}),
            "/v1/models": (200, [{"model_id": "eleven_multilingual_v2"}]),
            "/v1/user/subscription": (200, {"character_count": 1000, "character_limit": 100_000}),
            "/v1/account": (200, {"username": "narratix"}),
            "/local/models": (200, {"data": [{"id": "mind-1"}]}),
        } | self.answers
        if "secret" not in str(request.headers.get("Authorization", request.headers.get("xi-api-key"))):
            return web.json_response({}, status=401)
        status, body = given.get(request.path, (404, {}))
        return web.json_response(body, status=status)


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    vendors = Vendors()
    application = web.Application()
    application.router.add_get("/{path:.*}", vendors.answer)
    async with on_loopback(application) as vendors.url:
        yield vendors


async def examined(vendors: Vendors, key: str = "secret", **changes: Any) -> dict[str, tuple[str, str]]:
    """name -> (found, advice), or ("broken", why)."""
    given = {
        "anthropic_api_key": SecretStr(key),
        "anthropic_url": vendors.url,
        "elevenlabs_api_key": SecretStr(key),
        "elevenlabs_url": vendors.url,
        "replicate_api_token": SecretStr(key),
        "replicate_url": vendors.url,
        "replicate_version": "v1",
    }
    found = {}
    for name, ask in accounts(Settings.model_validate(given | changes)):
        try:
            found[name] = await asyncio.to_thread(ask)
        except ProviderError as broken:
            found[name] = ("broken", str(broken))
    return found


async def test_given_accounts_in_order_then_all_is_well(vendors: Vendors) -> None:
    found = await examined(vendors)
    assert list(found) == ["environment", "claude", "elevenlabs", "replicate"]
    assert {advice for _, advice in found.values()} == {""}
    assert "99,000 of 100,000" in found["elevenlabs"][0]


async def test_given_no_keys_then_nobody_is_asked(vendors: Vendors) -> None:
    assert list(await examined(vendors, key="")) == ["environment"]


@pytest.mark.parametrize(
    ("path", "answer", "name", "said"),
    [
        ("/v1/models/claude-haiku-5-5", (404, {}), "claude", "NARRATIX_CLAUDE_MODEL"),
        ("/v1/models/claude-haiku-5-5", (500, {}), "claude", "500"),
        ("/v1/models", (200, [{"model_id": "other"}]), "elevenlabs", "NARRATIX_ELEVENLABS_MODEL"),
        ("/v1/models", (200, {"not": "a list"}), "elevenlabs", "shape"),
        ("/v1/user/subscription", (403, {}), "elevenlabs", "ELEVENLABS_API_KEY"),
        ("/v1/account", (401, {}), "replicate", "REPLICATE_API_TOKEN"),
    ],
)
async def test_given_a_fault_then_it_is_broken_and_what_to_set_is_named(
    vendors: Vendors, path: str, answer: tuple[int, Any], name: str, said: str
) -> None:
    vendors.answers[path] = answer
    found = await examined(vendors)
    assert found[name][0] == "broken"
    assert said in found[name][1]
    assert "secret" not in found[name][1]


@pytest.mark.parametrize(
    ("answer", "model", "said"),
    [
        ((200, {"data": [{"id": "mind-1"}]}), "mind-1", "mind-1 is there"),
        ((200, {"data": [{"id": "mind-1"}]}), "mind-2", "NARRATIX_COMPATIBLE_MODEL"),
        ((200, {"data": None}), "mind-1", "NARRATIX_COMPATIBLE_MODEL"),
        ((200, [1]), "mind-1", "shape"),
        ((401, {}), "mind-1", "NARRATIX_COMPATIBLE_KEY"),
        ((503, {}), "mind-1", "503"),
    ],
)
async def test_given_a_compatible_endpoint_then_its_model_is_looked_for(
    vendors: Vendors, answer: tuple[int, Any], model: str, said: str
) -> None:
    vendors.answers["/local/models"] = answer
    endpoint: dict[str, Any] = {"compatible_url": f"{vendors.url}/local", "compatible_model": model}
    found = await examined(vendors, **endpoint, compatible_key=SecretStr("secret"))
    assert said in " ".join(found["compatible"])


async def test_given_wrong_keys_then_each_is_named(vendors: Vendors) -> None:
    found = await examined(vendors, key="wrong")
    for name, variable in (("claude", "ANTHROPIC"), ("elevenlabs", "ELEVENLABS"), ("replicate", "REPLICATE")):
        assert variable in found[name][1]


async def test_given_a_plan_nearly_used_up_then_it_is_a_warning(vendors: Vendors) -> None:
    vendors.answers["/v1/user/subscription"] = (200, {"character_count": 95_000, "character_limit": 100_000})
    assert "nearly used up" in (await examined(vendors))["elevenlabs"][1]


async def test_given_production_with_defaults_then_the_environment_is_broken(vendors: Vendors) -> None:
    assert (await examined(vendors, environment="production"))["environment"][0] == "broken"
