"""What a story would cost, before anybody pays."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Depends
from starlette.responses import Response

from narratix.estimate import estimate as estimated
from narratix.web.context import Actor, Here, as_json, visitor
from narratix.web.described import problems
from narratix.web.models import Quote
from narratix.web.requests import Submission
from narratix.web.stories import check_size, options_of
from narratix.web.waiting import LATELY, wait_seconds

router = APIRouter(prefix="/api/demo", tags=["demo"], dependencies=[Depends(visitor)], responses=problems(401, 403))


@router.post(
    "/estimate", response_model=Quote, responses=problems(400, 413, 415, 422), summary="Ask what a story would cost"
)
async def estimate(story: Submission, web: Here, actor: Actor) -> Response:
    """Takes what `submit` takes, and accepts nothing. Local engines cost nothing."""
    services = web.services
    check_size(story.text, services.settings.max_text_bytes)
    options = await options_of(story.options, services.ports)
    services.warmth.kindle(options.engine)  # somebody has a story in hand
    asked = estimated(services.ports, len(story.text), options, datetime.now(UTC).date())
    committed, caps = await services.budget.committed(actor), services.budget.caps
    left = {
        "job": caps.job,
        "client": max(0.0, round(caps.client - committed.client, 6)),
        "day": max(0.0, round(caps.day - committed.day, 6)),
        "month": max(0.0, round(caps.month - committed.month, 6)),
    }
    finished = await web.library.newest(LATELY, where=("finished", "true"))
    under_way = [
        *await web.statuses.newest(LATELY, None, "running"),
        *await web.statuses.newest(LATELY, None, "queued"),
    ]
    return as_json(
        {
            "usd": asked.usd,
            "seconds": asked.seconds,
            "items": asked.items,
            "left": left,
            "affordable": asked.usd <= min(left.values()),
            "wait_seconds": wait_seconds(asked.seconds, finished, under_way),
        }
    )
