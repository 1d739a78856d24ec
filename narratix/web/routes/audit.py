"""The whole log, and the proof that it is whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from narratix.commands import NoSuchJob
from narratix.events import audit
from narratix.events.anchoring import anchors_in, last_anchors_in
from narratix.events.chain import Verdict
from narratix.services import Services
from narratix.signing import anchor_keys
from narratix.web.context import LAST_POSITION, Here, as_json, operator
from narratix.web.described import LINES, problems
from narratix.web.history import events_page, wants_ndjson, whole_log
from narratix.web.models import AuditVerdict, RecordedEvent
from narratix.web.problems import unavailable
from narratix.web.routes.jobs import Accept, Format

router = APIRouter(
    prefix="/api/audit", tags=["audit"], dependencies=[Depends(operator)], responses=problems(401, 403, 422)
)

VERIFY_SECONDS: Final = 50.0
"""Less than most proxies wait for an answer."""

_verifying = False


@router.get(
    "/feed",
    response_model=list[RecordedEvent],
    responses={200: LINES},
    summary="Events of all jobs",
)
async def feed(
    web: Here,
    after: Annotated[
        int, Query(ge=0, le=LAST_POSITION, description="A position: that of the last event that is known already.")
    ] = 0,
    limit: Annotated[
        int | None, Query(ge=1, le=10_000, description="By default 1,000 as JSON, and all there are as NDJSON.")
    ] = None,
    format: Format = None,
    accept: Accept = "",
) -> Response:
    """The events with a position above `after`, in the order in which they were recorded."""
    ndjson = wants_ndjson(format, accept)
    if ndjson and limit is None:
        return await whole_log(web.services.store, web.services.pool, after)
    return await events_page(web.services.pool, "/api/audit/feed", after=after, limit=limit, ndjson=ndjson)


@router.get("/verify", response_model=AuditVerdict, responses=problems(404), summary="Verify the log, or one job's")
async def verify(
    web: Here,
    job_id: UUID | None = None,
    since_anchor: Annotated[bool, Query(description="Recompute only what came after the last anchor.")] = False,
) -> Response:
    """Recomputes every hash from what is stored, and holds the log against its anchors. One at a time."""
    with _alone() if job_id is None else contextlib.nullcontext():
        try:
            async with asyncio.timeout(VERIFY_SECONDS):
                verdict = await _verdict(web.services, job_id, since_anchor)
        except TimeoutError as late:
            raise unavailable(
                f"The log is too long to be verified within {VERIFY_SECONDS:.0f} seconds. "
                "Ask with since_anchor=true, or run `narratix audit verify`.",
                VERIFY_SECONDS,
            ) from late
    if job_id is not None and verdict.ok and not verdict.events:
        raise NoSuchJob(job_id)
    return as_json(msgspec.to_builtins(verdict))


async def _verdict(services: Services, job_id: UUID | None, since_anchor: bool) -> Verdict:
    if job_id is not None:
        return await audit.verify(services.pool, job_id)
    storage, keys = services.ports.storage, anchor_keys(services.settings)
    if since_anchor:
        anchors = await last_anchors_in(storage, keys, await services.store.head())
    else:
        anchors = await anchors_in(storage, keys)
    return await audit.verify(services.pool, anchors=anchors, since_anchor=since_anchor, dsn=services.dsn)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """A long log takes every core for a while, so that this process does one at a time."""
    global _verifying
    if _verifying:
        raise unavailable("Another verification is under way here. Ask again in a moment.", 10)
    _verifying = True
    try:
        yield
    finally:
        _verifying = False
