"""`narratix migrate`: the database's shape, before a deploy."""

from __future__ import annotations

import click

from narratix.cli.errors import CommandFailed
from narratix.cli.session import prepared


@click.command()
@click.option("--check", is_flag=True, help="Only tell whether there is anything to do; exit status 1 when there is.")
def command(check: bool) -> None:
    """Bring the database up to date. Two at once wait for each other; the service does the same when it starts.

    Migrations only add, so the release that runs meanwhile goes on working.
    """
    import asyncio

    from narratix.app import database
    from narratix.schema import head, migrate, stored

    with database(prepared(quiet=True)) as found:
        dsn = found.direct or found.dsn
        before = asyncio.run(stored(dsn))
        if before == head():
            click.echo(f"The database is up to date (migration {before}).")
            return
        if check:
            raise CommandFailed(f"The database is at migration {before or 'none'}; this release needs {head()}.")
        asyncio.run(migrate(dsn))
        click.echo(f"The database went from migration {before or 'none'} to {head()}.")
