"""The router folds every job and inserts the work that has become possible, in its checkpoint's transaction.

Work queues up in lanes, one for each kind of port. A job's n-th piece gets a place n turns after the lane's clock
(claim_work.sql), so the jobs in a lane take turns: a short story among novels is done after as many turns as it has
lines, and a novel goes on however many stories come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from narratix.claims import WORK_CHANNEL
from narratix.events.catalogue import Event, JobCancelled, JobFailed, JobRetried
from narratix.events.codec import Unreadable
from narratix.events.store import EventStore, Recorded
from narratix.handlers.handler import Handler
from narratix.jobs import Jobs
from narratix.work import Work

log = structlog.get_logger(__name__)

# Its commit does not wait for the disk: what a crash takes back is done again from the log.
_INSERT: Final = """
with inserted as (
    insert into work as w (key, job_id, stage, item, uses, version, priority, state, attempts)
    select new.key, new.job_id, new.stage, new.item, new.uses, new.version, coalesce(lanes.clock, 0) + new.turn,
           'ready', new.attempts
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[])
         as new (key, job_id, stage, item, uses, version, turn, attempts)
    left join lanes on lanes.uses = new.uses
    on conflict (key) do update
    set state = 'ready', run_at = now(), settled_at = null, attempts = w.attempt + excluded.attempts,
        version = excluded.version, priority = excluded.priority
    where w.state in ('dead', 'cancelled')
    returning 1
)
select set_config('synchronous_commit', 'off', true), pg_notify($9, '') where exists (select from inserted)
"""
_CANCEL: Final = """
update work set state = 'cancelled', owner = null, lease_until = null, settled_at = now()
where id in (select id from work where job_id = any($1::uuid[]) and state in ('ready', 'waiting', 'running')
             order by id for update)
"""


class Wanted(msgspec.Struct, frozen=True):
    """Work that has become possible, and the version of its job from which it follows."""

    handler: Handler
    work: Work
    version: int
    priority: int

    @property
    def lane(self) -> tuple[UUID, str]:
        return self.work.job_id, self.handler.uses


class Router:
    """A subscriber of the feed. What it decides is a function of the events alone, so repeating it is harmless, and so
    is deciding by a job that has already moved on: what it needs later it needs then, too."""

    name = "router"
    build = 1
    code_version = 3
    pause = 0.0
    refolds = False

    def __init__(self, store: EventStore, handlers: Sequence[Handler], jobs: Jobs | None = None) -> None:
        self._handlers = handlers
        self._woken: Mapping[type[Event], list[Handler]] = _by_event(handlers)
        self._jobs = jobs or Jobs(store)

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        wanted: dict[UUID, dict[str, Wanted]] = {}
        ended: dict[UUID, None] = {}
        for event in events:
            try:
                job = await self._jobs.after(event)
            except Unreadable as problem:  # it was decided to pass over what damaged this job: nothing follows from it
                log.warning("job_unreadable", job_id=str(event.stream_id), reason=str(problem))
                continue
            if isinstance(event.data, JobFailed | JobCancelled):
                wanted.pop(job.id, None)
                ended[job.id] = None
            if isinstance(event.data, JobRetried) and ended.pop(job.id, False) is None:
                await connection.execute(_CANCEL, [job.id])  # what is wanted again must have been put aside
            for handler in self._woken_by(event):
                for work in handler.work(job):
                    new = Wanted(handler, work, job.version, handler.priority(job, work.item))
                    wanted.setdefault(job.id, {})[work.key] = new
        if ended:
            await connection.execute(_CANCEL, list(ended))
        if wanted:
            new_work = (each for of_job in wanted.values() for each in of_job.values())
            await connection.execute(_INSERT, *_columns(new_work), WORK_CHANNEL)

    def _woken_by(self, event: Recorded) -> Iterable[Handler]:
        return self._handlers if isinstance(event.data, JobRetried) else self._woken.get(type(event.data), ())

    def forget(self) -> None:
        """Folded jobs stay as they are: they depend on the log alone."""

    def done(self) -> None:
        """Folded jobs stay as they are."""


def _by_event(handlers: Sequence[Handler]) -> Mapping[type[Event], list[Handler]]:
    woken: defaultdict[type[Event], list[Handler]] = defaultdict(list)
    for handler in handlers:
        for event in handler.wakes_on:
            woken[event].append(handler)
    return dict(woken)


def _columns(wanted: Iterable[Wanted]) -> list[tuple[Any, ...]]:
    """One tuple for each column. A job's pieces take successive turns in their lane, the most urgent first."""
    ahead: Counter[tuple[UUID, str]] = Counter()
    rows = []
    for each in sorted(wanted, key=attrgetter("priority")):
        work, handler = each.work, each.handler
        turn, ahead[each.lane] = ahead[each.lane], ahead[each.lane] + 1
        rows.append((work.key, work.job_id, work.stage, work.item, handler.uses, each.version, turn, handler.attempts))
    return list(zip(*rows, strict=True))
