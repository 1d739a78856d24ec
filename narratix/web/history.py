"""The log as auditors read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
from starlette.responses import Response, StreamingResponse

from narratix.commands import NoSuchJob
from narratix.events.export import pages, read_lines
from narratix.events.store import EventStore
from narratix.replay import NotAMoment, NotYet, moment, state_view, up_to
from narratix.web.problems import Problem, invalid

NDJSON: Final = "application/x-ndjson"
PAGE: Final = 1000
_HEADERS: Final = {"Cache-Control": "no-store"}


def wants_ndjson(format: str | None, accept: str) -> bool:
    return format == "ndjson" if format else NDJSON in accept


async def events_page(
    pool: asyncpg.Pool, path: str, *, after: int, limit: int | None, ndjson: bool, job_id: UUID | None = None
) -> Response:
    """Events with their stored bytes, as a JSON list or a line each. Where more may follow, the header Link names the
    next page. Raises NoSuchJob."""
    lines, last = await read_lines(pool, job_id, after=after, limit=limit or PAGE)
    if job_id is not None and not lines and not (await read_lines(pool, job_id, limit=1))[0]:
        raise NoSuchJob(job_id)
    headers = dict(_HEADERS)
    if len(lines) == (limit or PAGE):
        query = {"after": last, **({"limit": limit} if limit else {}), **({"format": "ndjson"} if ndjson else {})}
        headers["Link"] = f'<{path}?{urlencode(query)}>; rel="next"'
    if ndjson:
        return Response(b"".join(line + b"\n" for line in lines), 200, headers, NDJSON)
    return Response(b"[" + b",".join(lines) + b"]", 200, headers, "application/json")


async def whole_log(store: EventStore, pool: asyncpg.Pool, after: int) -> Response:
    """The log after a position up to its end now, as NDJSON in flat memory, however long."""
    following = pages(pool, after=after, until=await store.head())
    first = await anext(following, None)  # what keeps it from beginning is an answer of its own

    async def body() -> AsyncIterator[bytes]:
        if first is not None:
            yield first[0]
        async for page, _ in following:
            yield page

    return StreamingResponse(body(), 200, _HEADERS, NDJSON)


async def state_at(store: EventStore, job_id: UUID, at: str | None) -> dict[str, Any]:
    """The job at a version or time, now for None. Raises NoSuchJob, Problem (404, 422)."""
    try:
        wanted = moment(at) if at is not None else None
        events = await store.read(job_id)
        if not events:
            raise NoSuchJob(job_id)
        return state_view(job_id, events if wanted is None else up_to(events, wanted))
    except NotAMoment as problem:
        raise invalid([("at", str(problem))]) from problem
    except NotYet as problem:
        raise Problem(404, "No such version", str(problem)) from problem
