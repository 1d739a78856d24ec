"""Deliveries that were given up, on the command line."""

from __future__ import annotations

import asyncio
import json
import uuid

import asyncpg

from tests.cli.test_commands import Run, command, logged

__all__ = ["command", "logged"]

DELIVERED = """
insert into webhook_deliveries (event_id, target, job_id, type, body, state, attempt, status, reason)
values ($1, 'submitter', $2, 'job.completed', '{}', $3, 8, 500, 'It answered 500.')
"""


def test_given_deliveries_that_were_given_up_then_they_are_listed_and_revived_one_by_one_or_all(
    logged: Run, dsn: str
) -> None:
    async def prepare() -> None:
        connection = await asyncpg.connect(dsn)
        for state in ("delivered", "dead", "dead", "dead"):
            job_id = uuid.uuid4()
            await connection.execute(DELIVERED, uuid.uuid4(), job_id, state)
            await connection.execute(
                "insert into webhook_targets (job_id, actor, url) values ($1, 'key:1', 'https://example.org/?token=hunter2')",
                job_id,
            )
        await connection.execute(
            "delete from webhook_targets where job_id = (select job_id from webhook_deliveries where id = 4)"
        )
        await connection.close()

    asyncio.run(prepare())

    def states() -> dict[int, str]:
        return {row["id"]: row["state"] for row in json.loads(logged("webhooks", "list", "--json")[1])}

    assert logged("webhooks", "retry")[0] == 2
    status, _, wrong = logged("webhooks", "retry", 1)
    assert (status, "is not dead but delivered" in wrong) == (1, True)
    status, _, wrong = logged("webhooks", "retry", 99)
    assert (status, "webhooks list" in wrong) == (1, True)

    assert logged("webhooks", "retry", 2)[0] == 0
    assert states() == {1: "delivered", 2: "waiting", 3: "dead", 4: "dead"}
    status, told, wrong = logged("webhooks", "retry", "--all")
    assert (status, told) == (0, "Deliveries that are tried again: 1.\n")
    assert "Nobody is named any more" in wrong
    assert states() == {1: "delivered", 2: "waiting", 3: "waiting", 4: "dead"}

    status, told, _ = logged("webhooks", "list", "--state", "waiting")
    assert (status, told.count("example.org"), "hunter2" in told) == (0, 2, False)
