"""The status of a job as its log has it now: the projection's row, folded on with what the row does not have yet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from narratix.commands import NoSuchJob
from narratix.events.store import EventStore
from narratix.projections.job_status import JobStatus, evolve
from narratix.projections.projection import Reader


class Statuses:
    def __init__(self, reader: Reader[JobStatus], store: EventStore) -> None:
        self._reader = reader
        self._store = store

    async def get(self, job_id: UUID) -> JobStatus:
        """Never behind an answer that was given before. Raises NoSuchJob."""
        row = await self._reader.get(str(job_id))
        for event in await self._store.read(job_id, after=row.version if row else 0):
            row = evolve(row, event)
        if row is None:
            raise NoSuchJob(job_id)
        return row

    async def newest(self, limit: int, before: datetime | None, status: str | None) -> list[JobStatus]:
        """As far as the projection is."""
        return await self._reader.newest(limit, before=before, where=("status", status) if status else None)
