"""API keys: what they open, until when, and that nothing else does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from narratix.keys import Keys
from narratix.services import Services
from tests.web.web_site import TEXT, client_of

ELSEWHERE = "203.0.113.9"


@pytest.fixture
def keys(pool: asyncpg.Pool) -> Keys:
    return Keys(pool)


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_given_a_key_then_it_is_found_and_its_secret_is_nowhere(keys: Keys, pool: asyncpg.Pool) -> None:
    id, key = await keys.create("laptop", ["submit"])
    found = await keys.find(key)

    assert found is not None
    assert (found.id, found.name, found.scopes, found.last_used_at) == (id, "laptop", ("submit",), None)
    secret = key.split("_", 2)[2]
    assert secret not in str(await pool.fetch("select api_keys::text from api_keys"))
    [listed] = await keys.list()
    assert listed.last_used_at is not None


async def test_given_anything_but_the_key_then_nothing_is_found(keys: Keys) -> None:
    id, key = await keys.create("laptop", ["submit"])
    _, other = await keys.create("phone", ["submit"])
    swapped = f"nx_{id}_{other.split('_', 2)[2]}"

    for presented in (
        "",
        "nx",
        key[:-1],
        key + "a",
        key.upper(),
        swapped,
        f"nx_{'0' * 16}_{'a' * 43}",
        f"{key}\n",
        "é",
    ):
        assert await keys.find(presented) is None


async def test_given_a_revoked_or_ended_key_then_it_opens_nothing(keys: Keys) -> None:
    revoked_id, revoked = await keys.create("old", ["admin"])
    _, ended = await keys.create("short", ["admin"], datetime.now(UTC) - timedelta(seconds=1))
    assert await keys.revoke(revoked_id)
    assert await keys.revoke(revoked_id)

    assert not await keys.revoke("0" * 16)
    assert await keys.find(revoked) is None
    assert await keys.find(ended) is None


async def test_given_no_or_unknown_scopes_then_no_key_is_made(keys: Keys) -> None:
    for scopes in ([], ["everything"]):
        with pytest.raises(ValueError, match="scopes"):
            await keys.create("x", scopes)  # type: ignore[arg-type]
    assert await keys.list() == []


async def test_given_scopes_then_each_opens_its_own_and_admin_all(services: Services) -> None:
    services.settings.environment = "production"
    keys = Keys(services.pool)
    given = {scope: (await keys.create(scope, [scope]))[1] for scope in ("submit", "audit", "admin")}
    async with client_of(services, address=ELSEWHERE) as client:
        answers = {}
        for scope, key in given.items():
            submitted = await client.post("/api/demo/submit", json={"text": TEXT}, headers=bearing(key))
            audited = await client.get("/api/audit/feed", headers=bearing(key))
            answers[scope] = (submitted.status_code, audited.status_code)
        assert answers == {"submit": (202, 403), "audit": (403, 200), "admin": (202, 200)}
        refused = await client.get("/api/audit/feed", headers=bearing("nx_wrong"))
        basic = await client.get("/api/audit/feed", headers={"Authorization": f"Basic {given['admin']}"})
        assert (refused.status_code, basic.status_code) == (401, 401)
        assert given["admin"] not in refused.text


async def test_given_a_key_then_it_goes_on_record_as_who_did_it(services: Services) -> None:
    id, key = await Keys(services.pool).create("laptop", ["submit"])
    async with client_of(services, address=ELSEWHERE) as client:
        job_id = (await client.post("/api/demo/submit", json={"text": TEXT}, headers=bearing(key))).json()["job_id"]
    [first] = await services.store.read(job_id, limit=1)

    assert f'"actor":"key:{id}"' in first.metadata.replace(" ", "")
    assert key.split("_", 2)[2] not in first.metadata + first.raw


async def test_given_two_keys_at_one_address_then_each_has_a_rate_of_its_own(services: Services) -> None:
    keys = Keys(services.pool)
    two = [(await keys.create(name, ["submit"]))[1] for name in ("a", "b")]
    async with client_of(services, address=ELSEWHERE) as client:
        for key in two:
            wishes = [client.post("/api/demo/submit", json={"text": TEXT}, headers=bearing(key)) for _ in range(12)]
            answers = [answer.status_code for answer in await asyncio.gather(*wishes)]
            assert (answers.count(202), answers.count(429)) == (10, 2)
