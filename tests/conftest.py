"""What every test may use: a fresh, migrated PostgreSQL database of its own, and a whole Narratix over it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog
from sqlalchemy.engine import make_url

from narratix.app import Database, connection_pool, open_app
from narratix.embedded.postgres import EmbeddedPostgres
from narratix.events.store import EventStore
from narratix.schema import migrate
from narratix.services import Role, Services
from narratix.settings import Settings
from tests.chaos.pooler import PROGRAM, pgbouncer


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """A command that runs within the test sets up logging, which the next test must not inherit."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server for this run: NARRATIX_TEST_DATABASE_URL, or an embedded one."""
    if given := os.environ.get("NARRATIX_TEST_DATABASE_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="narratix-tests-") as home:
        Path(home).chmod(0o755)  # or, as root, the data would go to a place that outlives this run
        with EmbeddedPostgres(Path(home)) as dsn:
            yield dsn


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated, empty database that tests are cloned from."""
    name = f"template_{uuid.uuid4().hex[:12]}"

    async def make() -> None:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the run
            await _execute(postgres, f"alter system set {setting} = off")
        await _execute(postgres, "select pg_reload_conf()")
        await _execute(postgres, f"create database {name}")
        await migrate(database_address(postgres, name))

    asyncio.run(make())
    return name


@pytest.fixture
async def dsn(postgres: str, template: str) -> AsyncIterator[str]:
    """A database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await _execute(postgres, f"create database {name} template {template}")
    yield database_address(postgres, name)
    await _execute(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def _pooler(postgres: str) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("PgBouncer is not installed (Debian and Ubuntu: apt install pgbouncer)")
    if "host" not in make_url(postgres).query:
        pytest.skip("PgBouncer is only put before a server on a unix socket")
    with tempfile.TemporaryDirectory(prefix="narratix-pooler-") as home:
        Path(home).chmod(0o755)  # as root, PgBouncer runs as the server's user
        with pgbouncer(postgres, Path(home)) as address:
            yield address


@pytest.fixture(scope="session")
def through(request: pytest.FixtureRequest) -> str | None:
    """The way to the server for a run with NARRATIX_TEST_POOLER=1: through PgBouncer in transaction mode."""
    address: str | None = request.getfixturevalue("_pooler") if os.environ.get("NARRATIX_TEST_POOLER") else None
    return address


@pytest.fixture
def pgbouncer_dsn(_pooler: str, dsn: str) -> str:
    """The way to this test's database through PgBouncer in transaction mode; skips where there is none."""
    return database_address(_pooler, str(make_url(dsn).database))


@pytest.fixture
def server(dsn: str, through: str | None) -> Database:
    """This test's database as the application knows it: with NARRATIX_TEST_POOLER=1 through PgBouncer in transaction
    mode, all but notifications, elections and migrations."""
    if through is None:
        return Database(dsn)
    return Database(database_address(through, str(make_url(dsn).database)), direct=dsn)


@pytest.fixture
def named(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """This test's database in the environment, for commands."""
    monkeypatch.setenv("DATABASE_URL", server.dsn)
    if server.direct is not None:
        monkeypatch.setenv("NARRATIX_DIRECT_DATABASE_URL", server.direct)


@pytest.fixture
async def pool(server: Database) -> AsyncIterator[asyncpg.Pool]:
    async with connection_pool(server.dsn, pooled=server.direct is not None) as pool:
        yield pool


@pytest.fixture
async def store(pool: asyncpg.Pool) -> AsyncIterator[EventStore]:
    store = EventStore(pool)
    yield store
    await store.close()


@pytest.fixture
def connect(dsn: str) -> Callable[[], Awaitable[asyncpg.Connection]]:
    return lambda: asyncpg.connect(dsn)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Quick engines: no model is loaded."""
    return quick_settings(tmp_path / "home")


def quick_settings(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home=home, speech="silent", music="silent", effects="silent", speech_workers=2)


@pytest.fixture
async def narratix(settings: Settings, server: Database) -> AsyncIterator[Services]:
    """A whole Narratix with quick engines."""
    async with open_app(settings, server) as app:
        yield app


@pytest.fixture
def opened(settings: Settings, server: Database) -> Callable[[Role], contextlib.AbstractAsyncContextManager[Services]]:
    """Further processes' worth of Narratix over the same database and storage."""
    return lambda role: open_app(settings, server, role)


def database_address(dsn: str, name: str) -> str:
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
