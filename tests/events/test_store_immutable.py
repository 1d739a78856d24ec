"""What stands in the log stays, whoever asks: strangers have no right to change it, its owner meets a trigger."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from narratix.events.catalogue import FeedbackGiven
from narratix.events.store import EventStore, NewEvent

CHANGES = [
    "update events set type = 'x'",
    "update events set position = position + 1",
    "insert into events select * from events on conflict (position) do update set type = 'x'",
    "delete from events",
    "truncate events",
    "truncate events cascade",
]

INSERT = """
insert into events
select position + 1, gen_random_uuid(), stream_id, version + 1, type, schema_version, data, metadata, recorded_at, hash
from events
"""


@pytest.fixture(autouse=True)
async def _one_event(store: EventStore) -> None:
    await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=5), uuid.uuid4())])


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("statement", CHANGES)
async def test_given_a_recorded_event_when_its_owner_would_change_it_then_the_database_refuses(
    store: EventStore, pool: asyncpg.Pool, statement: str, role: str
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(f"set session_replication_role = {role}")  # as restores do; it silences other triggers
        with pytest.raises(asyncpg.RestrictViolationError, match="immutable"):
            await connection.execute(statement)

    (event,) = await store.read_all()
    assert (event.position, event.type) == (1, "FeedbackGiven")


async def test_given_a_role_without_ownership_when_it_runs_the_store_then_it_can_append_and_read_and_nothing_more(
    dsn: str, pool: asyncpg.Pool
) -> None:
    role = f"service_{uuid.uuid4().hex[:12]}"
    await pool.execute(f"create role {role} login")
    try:
        await pool.execute(f"grant select on events to {role}")
        await pool.execute(f"grant execute on function append_many to {role}")

        async def become(connection: asyncpg.Connection) -> None:
            await connection.execute(f"set role {role}")

        async with asyncpg.create_pool(dsn, min_size=1, max_size=2, setup=become) as theirs:
            store = EventStore(theirs)
            answer = await store.append([NewEvent(uuid.uuid4(), FeedbackGiven(rating=1), uuid.uuid4())])
            assert answer.position == 2
            assert len(await store.read_all()) == 2
            await store.close()
            for statement in [*CHANGES, INSERT, "alter table events disable trigger all", "drop table events"]:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await theirs.execute(statement)
    finally:
        await pool.execute(f"drop owned by {role}")
        await pool.execute(f"drop role {role}")
