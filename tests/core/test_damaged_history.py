"""A job whose history holds an event that cannot be read: it stops itself, and nobody else for longer than decided."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from narratix.events.codec import Unreadable
from narratix.projections.builds import skip
from tests.beside import running
from tests.core.conftest import MachineOf
from tests.core.machine_of_work import Machine, stage, succeed
from tests.events.following import until_stopped

DAMAGED = """
insert into events (position, event_id, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
select (select max(position) from events) + 1, gen_random_uuid(), stream_id, max(version) + 1, 'LineSpoken', 1,
       '{"line": "the first"}', '{}', now(), ''
from events where stream_id = $1 group by stream_id returning position
"""


async def damage(pool: asyncpg.Pool, job_id: uuid.UUID) -> int:
    """Add what no release ever wrote, as somebody with all rights could."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(72374631)")
        position: int = await connection.fetchval(DAMAGED, job_id)
        await connection.execute("select pg_notify('narratix_events', $1)", str(position))
    return position


async def passed_over(machine: Machine, position: int) -> None:
    await until_stopped(machine.pool, "router")
    await skip(machine.pool, machine.store, "router", position, reason="nobody wrote it", actor="a test")


async def test_given_a_damaged_event_when_it_is_passed_over_then_other_jobs_go_on(machine_of: MachineOf) -> None:
    machine = machine_of(stage(succeed))
    async with machine.working():
        first = await machine.submit()
        await machine.until(first, "FeedbackGiven")
        await passed_over(machine, await damage(machine.pool, first))
        second = await machine.submit()
        await machine.until(second, "FeedbackGiven")


async def test_given_work_of_a_job_that_cannot_be_read_then_it_dies_at_once_and_its_slot_is_free(
    machine_of: MachineOf,
) -> None:
    machine = machine_of(stage(succeed))
    job_id = await machine.submit()
    async with machine.routing():
        await machine.until_work("state = 'ready'")
    await damage(machine.pool, job_id)
    async with running(machine.worker().run()):
        await machine.until_work("state = 'dead'")
        assert await machine.work("attempt") == 1
    with pytest.raises(Unreadable, match="LineSpoken"):
        await machine.commands.load(job_id)
