"""`narratix webhooks`: what was told of jobs' ends, and what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import over_the_log, prepared, with_services

if TYPE_CHECKING:
    from narratix.services import Services


@click.group()
def command() -> None:
    """Webhooks: what was delivered, and what was given up."""


@command.command("list")
@click.option("--state", type=click.Choice(("waiting", "sending", "delivered", "dead")), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_all(state: str | None, limit: int, as_json: bool) -> None:
    """The newest deliveries. Of an address only the host is shown: the rest may be a secret."""
    from narratix.webhooks.deliveries import deliveries

    rows = over_the_log(lambda services: deliveries(services.pool, state=state, limit=limit))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("Delivery", "Job", "Type", "To", "State", "Attempt", "Status", "Reason"),
        [
            (row["id"], row["job_id"], row["type"], row["host"] or row["target"], row["state"], row["attempt"],
             row["status"], row["reason"])
            for row in rows
        ],
    )  # fmt: skip


@command.command()
@click.argument("deliveries", metavar="[DELIVERY]...", type=click.IntRange(1), nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every one that was given up.")
def retry(deliveries: tuple[int, ...], every: bool) -> None:
    """Let deliveries that were given up be tried again, from their first attempt, as soon as the service runs."""
    from narratix.webhooks.deliveries import NoSuchDelivery, NotRevived, dead, deliver_again

    if bool(deliveries) == every:
        raise click.UsageError("name the deliveries, or say --all")
    settings = prepared(quiet=True)

    async def work(services: Services) -> int:
        wanted = await dead(services.pool) if every else deliveries
        revived = 0
        for one in wanted:
            try:
                await deliver_again(services.pool, one, service=bool(settings.webhook_url.get_secret_value()))
                revived += 1
            except NoSuchDelivery as missing:
                raise CommandFailed(f"There is no delivery {one}; `narratix webhooks list` shows them.") from missing
            except NotRevived as problem:
                if not every:
                    raise CommandFailed(str(problem)) from problem
                click.echo(f"{problem} It stays as it is.", err=True)
        return revived

    count = with_services(settings, "web", work)
    click.echo(f"Deliveries that are tried again: {count}.")
