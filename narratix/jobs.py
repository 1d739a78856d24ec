"""Folded jobs, kept in memory so that no event has to be read and folded again for every piece of work."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from narratix.events.catalogue import Event, LineSpoken
from narratix.events.codec import Damaged
from narratix.events.store import EventStore, Recorded
from narratix.job import Job, evolve

PIECES_KEPT: Final = 250_000
"""Segments and lines of all jobs that are kept together. A segment takes 270 bytes and a line 600, when its words are
left out (4.7 kB with them), so all of it about 110 MB."""


class Jobs:
    """Folded jobs; the least recently used ones go when there is no room, and are folded anew from the log. Whoever
    hears of an event first folds it, so that a process folds it once.

    Unless they are `whole`, what a line's clip sounds like (its words and energies, nine tenths of a job) is left out:
    what a job needs next does not depend on it.
    """

    def __init__(self, store: EventStore, *, room: int = PIECES_KEPT, whole: bool = False) -> None:
        self._store = store
        self._room = room
        self._whole = whole
        self._kept: OrderedDict[UUID, tuple[Job, int]] = OrderedDict()
        self._pieces = 0

    async def at_least(self, job_id: UUID, version: int) -> Job:
        """The job after `version` events or more."""
        kept = self._kept.get(job_id)
        if kept is not None and kept[0].version >= version:
            self._kept.move_to_end(job_id)
            return kept[0]
        return await self.now(job_id)

    async def now(self, job_id: UUID) -> Job:
        """The job with everything that the log has."""
        kept = self._kept.get(job_id)
        after = kept[0].version if kept else 0
        events = await self._store.read(job_id, after=after)
        kept = self._kept.get(job_id)  # others fold meanwhile
        job = kept[0] if kept and kept[0].version >= after else Job(id=job_id)
        if job.version < after:
            events = await self._store.read(job_id)
        return self._keep(self._folded(job, (event for event in events if event.version > job.version)))

    async def after(self, event: Recorded) -> Job:
        """The job after `event`, or later."""
        return self.hear(event) or await self.now(event.stream_id)

    def hear(self, event: Recorded) -> Job | None:
        """Bring the job up to `event`, where that is its next one; None where it is not kept that far. A new job is
        kept from its beginning; one whose history cannot be read any more is not."""
        if isinstance(event.data, Damaged):
            self._drop(event.stream_id)
            return None
        kept = self._kept.get(event.stream_id)
        version = kept[0].version if kept else 0
        if version == event.version - 1:
            return self._keep(self._folded(kept[0] if kept else Job(id=event.stream_id), (event,)))
        return kept[0] if kept and version >= event.version else None

    def _folded(self, job: Job, events: Iterable[Recorded]) -> Job:
        for event in events:
            job = evolve(job, event.data if self._whole else _light(event.data))
        return job

    def _drop(self, job_id: UUID) -> None:
        if kept := self._kept.pop(job_id, None):
            self._pieces -= kept[1]

    def _keep(self, job: Job) -> Job:
        pieces = 4 + len(job.lines) + (len(job.script.segments) if job.script else 0)
        before = self._kept.get(job.id)
        self._pieces += pieces - (before[1] if before else 0)
        self._kept[job.id] = job, pieces
        self._kept.move_to_end(job.id)
        while self._pieces > self._room and len(self._kept) > 1:
            self._pieces -= self._kept.popitem(last=False)[1][1]
        return job


def _light(event: Event) -> Event:
    if isinstance(event, LineSpoken):
        return msgspec.structs.replace(event, words=(), energies=())
    return event
