"""`narratix demo`: the page, and a sample drama made before your eyes."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from narratix.cli.console import stage_bars
from narratix.cli.errors import CommandFailed, say
from narratix.cli.performing import follow, print_result
from narratix.cli.session import prepared, with_services

if TYPE_CHECKING:
    from narratix.samples import Sample
    from narratix.services import Services

ACTOR = "demo"


@click.command()
@click.option("--exit", "ends", is_flag=True, help="Make the sample drama anew, then end.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free one.")
def command(ends: bool, host: str, port: int) -> None:
    """Serve the page and perform a sample story, the first time and with --exit."""

    async def work(services: Services) -> None:
        await _demo(services, host, port, ends)

    with_services(prepared(quiet=True), "all", work)


async def _demo(services: Services, host: str, port: int, ends: bool) -> None:
    from narratix.web.serve import serve

    loop = asyncio.get_running_loop()
    address: asyncio.Future[str] = loop.create_future()

    def announce(line: str) -> None:
        address.set_result(line.removeprefix("listening on "))

    serving = asyncio.create_task(serve(services, host, port, announce=announce), name="serve")
    showing: asyncio.Task[None] | None = None
    try:
        first: set[asyncio.Future[Any]] = {serving, address}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if not address.done():
            await serving  # raises what kept it from listening
            return
        click.echo(f"Narratix is at {address.result()}" + ("" if ends else "   (Ctrl-C ends it)"))
        showing = asyncio.create_task(_show_sample(services, address.result(), anew=ends), name="sample")
        await asyncio.wait({serving, showing}, return_when=asyncio.FIRST_COMPLETED)
        if showing.done() and (ends or showing.exception() is not None):
            signal.raise_signal(signal.SIGTERM)  # the way in which the server is told to end
        await serving
        if showing.done():
            showing.result()
        elif ends:
            raise CommandFailed("Stopped before the drama was done; the next start goes on with it.")
    finally:
        left = [task for task in (serving, showing) if task is not None and not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _show_sample(services: Services, page: str, *, anew: bool) -> None:
    """Make the sample drama unless there is one, and tell about it. Raises CommandFailed where it fails and `anew`."""
    from narratix.events.catalogue import Options
    from narratix.results import result
    from narratix.samples import SAMPLES

    sample = SAMPLES[0]
    found = None if anew else await _made_before(services, sample)
    job_id = found or await services.commands.submit(
        sample.text, title=sample.title, options=Options(formats=("mp3", "m4b")), actor=ACTOR
    )
    click.echo(f"“{sample.title}” is at {page}/job/{job_id}")
    with stage_bars() as show:
        status = await follow(services, job_id, 0, show)
    if status.status != "completed":
        reason = f"“{sample.title}” was not made: {status.error or status.status}"
        if anew:
            raise CommandFailed(reason)
        say(reason)
        return
    click.echo()
    print_result(await result(services, job_id), await _where(services, job_id))
    click.echo(f"Page       {page}/job/{job_id}")


async def _made_before(services: Services, sample: Sample) -> UUID | None:
    """A job of this sample in this home that is finished, or still under way."""
    from narratix.handlers.texts import text_sha256
    from narratix.projections.job_status import JOB_STATUS
    from narratix.projections.projection import Reader

    sha256 = text_sha256(sample.text)
    rows = await Reader(JOB_STATUS, services.pool).newest(20, where=("title", sample.title))
    rows.sort(key=lambda row: row.status != "completed")
    for row in rows:
        if row.status in ("completed", "running", "queued"):
            job = await services.commands.load(UUID(row.job_id))
            if job.text_sha256 == sha256 and (job.active or job.status == "completed"):
                return job.id
    return None


async def _where(services: Services, job_id: UUID) -> str:
    """The file where there is one on this machine, else its key."""
    from narratix.providers.storage.directory import DirectoryStorage

    job = await services.commands.load(job_id)
    assert job.published is not None
    storage, key = services.ports.storage, job.published.files[0].key
    return str(storage.path(key)) if isinstance(storage, DirectoryStorage) else key
