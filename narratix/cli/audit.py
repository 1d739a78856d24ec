"""`narratix audit`: proof that nothing on record was altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from narratix.cli.errors import CommandFailed

if TYPE_CHECKING:
    from narratix.events.audit import Verdict
    from narratix.services import Services


@click.group()
def command() -> None:
    """Prove that the log is whole."""


@command.command()
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(job: str | None, as_json: bool) -> None:
    """Recompute every hash of the log, or of one JOB. Exit status 1 where something was altered or is missing."""
    from narratix.cli.console import print_json
    from narratix.cli.session import find_job, prepared, with_services
    from narratix.events import audit

    async def work(services: Services) -> Verdict:
        return await audit.verify(services.pool, await find_job(services.pool, job) if job else None)

    verdict = with_services(prepared(quiet=True), "web", work)
    if as_json:
        print_json(verdict)
    elif verdict.ok:
        click.echo(f"The {'job' if job else 'log'} is whole: {verdict.events} events, every hash is right.")
    if verdict.problem is not None:
        problem = verdict.problem
        raise CommandFailed(f"Position {problem.position}, job {problem.job_id}: {problem.what}")
