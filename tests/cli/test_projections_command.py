"""`narratix projections`: what it prints, what it refuses, and what it puts on record."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import asyncpg

from narratix.events.store import EventStore
from narratix.projections import PROJECTIONS
from narratix.projections.job_status import JOB_STATUS
from tests.cli.test_commands import Run, command, logged
from tests.core.built import record, serve_build, submitted

__all__ = ["command", "logged"]


def over(dsn: str, work: Callable[[asyncpg.Pool, EventStore], Any]) -> Any:
    async def run() -> Any:
        async with asyncpg.create_pool(dsn, min_size=1) as pool:
            return await work(pool, EventStore(pool))

    return asyncio.run(run())


async def three_jobs(pool: asyncpg.Pool, store: EventStore) -> None:
    await record(store, [submitted()], jobs=3)
    for projection in PROJECTIONS:
        await serve_build(pool, store, projection)


async def stopped(pool: asyncpg.Pool, store: EventStore) -> None:
    """job_status as it is when it cannot take the third event."""
    await three_jobs(pool, store)
    await pool.execute(
        "update subscriptions set position = 2, error = 'JobSubmitted at position 3: ValueError: no' where name = $1",
        JOB_STATUS.name,
    )
    await pool.execute("delete from job_status where key = (select stream_id::text from events where position = 3)")


def test_given_builds_when_listed_then_each_is_told_with_what_somebody_has_to_do(logged: Run, dsn: str) -> None:
    over(dsn, stopped)
    status, out, err = logged("projections", "list")
    assert (status, err) == (0, "")
    assert "stopped: JobSubmitted at position 3: ValueError: no" in out
    assert 'narratix projections skip job_status --position 3 --reason "..."' in out

    found = json.loads(logged("projections", "list", "--json")[1])
    assert {(build["name"], build["stopped"]) for build in found} == {
        (projection.name, projection is JOB_STATUS) for projection in PROJECTIONS
    }

    over(dsn, lambda pool, _store: pool.execute("update subscriptions set error = null, code_version = 0"))
    assert (
        "library was built by an older release: narratix projections rebuild library"
        in logged("projections", "list")[1]
    )


def test_given_a_stopped_projection_when_skipped_then_the_decision_is_in_the_history_and_verify_keeps_to_it(
    logged: Run, dsn: str
) -> None:
    over(dsn, stopped)
    assert logged("projections", "skip", "job_status", "--position", "3", "--reason", " ")[0] == 2
    status, out, err = logged("projections", "skip", "job_status", "--position", "9", "--reason", "wrong place")
    assert (status, out) == (1, "")
    assert "did not stop at position 9 but at 3" in err

    status, out, err = logged(
        "projections", "skip", "job_status", "--position", "3", "--reason", "It is nonsense.", "--by", "anna"
    )
    assert (status, err) == (0, "")
    assert "passes over position 3 and goes on" in out
    job_id = uuid.UUID(out.split()[-1].rstrip("."))
    [*_, decision] = json.loads(logged("history", job_id, "--json")[1])
    assert decision["type"] == "EventSkipped"
    assert decision["data"] == {
        "subscription": "job_status",
        "position": 3,
        "reason": "It is nonsense.",
        "problem": "JobSubmitted at position 3: ValueError: no",
    }
    assert decision["metadata"] == {"actor": "anna"}

    assert "is build 2, which serves now, at position 4" in logged("projections", "rebuild", "job_status")[1]
    assert "is what its log says (build 2, position 4, 2 rows)" in logged("projections", "verify", "job_status")[1]
    assert logged("projections", "resume", "job_status")[0] == 1


def test_given_a_stopped_projection_when_resumed_then_it_is_to_try_again(logged: Run, dsn: str) -> None:
    over(dsn, stopped)
    status, out, _ = logged("projections", "resume", "job_status")
    assert (status, out) == (0, "job_status tries position 3 again as soon as the service runs.\n")
    assert "stopped" not in logged("projections", "list")[1]
    status, _, err = logged("projections", "resume", "dreams")
    assert status == 1
    assert "There is no subscription called 'dreams'; these are there: job_status, library, usage" in err


def test_given_a_row_that_was_changed_when_verified_then_the_first_difference_is_printed(logged: Run, dsn: str) -> None:
    over(dsn, three_jobs)
    assert logged("projections", "verify")[0] == 0
    over(dsn, lambda pool, _store: pool.execute("update job_status set row = replace(row::text, 'story', 'lie')::json"))
    status, out, err = logged("projections", "verify")
    assert status == 1
    assert "job_status differs from its log (build 1, position 3), first in row" in out
    assert '"title":"A lie"' in out
    assert '"title":"A story"' in out
    assert "To put it right: narratix projections rebuild job_status" in err
