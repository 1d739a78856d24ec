"""The coalescer: what shares a statement, who waits, and what becomes of everybody when the database does not answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from structlog.testing import capture_logs

from narratix.events import coalescer
from narratix.events.catalogue import FeedbackGiven, JobCancelled
from narratix.events.store import EventStore, NewEvent, Unreachable

LOCK = "select pg_advisory_lock(72374631)"
UNLOCK = "select pg_advisory_unlock(72374631)"
STATEMENTS_WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


def feedback(stream: uuid.UUID | None = None, expected: int | None = None) -> NewEvent:
    return NewEvent(stream or uuid.uuid4(), FeedbackGiven(rating=5), uuid.uuid4(), expected)


class Held:
    """Somebody else who holds the log, so that a flush is under way for as long as a test likes."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def take(self) -> None:
        await self._connection.execute(LOCK)

    async def until_a_flush_waits(self) -> None:
        while not await self._connection.fetchval(STATEMENTS_WAITING):
            await asyncio.sleep(0.005)

    async def give(self) -> None:
        await self._connection.execute(UNLOCK)


@pytest.fixture
async def held(dsn: str) -> AsyncIterator[Held]:
    connection = await asyncpg.connect(dsn)
    yield Held(connection)
    await connection.close()


async def transactions(pool: asyncpg.Pool) -> list[int]:
    """How many events each commit brought."""
    return [
        row[0] for row in await pool.fetch("select count(*) from events group by xmin::text order by min(position)")
    ]


async def test_given_a_flush_under_way_when_others_append_then_they_all_share_the_next(
    store: EventStore, pool: asyncpg.Pool, held: Held
) -> None:
    await held.take()
    first = asyncio.create_task(store.append([feedback()]))
    await held.until_a_flush_waits()
    rest = [asyncio.create_task(store.append([feedback()])) for _ in range(50)]
    await asyncio.sleep(0)
    await held.give()
    await asyncio.gather(first, *rest)

    assert await transactions(pool) == [1, 50]


async def test_given_somebody_who_appends_again_when_answered_then_they_share_the_next_with_those_who_wait(
    store: EventStore, pool: asyncpg.Pool, held: Held
) -> None:
    async def twice() -> None:
        await store.append([feedback()])
        await store.append([feedback()])

    await held.take()
    again = asyncio.create_task(twice())
    await held.until_a_flush_waits()
    rest = [asyncio.create_task(store.append([feedback()])) for _ in range(10)]
    await asyncio.sleep(0)
    await held.give()
    await asyncio.gather(again, *rest)

    assert await transactions(pool) == [1, 11]


async def test_given_more_than_a_flush_may_hold_when_it_is_sent_then_it_goes_in_several(
    store: EventStore, pool: asyncpg.Pool, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescer, "FLUSH_LIMIT", 20)
    await held.take()
    tasks = [asyncio.create_task(store.append([feedback()])) for _ in range(50)]
    await held.until_a_flush_waits()
    await held.give()
    await asyncio.gather(*tasks)

    assert await transactions(pool) == [20, 20, 10]


async def test_given_large_events_when_they_are_sent_then_a_flush_is_limited_by_their_size_and_one_alone_is_never_refused(
    store: EventStore, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescer, "FLUSH_BYTES", 10_000)
    sizes = [4_000, 4_000, 4_000, 25_000, 100]
    await asyncio.gather(
        *(store.append([NewEvent(uuid.uuid4(), JobCancelled(reason="x" * size), uuid.uuid4())]) for size in sizes)
    )

    assert await transactions(pool) == [2, 1, 1, 1]


async def test_given_no_room_when_somebody_appends_then_he_waits_until_there_is(
    store: EventStore, pool: asyncpg.Pool, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescer, "PENDING_LIMIT", 3)
    narrow = EventStore(pool)
    await held.take()
    tasks = [asyncio.create_task(narrow.append([feedback()])) for _ in range(10)]
    await held.until_a_flush_waits()
    assert len(narrow._coalescer._pending) <= 3
    await held.give()
    await asyncio.gather(*tasks)
    await narrow.close()

    assert await store.head() == 10
    assert max(await transactions(pool)) <= 3


