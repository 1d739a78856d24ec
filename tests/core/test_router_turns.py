"""Whose turn it is: places in a lane, limits over all processes, and what is swept away."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterable

import asyncpg
import pytest

from narratix.claims import Claim, Claims
from narratix.events.catalogue import DramaExpired, Event, FeedbackGiven, JobCompleted, JobRetried
from narratix.events.feed import Connect
from narratix.events.store import NewEvent
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.ports import ProviderError
from narratix.sweeper import Sweeper
from tests.beside import running
from tests.core.conftest import MachineOf
from tests.core.machine_of_work import Machine, stage, succeed

NOVEL, STORY, STORIES = 300, 8, 10


def of_any_length(lengths: dict[uuid.UUID, int]) -> Handler:
    """A stage whose items are as many lines as the job is given, the first lines first."""

    def items(job: Job) -> Iterable[str]:
        return map(str, range(lengths[job.id]))

    return stage(succeed, items=items, priority=lambda _job, item: int(item))


def claims(pool: asyncpg.Pool, *, limit: int | None = None, lease: float = 30.0) -> Claims:
    limits = {} if limit is None else {"nothing": limit}
    return Claims(pool, owner=uuid.uuid4().hex, lease=lease, limits=limits)


async def submit(machine: Machine, lengths: dict[uuid.UUID, int], length: int) -> uuid.UUID:
    """A job of so many lines, and its work in the lane."""
    before = sum(lengths.values())
    job_id = uuid.uuid4()
    lengths[job_id] = length
    [first] = await machine.store.read(await machine.submit())
    await machine.store.append([NewEvent(job_id, first.data, uuid.uuid4())])
    await machine.until_work("true", before + length)
    return job_id


async def taken(claims: Claims, count: int) -> list[Claim]:
    """The next `count` claims, one at a time, in the order in which they were given."""
    return [claim for _ in range(count) for claim in await claims.take({"nothing": 1})]


@pytest.fixture
def lengths() -> dict[uuid.UUID, int]:
    class Lengths(dict[uuid.UUID, int]):
        def __missing__(self, _job: uuid.UUID) -> int:
            return 0

    return Lengths()


async def test_given_a_novel_in_the_lane_when_short_stories_come_then_each_is_done_after_its_length_of_turns(
    machine_of: MachineOf, lengths: dict[uuid.UUID, int]
) -> None:
    machine = machine_of(of_any_length(lengths))
    one_by_one = claims(machine.pool)
    async with machine.routing():
        novel = await submit(machine, lengths, NOVEL)
        begun = await taken(one_by_one, 20)
        assert [(claim.job_id, claim.item) for claim in begun] == [(novel, str(line)) for line in range(20)]
        for _ in range(STORIES):
            await submit(machine, lengths, STORY)
        turns = await taken(one_by_one, STORIES * STORY + STORY)
    assert Counter(claim.job_id for claim in turns) == dict.fromkeys(lengths, STORY)
    for job in lengths:
        spoken = [int(claim.item) for claim in turns if claim.job_id == job]
        assert spoken == sorted(spoken), "the first lines come first"


async def test_given_stories_without_end_when_a_novel_is_in_the_lane_then_it_goes_on(
    machine_of: MachineOf, lengths: dict[uuid.UUID, int]
) -> None:
    machine = machine_of(of_any_length(lengths))
    one_by_one = claims(machine.pool)
    async with machine.routing():
        novel = await submit(machine, lengths, NOVEL)
        turns: list[Claim] = []
        for _ in range(12):  # there are always at least two stories that wait
            await submit(machine, lengths, STORY)
            turns += await taken(one_by_one, STORY)
    assert sum(claim.job_id == novel for claim in turns) >= 12, "at least once for every story that came"


async def test_given_an_attempt_that_failed_when_its_pause_is_over_then_it_is_the_next(
    machine_of: MachineOf, lengths: dict[uuid.UUID, int]
) -> None:
    calls: list[str] = []

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        calls.append(item)
        if calls == ["0"]:
            raise ProviderError("Busy.", retry_after=0.3)
        await asyncio.sleep(0.05)
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run, items=tuple(map(str, range(40))), priority=lambda _job, item: int(item)))
    await machine.submit()
    async with machine.working(slots={"nothing": 1}):
        await machine.until_work("state = 'waiting'")
        await machine.until_work("state = 'waiting'", 0)
        await machine.until_work("item = '0' and state = 'done'")
        assert calls.index("0", 1) < 39, "it did not queue up behind the others"
        assert calls.count("0") == 2


async def test_given_a_limit_when_many_processes_claim_at_once_then_it_is_never_exceeded(
    machine_of: MachineOf, dsn: str
) -> None:
    """Every claimant has a connection of its own, as processes have."""
    machine = machine_of(stage(succeed, items=tuple(map(str, range(60)))))
    await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'", 60)
    highest = begun = 0

    async def claimant() -> None:
        nonlocal highest, begun
        async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
            own = claims(pool, limit=5)
            while await machine.pool.fetchval("select exists (select from work where state = 'ready')"):
                mine = await own.take({"nothing": 4})
                begun += len(mine)
                highest = max(highest, await machine.pool.fetchval("select count(*) from work where state = 'running'"))
                await asyncio.sleep(0.002)
                await machine.pool.execute(
                    "update work set state = 'done' where id = any($1::bigint[])", [claim.id for claim in mine]
                )

    await asyncio.gather(*(claimant() for _ in range(8)))
    assert begun == 60
    assert highest == 5


async def test_given_a_limit_when_a_claim_is_not_committed_yet_then_the_next_one_counts_it(
    machine_of: MachineOf, connect: Connect
) -> None:
    machine = machine_of(stage(succeed, items=tuple(map(str, range(10)))))
    await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'", 10)
    await machine.pool.execute("insert into lanes (uses, clock) values ('nothing', 1000)")  # as if these were late
    slow = await connect()
    async with slow.transaction():
        mine = await slow.fetch("select * from claim_work(array['nothing'], array[4], array[5], 'slow', 30)")
        other = asyncio.create_task(claims(machine.pool, limit=5).take({"nothing": 4}))
        await asyncio.wait([other], timeout=0.5)
    assert (len(mine), len(await other)) == (4, 1)
    await slow.close()


async def test_given_a_limit_when_a_holder_is_killed_then_its_share_comes_back_with_its_lease(
    machine_of: MachineOf,
) -> None:
    machine = machine_of(stage(succeed, items=tuple(map(str, range(10)))))
    await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'", 10)
    killed, other = claims(machine.pool, limit=5, lease=1.0), claims(machine.pool, limit=5)
    assert len(await killed.take({"nothing": 8})) == 5
    assert await other.take({"nothing": 8}) == []
    await machine.until_work("state = 'running' and lease_until < now()", 5)
    again = await other.take({"nothing": 8})
    assert [claim.attempt for claim in again] == [2] * 5


async def test_given_workers_with_a_limit_when_they_work_then_so_many_calls_are_under_way_together(
    machine_of: MachineOf,
) -> None:
    under_way = highest = 0

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        nonlocal under_way, highest
        under_way += 1
        highest = max(highest, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run, items=tuple(map(str, range(30)))))
    await machine.submit()
    async with machine.routing():
        workers = [machine.worker(limits={"nothing": 3}) for _ in range(3)]
        async with running(workers[0].run()), running(workers[1].run()), running(workers[2].run()):
            await machine.until_work("state = 'done'", 30)
    assert highest == 3


async def test_given_a_job_when_nobody_can_take_it_up_again_then_its_work_is_swept_and_not_before(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.sweeper.BATCH", 3)

    async def run(_ports: Ports, _job: Job, item: str) -> Event:
        if item == "0":
            raise ProviderError("Never.", permanent=True)
        return FeedbackGiven(rating=int(item))

    machine = machine_of(stage(run, items=tuple(map(str, range(10)))))
    failed = await machine.submit()
    async with machine.routing(Sweeper(machine.pool)), running(machine.worker().run()):
        await machine.until(failed, "JobFailed")
        await machine.until_work("state in ('ready', 'waiting', 'running')", 0)
        done = await machine.submit()
        await machine.until_work(f"job_id = '{done}'", 10)
        await machine.store.append([NewEvent(done, JobCompleted(duration=1.0), uuid.uuid4())])
        await machine.until_work(f"job_id = '{done}'", 0)
        assert await machine.pool.fetchval("select count(*) from work") == 10, "a failed job may be retried"
        await machine.store.append([NewEvent(failed, DramaExpired(), uuid.uuid4())])
        await machine.until_work("true", 0)


async def test_given_a_finished_job_when_it_is_taken_up_again_before_it_is_swept_then_its_new_work_stays(
    machine_of: MachineOf, lengths: dict[uuid.UUID, int]
) -> None:
    machine = machine_of(of_any_length(lengths))
    async with machine.routing():
        job_id = await submit(machine, lengths, STORY)
        await machine.store.append([NewEvent(job_id, JobCompleted(duration=1.0), uuid.uuid4())])
        lengths[job_id] += 2
        await machine.store.append([NewEvent(job_id, JobRetried(), uuid.uuid4())])
        await machine.until_work("true", STORY + 2)
    [completed] = [event for event in await machine.store.read(job_id) if event.type == JobCompleted.__name__]
    async with machine.pool.acquire() as connection:
        await Sweeper(machine.pool).handle(connection, [completed])
    left = await machine.pool.fetch("select item from work")
    assert {work["item"] for work in left} == {str(STORY), str(STORY + 1)}


@pytest.mark.parametrize("gone", [False, True])
async def test_given_a_cancelled_job_when_it_is_retried_in_the_same_batch_then_its_work_is_open_even_if_it_was_gone(
    machine_of: MachineOf, *, gone: bool
) -> None:
    machine = machine_of(stage(succeed, items=("1", "2")))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'", 2)
    if gone:
        await machine.pool.execute("delete from work")
    await machine.commands.cancel(job_id)
    await machine.commands.retry(job_id)
    async with machine.working():
        assert (await machine.until(job_id, "FeedbackGiven"))[:3] == [
            "JobSubmitted",
            "JobCancelled",
            JobRetried.__name__,
        ]
        await machine.until_work("state = 'done'", 2)
