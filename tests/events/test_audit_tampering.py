"""What a verification finds, and where: every way in which somebody with all rights can alter the log."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from narratix.events import audit, stretches
from narratix.events.anchors import Anchors
from narratix.events.chain import GENESIS, Verdict
from narratix.events.store import EventStore
from narratix.events.tables import events
from tests.events.written_log import JOBS, anchored, forge_chain, tamper, unguarded, write

Verify = Callable[..., Awaitable[Verdict]]


@pytest.fixture
def verify(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Verifies twice, in one go and in stretches that part every job; both must find the same."""

    async def twice(job_id: uuid.UUID | None = None, **options: Any) -> Verdict:
        verdicts = []
        for size in (50_000, 5):
            monkeypatch.setattr(stretches, "STRETCH", size)
            verdicts.append(await audit.verify(pool, job_id, **options))
        assert verdicts[0] == verdicts[1]
        return verdicts[0]

    return twice


@pytest.fixture
async def log(store: EventStore, pool: asyncpg.Pool) -> Anchors:
    """Twelve events of three jobs, anchored at 4, 8 and 12."""
    await write(store)
    return await anchored(pool, 4, 8, 12)


async def test_given_an_untouched_log_then_all_of_it_is_proven(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    verdict = await verify(anchors=log)
    assert (verdict.ok, verdict.problems, verdict.events, verdict.position, verdict.anchored) == (True, (), 12, 12, 12)
    rolling = GENESIS
    for (digest,) in await pool.fetch("select hash from events order by position"):
        rolling = hashlib.sha256(rolling + digest).digest()
    assert verdict.rolling == rolling.hex() == log.good[-1].rolling
    one = await verify(JOBS[1])
    assert (one.ok, one.events, one.rolling) == (True, 4, None)


async def test_given_an_empty_log_then_it_is_whole(verify: Verify, pool: asyncpg.Pool) -> None:
    verdict = await verify()
    assert (verdict.ok, verdict.events, verdict.rolling) == (True, 0, GENESIS.hex())


COLUMNS = {
    "position": "position = 100",
    "event_id": "event_id = overlay(event_id::text placing case right(event_id::text, 1) when 'e' then 'd' else 'e' end from 36)::uuid",
    "stream_id": "stream_id = '00000000-0000-0000-0000-000000000009'",
    "version": "version = 77",
    "type": "type = 'LineSpokem'",
    "schema_version": "schema_version = schema_version + 1",
    "data": "data = overlay(data::text placing '2' from position('1.25' in data::text))::json",
    "data, a blank": "data = (data::text || ' ')::json",
    "metadata": 'metadata = \'{"actor":"somebodx"}\'',
    "recorded_at": "recorded_at = recorded_at + interval '1 microsecond'",
    "recorded_at, for ever": "recorded_at = 'infinity'",
    "hash": "hash = set_byte(hash, 31, get_byte(hash, 31) # 1)",
    "hash, longer": "hash = hash || '\\x00'",
    "hash, shorter": "hash = substr(hash, 1, 31)",
    "hash, none": "hash = ''",
}


def test_given_the_tampering_tests_then_they_cover_every_column() -> None:
    assert {name.partition(",")[0] for name in COLUMNS} == {column.name for column in events.columns}


@pytest.mark.parametrize("column", COLUMNS)
async def test_given_a_changed_byte_in_any_column_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors, column: str
) -> None:
    for position in (1, 6, 12):
        await tamper(
            pool,
            "create table kept as select * from events",
            f"update events set {COLUMNS[column]} where position = {position}",
        )
        verdict = await verify()
        assert not verdict.ok
        assert verdict.problem is not None
        assert verdict.problem.position == position
        assert verdict.problem.what.endswith(".")
        if column not in ("position", "stream_id"):
            assert verdict.problem.job_id == JOBS[(position - 1) % 3]
            assert not (await verify(JOBS[(position - 1) % 3])).ok
            assert (await verify(JOBS[position % 3])).ok
        await tamper(pool, "delete from events", "insert into events select * from kept", "drop table kept")
    assert (await verify(anchors=log)).ok, "as it was"


async def test_given_columns_that_were_emptied_then_their_places_are_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    columns = [column.name for column in events.columns if column.name != "position"]
    for position, column in enumerate(columns, 2):
        await tamper(
            pool,
            f"alter table events alter column {column} drop not null",
            f"update events set {column} = null where position = {position}",
        )
    verdict = await verify()
    assert {*range(2, 2 + len(columns))} <= {fault.position for fault in verdict.problems}


