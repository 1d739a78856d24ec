"""Webhooks at the door: who may name one, who gets a secret, and what a vendor may tell us."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.events.dsn import asyncpg_dsn
from narratix.keys import Keys
from narratix.services import Role, Services
from narratix.settings import Settings
from narratix.webhooks.inbound import Bell
from narratix.webhooks.signing import headers, secret_of
from tests.web.web_site import TEXT, client_of
from tests.webhooks.receiver import SECRET, receiver

Opened = Callable[[Role], AbstractAsyncContextManager[Services]]
STRANGER = "203.0.113.9"


async def test_given_a_visitor_without_a_key_then_no_webhook_can_be_named(opened: Opened) -> None:
    async with opened("web") as services, client_of(services, address=STRANGER) as client:
        await client.get("/")  # the page's token
        refused = await client.post("/api/demo/submit", json={"text": TEXT, "webhook": "https://example.org/"})
        secret = await client.get("/api/webhooks/secret")

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "webhook"
    assert secret.status_code == 403


async def test_given_keys_then_each_has_a_secret_of_its_own_that_stays(opened: Opened) -> None:
    async with opened("web") as services, client_of(services, address=STRANGER) as client:
        keys = [(await Keys(services.pool).create(name, ["submit"]))[1] for name in ("anna", "bert")]

        async def secret(key: str) -> str:
            answer = await client.get("/api/webhooks/secret", headers={"Authorization": f"Bearer {key}"})
            return str(answer.json()["secret"])

        first, second, again = [await secret(key) for key in (*keys, keys[0])]
        named = await client.post(
            "/api/demo/submit",
            json={"text": TEXT, "webhook": "https://example.org/hook"},
            headers={"Authorization": f"Bearer {keys[0]}"},
        )

    assert named.status_code == 202
    assert first == again != second
    assert len(secret_of(first)) == 32


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.org", "https://user:password@example.org", "x" * 2001])
async def test_given_an_address_that_is_none_then_the_field_is_named(opened: Opened, url: str) -> None:
    async with opened("web") as services, client_of(services) as client:
        refused = await client.post("/api/demo/submit", json={"text": TEXT, "webhook": url})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "webhook"


async def test_given_a_stranger_then_deliveries_are_not_shown(opened: Opened) -> None:
    async with opened("web") as services, client_of(services, address=STRANGER) as client:
        assert (await client.get("/api/webhooks/deliveries")).status_code == 401


async def test_given_a_delivery_that_was_given_up_when_an_administrator_asks_then_another_process_delivers_it(
    settings: Settings, server: Database
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(receiver())
        told = settings.model_copy(
            update={"webhook_url": SecretStr(f"{there.url}/hook"), "webhook_secret": SecretStr(SECRET)}
        )
        there.answers = [410]
        delivering = await stack.enter_async_context(open_app(told, server, "worker"))
        job_id = await delivering.commands.submit("...and so on.")
        web = await stack.enter_async_context(open_app(told, server, "web"))
        client = await stack.enter_async_context(client_of(web, address=STRANGER))
        keys = Keys(web.pool)
        (_, audit), (_, admin) = [await keys.create(scope, [scope]) for scope in ("audit", "admin")]

        async def deliveries(*expected: str) -> dict[str, Any]:
            async with asyncio.timeout(60):
                while True:
                    answer = await client.get("/api/webhooks/deliveries", headers=bearing(audit))
                    rows = answer.json()["deliveries"]
                    if [row["state"] for row in rows] == list(expected):
                        return dict(rows[0])
                    await asyncio.sleep(0.02)

        row = await deliveries("dead")
        assert (row["job_id"], row["status"], row["host"]) == (str(job_id), 410, None)
        again = f"/api/webhooks/deliveries/{row['id']}/retry"
        assert (await client.post(again)).status_code == 401
        refused = await client.post(again, headers=bearing(audit))
        assert (refused.status_code, "'admin'" in refused.json()["detail"]) == (403, True)
        unknown = await client.post(again.replace(str(row["id"]), "999"), headers=bearing(admin))
        assert unknown.status_code == 404

        revived = await client.post(again, headers=bearing(admin))
        assert (revived.status_code, revived.json()["id"]) == (202, row["id"])
        await deliveries("delivered")
        assert [id for id, _ in there.heard] == [there.heard[0][0]] * 2
        assert (await client.post(again, headers=bearing(admin))).status_code == 409


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# -- what Replicate tells ----------------------------------------------------------------------

ENDED = json.dumps({"id": "p0abc", "status": "succeeded", "output": "https://evil.example/x.mp3"}).encode()


def told(body: bytes = ENDED, *, id: str = "msg_1", at: float | None = None, secret: str = SECRET) -> dict[str, Any]:
    sent = headers([secret_of(secret)], id, int(time.time() if at is None else at), body)
    return {"content": body, "headers": {**sent, "Content-Type": "application/json"}}


@pytest.fixture
def with_secret(settings: Settings) -> Settings:
    return settings.model_copy(update={"replicate_webhook_secret": SecretStr(SECRET)})


async def test_given_a_message_of_replicates_then_who_waits_is_woken_in_another_process(
    with_secret: Settings, dsn: str, server: Database
) -> None:
    bell = Bell(lambda: asyncpg.connect(asyncpg_dsn(dsn)))
    listening = asyncio.create_task(bell.run())
    async with open_app(with_secret, server, "web") as services, client_of(services, address=STRANGER) as client:
        waiting = asyncio.create_task(bell.wait("p0abc", 600))
        statuses: list[int] = []
        async with asyncio.timeout(30):
            while not waiting.done():  # the first ones may come before anybody listens
                answer = await client.post("/api/webhooks/replicate", **told(id=f"msg_{len(statuses)}"))
                statuses.append(answer.status_code)
                await asyncio.sleep(0.02)
    listening.cancel()
    assert set(statuses) == {204}


async def test_given_messages_that_are_forged_late_repeated_or_none_then_they_are_refused_and_wake_nobody(
    with_secret: Settings, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(with_secret, server, "web") as services, client_of(services, address=STRANGER) as client:

        async def post(**message: Any) -> httpx2.Response:
            return await client.post("/api/webhooks/replicate", **message)

        other = "whsec_" + "QUJD" * 12
        forged = [
            await post(**told(secret=other)),
            await post(**(told() | {"content": ENDED + b" "})),
            await post(content=ENDED),
            await post(**told(at=time.time() - 600)),
            await post(**told(at=time.time() + 600)),
        ]
        assert [answer.status_code for answer in forged] == [403] * 5
        assert await services.pool.fetchval("select count(*) from webhooks_heard") == 0
        assert [(await post(**told(body, id=body.decode()))).status_code for body in (b"[]", b'{"id":"../x"}')] == [
            400,
            400,
        ]
        first, again = await post(**told()), await post(**told())
        assert (first.status_code, again.status_code) == (204, 409)
        assert SECRET not in "".join(answer.text for answer in (*forged, again))


async def test_given_no_secret_then_nothing_is_told_here(opened: Opened) -> None:
    async with opened("web") as services, client_of(services) as client:
        assert (await client.post("/api/webhooks/replicate", **told())).status_code == 404


async def test_given_nobody_who_rings_then_waiting_ends_by_itself() -> None:
    async def never() -> asyncpg.Connection:
        raise AssertionError("nothing was to be connected")

    bell = Bell(never)
    await bell.wait("p0abc", 0.01)
    bell.ring("p0abc")
