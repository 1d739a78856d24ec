"""`narratix history`: all that happened to a job, or how it stood after its first events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import click

from narratix.cli.console import clock, print_json
from narratix.cli.errors import CommandFailed
from narratix.cli.session import find_job, over_the_log

if TYPE_CHECKING:
    from narratix.events.store import Recorded
    from narratix.services import Services


@click.command()
@click.argument("job")
@click.option(
    "--at",
    metavar="N|TIME",
    help="The job as it was after its first N events, or at a time (2026-11-22T19:00Z; UTC without a zone).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the recorded events, or the state, as JSON.")
def command(job: str, at: str | None, as_json: bool) -> None:
    """Tell JOB's history, from its log alone. JOB is an id or its beginning."""
    from narratix.replay import NotAMoment, NotYet, moment, state_view, up_to

    try:
        wanted = moment(at) if at is not None else None
    except NotAMoment as problem:
        raise click.BadParameter(str(problem), param_hint="--at") from problem

    async def work(services: Services) -> tuple[UUID, list[Recorded]]:
        job_id = await find_job(services.pool, job)
        return job_id, await services.store.read(job_id)

    job_id, events = over_the_log(work)
    if wanted is None:
        if as_json:
            click.echo(b"[" + b",".join(event.as_json() for event in events) + b"]")
        else:
            _print_story(events)
        return
    try:
        past = up_to(events, wanted)
    except NotYet as problem:
        raise CommandFailed(str(problem)) from problem
    if as_json:
        print_json(state_view(job_id, past))
    else:
        _print_state(job_id, past)


def _print_story(events: Sequence[Recorded]) -> None:
    from narratix.cli.story import chronicle

    began = events[0].recorded_at
    click.echo(f"{began:%Y-%m-%d %H:%M:%S} UTC")
    for entry in chronicle(events):
        click.echo(f"{_offset((entry.at - began).total_seconds()):>10}  {entry.sentence}")


def _offset(seconds: float) -> str:
    return f"+{seconds:.2f} s" if seconds < 60 else f"+{clock(seconds)}"


def _print_state(job_id: UUID, events: Sequence[Recorded]) -> None:
    from narratix.cli.story import chronicle
    from narratix.job import Job, fold

    job = fold(Job(id=job_id), (event.data for event in events))
    facts = {
        "Job": str(job.id),
        "Version": str(job.version),
        "Status": job.status,
        "Title": job.title,
        "Text": f"{job.characters} characters, SHA-256 {job.text_sha256}",
        "Script": f"{len(job.script.segments)} lines, a cast of {len(job.script.cast)}" if job.script else "",
        "Voices": ", ".join(f"{id} {voice}" for id, voice in job.voices.voices.items()) if job.voices else "",
        "Spoken": f"{len(job.lines)} of {len(job.script.segments)} lines" if job.script else "",
        "Music": f"{len(job.music)} of {len(job.plan.music)} cues" if job.plan else "",
        "Effects": f"{len(job.effects)} of {len(job.plan.effects)}" if job.plan else "",
        "Missing": "; ".join(f"{what}: {why}" for what, why in sorted(job.missing.items())),
        "Mixed": f"{job.mixed.duration:.1f} s, {job.mixed.loudness_lufs:.1f} LUFS" if job.mixed else "",
        "Files": ", ".join(file.key for file in job.published.files) if job.published else "",
        "Error": job.error,
        "Last": chronicle(events)[-1].sentence if events else "",
    }
    for name, fact in facts.items():
        if fact:
            click.echo(f"{name:9}{fact}")
