"""How long somebody will wait: what the estimate says of it, and when it says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from narratix.projections.job_status import JobStatus
from narratix.projections.library import Drama
from narratix.web.models import Quote
from narratix.web.waiting import wait_seconds
from tests.web.web_site import TEXT

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


def drama(took: float, duration: float) -> Drama:
    return Drama(
        job_id="1",
        title="A drama",
        duration_seconds=duration,
        finished=True,
        created_at=BEGAN,
        completed_at=BEGAN + timedelta(seconds=took),
    )


def under_way(eta: float | None) -> JobStatus:
    return JobStatus(job_id="2", title="Another", stages={}, created_at=BEGAN, updated_at=BEGAN, eta_seconds=eta)


def test_given_dramas_of_late_then_the_wait_is_at_their_median_pace_and_after_those_that_are_under_way() -> None:
    finished = [drama(30, 60), drama(20, 100), drama(500, 100)]  # 0.5, 0.2 and, for once, 5 seconds a second
    assert wait_seconds(200, finished, []) == pytest.approx(100)
    assert wait_seconds(200, finished, [under_way(40), under_way(None)]) == pytest.approx(140)


def test_given_nothing_that_was_made_here_then_nobody_can_tell() -> None:
    assert wait_seconds(200, [], [under_way(40)]) is None
    assert wait_seconds(200, [drama(10, 0.0)], []) is None


async def test_given_a_story_when_an_estimate_is_asked_for_then_it_tells_length_cost_and_wait(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/api/demo/estimate", json={"text": TEXT})
    quote = Quote.model_validate_json(answer.content)
    assert (quote.usd, quote.affordable, quote.wait_seconds) == (0, True, None)
    assert quote.seconds == pytest.approx(len(TEXT) / 14, abs=0.1)
