"""The worker: claim, load, still needed? run, report, settle. Every way in which a run can end becomes one outcome.

No transaction is open while a provider is called. A claim is a lease; whoever holds it renews it, and what is
reported goes through a fence of (work, attempt, owner), so that a worker that was taken for dead changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import asyncpg
import structlog

from narratix.events.catalogue import Event, JobCancelled, JobFailed
from narratix.events.feed import Connect, Feed
from narratix.events.store import UNREACHABLE, Conflict, EventStore, Fence, Fenced, NewEvent, StoreError
from narratix.handlers.handler import Handler, Ports
from narratix.job import Conclude, GiveUp, Job, Work, decide
from narratix.ports import ProviderError
from narratix.router import WORK_CHANNEL, Jobs

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 2.0
IDLE_POLL_SECONDS: Final = 15.0
GRACE_SECONDS: Final = 10.0

_CLAIM: Final = """
with free (uses, slots) as (select * from unnest($1::text[], $2::int[])),
candidate as (
    select picked.id from free cross join lateral (
        select w.id from work w
        where w.uses = free.uses
          and w.state = 'ready' and w.run_at <= now()
        order by w.priority, w.id limit free.slots
        for update skip locked) picked
)
update work w
set state = 'running', attempt = w.attempt + 1, owner = $3, lease_until = now() + make_interval(secs => $4)
from candidate where w.id = candidate.id
returning w.id, w.key, w.job_id, w.stage, w.item, w.uses, w.attempt, w.attempts
"""
_RECLAIM: Final = """
update work set state = 'ready', owner = null, lease_until = null
where id in (select id from work where state = 'running' and lease_until < now() for update skip locked)
"""
_RENEW: Final = """
update work set lease_until = now() + make_interval(secs => $3)
where id in (select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running' for update skip locked)
returning id
"""
_STILL_MINE: Final = "select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running'"
_RELEASE: Final = """
update work set state = 'ready', attempt = attempt - 1, owner = null, lease_until = null, run_at = now()
where id = any($1::bigint[]) and owner = $2 and state = 'running'
"""
_OPEN: Final = "select exists (select 1 from work where state in ('ready', 'running'))"


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work that is ours until its lease ends."""

    id: int
    key: str
    job_id: uuid.UUID
    stage: str
    item: str
    uses: str
    attempt: int
    attempts: int

    @property
    def work(self) -> Work:
        return Work(self.job_id, self.stage, self.item, self.key.rpartition("@")[2])


@dataclass(frozen=True, slots=True)
class Done:
    event: Event


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str
    permanent: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Obsolete:
    """The job does not need it any more: it has it already, or has ended and may want it again when retried."""

    job_ended: bool


Outcome = Done | Failed | Obsolete


class Worker:
    """Runs stages until it is stopped. `slots` bounds how many run at once, for each port that stages use."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        connect: Connect,
        store: EventStore,
        feed: Feed,
        handlers: Sequence[Handler],
        ports: Ports,
        slots: Mapping[str, int],
        lease: float = LEASE_SECONDS,
        heartbeat: float | None = None,
    ) -> None:
        self.owner = str(uuid.uuid4())
        self._pool = pool
        self._connect = connect
        self._store = store
        self._feed = feed
        self._handlers = {handler.name: handler for handler in handlers}
        self._ports = ports
        self._slots = slots
        self._lease = lease
        self._heartbeat = heartbeat or lease / 3
        self._jobs = Jobs(store)
        self._running: dict[int, tuple[Claim, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._stopping = False

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled; then what runs gets a moment to finish and the rest is released."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._claim_on(), name="claim")
                group.create_task(self._renew_on(), name="heartbeat")
                group.create_task(self._listen_on(), name="work-listener")
                group.create_task(self._watch_endings(), name="endings")
        finally:
            self._stopping = True
            await self._wind_down()

    async def _wind_down(self) -> None:
        if not self._running:
            return
        tasks = [task for _, task in self._running.values()]
        await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        left = {work_id: entry for work_id, entry in self._running.items() if not entry[1].done()}
        for _, task in left.values():
            task.cancel()
        if left:
            await asyncio.wait([task for _, task in left.values()], timeout=GRACE_SECONDS)
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await self._pool.execute(_RELEASE, list(left), self.owner, timeout=5)
                log.info("leases_released", count=len(left))

    # -- claim -----------------------------------------------------------------------------

    async def _claim_on(self) -> None:
        reclaim_at = 0.0
        while True:
            self._wake.clear()
            try:
                if (now := asyncio.get_running_loop().time()) >= reclaim_at:
                    await self._pool.execute(_RECLAIM, timeout=10)
                    reclaim_at = now + POLL_SECONDS
                if await self._claim():
                    continue
                full = len(self._running) >= sum(self._slots.values())
                pause = POLL_SECONDS if full or await self._pool.fetchval(_OPEN) else IDLE_POLL_SECONDS
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("claim_waits", reason=str(problem) or type(problem).__name__)
                pause = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._wake.wait()

    async def _claim(self) -> int:
        used = Counter(claim.uses for claim, _ in self._running.values())
        free = {uses: slots - used[uses] for uses, slots in self._slots.items() if slots > used[uses]}
        if not free:
            return 0
        rows = await self._pool.fetch(_CLAIM, list(free), list(free.values()), self.owner, self._lease, timeout=10)
        for row in rows:
            claim = Claim(**dict(row))
            task = asyncio.create_task(self._perform(claim), name=claim.key)
            self._running[claim.id] = (claim, task)
            task.add_done_callback(partial(self._finished, claim.id))
        return len(rows)

    def _finished(self, work_id: int, task: asyncio.Task[None]) -> None:
        self._running.pop(work_id, None)
        self._wake.set()
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("work_not_settled", work=task.get_name(), exc_info=problem)

    # -- one piece of work -----------------------------------------------------------------

    async def _perform(self, claim: Claim) -> None:
        with structlog.contextvars.bound_contextvars(job_id=str(claim.job_id), stage=claim.stage, item=claim.item):
            try:
                job = await self._jobs.now(claim.job_id)
                outcome = await self._outcome(claim, job)
                await self._settle(claim, outcome)
            except Fenced:
                log.info("work_was_taken_over", attempt=claim.attempt)
            except (StoreError, *UNREACHABLE, TimeoutError) as problem:
                # the lease ends by itself and the work is done again; its artefact is found by its key
                log.warning("work_not_reported", reason=str(problem) or type(problem).__name__)

    async def _outcome(self, claim: Claim, job: Job) -> Outcome:
        handler = self._handlers.get(claim.stage)
        if handler is None:
            return Failed(f"This release knows no stage called {claim.stage!r}.", permanent=True)
        if not handler.needed(job, claim.item):
            return Obsolete(job_ended=not job.active)
        if claim.attempt > claim.attempts:
            return Failed("The work was begun again and again, but its worker never came back.", permanent=True)
        try:
            async with asyncio.timeout(handler.time_limit):
                return Done(await handler.run(self._ports, job, claim.item))
        except TimeoutError:
            return Failed(f"It took longer than {handler.time_limit:g} seconds.")
        except ProviderError as problem:
            return Failed(str(problem), permanent=problem.permanent, retry_after=problem.retry_after)
        except OSError as problem:
            log.error("stage_crashed", exc_info=True)
            return Failed(f"The machine refused: {problem.strerror or problem}.")
        except Exception as problem:
            log.error("stage_crashed", exc_info=True)
            return Failed(f"An unexpected error stopped it ({type(problem).__name__}); the log of the service has it.")

    async def _settle(self, claim: Claim, outcome: Outcome) -> None:
        fence = Fence(claim.id, claim.attempt, self.owner)
        match outcome:
            case Obsolete(job_ended):
                await self._store.append([], fence=replace(fence, settle="cancelled") if job_ended else fence)
            case Done(event):
                await self._report(claim, Conclude(event), fence, claim.work.event_id)
            case Failed():
                await self._give_up(claim, outcome)

    async def _give_up(self, claim: Claim, failed: Failed) -> None:
        handler = self._handlers.get(claim.stage)
        last = failed.permanent or claim.attempt >= claim.attempts
        pause = None if last or handler is None else _pause(handler, claim.attempt, failed.retry_after)
        command = GiveUp(
            stage=claim.stage,
            item=claim.item,
            attempt=claim.attempt,
            attempts=claim.attempts,
            reason=failed.reason,
            retry_in=pause,
            optional=handler is not None and handler.optional,
        )
        log.warning("attempt_failed", attempt=claim.attempt, reason=failed.reason, retry_in=pause)
        fence = Fence(claim.id, claim.attempt, self.owner, "dead" if pause is None else "ready", pause or 0.0)
        await self._report(claim, command, fence, partial(claim.work.failure_id, claim.attempt))

    async def _report(
        self, claim: Claim, command: Conclude | GiveUp, fence: Fence, event_id: Callable[[int], uuid.UUID]
    ) -> None:
        """Append what `command` leads to and settle the work with it. Where that is nothing the job has ended; the work
        is then put aside, and a retry of the job finds it."""
        while True:
            job = await self._jobs.now(claim.job_id)
            events = decide(job, command)
            # artefacts may land in any order; what ends a job, and how it failed, must have seen all of it
            exact = isinstance(command, GiveUp) or len(events) > 1
            new = [
                NewEvent(claim.job_id, event, event_id(ordinal), job.version if exact and ordinal == 0 else None)
                for ordinal, event in enumerate(events)
            ]
            settled = fence if events else replace(fence, settle="cancelled")
            try:
                await self._store.append(new, fence=settled, metadata=self._metadata(claim))
            except Conflict:
                continue
            return

    def _metadata(self, claim: Claim) -> dict[str, Any]:
        return {"actor": f"worker:{self.owner}", "work": claim.key, "attempt": claim.attempt}

    # -- leases, hints, endings ------------------------------------------------------------

    async def _renew_on(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            ids = list(self._running)
            if not ids:
                continue
            try:
                await self._pool.fetch(_RENEW, ids, self.owner, self._lease, timeout=5)
                kept = {row["id"] for row in await self._pool.fetch(_STILL_MINE, ids, self.owner, timeout=5)}
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("heartbeat_missed", reason=str(problem) or type(problem).__name__)
                continue
            for work_id in set(ids) - kept:
                if entry := self._running.get(work_id):
                    log.info("lease_lost", work=entry[0].key)
                    entry[1].cancel()

    async def _listen_on(self) -> None:
        """Wake up when work was inserted; while this connection is down, polling does."""
        while True:
            try:
                connection = await self._connect()
                lost = asyncio.Event()
                connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                await connection.add_listener(WORK_CHANNEL, lambda *_: self._wake.set())
                self._wake.set()
                try:
                    await lost.wait()
                finally:
                    with contextlib.suppress(*UNREACHABLE, TimeoutError):
                        await connection.close(timeout=2)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("work_listener_waits", reason=str(problem) or type(problem).__name__)
            await asyncio.sleep(0.5 + random.random())

    async def _watch_endings(self) -> None:
        """A job that was cancelled or failed takes its running work with it, at once."""
        async for events in self._feed.follow(self._feed.position):
            for event in events:
                if isinstance(event.data, JobCancelled | JobFailed):
                    for claim, task in list(self._running.values()):
                        if claim.job_id == event.stream_id:
                            task.cancel()


def _pause(handler: Handler, attempt: int, asked: float | None) -> float:
    """Exponential backoff with full jitter (AWS Architecture Blog, 2015), at least what the provider asked for."""
    pause = random.uniform(0.2, 1.0) * handler.pause * 2.0 ** (attempt - 1)
    return round(max(pause, asked or 0.0), 2)
