"""The spend cap as clients meet it: 32 submit at once to four processes of the service over one database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from narratix.app import Database
from narratix.providers.prices import price_of
from narratix.services import Services
from tests.web.process import running_process

STORY: dict[str, Any] = {"text": "“Go,” said Ann. " * 100, "options": {"music": False, "effects": False}}
AFFORDED = 7
COST = round(
    len(STORY["text"])
    * (price_of("elevenlabs", "eleven_multilingual_v2", "characters", datetime.now(UTC).date()) or 0.0),
    6,
)
CAPS = {
    "spend_cap_per_day": round((AFFORDED + 0.5) * COST, 6),
    "spend_cap_per_client": 100 * COST,
    "spend_cap_per_month": 100 * COST,
}


@pytest.fixture
async def processes(server: Database, tmp_path: Path) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Clients of four processes that would speak with a vendor's voices, for money."""
    paid = {
        "signing_key": "that of all processes",
        "speech": "elevenlabs",
        "elevenlabs_api_key": "key",
        "elevenlabs_url": "http://127.0.0.1:9",
    }
    async with contextlib.AsyncExitStack() as stack:
        started = [
            running_process(server, tmp_path / str(number), rate_limit_per_minute=1000, **paid, **CAPS)
            for number in range(4)
        ]
        urls = await asyncio.gather(*(stack.enter_async_context(one) for one in started))
        yield [await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=120)) for url in urls]


async def test_given_32_who_submit_at_once_to_4_processes_then_the_cap_holds_exactly_and_nothing_else_is_on_record(
    processes: list[httpx2.AsyncClient], services: Services
) -> None:
    estimate = (await processes[0].post("/api/demo/estimate", json=STORY)).json()
    assert (estimate["usd"], estimate["affordable"]) == (pytest.approx(COST), True)

    answers = await asyncio.gather(*(client.post("/api/demo/submit", json=STORY) for client in processes * 8))

    assert sorted(answer.status_code for answer in answers) == [202] * AFFORDED + [503] * (32 - AFFORDED)
    for refused in (answer for answer in answers if answer.status_code == 503):
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 24 * 3600
        assert refused.json()["title"] == "The spending limit is reached"
        assert "all stories of today" in refused.json()["detail"]
        assert "local voices, which cost nothing" in refused.json()["detail"]
    assert await services.pool.fetchval("select count(*) from events") == AFFORDED
    held = await services.pool.fetchrow("select count(*), sum(estimate) from reservations")
    assert tuple(held) == (AFFORDED, AFFORDED * Decimal(str(COST)))

    left = (await processes[1].post("/api/demo/estimate", json=STORY)).json()
    assert left["affordable"] is False
    assert left["left"]["day"] == pytest.approx(0.5 * COST)
    assert left["left"]["client"] == pytest.approx((100 - AFFORDED) * COST)
    free = {**STORY, "options": {**STORY["options"], "engine": "silent"}}  # what costs nothing is taken all the same
    assert (await processes[2].post("/api/demo/submit", json=free)).status_code == 202
