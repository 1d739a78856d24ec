"""The caps: exact under concurrency, freed by what did not happen, fed by what was really paid."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec
import pytest

from narratix.commands import Commands, KeyReused, Spending
from narratix.events.catalogue import JobCompleted, JobSubmitted, LineSpoken, Options, Usage
from narratix.events.store import EventStore, NewEvent
from narratix.handlers.texts import Texts
from narratix.providers.storage.directory import DirectoryStorage
from narratix.spend import Budget, Caps, Ledger, OverBudget

ROOT = Path(__file__).parent.parent.parent
CAPS = Caps(job=2.0, client=5.0, day=10.0, month=12.0)


@pytest.fixture
def budget(pool: asyncpg.Pool) -> Budget:
    return Budget(pool, CAPS)


def line(job_id: uuid.UUID, number: int, usd: float) -> NewEvent:
    usage = Usage(provider="elevenlabs", model="m", units=10, cost_usd=usd)
    spoken = LineSpoken(line=number, clip_key="", duration=1.0, words=(), energies=(), usage=usage)
    return NewEvent(job_id, spoken, uuid.uuid4())


async def settle(pool: asyncpg.Pool, store: EventStore) -> None:
    """What the ledger's subscription does with everything on record."""
    async with pool.acquire() as connection, connection.transaction():
        await Ledger().handle(connection, await store.read_all())


async def test_given_a_story_dearer_than_one_may_be_then_it_is_refused_for_good(budget: Budget) -> None:
    with pytest.raises(OverBudget, match=r"\$2.01") as refused:
        await budget.reserve(uuid.uuid4(), "ann", 2.01)
    assert refused.value.seconds is None


async def test_given_a_client_who_used_up_the_day_then_others_still_go_on(budget: Budget) -> None:
    for _ in range(5):
        await budget.reserve(uuid.uuid4(), "ann", 1.0)
    with pytest.raises(OverBudget, match="your stories of today") as refused:
        await budget.reserve(uuid.uuid4(), "ann", 0.01)
    await budget.reserve(uuid.uuid4(), "bob", 1.0)

    assert refused.value.seconds is not None
    assert 0 < refused.value.seconds <= 24 * 3600


async def test_given_the_same_job_twice_then_it_is_counted_once(budget: Budget) -> None:
    job = uuid.uuid4()
    for _ in range(20):
        await budget.reserve(job, "ann", 1.0)
    assert (await budget.committed()).day == 1.0


async def test_given_a_free_story_then_no_cap_concerns_it(pool: asyncpg.Pool) -> None:
    await Budget(pool, Caps(job=0, client=0, day=0, month=0)).reserve(uuid.uuid4(), "ann", 0.0)


async def test_given_a_finished_job_then_only_what_it_really_cost_is_counted(
    budget: Budget, pool: asyncpg.Pool, store: EventStore
) -> None:
    job = uuid.uuid4()
    await budget.reserve(job, "ann", 2.0)
    await store.append([line(job, 0, 0.30), line(job, 1, 0.05)])
    await store.append([NewEvent(job, JobCompleted(duration=1.0), uuid.uuid4())])
    await settle(pool, store)

    assert (await budget.committed()).day == pytest.approx(0.35)


async def test_given_a_cost_above_its_estimate_then_the_cost_counts_while_it_runs(
    budget: Budget, pool: asyncpg.Pool, store: EventStore
) -> None:
    job = uuid.uuid4()
    await budget.reserve(job, "ann", 0.10)
    await store.append([line(job, 0, 0.75)])
    await settle(pool, store)

    assert (await budget.committed()).day == pytest.approx(0.75)


async def test_given_a_reservation_whose_job_never_came_then_it_counts_no_longer_than_an_hour(
    budget: Budget, pool: asyncpg.Pool
) -> None:
    await budget.reserve(uuid.uuid4(), "ann", 2.0)
    await pool.execute("update reservations set created_at = now() - interval '61 minutes'")
    assert (await budget.committed()).day == 0


async def test_given_shares_of_a_cap_then_people_are_told_once_for_each(
    budget: Budget, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(10):
        await budget.reserve(uuid.uuid4(), str(uuid.uuid4()), 1.0)
    assert capsys.readouterr().out.count("spend_alert") == 3


async def test_given_a_submission_over_the_cap_then_nothing_is_on_record(
    pool: asyncpg.Pool, store: EventStore, tmp_path: Path
) -> None:
    storage = DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0)
    commands = Commands(store, Texts(storage), Spending(Budget(pool, CAPS), lambda _characters, _options: 3.0))
    with pytest.raises(OverBudget):
        await commands.submit("“Go,” said Ann.")
    assert await store.head() == 0


