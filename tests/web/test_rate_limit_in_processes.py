"""Ten calls a minute, counted by two processes of the service over one database, as clients see it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from narratix.app import Database
from narratix.keys import Keys
from narratix.services import Services
from tests.web.process import running_process
from tests.web.web_site import TEXT

SUBMIT, GENERATE = "/api/demo/submit", "/api/demo/generate-text"
STORY, WISH = {"text": TEXT}, {"template": "mystery"}
AGE = "update rate_limits set calls = array(select at - make_interval(secs => $1) from unnest(calls) at)"


@pytest.fixture
async def processes(server: Database, tmp_path: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, ...]]:
    """Clients of two processes."""
    async with contextlib.AsyncExitStack() as stack:
        started = [running_process(server, tmp_path / name) for name in ("one", "two")]
        urls = await asyncio.gather(*(stack.enter_async_context(one) for one in started))
        yield tuple([await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=60)) for url in urls])


async def all_at_once(
    processes: tuple[httpx2.AsyncClient, ...], key: str | None = None
) -> tuple[list[httpx2.Response], list[httpx2.Response]]:
    """Twelve calls of each process, of both kinds that are counted together: those that passed, and those that did not."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    calls = [
        client.post(address, json=body, headers=headers)
        for client in processes
        for address, body in ((SUBMIT, STORY), (GENERATE, WISH)) * 6
    ]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200, 202, 429}
    passed = [answer for answer in answers if answer.status_code != 429]
    return passed, [answer for answer in answers if answer.status_code == 429]


async def test_given_two_processes_when_clients_ask_all_at_once_then_each_gets_ten_a_minute_and_is_told_so(
    processes: tuple[httpx2.AsyncClient, ...], services: Services
) -> None:
    keys = Keys(services.pool)
    clients = [None, *[(await keys.create(name, ["submit"]))[1] for name in ("anna", "bert")]]
    for key in clients:  # an address, and two keys at the same address
        passed, refused = await all_at_once(processes, key)
        assert (len(passed), len(refused)) == (10, 14)
        assert {answer.headers["ratelimit-policy"] for answer in passed + refused} == {'"client";q=10;w=60'}
        left = sorted(int(limit(answer)[0]) for answer in passed)
        assert left == list(range(10))
        for answer in refused:
            remaining, seconds = limit(answer)
            assert (remaining, answer.headers["retry-after"]) == (0, str(max(1, seconds)))
            assert 1 <= seconds <= 60
            assert answer.headers["content-type"] == "application/problem+json"

    # whoever waits as long as told is let in again, and whoever does not, is not
    one, two = processes
    told = limit(await two.post(SUBMIT, json=STORY))[1]
    await services.pool.execute(AGE, told / 2)
    assert (await one.post(SUBMIT, json=STORY)).status_code == 429
    await services.pool.execute(AGE, told / 2)
    assert (await two.post(SUBMIT, json=STORY)).status_code == 202


def limit(answer: httpx2.Response) -> tuple[int, int]:
    """What RateLimit says: how many calls are left, and in how many seconds the next one is regained."""
    found = re.fullmatch(r'"client";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found is not None
    return int(found[1]), int(found[2])
