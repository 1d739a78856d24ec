"""What the state machines stand on: a database of their own, and an event loop that runs while a rule does.

`NARRATIX_TEST_SEARCH=20` searches twenty times as far, elsewhere every time, and makes what it finds short; without it
a run repeats the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from narratix.app import connection_pool
from tests.conftest import database_address

T = TypeVar("T")

SEARCH: Final = int(os.environ.get("NARRATIX_TEST_SEARCH", "0"))

HANGING_SECONDS: Final = 60.0
"""A rule that takes so long takes for ever."""

_TABLES: Final = """
select relname from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace and relname not in ('events', 'alembic_version')
"""


class Ground:
    """A database and an event loop for one machine after the other. `run` is how a rule awaits. The pool goes through a
    transaction pooler, `through`, where there is one."""

    def __init__(self, dsn: str, through: str | None, runner: asyncio.Runner) -> None:
        self.dsn = dsn
        self._runner = runner
        self._holds = contextlib.AsyncExitStack()
        pool = connection_pool(through or dsn, pooled=through is not None)
        self.pool: asyncpg.Pool = self.run(self._holds.enter_async_context(pool))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        async def in_time() -> T:
            async with asyncio.timeout(HANGING_SECONDS):
                return await coroutine

        return self._runner.run(in_time())

    async def connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn)

    async def empty(self) -> None:
        """As it was on the first day; a new database would take ten times as long. Nobody but us may be at work."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("alter table events disable trigger events_are_immutable")
            await connection.execute("delete from events")
            await connection.execute("alter table events enable always trigger events_are_immutable")
            for (table,) in await connection.fetch(_TABLES):
                await connection.execute(f"delete from {table}")

    def close(self) -> None:
        self.run(self._holds.aclose())


@contextlib.contextmanager
def ground(server: str, template: str, through: str | None = None) -> Iterator[Ground]:
    """A migrated database on `server`, copied from its database `template`, for the block. `through`: see Ground."""
    name = f"model_{uuid.uuid4().hex[:12]}"
    with asyncio.Runner() as runner:
        runner.run(_execute(server, f"create database {name} template {template}"))
        pooler = None if through is None else database_address(through, name)
        given = Ground(database_address(server, name), pooler, runner)
        try:
            yield given
        finally:
            given.close()
            runner.run(_execute(server, f"drop database {name} with (force)"))


class GroundedMachine(RuleBasedStateMachine):
    """A machine over an empty database. `holds` closes what the machine opened, when it ends."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.run = ground.run
        self.holds = contextlib.AsyncExitStack()
        self.run(ground.empty())
        self.run(self.open())

    async def open(self) -> None:
        """Open what the machine needs."""

    def teardown(self) -> None:
        self.run(self.holds.aclose())


def explore(machine: Callable[[], GroundedMachine], *, examples: int, steps: int) -> None:
    """Run `examples` histories of at most `steps` rules each. Raises what the first broken promise raises."""
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]  # documented as anything that makes one
        settings=settings(
            max_examples=examples * max(SEARCH, 1),
            stateful_step_count=steps,
            derandomize=not SEARCH,
            phases=[Phase.generate, Phase.shrink] if SEARCH else [Phase.generate],
            database=None,
            deadline=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
