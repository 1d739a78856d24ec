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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import asyncpg
import structlog

from narratix.claims import WORK_CHANNEL, Claim, Claims
from narratix.correlation import Correlations, by
from narratix.events.catalogue import Event, JobCancelled, JobFailed
from narratix.events.codec import Unreadable
from narratix.events.feed import Connect, Feed
from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE, Conflict, EventStore, Fence, Fenced, NewEvent, StoreError
from narratix.handlers.handler import Handler, Ports
from narratix.job import Conclude, GiveUp, Job, decide
from narratix.jobs import Jobs
from narratix.ports import ProviderError
from narratix.timings import TIMINGS
from narratix.work import conclusion_id, failure_id

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 10.0
WHOLE_PIECES_KEPT: Final = 20_000
"""Segments and lines with all their words: about 50 MB."""


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
    """Runs stages until it is stopped. `slots` bounds how many run at once in this process, for each port that stages
    use, and `limits` how many in all processes together."""

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
        limits: Mapping[str, int] | None = None,
        jobs: Jobs | None = None,
        lease: float = LEASE_SECONDS,
        heartbeat: float | None = None,
        quiet: Quiet | None = None,
    ) -> None:
        self._quiet = quiet or Quiet()
        self.owner = str(uuid.uuid4())
        self._claims = Claims(pool, owner=self.owner, lease=lease, limits=limits or {})
        self._connect = connect
        self._store = store
        self._correlations = Correlations(store)
        self._feed = feed
        self._handlers = {handler.name: handler for handler in handlers}
        self._ports = ports
        self._slots = slots
        self._heartbeat = heartbeat or lease / 3
        self._jobs = jobs or Jobs(store)
        self._whole_jobs = Jobs(store, room=WHOLE_PIECES_KEPT, whole=True)
        self._running: dict[int, tuple[Claim, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._asleep = False
        self._crowded: Collection[str] = ()
        """The lanes in which more may be ready than there was room for, here or within their limit."""

    @property
    def idle(self) -> bool:
        """Whether no work was open anywhere when it was last asked for."""
        return self._asleep

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled; then what runs gets a moment to finish and the rest is released."""
        async with asyncio.TaskGroup() as group:
            heartbeat = group.create_task(self._renew_on(), name="heartbeat")
            try:
                async with asyncio.TaskGroup() as claiming:
                    claiming.create_task(self._claim_on(), name="claim")
                    claiming.create_task(self._listen_on(), name="work-listener")
                    claiming.create_task(self._hear_on(), name="jobs")
            finally:
                await self._wind_down()
                heartbeat.cancel()

    async def _wind_down(self) -> None:
        tasks = {task: work_id for work_id, (_, task) in self._running.items()}
        if not tasks:
            return
        log.info("work_finishes", count=len(tasks), grace=GRACE_SECONDS)
        _, left = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=GRACE_SECONDS)
            with contextlib.suppress(*UNREACHABLE, TimeoutError):
                await self._claims.release([tasks[task] for task in left])
                log.info("leases_released", count=len(left))

    # -- claim -----------------------------------------------------------------------------

    async def _claim_on(self) -> None:
        """Claim whenever something can have become ready. With no work open there is nothing to look for, and no query
        is made until the database says that there is new work."""
        while True:
            self._wake.clear()
            try:
                claimed = await self._claim()
                pause = POLL_SECONDS if claimed or self._running else await self._claims.due(POLL_SECONDS)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("claim_waits", reason=str(problem) or type(problem).__name__)
                pause = POLL_SECONDS
            self._asleep = pause is None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._wake.wait()

    async def _claim(self) -> int:
        used = Counter(claim.uses for claim, _ in self._running.values())
        free = {uses: slots - used[uses] for uses, slots in self._slots.items() if slots > used[uses]}
        claims = await self._claims.take(free) if free else []
        taken = Counter(claim.uses for claim in claims)
        self._crowded = {
            uses for uses in self._slots if taken[uses] >= free.get(uses, 0) or uses in self._claims.limits
        }
        for claim in claims:
            task = asyncio.create_task(self._perform(claim), name=claim.key)
            self._running[claim.id] = (claim, task)
            task.add_done_callback(partial(self._finished, claim))
        return len(claims)

    def _finished(self, claim: Claim, task: asyncio.Task[None]) -> None:
        self._running.pop(claim.id, None)
        if claim.uses in self._crowded or not self._running:
            self._wake.set()
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("work_not_settled", work=task.get_name(), exc_info=problem)

    # -- one piece of work -----------------------------------------------------------------

    async def _perform(self, claim: Claim) -> None:
        structlog.contextvars.bind_contextvars(job_id=str(claim.job_id), stage=claim.stage, item=claim.item)
        try:
            if request := await self._correlations.of(claim.job_id):
                structlog.contextvars.bind_contextvars(request_id=request)
            try:
                job = await self._load(claim)
            except Unreadable as problem:
                log.error("job_unreadable", reason=str(problem))
                await self._store.append([], fence=Fence(claim.id, claim.attempt, self.owner, "dead"))
                return
            await self._settle(claim, await self._outcome(claim, job))
        except Fenced:
            log.info("work_was_taken_over", attempt=claim.attempt)
        except (StoreError, *UNREACHABLE, TimeoutError) as problem:
            # the lease ends by itself and the work is done again; its artefact is found by its key
            log.warning("work_not_reported", reason=str(problem) or type(problem).__name__)

    async def _load(self, claim: Claim) -> Job:
        """The job as the work needs it: at least as far as it was when the work became possible."""
        handler = self._handlers.get(claim.stage)
        jobs = self._jobs if handler is None or handler.light else self._whole_jobs
        return await jobs.at_least(claim.job_id, claim.version)

    async def _outcome(self, claim: Claim, job: Job) -> Outcome:
        handler = self._handlers.get(claim.stage)
        if handler is None:
            return Failed(f"This release knows no stage called {claim.stage!r}.", permanent=True)
        if not handler.needed(job, claim.item) or _is_other_work(handler, job, claim):
            return Obsolete(job_ended=not job.active)
        if claim.attempt > claim.attempts:
            return Failed("The work was begun again and again, but its worker never came back.", permanent=True)
        try:
            with TIMINGS.of(claim.stage):
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
                await self._report(claim, Conclude(event), fence, partial(conclusion_id, claim.key))
            case Failed():
                await self._give_up(claim, outcome)
                self._wake.set()  # it may be due again before anything else wakes us

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
        settle = "dead" if pause is None else "ready"
        fence = Fence(claim.id, claim.attempt, self.owner, settle, pause or 0.0)  # type: ignore[arg-type]
        await self._report(claim, command, fence, partial(failure_id, claim.key, claim.attempt))

    async def _report(
        self, claim: Claim, command: Conclude | GiveUp, fence: Fence, event_id: Callable[[int], uuid.UUID]
    ) -> None:
        """Append what `command` leads to and settle the work with it. Where that is nothing the job has ended; the work
        is then put aside, and a retry of the job finds it."""
        job = await self._jobs.at_least(claim.job_id, claim.version)
        while True:
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
                job = await self._jobs.now(claim.job_id)
                continue
            return

    def _metadata(self, claim: Claim) -> dict[str, Any]:
        return {**by(f"worker:{self.owner}"), "work": claim.key, "attempt": claim.attempt}

    # -- leases, hints, endings ------------------------------------------------------------

    async def _renew_on(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            if not self._running:
                continue
            ids = set(self._running)
            try:
                kept = await self._claims.renew(ids)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("heartbeat_missed", reason=str(problem) or type(problem).__name__)
                continue
            for work_id in ids - kept:
                if entry := self._running.get(work_id):
                    log.info("lease_lost", work=entry[0].key)
                    entry[1].cancel()

    async def _listen_on(self) -> None:
        """Wake up when work was inserted or released; after a lost connection look once for what was missed."""
        while True:
            await self._quiet.awake()
            try:
                connection = await self._connect()
                lost = asyncio.Event()
                connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                try:
                    await connection.add_listener(WORK_CHANNEL, lambda *_: self._wake.set())
                    self._wake.set()
                    await lost.wait()
                finally:
                    with contextlib.suppress(*UNREACHABLE, TimeoutError):
                        await connection.close(timeout=2)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("work_listener_waits", reason=str(problem) or type(problem).__name__)
            await asyncio.sleep(0.5 + random.random())

    async def _hear_on(self) -> None:
        """Keep the jobs up to date, so that a claim need not read them. A job that was cancelled or failed takes its
        running work with it, at once."""
        async for events in self._feed.follow(self._feed.position):
            if self._asleep:  # should the notification of what follows from this be lost, one look finds it
                self._asleep = False
                asyncio.get_running_loop().call_later(POLL_SECONDS, self._wake.set)
            for event in events:
                self._jobs.hear(event)
                self._correlations.hear(event)
                if isinstance(event.data, JobCancelled | JobFailed):
                    for claim, task in list(self._running.values()):
                        if claim.job_id == event.stream_id:
                            task.cancel()


def _is_other_work(handler: Handler, job: Job, claim: Claim) -> bool:
    """Whether a line was revised since this became possible, so that something else is to be made instead."""
    return claim.version < job.revision and handler.piece(job, claim.item).key != claim.key


def _pause(handler: Handler, attempt: int, asked: float | None) -> float:
    """Exponential backoff with full jitter (AWS Architecture Blog, 2015), at least what the provider asked for."""
    pause = random.uniform(0.2, 1.0) * handler.pause * 2.0 ** (attempt - 1)
    return round(max(pause, asked or 0.0), 2)
