"""One request's id, followed through a whole job: the answer, every event, every line logged about it, every provider's
call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from narratix.correlation import Correlations
from narratix.events.store import EventStore
from narratix.ports import Spoken
from narratix.providers.calls import CALLS
from narratix.providers.speech.silent import SilentSpeech
from narratix.services import Role, Services
from tests.web.web_site import client_of

STORY = "The rain fell on the old house.\n\n“Who is there?” whispered Anna.\n\n“Only me,” said Thomas.\n"
REQUEST = "request-0123456789"
Opened = Callable[[Role], AbstractAsyncContextManager[Services]]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of the quick engine are counted as those of a vendor's are."""
    speak = SilentSpeech.speak

    async def counted(self: SilentSpeech, *given: Any, **more: Any) -> Spoken:
        with CALLS.of(self.name, self.model):
            return await speak(self, *given, **more)

    monkeypatch.setattr(SilentSpeech, "speak", counted)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture.entries
    structlog.reset_defaults()


async def ended(services: Services, job_id: str, *statuses: str) -> None:
    async with asyncio.timeout(60):
        while (await services.commands.load(job_id)).status not in statuses:  # type: ignore[arg-type]
            await asyncio.sleep(0.1)


async def test_given_a_request_id_then_all_that_happens_for_it_bears_it(lines: list[Any], opened: Opened) -> None:
    async with opened("worker") as worker, opened("web") as web, client_of(web) as client:
        answer = await client.post("/api/demo/submit", json={"text": STORY}, headers={"X-Request-Id": REQUEST})
        assert answer.headers["X-Request-Id"] == REQUEST
        job_id = answer.json()["job_id"]
        await ended(worker, job_id, "completed")
        events = await web.store.read(job_id)

    marked = [json.loads(event.metadata).get("request_id") for event in events]
    assert len(marked) > 10
    assert set(marked) == {REQUEST}
    calls = [line for line in lines if line["event"] == "provider_called" and line.get("job_id") == job_id]
    assert {line["stage"] for line in calls} >= {"speak_line"}
    assert {line["request_id"] for line in lines if line.get("job_id") == job_id} == {REQUEST}


async def test_given_a_worker_that_did_not_hear_of_the_job_then_it_reads_which_request_it_came_from(
    opened: Opened, store: EventStore
) -> None:
    async with opened("web") as web, client_of(web) as client:
        answer = await client.post("/api/demo/submit", json={"text": STORY}, headers={"X-Request-Id": REQUEST})
        job_id = answer.json()["job_id"]
        assert await Correlations(store).of(job_id) == REQUEST
        await client.post(f"/api/demo/cancel/{job_id}")
        await client.post(f"/api/demo/retry/{job_id}", headers={"X-Request-Id": "retry-0123456789"})
        assert await Correlations(store).of(job_id) == "retry-0123456789"


async def test_given_a_job_from_no_request_then_nothing_is_made_up(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY, actor="command line")
    await ended(narratix, str(job_id), "completed")
    events = await narratix.store.read(job_id)
    assert {json.loads(event.metadata).get("request_id") for event in events} == {None}
