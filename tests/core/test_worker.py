"""Workers: how a run ends, leases and fences. Stages of this test's own, so that every ending can be had."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from narratix.claims import Claim, Claims
from narratix.events.catalogue import Event, FeedbackGiven
from narratix.handlers.handler import Ports
from narratix.job import Job
from narratix.ports import ProviderError
from tests.beside import running
from tests.core.conftest import MachineOf
from tests.core.machine_of_work import stage, succeed


async def test_given_work_when_it_succeeds_then_its_event_names_work_worker_and_attempt(machine_of: MachineOf) -> None:
    machine = machine_of(stage(succeed))
    job_id = await machine.submit()
    async with machine.working() as worker:
        assert await machine.until(job_id, "FeedbackGiven") == ["JobSubmitted", "FeedbackGiven"]
    [_, concluded] = await machine.store.read(job_id)
    assert f'"actor":"worker:{worker.owner}"' in concluded.metadata
    assert '"attempt":1' in concluded.metadata
    assert await machine.work() == "done"


async def test_given_a_failing_provider_when_it_recovers_then_each_failed_attempt_is_on_record(
    machine_of: MachineOf,
) -> None:
    calls = 0

    async def flaky(_ports: Ports, _job: Job, _item: str) -> Event:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ProviderError("The provider is busy.")
        return FeedbackGiven(rating=1)

    machine = machine_of(stage(flaky))
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
    machine_of: MachineOf, problem: Exception, attempts: int
) -> None:
    healthy = False

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        if not healthy:
            raise problem
        return FeedbackGiven(rating=1)

    machine = machine_of(stage(run))
    job_id = await machine.submit()
    async with machine.working():
        types = await machine.until(job_id, "JobFailed")
        assert types.count("AttemptFailed") == attempts
        assert await machine.work() == "dead"
        healthy = True
        await machine.commands.retry(job_id)
        await machine.until(job_id, "JobRetried", "FeedbackGiven")
        assert await machine.work() == "done"


async def test_given_a_stage_that_hangs_when_its_time_is_over_then_the_attempt_fails(machine_of: MachineOf) -> None:
    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    machine = machine_of(stage(hang, time_limit=0.1, attempts=1))
    job_id = await machine.submit()
    async with machine.working():
        await machine.until(job_id, "JobFailed")
    assert (await machine.commands.load(job_id)).error == "It took longer than 0.1 seconds."


async def test_given_a_worker_that_fell_silent_when_its_lease_ends_then_another_takes_over_and_it_is_fenced(
    machine_of: MachineOf,
) -> None:
    calls: list[asyncio.Event] = []

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        wake = asyncio.Event()
        calls.append(wake)
        if len(calls) == 1:
            await wake.wait()
        return FeedbackGiven(rating=len(calls))

    machine = machine_of(stage(run))
    job_id = await machine.submit()
    async with machine.working(lease=0.3, heartbeat=3600):
        async with asyncio.timeout(20):
            while not calls:
                await asyncio.sleep(0.02)
        async with running(machine.worker(lease=30).run()):
            await machine.until(job_id, "FeedbackGiven")
            calls[0].set()
            await asyncio.sleep(0.3)
    events = await machine.store.read(job_id)
    assert [event.type for event in events] == ["JobSubmitted", "FeedbackGiven"]
    assert await machine.work("attempt") == 2


async def test_given_a_long_call_when_its_worker_lives_then_the_lease_is_renewed_and_nobody_takes_over(
    machine_of: MachineOf,
) -> None:
    calls = 0

    async def slow(_ports: Ports, _job: Job, _item: str) -> Event:
        nonlocal calls
        calls += 1
        await asyncio.sleep(3.5)
        return FeedbackGiven(rating=1)

    machine = machine_of(stage(slow))
    job_id = await machine.submit()
    async with machine.working(lease=2.0, heartbeat=0.2):
        await machine.until(job_id, "FeedbackGiven")
    assert calls == 1


async def test_given_a_worker_that_is_stopped_when_its_grace_is_over_then_its_work_is_free_at_once(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.worker.GRACE_SECONDS", 0.2)
    began = asyncio.Event()

    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    machine = machine_of(stage(hang))
    await machine.submit()
    async with machine.working():
        await asyncio.wait_for(began.wait(), 20)
    assert (await machine.work(), await machine.work("attempt"), await machine.work("owner")) == ("ready", 0, None)


async def test_given_a_worker_that_is_stopped_when_its_stage_ends_within_the_grace_then_its_result_is_kept(
    machine_of: MachineOf,
) -> None:
    began, finish = asyncio.Event(), asyncio.Event()

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        began.set()
        await finish.wait()
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run))
    job_id = await machine.submit()
    async with machine.routing(), running(machine.worker(lease=0.6).run()) as task:
        await asyncio.wait_for(began.wait(), 20)
        task.cancel()
        await asyncio.sleep(1.5)  # longer than its lease, which is renewed all the while
        finish.set()
        await machine.until(job_id, "FeedbackGiven")
    assert await machine.work("attempt") == 1


async def test_given_work_released_by_a_stopped_worker_when_another_sleeps_then_it_is_woken(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.worker.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("narratix.worker.POLL_SECONDS", 3600.0)
    calls: list[str] = []

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        calls.append(item)
        if len(calls) == 1:
            await asyncio.Event().wait()
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run))
    job_id = await machine.submit()
    async with machine.routing(), running(machine.worker().run()) as stopped:
        await machine.until_work("state = 'running'")
        async with running(machine.worker().run()):
            await asyncio.sleep(0.5)
            stopped.cancel()
            await machine.until(job_id, "FeedbackGiven")
    assert len(calls) == 2


async def test_given_no_open_work_when_time_passes_then_nothing_is_asked_until_new_work_is_notified(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.worker.POLL_SECONDS", 0.05)
    machine = machine_of(stage(succeed))
    worker = machine.worker()
    looks = 0
    take = worker._claims.take

    async def counted(free: Mapping[str, int]) -> list[Claim]:
        nonlocal looks
        looks += 1
        return await take(free)

    monkeypatch.setattr(worker._claims, "take", counted)
    async with machine.routing(), running(worker.run()):
        async with asyncio.timeout(20):
            while not worker.idle:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # for looks that were under way
        before = looks
        await asyncio.sleep(1.0)
        assert (looks - before, worker.idle) == (0, True)
        job_id = await machine.submit()
        await machine.until(job_id, "FeedbackGiven")


async def test_given_a_killed_worker_when_its_lease_ends_then_a_sleeping_worker_takes_over_at_that_moment(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without polling: the worker knows when the lease ends, and when the attempt is due."""
    monkeypatch.setattr("narratix.worker.POLL_SECONDS", 3600.0)
    machine = machine_of(stage(succeed))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'")
    killed = Claims(machine.pool, owner="killed", lease=1.0, limits={})
    assert len(await killed.take({"nothing": 1})) == 1
    async with machine.routing(), running(machine.worker().run()):
        await machine.until(job_id, "FeedbackGiven")
    assert await machine.work("attempt") == 2
