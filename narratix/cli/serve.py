"""`narratix serve`: the service."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from narratix.cli.session import prepared, with_services

if TYPE_CHECKING:
    from narratix.services import Services


@click.command()
@click.option("--role", type=click.Choice(("all", "web", "worker")), default="all", help="What this process does.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    envvar="PORT",
    show_default=True,
    help="0 picks a free one. By default what PORT says, where platforms put it.",
)
@click.option("--rebuild", is_flag=True, help="Build read models anew that an older release built, beside them.")
def command(role: str, host: str, port: int, rebuild: bool) -> None:
    """Serve the page and the API, make dramas, or both. SIGTERM finishes what is under way, then ends."""

    async def work(services: Services) -> None:
        services.warmth.kindle()  # whoever comes first finds the engines loaded
        if role == "worker":
            await _until_stopped()
            return
        from narratix.web.serve import serve

        await serve(services, host, port, announce=lambda line: click.echo(line))

    settings = prepared()
    if rebuild:
        settings = settings.model_copy(update={"rebuild_at_start": True})
    with_services(settings, role, work)  # type: ignore[arg-type]


async def _until_stopped() -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
