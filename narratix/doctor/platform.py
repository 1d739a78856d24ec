"""The part of the doctor that looks at what lies around the service: its public address, clocks, prices, reports."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import aiohttp
import asyncpg

from narratix.doctor.findings import Wanting
from narratix.providers.prices import entry_of
from narratix.settings import Settings

PATIENCE_SECONDS: Final = 10.0
SKEW: Final = timedelta(seconds=30)
"""S3 refuses signatures whose time is a quarter of an hour off; anchors and leases want better."""
FEW_CONNECTIONS: Final = 12
"""A pool, three listeners and what migrates."""
OLD: Final = timedelta(days=180)


async def public_address(settings: Settings) -> str:
    """Whether the address that links lead to leads to a Narratix."""
    if not settings.public_url:
        return "not set; links are relative"
    address = f"{settings.public_url.rstrip('/')}/health/live"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS)) as session,
            session.get(address, allow_redirects=False) as answer,
        ):
            said = await answer.text()
            if answer.status == 200 and '"live"' in said:
                return f"{settings.public_url} answers"
            found = f"{address} answered {answer.status}, not as a Narratix does"
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        found = f"{address} does not answer ({type(problem).__name__})"
    raise Wanting(found, "Right before the first deployment; else check NARRATIX_PUBLIC_URL and its DNS.", "warning")


async def database_room(dsn: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """The database's version, clock, free connections, and whether its sessions keep their locks."""
    connection = await asyncpg.connect(dsn, timeout=PATIENCE_SECONDS, statement_cache_size=0)
    try:
        number, clock, most, used = await connection.fetchrow(
            "select current_setting('server_version_num')::int, clock_timestamp(),"
            " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
            " (select count(*) from pg_stat_activity where backend_type = 'client backend')::int"
        )
        skew = abs(clock - now())
    finally:
        await connection.close()
    if not 150000 <= number < 190000:
        raise Wanting(f"it is PostgreSQL {number // 10000}", "Narratix is tried with 15 to 18.", "warning")
    if skew > SKEW:
        raise Wanting(
            f"its clock is {skew.total_seconds():.0f} s from this machine's",
            "Set this machine's clock by NTP: signatures are dated, and storage refuses those that are off.",
        )
    free = most - used
    if free < FEW_CONNECTIONS:
        raise Wanting(
            f"{free} of {most} connections are free",
            "Each process takes up to 13: use a larger database, or fewer processes.",
            "warning",
        )
    return f"{free} of {most} connections free, clocks {skew.total_seconds():.1f} s apart"


def prices(settings: Settings, today: date) -> str:
    """Whether every engine that is paid for has a price, without which the caps count nothing."""
    paid = list(_paid(settings))
    unknown = [f"{model} of {provider}" for provider, model, unit in paid if not _known(provider, model, unit, today)]
    if unknown:
        raise Wanting(
            f"no price for {', '.join(unknown)}",
            "Add it to narratix/providers/prices.toml: what has no price of its own counts at the dearest of its provider, "
            "and at nothing where there is none.",
            "warning",
        )
    since = [entry.since for each in paid if (entry := entry_of(*each, today)) is not None]
    if since and today - max(since) > OLD:
        raise Wanting(
            f"the newest is of {max(since)}", "Compare narratix/providers/prices.toml with the vendors'.", "warning"
        )
    return f"{len(paid)} in use, the newest of {max(since)}" if since else "nothing is paid for"


def _paid(settings: Settings) -> list[tuple[str, str, str]]:
    """(provider, model, unit) of every engine that is named and has a key."""
    found = []
    if settings.anthropic_api_key.get_secret_value() and "claude" in settings.languages:
        found.append(("anthropic", settings.claude_model, "input tokens"))
    if settings.elevenlabs_api_key.get_secret_value():
        found.append(("elevenlabs", settings.elevenlabs_model, "characters"))
        for named, model in ((settings.music, "music_v1"), (settings.effects, "sound-generation")):
            if "elevenlabs" in settings.engines(named):
                found.append(("elevenlabs", model, "seconds"))
    if settings.replicate_api_token.get_secret_value():
        found.append(("replicate", "*", "computing seconds"))
    return found


def _known(provider: str, model: str, unit: str, today: date) -> bool:
    entry = entry_of(provider, model, unit, today)
    return entry is not None and entry.model in (model, "*")


LIBRARIES: Final[Mapping[str, str]] = {
    "SENTRY_DSN": "sentry_sdk",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "opentelemetry.exporter.otlp",
}


def reports(settings: Settings) -> str:
    """Whether errors and traces can be sent where it is said that they shall be."""
    wanted = {
        "SENTRY_DSN": bool(settings.sentry_dsn.get_secret_value()),
        "OTEL_EXPORTER_OTLP_ENDPOINT": bool(settings.otlp_endpoint),
    }
    missing = [variable for variable, asked in wanted.items() if asked and not _installed(LIBRARIES[variable])]
    if missing:
        raise Wanting(
            f"{', '.join(missing)} set, and the library for it is not installed",
            "Run pip install --no-deps -r requirements-reports.lock, or unset it.",
        )
    named = [variable for variable, asked in wanted.items() if asked]
    return f"sent as {' and '.join(named)} say" if named else "none are asked for"


def _installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:
        return False
