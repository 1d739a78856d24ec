"""Whether the service can do its work, and a small page that says so to people."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
from collections.abc import Awaitable
from functools import cache
from typing import Final

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
    """A document for people who want to know whether it is us: no script, a few rules of style of its own."""
    reasons = await reasons_against(services)
    heading = "Narratix is not ready" if reasons else "Narratix is ready"
    rows = _of_process(services) | await _of_work(services)
    cells = [
        f"<tr><th scope=row>{html.escape(name)}</th><td>{html.escape(said)}</td></tr>" for name, said in rows.items()
    ]
    waits = reasons or await attention(services)
    said = "".join(f"<li>{html.escape(each)}</li>" for each in waits) or "<li>Nothing waits for anybody.</li>"
    return _PAGE.format(
        heading=heading, kind="bad" if reasons else "good", reasons=said, rows="".join(cells), style=_STYLE
    )


def status_headers() -> dict[str, str]:
    """Allow the page its own style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'", "Cache-Control": "no-store"}


def _of_process(services: Services) -> dict[str, str]:
    told = "yes" if services.feed.connected else "not now, it asks every few seconds"
    if services.quiet.resting:
        told = "it rests, since nothing is open, until somebody comes"
    return {
        "Version": __version__,
        "Makes dramas": "no, other processes do" if services.worker is None else "yes, in this process",
        "Is told of new events": told,
        "Events it has read up to": f"{services.feed.position:,}",
    }


async def _of_work(services: Services) -> dict[str, str]:
    """Empty where the database does not answer, which the page says already."""
    try:
        async with asyncio.timeout(PATIENCE):
            stories, seconds = await services.pool.fetchrow(_WORK)
    except (*UNREACHABLE, TimeoutError, asyncpg.PostgresError):
        return {}
    return {"Stories in the making": f"{stories:,}", "Longest wait of a piece of work": f"{seconds:.0f} s"}


_WORK: Final = """
select count(distinct job_id) filter (where state in ('ready', 'waiting', 'running')),
       coalesce(extract(epoch from now() - min(run_at) filter (where state = 'ready' and run_at <= now())), 0)::float8
from work
"""
_STYLE: Final = """
body { margin: 0; font: 1.0625rem/1.5 Georgia, serif; background: #f8f3e9; color: #201b14 }
main { max-width: 40rem; margin: 0 auto; padding: 2rem 1rem }
h1 { font-size: 1.6rem; line-height: 1.2 }
.good { color: #2f6436 } .bad { color: #8f2a1d } a { color: #8f2a1d }
table { border-collapse: collapse; width: 100% } th, td { padding: .4rem 1rem .4rem 0; text-align: left; vertical-align: top }
tr { border-top: 1px solid #cfc3ac } th { font-weight: normal; color: #5f5545 } li { overflow-wrap: anywhere }
a:focus-visible { outline: 3px solid; outline-offset: 3px }
@media (prefers-color-scheme: dark) {
  body { background: #17140f; color: #ede4d3 } .good { color: #9cc99a } .bad, a { color: #f0a08a }
  tr { border-color: #4a4234 } th { color: #b5a990 }
}
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{heading}</title><style>{style}</style></head>
<body><main><h1 class="{kind}">{heading}</h1><ul>{reasons}</ul><table>{rows}</table>
<p><a href="/">To the page</a> · <a href="/docs">How to call the service</a></p></main></body>
</html>
"""
