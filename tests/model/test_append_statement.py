"""append_many called directly: the store would hide its mistakes, since it sends again, in halves, what was refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from narratix.events.catalogue import Event, FeedbackGiven, JobCancelled, JobRetried
from narratix.events.requests import APPEND, Fence, NewEvent, Request, arguments
from tests.model.test_races import insert_work, until_waiting

Connect = Callable[[], Awaitable[asyncpg.Connection]]


def feedback(
    stream: uuid.UUID, event_id: uuid.UUID | None = None, expected: int | None = None, fence: Fence | None = None
) -> Request:
    new = NewEvent(stream, FeedbackGiven(rating=1), event_id or uuid.uuid4(), expected)
    return Request.of([new], {}, fence)


async def call(connection: asyncpg.Connection | asyncpg.Pool, *requests: Request) -> list[tuple[str, int | None]]:
    """The outcome of each, and its position."""
    return [(row[0], row[1]) for row in await connection.fetch(APPEND, *arguments(requests))]


async def test_given_an_id_twice_in_one_call_then_the_second_is_told_so_and_the_third_is_written(
    pool: asyncpg.Pool,
) -> None:
    stream, event_id = uuid.uuid4(), uuid.uuid4()
    answers = await call(pool, feedback(stream, event_id), feedback(uuid.uuid4(), event_id), feedback(stream))
    assert [outcome for outcome, _ in answers] == ["ok", "duplicate", "ok"]
    assert answers[2][1] == 2


async def test_given_a_fence_twice_in_one_call_then_the_second_is_refused(pool: asyncpg.Pool) -> None:
    fence = Fence(await insert_work(pool), 1, "me")
    one, two = feedback(uuid.uuid4(), fence=fence), feedback(uuid.uuid4(), fence=fence)
    assert [outcome for outcome, _ in await call(pool, one, two)] == ["ok", "fenced"]


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("lost", ["work", "attempt", "owner", "state"])
async def test_given_a_fence_that_is_wrong_in_one_thing_then_it_is_refused(
    pool: asyncpg.Pool, lost: str, one_by_one: bool
) -> None:
    """Beside a repetition, which makes the call be decided one by one, and alone."""
    repeated = feedback(uuid.uuid4())
    await call(pool, repeated)
    work_id = await insert_work(pool)
    fence = Fence(work_id + (lost == "work"), 1 + (lost == "attempt"), "another" if lost == "owner" else "me")
    if lost == "state":
        await pool.execute("update work set state = 'dead'")
    answers = await call(pool, *[repeated] * one_by_one, feedback(uuid.uuid4(), fence=fence))
    assert answers[-1] == ("fenced", None)
    assert await pool.fetchval("select state from work") == ("dead" if lost == "state" else "running")


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(("said", "outcome"), [((JobCancelled(),), "conflict"), ((JobCancelled(), JobRetried()), "ok")])
async def test_given_a_job_that_has_ended_when_work_adds_a_result_then_it_is_refused_unless_the_job_was_taken_up_again(
    pool: asyncpg.Pool, said: tuple[Event, ...], outcome: str, at_once: bool, one_by_one: bool
) -> None:
    """Ended before the call, or by an earlier request of the same."""
    repeated, stream = feedback(uuid.uuid4()), uuid.uuid4()
    await call(pool, repeated)
    before = [Request.of([NewEvent(stream, event, uuid.uuid4())], {}, None) for event in said]
    if not at_once:
        await call(pool, *before)
    result = feedback(stream, fence=Fence(await insert_work(pool), 1, "me"))
    answers = await call(pool, *[repeated] * one_by_one, *before * at_once, result)
    assert answers[-1][0] == outcome
    assert await pool.fetchval("select state from work") == ("done" if outcome == "ok" else "running")


async def test_given_the_same_version_expected_twice_in_one_call_then_the_second_is_refused(pool: asyncpg.Pool) -> None:
    stream = uuid.uuid4()
    answers = await call(pool, feedback(stream, expected=0), feedback(stream, expected=0))
    assert [outcome for outcome, _ in answers] == ["ok", "conflict"]


@pytest.mark.parametrize("refused", [False, True])
async def test_given_versions_that_a_call_itself_brings_about_then_they_count(
    pool: asyncpg.Pool, refused: bool
) -> None:
    stream = uuid.uuid4()
    requests = [feedback(stream, expected=0), feedback(stream, expected=1), feedback(stream, expected=1)]
    answers = await call(pool, *(requests if refused else requests[:2]))
    assert [outcome for outcome, _ in answers] == ["ok", "ok", "conflict"][: len(answers)]


async def test_given_an_append_that_has_not_committed_when_another_begins_then_it_waits_and_comes_after(
    pool: asyncpg.Pool, connect: Connect
) -> None:
    connection = await connect()
    try:
        transaction = connection.transaction()
        await transaction.start()
        assert await call(connection, feedback(uuid.uuid4())) == [("ok", 1)]
        second = asyncio.create_task(call(pool, feedback(uuid.uuid4())))
        await until_waiting(pool)
        await transaction.commit()
        assert await second == [("ok", 2)]
    finally:
        await connection.close()


async def test_given_an_append_that_is_rolled_back_when_another_waits_then_no_position_is_lost(
    pool: asyncpg.Pool, connect: Connect
) -> None:
    connection = await connect()
    try:
        transaction = connection.transaction()
        await transaction.start()
        await call(connection, feedback(uuid.uuid4()))
        second = asyncio.create_task(call(pool, feedback(uuid.uuid4())))
        await until_waiting(pool)
        await transaction.rollback()
        assert await second == [("ok", 1)]
    finally:
        await connection.close()
