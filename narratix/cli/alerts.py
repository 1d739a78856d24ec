"""`narratix alerts`: is anything wrong that somebody should be told?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratix.cli.errors import CommandFailed

if TYPE_CHECKING:
    import aiohttp

    from narratix.alerts import Alert, Watch


@click.command()
@click.option("--url", required=True, help="The service, as in https://narratix.example.org.")
@click.option("--key", envvar="NARRATIX_KEY", default="", help="An API key with the scope audit (or in NARRATIX_KEY).")
@click.option("--rules", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
              help="By default those of deploy/alerts.json.")  # fmt: skip
@click.option("--webhook", default="", help="Where alerts go, as JSON with a `text` for chats. Default: only printed.")
@click.option("--every", type=click.FloatRange(1, 3600), default=None, help="Seconds between looks. Default: one look.")
def command(url: str, key: str, rules: Path | None, webhook: str, every: float | None) -> None:
    """Hold the figures of the service at --url against the alert rules, once or again and again.

    One look ends with exit status 1 when an alert fires; rules that want some time to pass fire only with --every.
    """
    import asyncio

    from narratix.alerts import BadRules, Watch, rules_of
    from narratix.settings import PROJECT

    try:
        watch = Watch(rules_of(rules or PROJECT / "deploy" / "alerts.json"))
    except BadRules as problem:
        raise CommandFailed(str(problem)) from problem
    firing = asyncio.run(_look_on(watch, url.rstrip("/") + "/metrics", key, webhook, every))
    if firing:
        raise CommandFailed(f"{firing} alerts fire.")


async def _look_on(watch: Watch, address: str, key: str, webhook: str, every: float | None) -> int:
    import asyncio

    import aiohttp

    from narratix.alerts import message, unreachable

    told: set[str] = set()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as session:
        while True:
            figures, now = await _figures(session, address, headers), time.time()
            firing = [unreachable(address, now)] if figures is None else watch.look(figures, now)
            new, over = _changes(firing, told)
            for alert in new:
                click.echo(f"{alert.severity}: {alert.name}: {alert.summary} ({alert.value:g} {alert.labels or ''})")
            if webhook and (new or over):
                await _send(session, webhook, message(new, over))
            told = {alert.name for alert in firing}
            if every is None:
                return len(firing)
            await asyncio.sleep(every)


def _changes(firing: list[Alert], told: set[str]) -> tuple[list[Alert], list[str]]:
    """What was not told yet, and what is over since."""
    names = {alert.name for alert in firing}
    return [alert for alert in firing if alert.name not in told], sorted(told - names)


async def _figures(session: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> str | None:
    import aiohttp

    try:
        async with session.get(address, headers=headers, allow_redirects=False) as answer:
            return await answer.text() if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _send(session: aiohttp.ClientSession, webhook: str, body: object) -> None:
    import aiohttp
    import msgspec

    try:
        data = msgspec.json.encode(body)
        async with session.post(webhook, data=data, headers={"Content-Type": "application/json"}) as answer:
            if answer.status >= 400:
                click.echo(f"The webhook answered {answer.status}.", err=True)
    except (aiohttp.ClientError, TimeoutError) as problem:
        click.echo(f"The webhook cannot be reached: {problem}", err=True)
