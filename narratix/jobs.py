"""Folded jobs, kept in memory so that no event has to be read and folded again for every piece of work."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

import msgspec

from narratix.events.catalogue import Event, LineSpoken
from narratix.events.store import EventStore, Recorded
from narratix.job import Job, evolve, fold

PIECES_KEPT: Final = 250_000
"""Segments and lines of all jobs that are kept together: about 400 bytes each, when their words are left out."""


class Jobs:
    """Folded jobs; the least recently used ones go when there is no room, and are folded anew from the log.

    Unless it is `whole`, what a line's clip sounds like (its words and energies, nine tenths of a job) is left out:
    what a job needs next does not depend on it.
    """

    def __init__(self, store: EventStore, *, room: int = PIECES_KEPT, whole: bool = False) -> None:
        self._store = store
        self._room = room
        self._whole = whole
        self._kept: OrderedDict[UUID, Job] = OrderedDict()
        self._pieces = 0

    async def at_least(self, job_id: UUID, version: int) -> Job:
        """The job after `version` events or more."""
        job = self._kept.get(job_id)
        if job is None or job.version < version:
            return await self.now(job_id)
        self._kept.move_to_end(job_id)
        return job

    async def now(self, job_id: UUID) -> Job:
        """The job with everything that the log has."""
        job = self._kept.get(job_id) or Job(id=job_id)
        job = self._folded(job, await self._store.read(job_id, after=job.version))
        self._keep(job)
        return job

    async def after(self, event: Recorded) -> Job:
        """The job exactly as it was after `event`, which is the next one or lies further on."""
        job = self._kept.get(event.stream_id, Job(id=event.stream_id))
        if job.version == event.version - 1:
            job = self._folded(job, [event])
        elif job.version != event.version:
            job = self._folded(Job(id=event.stream_id), await self._store.read(event.stream_id, until=event.version))
        self._keep(job)
        return job

    def hear(self, event: Recorded) -> None:
        """Bring the job up to `event` where that is its next one; a new job is kept from its beginning."""
        job = self._kept.get(event.stream_id)
        if job is None and event.version == 1:
            job = Job(id=event.stream_id)
        if job is not None and job.version == event.version - 1:
            self._keep(self._folded(job, [event]))

    def forget(self) -> None:
        self._kept.clear()
        self._pieces = 0

    def _folded(self, job: Job, events: list[Recorded]) -> Job:
        if self._whole:
            return fold(job, (event.data for event in events))
        if len(events) == 1:
            return evolve(job, _light(events[0].data))
        return fold(job, (_light(event.data) for event in events))

    def _keep(self, job: Job) -> None:
        if (before := self._kept.get(job.id)) is not None:
            self._pieces -= _pieces(before)
        self._kept[job.id] = job
        self._kept.move_to_end(job.id)
        self._pieces += _pieces(job)
        while self._pieces > self._room and len(self._kept) > 1:
            self._pieces -= _pieces(self._kept.popitem(last=False)[1])


def _light(event: Event) -> Event:
    if isinstance(event, LineSpoken):
        return msgspec.structs.replace(event, words=(), energies=())
    return event


def _pieces(job: Job) -> int:
    return 4 + len(job.lines) + (len(job.script.segments) if job.script else 0)
