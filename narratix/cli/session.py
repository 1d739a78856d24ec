"""What commands stand on: the settings, the log's output, and a Narratix that runs as long as the command does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from narratix.cli.errors import CommandFailed

if TYPE_CHECKING:
    import asyncpg

    from narratix.services import Role, Services
    from narratix.settings import Settings

T = TypeVar("T")

ACTOR: Final = "command line"
"""Who asked, as the log has it."""


def prepared(*, quiet: bool = False) -> Settings:
    """The settings, with logging set up. `quiet`: nothing below a warning, so that bars and tables stay intact."""
    from narratix.logging import configure_logging
    from narratix.settings import Settings
    from narratix.tracing import ReportsMissing

    settings = Settings()
    try:
        configure_logging(settings, quiet=quiet)
    except ReportsMissing as missing:
        raise CommandFailed(str(missing)) from missing
    return settings


def with_services(settings: Settings, role: Role, work: Callable[[Services], Awaitable[T]]) -> T:
    """What `work` returns, run over a started Narratix, whose embedded database runs as long as it does."""
    import uvloop

    from narratix.app import database, open_app

    with database(settings) as found:

        async def run() -> T:
            async with open_app(settings, found, role) as services:
                return await work(services)

        return uvloop.run(run())


def over_the_log(work: Callable[[Services], Awaitable[T]]) -> T:
    """What `work` returns, run beside whatever performs dramas, with nothing said below a warning."""
    return with_services(prepared(quiet=True), "web", work)


async def find_job(pool: asyncpg.Pool, wanted: str) -> UUID:
    """The job with this id, which may be shortened as long as it is unique. Raises CommandFailed."""
    found = await pool.fetch(
        "select stream_id from events where version = 1 and starts_with(stream_id::text, $1) limit 2",
        wanted.strip().lower(),
    )
    if not found:
        raise CommandFailed(f"There is no job {wanted}. `narratix jobs list` shows them.")
    if len(found) > 1:
        raise CommandFailed(f"Several jobs begin with {wanted}; give more of the id.")
    job_id: UUID = found[0]["stream_id"]
    return job_id
