"""What becomes of work whose job ends: cancelled or failed while a provider is called."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from narratix.claims import Claim, Claims
from narratix.events.catalogue import DramaExpired, Event, FeedbackGiven, JobCancelled, JobFailed, JobRetried
from narratix.events.store import Conflict, Fence, NewEvent
from narratix.handlers.handler import Ports
from narratix.job import Job
from narratix.ports import ProviderError
from tests.beside import running
from tests.core.conftest import MachineOf
from tests.core.machine_of_work import stage, succeed


async def test_given_a_running_provider_call_when_its_job_is_cancelled_then_the_call_is_dropped(
    machine_of: MachineOf,
) -> None:
    began, dropped = asyncio.Event(), asyncio.Event()

    async def hang(_ports: Ports, _job: Job, _item: str) -> Event:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()
        raise AssertionError("unreachable")

    machine = machine_of(stage(hang))
    job_id = await machine.submit()
    async with machine.working():
        await asyncio.wait_for(began.wait(), 20)
        await machine.commands.cancel(job_id)
        await asyncio.wait_for(dropped.wait(), 20)
        await machine.until_work("state = 'cancelled'")
    assert await machine.types(job_id) == ["JobSubmitted", "JobCancelled"]


async def test_given_a_provider_that_answers_after_the_cancelling_when_nobody_heard_of_it_then_its_answer_is_refused(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, answer = asyncio.Event(), asyncio.Event()

    async def run(_ports: Ports, _job: Job, _item: str) -> Event:
        began.set()
        await answer.wait()
        return FeedbackGiven(rating=1)

    machine = machine_of(stage(run))
    job_id = await machine.submit()
    worker = machine.worker()
    monkeypatch.setattr(worker, "_hear_on", asyncio.Event().wait)
    async with running(worker.run()):
        async with machine.routing():
            await asyncio.wait_for(began.wait(), 20)
        await machine.commands.cancel(job_id)
        answer.set()
        await machine.until_work("state = 'cancelled'")
    assert await machine.types(job_id) == ["JobSubmitted", "JobCancelled"]


async def test_given_work_in_flight_when_its_job_failed_meanwhile_then_a_retry_does_it_again(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, healthy = asyncio.Event(), False

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        if not healthy and item == "1":
            raise ProviderError("Out of quota.", permanent=True)
        if not healthy:
            await failed.wait()
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run, items=("1", "2")))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'", 2)
    worker = machine.worker()
    monkeypatch.setattr(worker, "_hear_on", asyncio.Event().wait)  # the news of the failure comes late
    async with running(worker.run()):
        await machine.until(job_id, "JobFailed")
        failed.set()
        await machine.until_work("state = 'running'", 0)
        healthy = True
        async with machine.routing():
            await machine.commands.retry(job_id)
            async with asyncio.timeout(20):
                while len(found := await machine.store.read_types(job_id, FeedbackGiven)) < 2:
                    await asyncio.sleep(0.02)
    assert {event.data for event in found} == {FeedbackGiven(rating=1), FeedbackGiven(rating=2)}


@pytest.mark.parametrize("end", [JobCancelled(reason=""), JobFailed(stage="s", item="", reason=""), DramaExpired()])
@pytest.mark.parametrize("together", [True, False])
async def test_given_a_job_that_ended_when_work_brings_its_result_in_the_same_call_or_later_then_it_is_refused(
    machine_of: MachineOf, end: Event, together: bool
) -> None:
    machine = machine_of(stage(succeed))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'")
    [claim] = await Claims(machine.pool, owner="me", lease=30.0, limits={}).take({"nothing": 1})
    ending = machine.store.append([NewEvent(job_id, end, uuid.uuid4())])
    result = machine.store.append([NewEvent(job_id, FeedbackGiven(rating=1), uuid.uuid4())], fence=fence(claim))
    if not together:
        await ending
        ending = asyncio.sleep(0)  # type: ignore[assignment]
    _, refused = await asyncio.gather(ending, result, return_exceptions=True)
    assert isinstance(refused, Conflict)
    assert refused.actual == 2
    assert await machine.types(job_id) == ["JobSubmitted", type(end).__name__]
    assert await machine.work() == "running"


async def test_given_a_job_that_was_taken_up_again_when_work_brings_its_result_then_it_lands(
    machine_of: MachineOf,
) -> None:
    machine = machine_of(stage(succeed))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'")
    [claim] = await Claims(machine.pool, owner="me", lease=30.0, limits={}).take({"nothing": 1})
    await machine.commands.cancel(job_id)
    await asyncio.gather(
        machine.store.append([NewEvent(job_id, JobRetried(), uuid.uuid4())]),
        machine.store.append([NewEvent(job_id, FeedbackGiven(rating=1), uuid.uuid4())], fence=fence(claim)),
    )
    assert await machine.types(job_id) == ["JobSubmitted", "JobCancelled", "JobRetried", "FeedbackGiven"]
    assert await machine.work() == "done"


def fence(claim: Claim) -> Fence:
    return Fence(claim.id, claim.attempt, "me")
