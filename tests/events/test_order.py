"""The order in which events can be seen is the order of their positions: whoever reads on from the last misses none."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest

from benchmarks.order import NAIVE_TABLE, trial
from narratix.events.catalogue import FeedbackGiven
from narratix.events.requests import APPEND, NewEvent, Request, arguments
from narratix.events.store import EventStore

NEXT = "select coalesce(array_agg(position order by position), '{{}}') from {} where position > $1"
WAITS_FOR_THE_LOG = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


def event() -> NewEvent:
    return NewEvent(uuid.uuid4(), FeedbackGiven(rating=5), uuid.uuid4())


async def test_given_a_transaction_that_pauses_before_its_commit_when_others_append_then_they_come_after_it(
    dsn: str, pool: asyncpg.Pool, store: EventStore
) -> None:
    early = await asyncpg.connect(dsn)
    async with early.transaction():
        await early.fetch(APPEND, *arguments([Request.of([event()], None, None)]))
        late = asyncio.create_task(store.append([event()]))
        while not await pool.fetchval(WAITS_FOR_THE_LOG):
            await asyncio.sleep(0.01)
        seen = await pool.fetchval(NEXT.format("events"), 0)
    await late
    await early.close()

    assert seen == []
    assert (await late).position == 2
    assert await pool.fetchval(NEXT.format("events"), 0) == [1, 2]


async def test_given_a_transaction_that_rolls_back_when_others_append_then_it_leaves_no_gap(
    dsn: str, pool: asyncpg.Pool, store: EventStore
) -> None:
    fickle = await asyncpg.connect(dsn)
    change = fickle.transaction()
    await change.start()
    await fickle.fetch(APPEND, *arguments([Request.of([event(), event()], None, None)]))
    await change.rollback()
    await fickle.close()
    await store.append([event()])

    assert await pool.fetchval(NEXT.format("events"), 0) == [1]


async def test_given_an_identity_column_instead_when_a_transaction_pauses_then_its_reader_misses_it(
    dsn: str, pool: asyncpg.Pool
) -> None:
    """The control: what append_many is there to prevent."""
    await pool.execute(NAIVE_TABLE)
    early = await asyncpg.connect(dsn)
    async with early.transaction():
        await early.execute("insert into naive (event_id) values ($1)", uuid.uuid4())
        await pool.execute("insert into naive (event_id) values ($1)", uuid.uuid4())
        seen = await pool.fetchval(NEXT.format("naive"), 0)
    await early.close()

    assert seen == [2]
    assert await pool.fetchval(NEXT.format("naive"), seen[-1]) == []  # 1 came, and nobody will ever ask for it


@pytest.mark.parametrize("seed", [7])
async def test_given_writers_that_pause_and_abort_in_two_processes_when_readers_come_and_go_then_they_see_every_event_once(
    dsn: str, seed: int
) -> None:
    tally = await trial(dsn, writers=8, seconds=2, seed=seed, processes=2)

    assert tally.faults == 0, tally
    assert tally.appended > 0
    assert tally.naive_skipped > 0, "the control lost nothing, so this proved nothing"
