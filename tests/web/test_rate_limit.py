"""Ten calls a minute from one address, counted exactly, by all processes together."""

from __future__ import annotations

import asyncio

from narratix.services import Services
from tests.web.web_site import TEXT, Opened, client_of

SUBMIT = "/api/demo/submit"
AGE = "update rate_limits set calls = array(select at - interval '31 seconds' from unnest(calls) at)"


async def test_given_ten_calls_a_minute_when_there_are_more_at_once_then_exactly_ten_pass_in_all_processes(
    opened: Opened,
) -> None:
    async with opened("web") as one, opened("web") as two, client_of(one) as first, client_of(two) as second:
        calls = [client.post(SUBMIT, json={"text": TEXT}) for client in (first, second) * 8]
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status_code for answer in answers) == [202] * 10 + [429] * 6
        assert await one.pool.fetchval("select count(*) from events") == 10
        left = sorted(answer.headers["ratelimit"].split(";")[1] for answer in answers if answer.status_code == 202)
        assert left == [f"r={n}" for n in range(10)]


async def test_given_a_refused_call_then_its_headers_tell_when_to_come_again(services: Services) -> None:
    services.settings.rate_limit_per_minute = 2
    async with client_of(services) as client:
        passed = [await client.post(SUBMIT, json={"text": TEXT}) for _ in range(2)]
        assert [answer.headers["ratelimit-policy"] for answer in passed] == ['"client";q=2;w=60'] * 2
        refused = await client.post("/api/demo/generate-text", json={"template": "mystery"})
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit"].startswith('"client";r=0;t=')
        assert (await client.get("/api/demo/library")).status_code == 200


async def test_given_time_that_passes_then_the_window_slides(services: Services) -> None:
    services.settings.rate_limit_per_minute = 2
    async with client_of(services) as client:

        async def status() -> int:
            return (await client.post(SUBMIT, json={"text": TEXT})).status_code

        assert await status() == 202
        await services.pool.execute(AGE)
        assert [await status(), await status()] == [202, 429]
        await services.pool.execute(AGE)
        assert [await status(), await status()] == [202, 429]


async def test_given_other_addresses_then_each_has_its_own_count_and_a_network_of_ipv6_has_one(
    services: Services,
) -> None:
    services.settings.rate_limit_per_minute = 1
    services.settings.trusted_proxy = True
    async with client_of(services) as client:
        cookie = {"Cookie": (await client.get("/", headers={"X-Real-IP": "203.0.113.1"})).headers["set-cookie"]}

        async def status(address: str) -> int:
            headers = {"X-Real-IP": address, **cookie}
            return (await client.post(SUBMIT, json={"text": TEXT}, headers=headers)).status_code

        assert [await status(f"203.0.113.{n}") for n in (1, 2, 1)] == [202, 202, 429]
        assert [await status(f"2001:db8::{n}") for n in (1, 2)] == [202, 429]


async def test_given_no_proxy_that_is_trusted_then_x_real_ip_counts_for_nothing(services: Services) -> None:
    services.settings.rate_limit_per_minute = 1
    async with client_of(services) as client:
        for address, expected in (("203.0.113.1", 202), ("203.0.113.2", 429)):
            answer = await client.post(SUBMIT, json={"text": TEXT}, headers={"X-Real-IP": address})
            assert answer.status_code == expected
