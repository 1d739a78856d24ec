"""Which request a job came from. Its id stands in the metadata of the job's events and in every line that is logged
while work is done for it, so that one search finds all of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from narratix.events.catalogue import JobRetried, JobSubmitted
from narratix.events.store import EventStore, Recorded

ROOM: Final = 10_000
"""Jobs whose request is remembered; that of others is read again."""


def request_id() -> str:
    """Of the request that is being answered here; empty where there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def by(actor: str) -> Mapping[str, Any]:
    """The metadata of events that somebody asked for."""
    asked = request_id()
    return {"actor": actor, "request_id": asked} if asked else {"actor": actor}


class Correlations:
    """The request that each job came from, or by which it was last taken up again."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: OrderedDict[UUID, str] = OrderedDict()

    def hear(self, event: Recorded) -> None:
        if isinstance(event.data, JobSubmitted | JobRetried):
            self._keep(event.stream_id, _request_of(event))

    async def of(self, job_id: UUID) -> str:
        """Empty where it came from no request, as from the command line."""
        if job_id not in self._known:
            events = await self._store.read_types(job_id, JobSubmitted, JobRetried)
            self._keep(job_id, _request_of(events[-1]) if events else "")
        return self._known[job_id]

    def _keep(self, job_id: UUID, request: str) -> None:
        self._known[job_id] = request
        self._known.move_to_end(job_id)
        if len(self._known) > ROOM:
            self._known.popitem(last=False)


def _request_of(event: Recorded) -> str:
    metadata = msgspec.json.decode(event.metadata, type=dict[str, Any])
    return str(metadata.get("request_id", ""))
