"""`narratix cost`: what a month costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.errors import CommandFailed

if TYPE_CHECKING:
    from narratix.cost import Bill


@click.command()
@click.option("--dramas", type=click.IntRange(0), default=300, show_default=True, help="Made in a month.")
@click.option("--minutes", type=click.FloatRange(0), default=5.0, show_default=True, help="How long each is.")
@click.option("--visits", type=click.FloatRange(0), default=3.0, show_default=True, help="To each drama's page.")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="At the prices of that day.  [default: today]"
)
@click.option("--platform-under", type=click.FloatRange(0), default=None, metavar="USD",
              help="Exit status 1 where Railway, Neon and R2 together cost so much or more.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    dramas: int, minutes: float, visits: float, on: datetime | None, platform_under: float | None, as_json: bool
) -> None:
    """Compute a month's bill, with the local engines and with those of the cloud, item by item.

    From the dated table of prices and from what making a drama was measured to take; asks nobody.
    """
    from narratix.cost import PERFORMANCES, Wanted, assumptions, bill, measured
    from narratix.settings import Settings

    wanted = Wanted(dramas=dramas, minutes=minutes, visits=visits, retention_days=Settings().retention_days)
    day, found = (on or datetime.now(UTC)).date(), measured()
    try:
        bills = [bill(performance, found.of(performance.footprint), wanted, day) for performance in PERFORMANCES]
    except LookupError as unknown:
        raise CommandFailed(str(unknown)) from unknown
    said = assumptions(wanted, found, day)
    if as_json:
        print_json({"wanted": wanted, "on": day, "bills": [_as_json(each) for each in bills], "assumptions": said})
    else:
        _print(bills)
        click.echo()
        for sentence in said:
            click.echo(f"- {sentence}")
    dear = [each for each in bills if platform_under is not None and each.sum("platform") >= platform_under]
    if dear:
        listed = ", ".join(f"${each.sum('platform'):.2f} ({each.performance})" for each in dear)
        raise CommandFailed(f"The platform costs ${platform_under:.2f} or more: {listed}.")


def _as_json(bill: Bill) -> dict[str, Any]:
    sums = {"platform_usd": bill.sum("platform"), "providers_usd": bill.sum("providers"), "usd": bill.usd}
    return {"performance": bill.performance, **sums, "items": bill.items}


def _print(bills: list[Bill]) -> None:
    """A row for each item, a column for each bill."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for place, each in enumerate(bills):
        for item in each.items:
            amount = f"{item.usd:.2f}" + (f" ({_count(item.units)})" if item.unit != "plan" else "")
            rows.setdefault((item.provider, item.what, item.unit), [""] * len(bills))[place] = amount
    table: list[list[str]] = [[*name, *cells] for name, cells in rows.items()]
    for name, sums in (
        ("platform", [each.sum("platform") for each in bills]),
        ("providers", [each.sum("providers") for each in bills]),
        ("together", [each.usd for each in bills]),
    ):
        table.append([name, "", "", *(f"{usd:.2f}" for usd in sums)])
    print_table(("Who", "What", "Unit", *(f"{each.performance}, USD" for each in bills)), table)


def _count(units: float) -> str:
    return f"{units:,.0f}" if units >= 100 else f"{units:,.2f}"
