"""`narratix keys`: who may call the API from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import over_the_log

if TYPE_CHECKING:
    from narratix.services import Services


@click.group()
def command() -> None:
    """API keys. A key is shown once, when it is made; send it as `Authorization: Bearer KEY`."""


@command.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(("submit", "audit", "admin")), default=("submit",),
    show_default=True, help="What it opens; may be given several times.",
)  # fmt: skip
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), default=None, help="How long it works. Default: for good."
)
def create(name: str, scopes: tuple[str, ...], days: float | None) -> None:
    """Make a key called NAME, which is how you will know it again."""
    from narratix.keys import Keys

    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    async def work(services: Services) -> tuple[str, str]:
        return await Keys(services.pool).create(name, cast(Any, scopes), expires_at)

    id, key = over_the_log(work)
    click.echo(key)
    click.echo(f"This key is shown only now. Its id is {id}; `narratix keys revoke {id}` ends it.", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_all(as_json: bool) -> None:
    """Every key, without its secret."""
    from narratix.keys import Keys

    keys = over_the_log(lambda services: Keys(services.pool).list())
    if as_json:
        print_json(keys)
        return

    def day(moment: object) -> str:
        return f"{moment:%Y-%m-%d}" if moment else ""

    print_table(
        ("Key", "Name", "Scopes", "Created", "Ends", "Revoked", "Last used"),
        [
            (key.id, key.name, ", ".join(key.scopes), day(key.created_at), day(key.expires_at), day(key.revoked_at),
             day(key.last_used_at))
            for key in keys
        ],
    )  # fmt: skip


@command.command()
@click.argument("key")
def revoke(key: str) -> None:
    """End KEY (its id) at once."""
    from narratix.keys import Keys

    if not over_the_log(lambda services: Keys(services.pool).revoke(key)):
        raise CommandFailed(f"There is no key {key}; `narratix keys list` shows them.")
    click.echo(f"{key} opens nothing any more.")
