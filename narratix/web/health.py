"""Whether the service can do its work, and a small page that says so to people."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable
from functools import cache

import asyncpg

from narratix import __version__
from narratix.events.store import UNREACHABLE
from narratix.ports import ProviderError
from narratix.projections import code_versions
from narratix.projections.builds import builds, needs
from narratix.schema import head
from narratix.services import Services

PATIENCE = 3.0
"""Seconds that each check may take."""


async def reasons_against(services: Services) -> list[str]:
    """Why the service is not ready, in sentences; empty when it is. Never raises."""
    checks = (_database(services), _storage(services))
    return [reason for reason in await asyncio.gather(*checks) if reason]


async def _database(services: Services) -> str | None:
    asked = "select version_num from alembic_version"
    try:
        async with asyncio.timeout(PATIENCE):
            stored = await services.pool.fetchval(asked)
    except (*UNREACHABLE, TimeoutError, asyncpg.PostgresError) as problem:
        return f"The database does not answer ({type(problem).__name__})."
    if stored != _head():
        return f"The database is at migration {stored}, this release needs {_head()}: run the migrations."
    return None


async def attention(services: Services) -> list[str]:
    """What keeps nobody from being served, but waits for somebody: read models that stopped or are of an older release,
    notifications that cannot arrive. Anybody may read it, so it quotes no event."""
    waits = [services.feed.deaf] if services.feed.deaf else []
    for build in await builds(services.pool, code_versions()):
        if build.stopped:
            waits.append(
                f"{build.name} stopped at position {build.position + 1}; `narratix projections list` says why."
            )
        elif build.outdated:
            waits.append(needs(build))
    return waits


@cache
def _head() -> str:
    return head()


async def _storage(services: Services) -> str | None:
    try:
        await _within(services.ports.storage.head("health/ready"))
    except (ProviderError, OSError) as problem:
        return f"The storage does not answer: {str(problem) or type(problem).__name__}"
    return None


async def _within(asked: Awaitable[object]) -> None:
    async with asyncio.timeout(PATIENCE):
        await asked


async def status_page(services: Services) -> str:
    """A document without script or style, for people who want to know whether it is us."""
    reasons = await reasons_against(services)
    heading = "Narratix is not ready" if reasons else "Narratix is ready"
    worker = services.worker is not None
    rows = {
        "Version": __version__,
        "Does the making of dramas": "yes, in this process" if worker else "no, other processes do",
        "Is told of new events": "yes" if services.feed.connected else "not now, it asks every few seconds",
        "Events it has read up to": f"{services.feed.position:,}",
    }
    cells = [
        f"<tr><th scope=row>{html.escape(name)}</th><td>{html.escape(said)}</td></tr>" for name, said in rows.items()
    ]
    items = [f"<li>{html.escape(said)}</li>" for said in (reasons or await attention(services))]
    return _PAGE.format(heading=heading, reasons="".join(items), rows="".join(cells))


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{heading}</title></head>
<body><main><h1>{heading}</h1><ul>{reasons}</ul><table>{rows}</table>
<p><a href="/">To the page</a> · <a href="/docs">How to call the service</a></p></main></body>
</html>
"""
