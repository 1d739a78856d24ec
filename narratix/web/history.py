"""The log as auditors read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from immutables import Map
from starlette.responses import Response

from narratix.commands import NoSuchJob
from narratix.events.store import EventStore, Recorded
from narratix.job import Job, fold
from narratix.web.problems import Problem

NDJSON: Final = "application/x-ndjson"


def wants_ndjson(format: str | None, accept: str) -> bool:
    return format == "ndjson" if format else NDJSON in accept


def answer_events(events: Sequence[Recorded], ndjson: bool) -> Response:
    """The events with their stored bytes, as a JSON list or a line each."""
    lines = [event.as_json() for event in events]
    headers = {"Cache-Control": "no-store"}
    if ndjson:
        return Response(b"".join(line + b"\n" for line in lines), 200, headers, NDJSON)
    return Response(b"[" + b",".join(lines) + b"]", 200, headers, "application/json")


async def history_of(store: EventStore, job_id: UUID, after: int, limit: int) -> list[Recorded]:
    """Raises NoSuchJob."""
    events = await store.read(job_id, after=after, limit=limit)
    if not events and not await store.read(job_id, limit=1):
        raise NoSuchJob(job_id)
    return events


async def state_at(store: EventStore, job_id: UUID, at: int | None) -> dict[str, Any]:
    """The job after its first `at` events, all of them for None. Raises NoSuchJob, Problem (404)."""
    events = await store.read(job_id, **({} if at is None else {"until": at}))
    if at is not None and len(events) < at:
        last = len(await store.read(job_id))
        if not last:
            raise NoSuchJob(job_id)
        raise Problem(404, "No such version", f"This job has {last} events so far; ask for a version up to {last}.")
    if not events and at != 0:
        raise NoSuchJob(job_id)
    state: dict[str, Any] = msgspec.to_builtins(fold(Job(id=job_id), (event.data for event in events)), enc_hook=_hook)
    return state


def _hook(value: Any) -> Any:
    if isinstance(value, Map):
        return {str(key): value[key] for key in sorted(value)}
    raise NotImplementedError(f"{type(value).__name__} has no JSON form here")
