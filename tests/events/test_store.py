"""The log: order, repetition, conflicts, fences, the chain."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from narratix.app import connection_pool
from narratix.events.catalogue import FeedbackGiven, JobCancelled
from narratix.events.store import Appended, Conflict, EventStore, Fence, Fenced, NewEvent, Recorded


@pytest.fixture(params=["direct", "through PgBouncer"])
async def pool(request: pytest.FixtureRequest, dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """All of this must hold either way."""
    pooled = request.param != "direct"
    async with connection_pool(request.getfixturevalue("pgbouncer_dsn") if pooled else dsn, pooled=pooled) as pool:
        yield pool


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
    assert tuple(row) == ("waiting", None, True)


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


async def test_given_one_stream_when_a_flush_brings_it_many_events_then_each_is_chained_to_the_one_before(
    store: EventStore,
) -> None:
    stream = uuid.uuid4()
    await asyncio.gather(*(store.append([feedback(stream), feedback(stream)]) for _ in range(40)))

    previous = b""
    events = await store.read(stream)
    assert [event.version for event in events] == list(range(1, 81))
    for event in events:
        previous = chained(event, previous)
        assert event.hash == previous


async def test_given_requests_of_one_flush_when_each_expects_what_the_one_before_leaves_then_all_are_written(
    store: EventStore,
) -> None:
    stream = uuid.uuid4()
    answers = await asyncio.gather(
        store.append([feedback(stream, expected=0), feedback(stream, expected=0)]),
        store.append([feedback(stream, expected=2)]),
        store.append([feedback(stream, expected=3)]),
    )
    assert [answer.version for answer in answers] == [2, 3, 4]


async def test_given_every_kind_of_bad_request_in_one_flush_then_each_is_answered_by_itself_and_the_good_are_written(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    stream, other, event_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    await store.append([feedback(stream)])
    work_id = await insert_work(pool)
    answers = await asyncio.gather(
        store.append([feedback(other)]),
        store.append([feedback(stream, expected=0)]),
        store.append([feedback(other, event_id=event_id)], fence=Fence(work_id, 1, "me")),
        store.append([feedback(other, event_id=event_id)]),
        store.append([feedback(other)], fence=Fence(work_id, 1, "me")),
        store.append([], fence=Fence(work_id + 1, 1, "me")),
        store.append([]),
        store.append([feedback(other, expected=2)]),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [
        Appended, Conflict, Appended, Appended, Fenced, Fenced, Appended, Appended,
    ]  # fmt: skip
    assert answers[2:4] == [Appended(3, 2, False), Appended(3, 2, True)]
    assert answers[6] == Appended(None, None, False)
    assert [event.version for event in await store.read(other)] == [1, 2, 3]
    assert await store.head() == 4
    assert await pool.fetchval("select state from work where id = $1", work_id) == "done"


async def test_given_two_requests_of_one_flush_when_both_would_settle_the_same_work_then_one_does(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    work_id, stream = await insert_work(pool), uuid.uuid4()
    fence = Fence(work_id, 1, "me")
    answers = await asyncio.gather(
        store.append([feedback(stream)], fence=fence), store.append([feedback(stream)], fence=fence),
        return_exceptions=True,
    )  # fmt: skip

    assert sorted(type(answer).__name__ for answer in answers) == ["Appended", "Fenced"]
    assert len(await store.read(stream)) == 1


async def test_given_events_of_several_streams_when_they_are_appended_together_then_all_stand_side_by_side(
    store: EventStore,
) -> None:
    streams = [uuid.uuid4() for _ in range(5)]
    answer = await store.append([feedback(stream, expected=0) for stream in streams])

    assert answer == Appended(5, 1, False)
    assert [event.stream_id for event in await store.read_all()] == streams
