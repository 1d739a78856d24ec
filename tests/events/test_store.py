"""The log: order, repetition, conflicts, fences, the chain."""

from __future__ import annotations

import asyncio
import hashlib
import uuid

import asyncpg
import pytest

from narratix.events.catalogue import FeedbackGiven, JobCancelled
from narratix.events.store import Conflict, EventStore, Fence, Fenced, NewEvent, Recorded


def feedback(
    stream: uuid.UUID, rating: int = 5, expected: int | None = None, event_id: uuid.UUID | None = None
) -> NewEvent:
    return NewEvent(stream, FeedbackGiven(rating=rating), event_id or uuid.uuid4(), expected)


async def insert_work(pool: asyncpg.Pool, *, owner: str = "me", attempt: int = 1, state: str = "running") -> int:
    work_id: int = await pool.fetchval(
        "insert into work (key, job_id, stage, item, uses, priority, state, attempt, attempts, owner, lease_until)"
        " values ($1, $2, 's', '', 'nothing', 0, $3, $4, 4, $5, now() + interval '30 s') returning id",
        uuid.uuid4().hex, uuid.uuid4(), state, attempt, owner,
    )  # fmt: skip
    return work_id


async def test_given_many_writers_when_they_append_at_once_then_positions_and_versions_have_no_gap(
    store: EventStore,
) -> None:
    streams = [uuid.uuid4() for _ in range(8)]
    await asyncio.gather(*(store.append([feedback(streams[n % 8], n % 5 + 1)]) for n in range(400)))

    events = await store.read_all(limit=1000)
    assert [event.position for event in events] == list(range(1, 401))
    for stream in streams:
        assert [event.version for event in await store.read(stream)] == list(range(1, 51))


async def test_given_an_event_when_it_is_appended_again_then_nothing_is_doubled(store: EventStore) -> None:
    stream, event_id = uuid.uuid4(), uuid.uuid4()
    first = await store.append([feedback(stream, event_id=event_id, expected=0)])
    again = await store.append([feedback(stream, event_id=event_id, expected=0)])

    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.position, again.version) == (first.position, first.version)
    assert len(await store.read(stream)) == 1


async def test_given_a_stream_that_moved_on_when_a_version_is_expected_then_only_that_request_is_refused(
    store: EventStore,
) -> None:
    stream, other = uuid.uuid4(), uuid.uuid4()
    await store.append([feedback(stream)])
    answers = await asyncio.gather(
        store.append([feedback(stream, expected=0)]),
        store.append([feedback(other, expected=0)]),
        return_exceptions=True,
    )

    assert isinstance(answers[0], Conflict)
    assert answers[0].actual == 1
    assert len(await store.read(stream)) == 1
    assert len(await store.read(other)) == 1


async def test_given_a_request_across_streams_when_one_of_them_moved_on_then_none_is_written(store: EventStore) -> None:
    moved, still = uuid.uuid4(), uuid.uuid4()
    await store.append([feedback(moved)])
    with pytest.raises(Conflict):
        await store.append([feedback(still, expected=0), feedback(moved, expected=0)])

    assert await store.read(still) == []
    assert await store.head() == 1


async def test_given_a_held_claim_when_its_result_is_appended_then_the_work_is_settled_with_it(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    work_id, stream = await insert_work(pool), uuid.uuid4()
    await store.append([feedback(stream)], fence=Fence(work_id, 1, "me"))

    assert await pool.fetchval("select state from work where id = $1", work_id) == "done"


@pytest.mark.parametrize(
    ("attempt", "owner", "state"),
    [(2, "me", "running"), (1, "other", "running"), (1, "me", "cancelled"), (1, "me", "ready")],
)
async def test_given_a_lost_claim_when_its_result_is_appended_then_it_is_refused(
    store: EventStore, pool: asyncpg.Pool, attempt: int, owner: str, state: str
) -> None:
    work_id, stream = await insert_work(pool, owner=owner, attempt=attempt, state=state), uuid.uuid4()
    with pytest.raises(Fenced):
        await store.append([feedback(stream)], fence=Fence(work_id, 1, "me"))

    assert await store.read(stream) == []
    assert await pool.fetchval("select state from work where id = $1", work_id) == state


async def test_given_a_result_that_landed_when_its_worker_repeats_it_then_it_is_told_so(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    work_id, event = await insert_work(pool), feedback(uuid.uuid4())
    fence = Fence(work_id, 1, "me")
    await store.append([event], fence=fence)

    assert (await store.append([event], fence=fence)).duplicate


async def test_given_a_failed_attempt_when_it_is_settled_then_the_work_is_ready_after_its_pause(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    work_id = await insert_work(pool)
    await store.append([feedback(uuid.uuid4())], fence=Fence(work_id, 1, "me", "ready", 60.0))

    row = await pool.fetchrow(
        "select state, owner, run_at > now() + interval '50 s' as later from work where id = $1", work_id
    )
    assert tuple(row) == ("ready", None, True)


def chained(event: Recorded, previous: bytes) -> bytes:
    """The hash that the documentation of append_many promises, computed from scratch."""
    lines = (
        event.position, event.event_id, event.stream_id, event.version, event.type, event.schema_version,
        round(event.recorded_at.timestamp() * 1_000_000), event.raw, event.metadata,
    )  # fmt: skip
    return hashlib.sha256(previous + "\n".join(map(str, lines)).encode()).digest()


async def test_given_a_history_when_its_chain_is_recomputed_then_every_hash_agrees(store: EventStore) -> None:
    stream = uuid.uuid4()
    await store.append([feedback(stream), NewEvent(stream, JobCancelled(reason="“genug” 🎭\n"), uuid.uuid4())])
    await store.append([feedback(stream)], metadata={"actor": "tëst"})

    previous = b""
    for event in await store.read(stream):
        previous = chained(event, previous)
        assert event.hash == previous


@pytest.mark.parametrize(
    "statement", ["update events set type = 'x'", "delete from events", "truncate events", "truncate events cascade"]
)
async def test_given_a_recorded_event_when_its_owner_would_change_it_then_the_database_refuses(
    store: EventStore, pool: asyncpg.Pool, statement: str
) -> None:
    await store.append([feedback(uuid.uuid4())])
    with pytest.raises(asyncpg.RestrictViolationError, match="immutable"):
        await pool.execute(statement)
    assert await store.head() == 1


async def test_given_an_appender_that_is_cancelled_when_its_statement_is_under_way_then_others_are_answered(
    store: EventStore,
) -> None:
    stream = uuid.uuid4()
    tasks = [asyncio.create_task(store.append([feedback(stream)])) for _ in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(answer) for answer in answers].count(asyncio.CancelledError) == 1
    events = await store.read(stream)
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= 19
