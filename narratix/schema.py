"""The database's shape: all tables, and how a database is brought to it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from narratix.environments import installations
from narratix.events.dsn import sqlalchemy_url
from narratix.events.tables import metadata
from narratix.keys import api_keys
from narratix.limits import rate_limits
from narratix.projections import PROJECTIONS
from narratix.spend import reservations
from narratix.webhooks.deliveries import webhook_deliveries, webhook_targets
from narratix.webhooks.inbound import webhooks_heard

__all__ = [
    "PROJECTIONS",
    "api_keys",
    "check",
    "head",
    "installations",
    "metadata",
    "migrate",
    "rate_limits",
    "reservations",
    "stored",
    "webhook_deliveries",
    "webhook_targets",
    "webhooks_heard",
]

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
_LOCK: Final = 72374630


def _config() -> Config:
    config = Config(stdout=io.StringIO())  # alembic would chat on ours
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The revision that this release needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


async def migrate(dsn: str) -> None:
    """Bring the database up to date. Needs the direct address; two at once wait for each other."""
    await _with_connection(dsn, lambda config: command.upgrade(config, "head"))


async def check(dsn: str) -> None:
    """Raises alembic.util.exc.CommandError where the tables of the code differ from a migrated database."""
    await _with_connection(dsn, command.check)


async def stored(dsn: str) -> str | None:
    """The revision that the database is at, None for an empty one."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        if not await connection.scalar(sa.text("select to_regclass('alembic_version') is not null")):
            return None
        revision: str | None = await connection.scalar(sa.text("select version_num from alembic_version"))
        return revision


async def _with_connection(dsn: str, run: Any) -> None:
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=sa.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await connection.commit()
            await connection.run_sync(_run, run)
            await connection.execute(sa.text("select pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: sa.Connection, run: Any) -> None:
    config = _config()
    config.attributes["connection"] = connection
    run(config)
    connection.commit()
