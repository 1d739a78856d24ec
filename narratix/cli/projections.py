"""`narratix projections`: the read models, rebuilt without down time and compared with the log."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Any

import click

from narratix.cli.console import bar, print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import over_the_log

if TYPE_CHECKING:
    from narratix.projections.projection import Projection
    from narratix.projections.verify import Verified
    from narratix.services import Services


@click.group()
def command() -> None:
    """The read models: where they are, built anew, compared with the log."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Every build, its position in the log and how far it is behind."""
    from narratix.projections import code_versions
    from narratix.projections.builds import builds, needs

    found = over_the_log(lambda services: builds(services.pool, code_versions()))
    if as_json:
        print_json(found)
        return
    print_table(
        ("Name", "Build", "Position", "Lag", "Code version", "State"),
        [(each.name, each.build, each.position, each.lag, each.code_version, each.state) for each in found],
    )
    for each in found:
        if needed := needs(each):
            click.echo(f"\n{needed}")


@command.command()
@click.argument("name")
def rebuild(name: str) -> None:
    """Build NAME anew beside the one that serves, then let it serve. A killed rebuild is continued."""
    from narratix.projections.rebuild import NotRunYet, RebuildStopped, RebuiltElsewhere
    from narratix.projections.rebuild import rebuild as build_anew

    projection = _named(name)

    async def work(services: Services) -> Any:
        with bar(f"Building {name}") as progress:
            return await build_anew(services.pool, services.store, projection, progress)

    try:
        rebuilt = over_the_log(work)
    except (NotRunYet, RebuiltElsewhere, RebuildStopped) as problem:
        raise CommandFailed(str(problem)) from problem
    how = "went on with build" if rebuilt.continued else "is build"
    click.echo(f"{name} {how} {rebuilt.build}, which serves now, at position {rebuilt.position}.")


@command.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Fold the log anew and compare every row with what is stored. Exit status 1 where they differ."""
    from narratix.projections import PROJECTIONS
    from narratix.projections.rebuild import NotRunYet
    from narratix.projections.verify import NotFoldable
    from narratix.projections.verify import verify as compare

    chosen = [_named(name)] if name else list(PROJECTIONS)

    async def work(services: Services) -> list[Verified]:
        verified = []
        for projection in chosen:
            with bar(f"Comparing {projection.name}") as progress:
                verified.append(await compare(services.pool, services.store, projection, progress))
        return verified

    try:
        verified = over_the_log(work)
    except (NotRunYet, NotFoldable) as problem:
        raise CommandFailed(str(problem)) from problem
    for each in verified:
        where = f"build {each.build}, position {each.position}"
        if each.difference is None:
            click.echo(f"{each.name} is what its log says ({where}, {each.rows} rows).")
            continue
        click.echo(f"{each.name} differs from its log ({where}), first in row {each.difference.key}:")
        click.echo(f"  stored  {each.difference.stored or 'nothing'}")
        click.echo(f"  folded  {each.difference.folded or 'nothing'}")
    wrong = [each.name for each in verified if each.difference is not None]
    if wrong:
        raise CommandFailed(f"To put it right: narratix projections rebuild {wrong[0]}")


@command.command()
@click.argument("name")
@click.option("--position", type=click.IntRange(1), required=True, help="Of the event, as `projections list` says it.")
@click.option("--reason", required=True, help="Why nobody needs it there; stays in the history of the event's job.")
@click.option("--by", "actor", default="", help="Who decides. By default the user of this computer.")
def skip(name: str, position: int, reason: str, actor: str) -> None:
    """Let NAME, which stopped, go on without the event at POSITION. The decision is recorded, and every later rebuild
    and verification keeps to it."""
    from narratix.projections.builds import NotStopped
    from narratix.projections.builds import skip as pass_over

    if not reason.strip():
        raise click.UsageError("Say why, in --reason: auditors will read it.")

    async def work(services: Services) -> Any:
        who = actor.strip() or f"cli:{_user()}"
        await services.doorbell.ring()
        return await pass_over(services.pool, services.store, name, position, reason=reason.strip(), actor=who)

    try:
        job_id = over_the_log(work)
    except NotStopped as problem:
        raise CommandFailed(str(problem)) from problem
    click.echo(f"{name} passes over position {position} and goes on; the decision is in the history of job {job_id}.")


@command.command()
@click.argument("name")
def resume(name: str) -> None:
    """Let NAME, which stopped, try again the event that it could not take."""
    from narratix.projections.builds import NotStopped
    from narratix.projections.builds import resume as go_on

    async def work(services: Services) -> int:
        await services.doorbell.ring()
        return await go_on(services.pool, name)

    try:
        position = over_the_log(work)
    except NotStopped as problem:
        raise CommandFailed(str(problem)) from problem
    click.echo(f"{name} tries position {position} again as soon as the service runs.")


def _user() -> str:
    """The login name, or the number of a user without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _named(name: str) -> Projection[Any]:
    from narratix.projections import PROJECTIONS

    for projection in PROJECTIONS:
        if projection.name == name:
            return projection
    known = ", ".join(projection.name for projection in PROJECTIONS)
    raise click.UsageError(f"There is no projection called {name!r}; choose one of: {known}")
