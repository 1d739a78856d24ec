"""The router folds every job and inserts the work that has become possible, in its checkpoint's transaction."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from narratix.events.catalogue import JobCancelled, JobFailed, JobRetried
from narratix.events.store import EventStore, Recorded
from narratix.handlers.handler import Handler
from narratix.job import Job, Work, evolve, fold

WORK_CHANNEL: Final = "narratix_work"
JOBS_KEPT: Final = 256

_INSERT: Final = """
insert into work (key, job_id, stage, item, uses, priority, state, attempts)
select key, job_id, stage, item, uses, priority, 'ready', attempts
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[])
     as new (key, job_id, stage, item, uses, priority, attempts)
on conflict (key) do update
set state = 'ready', run_at = now(), settled_at = null, attempts = work.attempt + excluded.attempts
where work.state in ('dead', 'cancelled')
"""
_CANCEL: Final = """
update work set state = 'cancelled', owner = null, lease_until = null, settled_at = now()
where id in (select id from work where job_id = any($1::uuid[]) and state in ('ready', 'running') order by id for update)
"""


class Jobs:
    """Folded jobs, the most recently used ones kept; the rest is folded anew from the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._kept: OrderedDict[UUID, Job] = OrderedDict()

    async def now(self, job_id: UUID) -> Job:
        """The job with everything that the log has."""
        job = self._kept.get(job_id) or Job(id=job_id)
        job = fold(job, (event.data for event in await self._store.read(job_id, after=job.version)))
        self._keep(job)
        return job

    async def after(self, event: Recorded) -> Job:
        """The job exactly as it was after `event`, which is the next one or lies further on."""
        job = self._kept.get(event.stream_id)
        if job is not None and job.version == event.version - 1:
            job = evolve(job, event.data)
        elif job is None or job.version != event.version:
            earlier = await self._store.read(event.stream_id, until=event.version)
            job = fold(Job(id=event.stream_id), (each.data for each in earlier))
        self._keep(job)
        return job

    def forget(self) -> None:
        self._kept.clear()

    def _keep(self, job: Job) -> None:
        self._kept[job.id] = job
        self._kept.move_to_end(job.id)
        if len(self._kept) > JOBS_KEPT:
            self._kept.popitem(last=False)


class Router:
    """A subscriber of the feed. What it decides is a function of the events alone, so repeating it is harmless."""

    name = "router"
    build = 1
    code_version = 1
    pause = 0.0
    refolds = False

    def __init__(self, store: EventStore, handlers: Sequence[Handler]) -> None:
        self._handlers: Mapping[str, Handler] = {handler.name: handler for handler in handlers}
        self._jobs = Jobs(store)

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        wanted: dict[str, tuple[Handler, Work, int]] = {}
        ended: dict[UUID, None] = {}
        for event in events:
            job = await self._jobs.after(event)
            if isinstance(event.data, JobCancelled | JobFailed):
                ended[job.id] = None
                wanted = {key: entry for key, entry in wanted.items() if entry[1].job_id != job.id}
            if isinstance(event.data, JobRetried) and ended.pop(job.id, False) is None:
                await connection.execute(_CANCEL, [job.id])
            for handler in self._woken_by(event):
                for work in handler.work(job):
                    wanted[work.key] = (handler, work, handler.priority(job, work.item))
        if ended:
            await connection.execute(_CANCEL, list(ended))
        if wanted:
            await self._insert(connection, wanted.values())

    def _woken_by(self, event: Recorded) -> Iterable[Handler]:
        if isinstance(event.data, JobRetried):
            return self._handlers.values()
        return [handler for handler in self._handlers.values() if isinstance(event.data, handler.wakes_on)]

    async def _insert(self, connection: asyncpg.Connection, wanted: Iterable[tuple[Handler, Work, int]]) -> None:
        columns = list(
            zip(
                *(
                    (work.key, work.job_id, work.stage, work.item, handler.uses, priority, handler.attempts)
                    for handler, work, priority in wanted
                ),
                strict=True,
            )
        )
        await connection.execute(_INSERT, *columns)
        await connection.execute("select pg_notify($1, '')", WORK_CHANNEL)

    def forget(self) -> None:
        self._jobs.forget()

    def done(self) -> None:
        """Folded jobs stay as they are: they depend on the log alone."""
