"""Jobs for auditors: the list, each one's events, and its state at any version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from narratix.web.context import NEWEST_VERSION, Here, as_json, operator
from narratix.web.described import LINES, problems
from narratix.web.history import events_page, state_at, wants_ndjson
from narratix.web.metrics import STATUSES
from narratix.web.models import JOB, JobList, RecordedEvent
from narratix.web.views import summary

router = APIRouter(
    prefix="/api/jobs", tags=["audit"], dependencies=[Depends(operator)], responses=problems(401, 403, 422)
)


def _moment(given: str | None) -> datetime | None:
    """A time that a database can compare; UTC where no zone is named."""
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise ValueError("This is no time in ISO 8601, such as 2026-11-22T19:00:00+00:00.") from problem


Limit = Annotated[int, Query(ge=1, le=10_000)]
Cursor = Annotated[
    datetime | None,
    BeforeValidator(_moment, json_schema_input_type=datetime | None),
    Query(description="As in `next` of the page before: a time in ISO 8601."),
]
Format = Annotated[Literal["json", "ndjson"] | None, Query(description="Or `Accept: application/x-ndjson`.")]
Accept = Annotated[str, Header()]


@router.get("", response_model=JobList, summary="All jobs, newest first")
async def jobs(
    web: Here,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
    status: Annotated[Literal[STATUSES] | None, Query()] = None,  # type: ignore[valid-type]
) -> Response:
    rows = await web.statuses.newest(limit + 1, cursor, status)
    page, more = rows[:limit], len(rows) > limit
    query = {"limit": limit, **({"status": status} if status else {})}
    following = f"/api/jobs?{urlencode({**query, 'cursor': page[-1].created_at.isoformat()})}" if more else None
    return as_json({"jobs": [summary(row) for row in page], "next": following})


@router.get(
    "/{job_id}/events",
    response_model=list[RecordedEvent],
    responses={**problems(404), 200: LINES},
    summary="A job's history",
)
async def events(
    job_id: UUID,
    web: Here,
    after: Annotated[int, Query(ge=0, le=NEWEST_VERSION)] = 0,
    limit: Limit = 1000,
    format: Format = None,
    accept: Accept = "",
) -> Response:
    """The events with a version above `after`."""
    path, ndjson = f"/api/jobs/{job_id}/events", wants_ndjson(format, accept)
    return await events_page(web.services.pool, path, after=after, limit=limit, ndjson=ndjson, job_id=job_id)


At = Annotated[
    str | None,
    Query(description="A version, or a time in ISO 8601 (UTC without a zone).", examples=["2026-11-22T19:00Z"]),
]


STATE = {
    "description": "All that the events say of the job; see ARCHITECTURE.md for what they are.",
    "content": {
        "application/json": {"example": {"id": JOB, "version": 1, "status": "queued", "title": "The Old House"}}
    },
}


@router.get("/{job_id}/state", responses={**problems(404), 200: STATE}, summary="A job's state at a version or time")
async def state(job_id: UUID, web: Here, at: At = None) -> Response:
    """The fold of the first `at` events, or of those that were recorded by then; of all of them without `at`."""
    return as_json(await state_at(web.services.store, job_id, at))