async def test_given_a_key_of_a_free_job_that_comes_back_with_a_dear_one_then_nothing_stays_reserved(
    budget: Budget, pool: asyncpg.Pool, store: EventStore, tmp_path: Path
) -> None:
    storage = DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0)
    prices = {"silent": 0.0, "elevenlabs": 1.5}
    commands = Commands(store, Texts(storage), Spending(budget, lambda _characters, options: prices[options.engine]))
    first = await commands.submit("“Go,” said Ann.", options=Options(engine="silent"), idempotency_key="1")
    with pytest.raises(KeyReused):
        await commands.submit("“Go,” said Ann.", options=Options(engine="elevenlabs"), idempotency_key="1")
    assert (await budget.committed()).day == 0

    dear = await commands.submit("“Go,” said Ann.", options=Options(engine="elevenlabs"), idempotency_key="2")
    with pytest.raises(KeyReused):  # whose reservation stays
        await commands.submit("“Stay,” said Ann.", options=Options(engine="elevenlabs"), idempotency_key="2")
    assert dear != first
    assert (await budget.committed()).day == 1.5


async def test_given_a_client_then_what_is_left_to_it_is_told_beside_what_is_left_to_all(budget: Budget) -> None:
    await budget.reserve(uuid.uuid4(), "ann", 1.5)
    await budget.reserve(uuid.uuid4(), "bob", 1.0)
    committed = await budget.committed("ann")
    assert (committed.client, committed.day, committed.month) == (1.5, 2.5, 2.5)


SUBMITTER = """
import asyncio, json, sys, uuid
from narratix.app import connection_pool
from narratix.spend import Budget, Caps, OverBudget

async def main(dsn):
    async with connection_pool(dsn) as pool:
        budget = Budget(pool, Caps(job=2.0, client=100.0, day=10.0, month=100.0))
        async def one():
            try:
                await budget.reserve(uuid.uuid4(), str(uuid.uuid4()), 0.7)
            except OverBudget:
                return 0
            return 1
        print(json.dumps(sum(await asyncio.gather(*(one() for _ in range(8))))))

asyncio.run(main(sys.argv[1]))
"""


async def test_given_32_at_once_in_4_processes_then_the_cap_holds_exactly(dsn: str, pool: asyncpg.Pool) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", SUBMITTER, dsn, cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    granted = [json.loads((await process.communicate())[0].splitlines()[-1]) for process in processes]

    assert sum(granted) == 14  # 14 times 0.70 is 9.80; one more would be 10.50
    assert await pool.fetchval("select sum(estimate) from reservations") == Decimal("9.8")


async def test_given_a_job_on_record_then_its_reservation_counts_for_as_long_as_it_runs(
    budget: Budget, pool: asyncpg.Pool, store: EventStore
) -> None:
    job = uuid.uuid4()
    await budget.reserve(job, "ann", 1.0)
    submitted = JobSubmitted(title="", text_sha256="", text_key="", characters=1, options=Options())
    await store.append([NewEvent(job, submitted, uuid.uuid4())])
    await pool.execute("update reservations set created_at = now() - interval '5 hours'")
    assert (await budget.committed()).day == 1.0


async def test_given_a_job_that_is_over_then_only_taking_it_up_again_opens_its_reservation(
    budget: Budget, pool: asyncpg.Pool, store: EventStore
) -> None:
    job = uuid.uuid4()
    await budget.reserve(job, "ann", 2.0)
    await store.append([line(job, 0, 0.30), NewEvent(job, JobCompleted(duration=1.0), uuid.uuid4())])
    await settle(pool, store)

    await budget.reserve(job, "ann", 2.0)
    assert (await budget.committed()).day == pytest.approx(0.30)
    await budget.reserve(job, "ann", 2.0, reopen=True)
    assert (await budget.committed()).day == pytest.approx(2.0)


async def test_given_costs_that_came_in_an_archive_then_they_belong_to_no_cap_of_today(
    budget: Budget, pool: asyncpg.Pool, store: EventStore
) -> None:
    await store.append([line(uuid.uuid4(), 0, 9.0), line(uuid.uuid4(), 0, 0.25)])
    first, second = await store.read_all()
    first = msgspec.structs.replace(first, metadata='{"actor":"ann","restored":{"position":7}}')
    async with pool.acquire() as connection, connection.transaction():
        await Ledger().handle(connection, [first, second])
    assert (await budget.committed()).day == pytest.approx(0.25)


async def test_given_the_caps_are_reached_then_a_repeated_submission_is_still_the_same_job(budget: Budget) -> None:
    jobs = [uuid.uuid4() for _ in range(5)]
    for job in jobs:
        await budget.reserve(job, "ann", 1.0)
    await budget.reserve(jobs[0], "ann", 1.0)
    with pytest.raises(OverBudget):
        await budget.reserve(uuid.uuid4(), "ann", 1.0)
