"""Workers: leases, fences, retries, cancelling. Stages of this test's own, so that every ending can be had."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from narratix.commands import Commands
from narratix.events.catalogue import Event, FeedbackGiven, JobSubmitted
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriptions
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.ports import ProviderError
from narratix.router import Router
from narratix.services import Services
from narratix.worker import Worker

Run = Callable[[Ports, Job, str], Awaitable[Event]]
Connect = Callable[[], Awaitable[asyncpg.Connection]]


def stage(run: Run, *, items: tuple[str, ...] = ("1",), **declared: Any) -> Handler:
    """A stage that begins with the job and concludes with an event that no job minds."""
    return Handler(
        name="test_stage",
        uses="nothing",
        wakes_on=(JobSubmitted,),
        items=lambda _job: items,
        done=lambda _job, _item: False,
        inputs=lambda _job, item: (item,),
        run=run,
        pause=0.05,
        **declared,
    )


class Machine:
    """Routers and workers over one database, with one stage."""

    def __init__(self, services: Services, connect: Connect, handler: Handler) -> None:
        self.services, self.connect, self.handlers = services, connect, [handler]

    @contextlib.asynccontextmanager
    async def router(self) -> AsyncIterator[None]:
        services = self.services
        router = Router(services.store, self.handlers)
        async with _running(Subscriptions([router], services.feed, services.pool, self.connect).run()):
            yield

    def worker(self, **choices: Any) -> Worker:
        services = self.services
        return Worker(
            pool=services.pool, connect=self.connect, store=services.store, feed=services.feed,
            handlers=self.handlers, ports=services.ports, slots={"nothing": 4}, **choices,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def working(self, **choices: Any) -> AsyncIterator[Worker]:
        worker = self.worker(**choices)
        async with self.router(), _running(worker.run()):
            yield worker

    async def submit(self) -> uuid.UUID:
        return await self.services.commands.submit("A story.")

    async def until(self, job_id: uuid.UUID, *types: str) -> list[str]:
        async with asyncio.timeout(20):
            while True:
                found = [event.type for event in await self.services.store.read(job_id)]
                if set(types) <= set(found):
                    return found
                await asyncio.sleep(0.03)

    async def work(self, column: str = "state") -> Any:
        return await self.services.pool.fetchval(f"select {column} from work")


@contextlib.asynccontextmanager
async def _running(coroutine: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def services(
    settings: Any, dsn: str, pool: asyncpg.Pool, store: EventStore, connect: Connect
) -> AsyncIterator[Services]:
    """A Narratix whose machine stands still, but for its feed."""
    from narratix.app import open_ports

    feed = Feed(store, connect)
    await feed.start()
    async with open_ports(settings) as ports:
        yield Services(
            settings=settings, dsn=dsn, pool=pool, store=store, feed=feed, ports=ports,
            commands=Commands(store, ports.texts), subscriptions=None, worker=None,
        )  # fmt: skip
    await feed.close()


async def succeed(_ports: Ports, _job: Job, item: str) -> Event:
    return FeedbackGiven(rating=int(item))


async def test_given_work_when_it_succeeds_then_its_event_names_work_worker_and_attempt(
    services: Services, connect: Connect
) -> None:
    machine = Machine(services, connect, stage(succeed))
    job_id = await machine.submit()
    async with machine.working() as worker:
        assert await machine.until(job_id, "FeedbackGiven") == ["JobSubmitted", "FeedbackGiven"]
    [_, concluded] = await services.store.read(job_id)
    assert f'"actor":"worker:{worker.owner}"' in concluded.metadata
    assert '"attempt":1' in concluded.metadata
    assert await machine.work() == "done"


async def test_given_a_failing_provider_when_it_recovers_then_each_failed_attempt_is_on_record(
    services: Services, connect: Connect
) -> None:
    calls = 0

    async def flaky(_ports: Ports, _job: Job, _item: str) -> Event:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ProviderError("The provider is busy.")
        return FeedbackGiven(rating=1)

    machine = Machine(services, connect, stage(flaky))
    job_id = await machine.submit()
    async with machine.working():
        types = await machine.until(job_id, "FeedbackGiven")
    assert types == ["JobSubmitted", "AttemptFailed", "AttemptFailed", "FeedbackGiven"]
    assert calls == 3


@pytest.mark.parametrize(
    ("problem", "attempts"),
    [(ProviderError("No such voice.", permanent=True), 1), (ProviderError("Busy."), 4), (ValueError("bug"), 4)],
)
async def test_given_a_provider_that_stays_broken_when_attempts_are_used_up_then_the_job_fails_and_can_be_retried(
    services: Services, connect: Connect, problem: Exception, attempts: int
) -> None:
    healthy = False

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        if not healthy:
            raise problem
        return FeedbackGiven(rating=1)

    machine = Machine(services, connect, stage(run))
    job_id = await machine.submit()
    async with machine.working():
        types = await machine.until(job_id, "JobFailed")
        assert types.count("AttemptFailed") == attempts
        assert await machine.work() == "dead"
        healthy = True
        await services.commands.retry(job_id)
        await machine.until(job_id, "JobRetried", "FeedbackGiven")


async def test_given_a_stage_that_hangs_when_its_time_is_over_then_the_attempt_fails(
    services: Services, connect: Connect
) -> None:
    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    machine = Machine(services, connect, stage(hang, time_limit=0.1, attempts=1))
    job_id = await machine.submit()
    async with machine.working():
        await machine.until(job_id, "JobFailed")
    assert (await services.commands.load(job_id)).error == "It took longer than 0.1 seconds."


async def test_given_a_running_provider_call_when_its_job_is_cancelled_then_the_call_is_dropped(
    services: Services, connect: Connect
) -> None:
    began, dropped = asyncio.Event(), asyncio.Event()

    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()
        raise AssertionError("unreachable")

    machine = Machine(services, connect, stage(hang))
    job_id = await machine.submit()
    async with machine.working():
        await asyncio.wait_for(began.wait(), 20)
        await services.commands.cancel(job_id)
        await asyncio.wait_for(dropped.wait(), 20)
        async with asyncio.timeout(20):
            while await machine.work() != "cancelled":
                await asyncio.sleep(0.03)
    assert [event.type for event in await services.store.read(job_id)] == ["JobSubmitted", "JobCancelled"]


async def test_given_a_worker_that_fell_silent_when_its_lease_ends_then_another_takes_over_and_it_is_fenced(
    services: Services, connect: Connect
) -> None:
    calls: list[asyncio.Event] = []

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        wake = asyncio.Event()
        calls.append(wake)
        if len(calls) == 1:
            await wake.wait()
        return FeedbackGiven(rating=len(calls))

    machine = Machine(services, connect, stage(run))
    job_id = await machine.submit()
    async with machine.working(lease=0.3, heartbeat=3600):
        async with asyncio.timeout(20):
            while not calls:
                await asyncio.sleep(0.02)
        async with _running(machine.worker(lease=30).run()):
            await machine.until(job_id, "FeedbackGiven")
            calls[0].set()
            await asyncio.sleep(0.3)
    events = await services.store.read(job_id)
    assert [event.type for event in events] == ["JobSubmitted", "FeedbackGiven"]
    assert await machine.work("attempt") == 2


async def test_given_a_long_call_when_its_worker_lives_then_the_lease_is_renewed_and_nobody_takes_over(
    services: Services, connect: Connect
) -> None:
    calls = 0

    async def slow(_ports: Ports, _job: Job, _item: str) -> Event:
        nonlocal calls
        calls += 1
        await asyncio.sleep(3.5)
        return FeedbackGiven(rating=1)

    machine = Machine(services, connect, stage(slow))
    job_id = await machine.submit()
    async with machine.working(lease=2.0, heartbeat=0.2):
        await machine.until(job_id, "FeedbackGiven")
    assert calls == 1


async def test_given_a_worker_that_is_stopped_when_its_grace_is_over_then_its_work_is_free_at_once(
    services: Services, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.worker.GRACE_SECONDS", 0.2)
    began = asyncio.Event()

    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    machine = Machine(services, connect, stage(hang))
    await machine.submit()
    async with machine.working():
        await asyncio.wait_for(began.wait(), 20)
    assert (await machine.work(), await machine.work("attempt"), await machine.work("owner")) == ("ready", 0, None)


async def test_given_work_in_flight_when_its_job_failed_meanwhile_then_a_retry_does_it_again(
    services: Services, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, healthy = asyncio.Event(), False

    async def run(_ports: Ports, job: Job, item: str) -> Event:
        if not healthy and item == "1":
            raise ProviderError("Out of quota.", permanent=True)
        if not healthy:
            await failed.wait()
        return FeedbackGiven(rating=int(item))

    machine = Machine(services, connect, stage(run, items=("1", "2")))
    job_id = await machine.submit()
    async with machine.router(), asyncio.timeout(20):
        while await services.pool.fetchval("select count(*) from work") < 2:
            await asyncio.sleep(0.02)
    worker = machine.worker()
    monkeypatch.setattr(worker, "_watch_endings", asyncio.Event().wait)  # the news of the failure comes late
    async with _running(worker.run()):
        await machine.until(job_id, "JobFailed")
        failed.set()
        async with asyncio.timeout(20):
            while await services.pool.fetchval("select count(*) from work where state = 'running'"):
                await asyncio.sleep(0.02)
        healthy = True
        async with machine.router():
            await services.commands.retry(job_id)
            async with asyncio.timeout(20):
                while len(found := await services.store.read_types(job_id, FeedbackGiven)) < 2:
                    await asyncio.sleep(0.02)
    assert {event.data for event in found} == {FeedbackGiven(rating=1), FeedbackGiven(rating=2)}
