"""A job from the command line: submitted, followed to its end, and told about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from narratix.cli.console import clock, print_table

if TYPE_CHECKING:
    from narratix.projections.job_status import JobStatus
    from narratix.services import Services


async def follow(services: Services, job_id: UUID, after: int, show: Callable[[JobStatus], None]) -> JobStatus:
    """The status in which the job ends. `show` gets every one on the way there, folded from the log itself.

    Raises NoSuchJob. `after` is a position of the feed before which the job has at most been seen in part.
    """
    from narratix.commands import NoSuchJob
    from narratix.projections.job_status import evolve

    status: JobStatus | None = None
    for event in await services.store.read(job_id):
        status = evolve(status, event)
        after = max(after, event.position)
    if status is None:
        raise NoSuchJob(job_id)
    show(status)
    while status.status in ("queued", "running"):
        events = await services.feed.next_batch(after)
        after = events[-1].position
        mine = [event for event in events if event.stream_id == job_id]
        for event in mine:
            status = evolve(status, event)
            assert status is not None
        if mine:
            show(status)
    return status


def print_result(result: dict[str, Any], path: str) -> None:
    """Who speaks, how long and how loud it is, and where it lies."""
    print_table(
        ("Cast", "Voice", "Lines"), [(entry["name"], entry["voice"], entry["lines"]) for entry in result["cast"]]
    )
    audio = result["audio"]
    click.echo()
    click.echo(f"Duration   {clock(audio['duration_seconds'])}")
    click.echo(f"Loudness   {audio['loudness_lufs']:.1f} LUFS")
    click.echo(f"True peak  {audio['true_peak_dbtp']:.1f} dBTP")
    for gate in result["gates"]:
        if not gate["passed"]:
            click.echo(f"Outside its limit: {gate['name']} is {gate['value']:g}, should be {gate['limit']}")
    click.echo(f"File       {path}")
