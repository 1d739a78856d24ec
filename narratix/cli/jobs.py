"""`narratix jobs`: what was asked for and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratix.cli.console import STAGES, clock, print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import ACTOR, find_job, over_the_log

if TYPE_CHECKING:
    from uuid import UUID

    from narratix.commands import Commands
    from narratix.projections.job_status import JobStatus
    from narratix.services import Services


@click.group()
def command() -> None:
    """Every job and its state; cancel one, or let it go on. JOB is an id or its beginning."""


@command.command("list")
@click.option("--status", type=click.Choice(("queued", "running", "completed", "failed", "cancelled", "expired")))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_all(status: str | None, limit: int, as_json: bool) -> None:
    """The newest jobs."""
    from narratix.web.views import summary

    rows = over_the_log(lambda services: _newest(services, limit, status))
    if as_json:
        print_json([summary(row) for row in rows])
        return
    print_table(
        ("Job", "Status", "Done", "Created", "Length", "Title"),
        [
            (
                row.job_id,
                row.status,
                f"{row.progress} %",
                f"{row.created_at:%Y-%m-%d %H:%M}",
                clock(row.duration_seconds) if row.duration_seconds else "",
                row.title,
            )
            for row in rows
        ],
    )


@command.command()
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(job: str, as_json: bool) -> None:
    """One job: how far it is and who plays in it."""
    from narratix.web.views import status_view

    row = over_the_log(lambda services: _status(services, job))
    if as_json:
        print_json(status_view(row))
    else:
        _print_status(row)


@command.command()
@click.argument("job")
@click.option("--reason", default="", help="Goes on record.")
def cancel(job: str, reason: str) -> None:
    """Call JOB off. What was made is kept."""
    _obey(job, lambda commands, job_id: commands.cancel(job_id, actor=ACTOR, reason=reason), "{} is cancelled.")


@command.command()
@click.argument("job")
def retry(job: str) -> None:
    """Let a failed or cancelled JOB go on from where it stopped, as soon as the service runs."""
    _obey(
        job,
        lambda commands, job_id: commands.retry(job_id, actor=ACTOR),
        "{} goes on; if no service is running here, start one: narratix serve",
    )


@command.command()
@click.argument("job")
@click.argument("line", type=click.IntRange(0))
@click.option("--text", help="What is spoken instead; empty for the story's own words.")
@click.option("--speaker", help="Who speaks it: a name of the cast.")
@click.option("--direction", help='How, as in "whispering"; empty for none.')
def revise(job: str, line: int, text: str | None, speaker: str | None, direction: str | None) -> None:
    """Let a line of JOB be performed otherwise. LINE is its number in the result's script, the first being 0.

    A finished drama goes on as soon as the service runs; only what is heard of the line is made anew.
    """
    if text is None and speaker is None and direction is None:
        raise click.UsageError("say what is to change: --text, --speaker or --direction")
    _obey(
        job,
        lambda commands, job_id: commands.revise(
            job_id, line, text=text, speaker=speaker, direction=direction, actor=ACTOR
        ),
        f"Line {line} of {{}} is revised; if no service is running here, start one: narratix serve",
    )


@command.command()
@click.argument("job")
@click.option("--reason", required=True, help="Goes on record.")
def hold(job: str, reason: str) -> None:
    """Keep the files of JOB, whatever their age: a legal hold."""
    _obey(job, lambda commands, job_id: commands.hold(job_id, reason, actor=ACTOR), "The files of {} are held.")


@command.command()
@click.argument("job")
@click.option("--reason", default="", help="Goes on record.")
def release(job: str, reason: str) -> None:
    """Let the files of JOB expire again."""
    _obey(
        job,
        lambda commands, job_id: commands.release(job_id, actor=ACTOR, reason=reason),
        "The files of {} are no longer held.",
    )


@command.command("export")
@click.argument("job")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A .tar file.")
def export_one(job: str, output: Path) -> None:
    """Write JOB to a file: its events as they stand in the log, and all that storage has of it."""
    from narratix.archives.export import export_job

    async def work(services: Services) -> None:
        job_id = await find_job(services.pool, job)
        done = await export_job(
            job_id, services.pool, services.store, services.ports.storage, output, services.ports.scratch
        )
        click.echo(f"{output}: {done.events} events and {done.objects} objects, {done.size_bytes / 1e6:.1f} MB.")
        if done.missing:
            click.echo(f"Storage has no longer {len(done.missing)} of what the events name; the manifest lists it.")

    over_the_log(work)


@command.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore_one(file: Path) -> None:
    """Take a job in from FILE, which `export` wrote here or elsewhere. Everything in it is checked before."""
    from narratix.archives.container import Spoiled
    from narratix.archives.restore import Refused, restore_job
    from narratix.spend import OverBudget

    async def work(services: Services) -> None:
        await services.doorbell.ring()
        try:
            done = await restore_job(
                file,
                services.pool,
                services.ports.storage,
                services.ports.scratch,
                lambda job: services.commands.admit(job, actor=ACTOR),
            )
        except (Spoiled, Refused, OverBudget) as problem:
            raise CommandFailed(f"{file} was not restored. {problem}") from problem
        if done.known:
            click.echo(f"Job {done.job_id} was here already, the same; {done.objects} objects were put back.")
        else:
            click.echo(f"Job {done.job_id} is restored: {done.events} events and {done.objects} objects.")

    over_the_log(work)


def _obey(job: str, ask: Callable[[Commands, UUID], Awaitable[None]], said: str) -> None:
    """Ask for something of JOB; then say that it is so."""

    async def work(services: Services) -> None:
        job_id = await find_job(services.pool, job)
        await ask(services.commands, job_id)
        click.echo(said.format(job_id))

    over_the_log(work)


def _print_status(row: JobStatus) -> None:
    from narratix.web.views import step

    facts = {
        "Job": row.job_id,
        "Title": row.title,
        "Status": f"{row.status}, {row.progress} %",
        "Now": step(row),
        "Error": row.error,
        "Setback": f"{row.setback.stage} {row.setback.item}: {row.setback.reason}" if row.setback else "",
        "Length": clock(row.duration_seconds) if row.duration_seconds else "",
        "To go": f"about {clock(row.eta_seconds)}" if row.eta_seconds else "",
        "Created": f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC",
    }
    for name, fact in facts.items():
        if fact:
            click.echo(f"{name:9}{fact}")
    click.echo()
    print_table(
        ("Stage", "Done", "Of"),
        [(STAGES[name], count.done, "?" if count.total is None else count.total) for name, count in row.stages.items()],
    )
    if row.cast:
        click.echo()
        print_table(("Cast", "Voice", "Lines"), [(entry.name, entry.voice, entry.lines) for entry in row.cast])


async def _status(services: Services, job: str) -> JobStatus:
    """As the log has it now."""
    from narratix.projections.job_status import evolve

    row: JobStatus | None = None
    for event in await services.store.read(await find_job(services.pool, job)):
        row = evolve(row, event)
    if row is None:
        raise CommandFailed(f"Job {job} does not begin with a submission; `narratix audit verify` tells what is wrong.")
    return row


async def _newest(services: Services, limit: int, status: str | None) -> list[JobStatus]:
    """The rows of the projection, and what the log has since: where no service runs, nobody else folds it on."""
    from narratix.projections.job_status import JOB_STATUS, evolve
    from narratix.projections.projection import Reader

    folded = await services.pool.fetchval("select position from subscriptions where name = 'job_status' and serving")
    reader = Reader(JOB_STATUS, services.pool)
    where = ("status", status) if status else None
    rows = {row.job_id: row for row in await reader.newest(limit, where=where)}
    async for event in services.store.scan(after=folded or 0):
        key = str(event.stream_id)
        row = rows.get(key) or await reader.get(key)
        if row is None or event.version > row.version:
            row = evolve(row, event)
        if row is not None:
            rows[key] = row
    newest = sorted(rows.values(), key=lambda row: row.created_at, reverse=True)
    return [row for row in newest if status is None or row.status == status][:limit]
