"""The whole log, and the proof that it is whole."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from narratix.commands import NoSuchJob
from narratix.events.audit import verify as verified
from narratix.web.context import Here, as_json, operator
from narratix.web.described import problems
from narratix.web.history import NDJSON, answer_events, wants_ndjson
from narratix.web.models import AuditVerdict, RecordedEvent
from narratix.web.routes.jobs import Accept, Format, Limit

router = APIRouter(prefix="/api/audit", tags=["audit"], dependencies=[Depends(operator)], responses=problems(401, 422))


@router.get(
    "/feed",
    response_model=list[RecordedEvent],
    responses={200: {"content": {NDJSON: {}}}},
    summary="Events of all jobs",
)
async def feed(
    web: Here,
    after: Annotated[int, Query(ge=0, description="A position.")] = 0,
    limit: Limit = 1000,
    format: Format = None,
    accept: Accept = "",
) -> Response:
    """The events with a position above `after`, in the order in which they were recorded."""
    return answer_events(await web.services.store.read_all(after=after, limit=limit), wants_ndjson(format, accept))


@router.get("/verify", response_model=AuditVerdict, responses=problems(404), summary="Verify the log, or one job's")
async def verify(web: Here, job_id: UUID | None = None) -> Response:
    """Recomputes every hash from what is stored."""
    verdict = await verified(web.services.pool, job_id)
    if job_id is not None and verdict.ok and not verdict.events:
        raise NoSuchJob(job_id)
    return as_json(msgspec.to_builtins(verdict))
