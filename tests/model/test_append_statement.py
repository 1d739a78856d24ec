"""append_many called directly: the store would hide its mistakes, since it sends again, in halves, what was refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from narratix.events.catalogue import FeedbackGiven
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