@pytest.mark.parametrize("position", [1, 2, 5, 6, 11])
async def test_given_a_deleted_event_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors, position: int
) -> None:
    await tamper(pool, f"delete from events where position = {position}")
    verdict = await verify(anchors=log)
    assert verdict.problem is not None
    assert (verdict.problem.position, verdict.problem.job_id) == (position, None)
    assert f"from position {position - 1} to {position + 1}" in verdict.problem.what
    if position < 10:  # its job goes on, and tells whose event it was
        assert [fault.job_id for fault in verdict.problems[1:]] == [JOBS[(position - 1) % 3]]


async def test_given_many_deleted_events_then_the_whole_gap_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(pool, "delete from events where position between 3 and 9")
    verdict = await verify()
    assert verdict.problem is not None
    assert verdict.problem.position == 3
    assert "Events 3 to 9 are missing" in verdict.problem.what


@pytest.mark.parametrize("pair", [(4, 5), (4, 7), (1, 12)])
async def test_given_a_swapped_pair_then_both_places_are_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors, pair: tuple[int, int]
) -> None:
    one, other = pair
    await tamper(
        pool,
        f"update events set position = -1 where position = {one}",
        f"update events set position = {one} where position = {other}",
        f"update events set position = {other} where position = -1",
    )
    verdict = await verify()
    assert {one, other} <= {fault.position for fault in verdict.problems}
    assert verdict.problems[0].position == one


INSERT = """
insert into events (position, event_id, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
select {position}, gen_random_uuid(), stream_id, {version}, type, schema_version, data, metadata, recorded_at, hash
from events where position = {like}
"""


async def test_given_an_inserted_event_in_the_middle_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(
        pool,
        "update events set position = -position where position >= 6",
        "update events set position = 1 - position where position < 0",
        INSERT.format(position=6, version=9, like=3),
    )
    verdict = await verify()
    assert verdict.problem is not None
    assert (verdict.problem.position, verdict.problem.job_id) == (6, JOBS[2])


@pytest.mark.parametrize("position", [0, -5])
async def test_given_an_inserted_event_before_the_first_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors, position: int
) -> None:
    """A reader of positions above 0 does not see it, and the fold of its job does."""
    await tamper(pool, INSERT.format(position=position, version=5, like=3))
    verdict = await verify()
    assert verdict.problem is not None
    assert (verdict.problem.position, verdict.problem.job_id) == (position, JOBS[2])
    assert {fault.position for fault in verdict.problems} == {position, 3}, "and the job's first event after it"
    assert not (await verify(JOBS[2])).ok


async def test_given_an_inserted_event_at_the_end_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(pool, INSERT.format(position=13, version=5, like=1))
    verdict = await verify()
    assert verdict.problem is not None
    assert (verdict.problem.position, verdict.problem.job_id) == (13, JOBS[0])


