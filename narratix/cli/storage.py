"""`narratix storage`: what lies in object storage, and what of it nothing names any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from narratix.cli.console import print_json, print_table, size
from narratix.cli.session import over_the_log

if TYPE_CHECKING:
    from narratix.retention import Swept
    from narratix.services import Services

SHOWN: Final = 20


@click.group()
def command() -> None:
    """Object storage: how much lies there, and what can go."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def usage(as_json: bool) -> None:
    """Objects and bytes by kind."""

    async def work(services: Services) -> dict[str, list[int]]:
        sums: dict[str, list[int]] = {}
        async for stored in services.ports.storage.list(""):
            entry = sums.setdefault(_prefix(stored.key), [0, 0])
            entry[0] += 1
            entry[1] += stored.size_bytes
        return sums

    sums = over_the_log(work)
    total = [sum(entry[place] for entry in sums.values()) for place in (0, 1)]
    if as_json:
        kinds = {prefix: {"objects": entry[0], "bytes": entry[1]} for prefix, entry in sorted(sums.items())}
        print_json({"prefixes": kinds, "objects": total[0], "bytes": total[1]})
        return
    rows = [(prefix, entry[0], size(entry[1])) for prefix, entry in sorted(sums.items())]
    print_table(("Prefix", "Objects", "Size"), [*rows, ("in all", total[0], size(total[1]))])


@command.command()
@click.option("--yes", is_flag=True, help="Do it. Without it nothing is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sweep(yes: bool, as_json: bool) -> None:
    """Let dramas expire whose time is over, and delete what no drama names any more and is older than a day.

    Nothing is changed without --yes. While work is under way clips are left alone, since it may be about to use them.
    """
    due, swept = over_the_log(lambda services: _sweep(services, yes))
    if as_json:
        keys = [orphan.key for orphan in swept.orphans]
        print_json(
            {
                "deleted": yes,
                "objects": len(keys),
                "bytes": swept.size_bytes,
                "keys": keys,
                "spared": swept.spared,
                "expired": due,
            }
        )
        return
    if swept.orphans:
        print_table(("Key", "Size"), [(orphan.key, size(orphan.size_bytes)) for orphan in swept.orphans[:SHOWN]])
    if len(swept.orphans) > SHOWN:
        click.echo(f"... and {len(swept.orphans) - SHOWN} more.")
    if due:
        click.echo(f"{due} dramas {'expired' if yes else 'have had their time and would expire by --yes'}.")
    said = "were deleted" if yes else "would be deleted by --yes; nothing was changed"
    click.echo(f"{len(swept.orphans)} objects, {size(swept.size_bytes)}, that no drama names {said}.")
    if swept.spared:
        click.echo(f"{swept.spared} clips were left alone, since work is under way.")


async def _sweep(services: Services, yes: bool) -> tuple[int, Swept]:
    retention = services.retention
    due = await retention.expire_due() if yes else len(await retention.due())
    return due, await retention.sweep(delete=yes)


def _prefix(key: str) -> str:
    parts = key.split("/")
    return "/".join(parts[:2]) if parts[0] == "clips" else parts[0]
