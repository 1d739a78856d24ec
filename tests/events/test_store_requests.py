"""What cannot be stored is refused by itself: where it is asked for, or by append_many, never with its neighbours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from narratix.events.catalogue import Event, FeedbackGiven, JobCancelled
from narratix.events.requests import APPEND, Request, arguments
from narratix.events.store import EventStore, Fence, NewEvent


class Strange(Event, frozen=True, kw_only=True):
    """An event that is not in the catalogue."""


def feedback(event_id: uuid.UUID | None = None) -> NewEvent:
    return NewEvent(uuid.uuid4(), FeedbackGiven(rating=5), event_id or uuid.uuid4())


def raw(data: str, metadata: str = "{}") -> Request:
    """A request that the store itself would not make."""
    return Request([(uuid.uuid4(), uuid.uuid4(), None, "JobCancelled", 1, data, metadata)], None, len(data))


@pytest.mark.parametrize(
    "bad",
    [
        raw("{"),
        raw(""),
        raw("{}", "nothing"),
        raw('{"reason":"a\\u0000"}'),
        raw('{"reason":"\\u0000\\u0000"}'),
        raw('{"reason":"\\\\\\u0000"}'),
        raw("{}", '{"actor":"\\u0000"}'),
        raw('"\\ud8"'),
    ],
)
async def test_given_a_text_that_the_log_cannot_keep_when_it_comes_with_others_then_it_alone_is_invalid(
    store: EventStore, pool: asyncpg.Pool, bad: Request
) -> None:
    good = [Request.of([feedback()], None, None) for _ in range(3)]
    rows = await pool.fetch(APPEND, *arguments([good[0], bad, *good[1:]]))

    assert [row["outcome"] for row in rows] == ["ok", "invalid", "ok", "ok"]
    assert [row["last_position"] for row in rows] == [1, None, 2, 3]
    assert await store.head() == 3


async def test_given_a_text_that_only_speaks_of_nul_when_it_is_appended_then_it_is_kept_as_it_is(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    rows = await pool.fetch(APPEND, *arguments([raw('{"reason":"\\\\u0000"}'), raw('{"reason":"\\\\\\\\u0000"}')]))

    assert [row["outcome"] for row in rows] == ["ok", "ok"]
    assert [event.data for event in await store.read_all()] == [
        JobCancelled(reason="\\u0000"), JobCancelled(reason="\\\\u0000"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kept"),
    [("\0", "�"), ("a\0\0b", "a��b"), ("\\\0", "\\�"), ("\\u0000", "\\u0000"), ("\\\\u0000\0", "\\\\u0000�")],
)
async def test_given_a_text_with_a_nul_when_it_is_appended_then_a_replacement_character_stands_for_it(
    store: EventStore, pool: asyncpg.Pool, given: str, kept: str
) -> None:
    await store.append([NewEvent(uuid.uuid4(), JobCancelled(reason=given), uuid.uuid4())], metadata={"actor": given})

    (event,) = await store.read_all()
    assert event.data == JobCancelled(reason=kept)
    assert await pool.fetchval("select data ->> 'reason' from events") == kept
    assert await pool.fetchval("select metadata ->> 'actor' from events") == kept


@pytest.mark.parametrize(
    "fence", [(1, 1, "me", "lost", 0.0), (1, 1, "me", "ready", float("nan")), (1, 1, "me", "ready", float("inf"))]
)
async def test_given_a_settlement_that_no_work_can_have_when_it_comes_with_others_then_it_alone_is_invalid(
    store: EventStore, pool: asyncpg.Pool, fence: tuple[int, int, str, str, float]
) -> None:
    bad = Request([], fence, 0)
    rows = await pool.fetch(APPEND, *arguments([bad, Request.of([feedback()], None, None)]))

    assert [row["outcome"] for row in rows] == ["invalid", "ok"]


async def test_given_one_id_twice_in_a_request_when_it_comes_with_others_then_it_alone_is_invalid(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    row = (uuid.uuid4(), uuid.uuid4(), None, "JobCancelled", 1, "{}", "{}")
    rows = await pool.fetch(APPEND, *arguments([Request([row, row], None, 4), Request.of([feedback()], None, None)]))

    assert [row["outcome"] for row in rows] == ["invalid", "ok"]


def wrongs() -> Iterator[Any]:
    twice = uuid.uuid4()
    yield pytest.param([NewEvent(uuid.uuid4(), Strange(), uuid.uuid4())], {}, TypeError, id="not in the catalogue")
    yield pytest.param([feedback(twice), feedback(twice)], {}, ValueError, id="an id twice")
    yield pytest.param([feedback()], {"actor": object()}, TypeError, id="metadata that is not JSON")
    yield pytest.param([NewEvent(uuid.uuid4(), JobCancelled(reason="\ud800"), uuid.uuid4())], {}, ValueError, id="half")


@pytest.mark.parametrize(("events", "metadata", "problem"), [*wrongs()])
async def test_given_what_could_never_be_appended_when_it_is_asked_for_then_the_asker_is_told_at_once(
    store: EventStore, events: list[NewEvent], metadata: dict[str, Any], problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        await store.append(events, metadata=metadata)
    assert await store.head() == 0


@pytest.mark.parametrize(("settle", "delay"), [("gone", 0.0), ("ready", -1.0), ("ready", float("nan"))])
def test_given_a_settlement_that_no_work_can_have_then_there_is_no_such_fence(settle: Any, delay: float) -> None:
    with pytest.raises(ValueError, match="settled"):
        Fence(1, 1, "me", settle, delay)