async def test_given_an_inserted_event_very_far_away_then_it_is_found_at_once(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(pool, INSERT.format(position=10**15, version=5, like=1))
    verdict = await verify()
    assert [fault.position for fault in verdict.problems] == [13, 10**15]


async def test_given_a_truncated_tail_then_the_anchor_tells_where_it_was(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(pool, "delete from events where position > 9")
    assert (await verify()).ok, "what is left is whole"
    for since_anchor in (False, True):
        verdict = await verify(anchors=log, since_anchor=since_anchor)
        assert verdict.problem is not None
        assert verdict.problem.position == 10
        assert "ends at position 9" in verdict.problem.what
        assert "first 12 events" in verdict.problem.what
        assert verdict.anchored == 8


async def test_given_a_truncated_tail_that_grew_again_then_the_anchor_tells(
    verify: Verify, pool: asyncpg.Pool, store: EventStore, log: Anchors
) -> None:
    await tamper(pool, "delete from events where position > 9")
    await write(store, 6)
    assert (await verify()).ok
    verdict = await verify(anchors=log)
    assert [fault.position for fault in verdict.problems] == [9], "between the anchors at 8 and 12"


async def test_given_everything_was_deleted_then_the_anchor_tells(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    await tamper(pool, "delete from events")
    verdict = await verify(anchors=log)
    assert verdict.problem is not None
    assert verdict.problem.position == 1


@pytest.mark.parametrize(("position", "first"), [(1, 1), (4, 1), (6, 5), (12, 9)])
async def test_given_a_recomputed_chain_then_the_anchors_tell_between_which_of_them(
    verify: Verify, pool: asyncpg.Pool, log: Anchors, position: int, first: int
) -> None:
    await tamper(pool, f"update events set type = 'JobCancelled' where position = {position}")
    await forge_chain(pool)
    assert (await verify()).ok, "without anchors nobody can tell"
    verdict = await verify(anchors=log)
    assert [fault.position for fault in verdict.problems] == [first]
    assert f"{first} to {first + 3}" in verdict.problems[0].what
    assert verdict.anchored == first - 1


async def test_given_an_event_deleted_without_a_gap_then_the_anchor_tells(
    verify: Verify, pool: asyncpg.Pool, log: Anchors
) -> None:
    async with unguarded(pool) as connection:
        await connection.execute("delete from events where position = 10")
        for position in (11, 12):
            await connection.execute("update events set position = position - 1 where position = $1", position)
    await forge_chain(pool)
    assert (await verify()).ok
    verdict = await verify(anchors=log)
    assert verdict.problem is not None
    assert verdict.problem.position == 12


async def test_given_many_faults_then_a_hundred_are_told(verify: Verify, pool: asyncpg.Pool, store: EventStore) -> None:
    await write(store, 130)
    await tamper(pool, "update events set type = 'Nothing'")
    verdict = await verify()
    assert (verdict.events, len(verdict.problems)) == (130, 100)


# -- since the last anchor ---------------------------------------------------------------------


async def test_given_an_anchor_when_verified_since_then_only_what_followed_is_recomputed(
    verify: Verify, pool: asyncpg.Pool, store: EventStore, log: Anchors
) -> None:
    await write(store, 4)
    verdict = await verify(anchors=log, since_anchor=True)
    assert (verdict.ok, verdict.problems, verdict.events, verdict.since, verdict.position) == (True, (), 4, 12, 16)
    assert verdict.rolling == (await verify()).rolling
    await tamper(pool, "update events set type = 'Nothing' where position = 3")
    assert (await verify(anchors=log, since_anchor=True)).ok, "that is what --full is for"
    assert not (await verify(anchors=log)).ok


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("update events set type = 'Nothing' where position = 14", 14),
        ("update events set hash = sha256('x') where position = 11", 14),
        ("update events set version = 9 where position = 15", 15),
        (f"update events set stream_id = '{uuid.UUID(int=7)}' where position = 13", 13),
        ("delete from events where position = 13", 13),
        ("delete from events where position = 14", 14),
    ],
)
async def test_given_a_fault_after_the_anchor_when_verified_since_then_its_place_is_named(
    verify: Verify, pool: asyncpg.Pool, store: EventStore, log: Anchors, change: str, position: int
) -> None:
    await write(store, 6)
    await tamper(pool, change)
    verdict = await verify(anchors=log, since_anchor=True)
    assert verdict.problem is not None
    assert verdict.problem.position == position


async def test_given_a_chain_recomputed_after_a_later_anchor_when_verified_since_then_nothing_is_missed(
    verify: Verify, pool: asyncpg.Pool, store: EventStore, log: Anchors
) -> None:
    """The last anchor is past the end of the log: the one before it is gone back to."""
    await write(store, 6)
    later = Anchors((*log.good, *(await anchored(pool, 18)).good))
    await tamper(pool, "delete from events where position = 18", "update events set type = 'X' where position = 15")
    verdict = await verify(anchors=later, since_anchor=True)
    assert verdict.since == 12
    assert [fault.position for fault in verdict.problems] == [15, 18]


# -- in processes of their own -----------------------------------------------------------------


async def test_given_a_long_log_when_several_processes_read_it_then_they_find_the_same(
    pool: asyncpg.Pool, dsn: str, log: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    for change in ("select 1", "update events set type = 'X' where position in (4, 9)"):
        await tamper(pool, change)
        here = await audit.verify(pool, anchors=log)
        with monkeypatch.context() as patch:
            patch.setattr(stretches, "STRETCH", 2)
            apart = await audit.verify(pool, anchors=log, dsn=dsn, progress=lambda *done: told.append(done))
        assert apart == here
    assert told == 2 * [(done, 12) for done in range(2, 13, 2)]
    assert [fault.position for fault in here.problems] == [4, 9]


async def test_given_a_reader_that_dies_when_verified_then_it_is_an_error_and_no_verdict(
    pool: asyncpg.Pool, log: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "STRETCH", 2)
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await audit.verify(pool, dsn="postgresql://nobody@localhost:1/nothing")