async def test_given_no_room_until_the_deadline_when_somebody_appends_then_he_is_told_that_nothing_was_recorded(
    store: EventStore, pool: asyncpg.Pool, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescer, "PENDING_LIMIT", 1)
    narrow = EventStore(pool, deadline=0.05)
    await held.take()
    inside = asyncio.create_task(narrow.append([feedback()]))
    await held.until_a_flush_waits()
    with pytest.raises(Unreachable, match="nothing was recorded"):
        await narrow.append([feedback()])
    await held.give()
    await inside
    await narrow.close()

    assert await store.head() == 1


async def test_given_an_appender_that_is_cancelled_before_its_turn_then_it_wrote_nothing(
    store: EventStore, held: Held
) -> None:
    await held.take()
    first = asyncio.create_task(store.append([feedback()]))
    await held.until_a_flush_waits()
    rest = [asyncio.create_task(store.append([feedback()])) for _ in range(3)]
    await asyncio.sleep(0)
    rest[1].cancel()
    await held.give()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)

    assert isinstance(answers[2], asyncio.CancelledError)
    assert await store.head() == 3


async def test_given_an_appender_that_is_cancelled_during_its_flush_then_the_others_are_answered(
    store: EventStore, held: Held
) -> None:
    stream = uuid.uuid4()
    await held.take()
    tasks = [asyncio.create_task(store.append([feedback(stream)])) for _ in range(20)]
    await held.until_a_flush_waits()
    tasks[3].cancel()
    await held.give()
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(answer) for answer in answers].count(asyncio.CancelledError) == 1
    assert [event.version for event in await store.read(stream)] == list(range(1, 21))  # it was under way, and stands


async def test_given_appends_that_wait_when_the_store_is_closed_then_they_are_written_first_and_later_ones_refused(
    pool: asyncpg.Pool, store: EventStore, held: Held
) -> None:
    closing = EventStore(pool)
    await held.take()
    tasks = [asyncio.create_task(closing.append([feedback()])) for _ in range(5)]
    await held.until_a_flush_waits()
    tasks += [asyncio.create_task(closing.append([feedback()])) for _ in range(5)]
    await asyncio.sleep(0)
    closed = asyncio.create_task(closing.close())
    await asyncio.sleep(0)
    assert not closed.done()
    await held.give()
    await closed

    assert all(task.done() for task in tasks)
    assert await store.head() == 10
    with pytest.raises(Unreachable, match="stopping"):
        await closing.append([feedback()])


async def test_given_a_connection_that_is_cut_during_a_flush_when_it_is_sent_again_then_everything_stands_once(
    store: EventStore, pool: asyncpg.Pool, held: Held
) -> None:
    await held.take()
    tasks = [asyncio.create_task(store.append([feedback()])) for _ in range(20)]
    await held.until_a_flush_waits()
    with capture_logs():
        await pool.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted")
        await held.give()
        answers = await asyncio.gather(*tasks)

    assert sorted(answer.position or 0 for answer in answers) == list(range(1, 21))
    assert await store.head() == 20


async def test_given_a_database_that_is_away_when_the_deadline_has_passed_then_everybody_who_waits_is_told(
    pool: asyncpg.Pool,
) -> None:
    forlorn = EventStore(pool, deadline=0.2)
    await pool.close()
    with capture_logs():
        answers = await asyncio.gather(*(forlorn.append([feedback()]) for _ in range(300)), return_exceptions=True)
        await forlorn.close()

    assert {type(answer) for answer in answers} == {Unreachable}


async def test_given_a_request_that_the_driver_cannot_send_when_it_comes_with_others_then_it_alone_fails(
    store: EventStore,
) -> None:
    out_of_range = feedback(expected=2**40)
    tasks = [store.append([event]) for event in (feedback(), feedback(), out_of_range, feedback(), feedback())]
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [isinstance(answer, asyncpg.DataError) for answer in answers] == [False, False, True, False, False]
    assert await store.head() == 4


async def test_given_a_store_that_is_idle_then_it_gives_its_connection_back(
    store: EventStore, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescer, "LINGER_SECONDS", 0.01)
    await store.append([feedback()])
    while pool.get_idle_size() < pool.get_size():
        await asyncio.sleep(0.01)
    await store.append([feedback()])

    assert await store.head() == 2
