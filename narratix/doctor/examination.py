"""What works on this machine and what is missing: every part that a drama needs, tried for real."""

from __future__ import annotations

import asyncio
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from narratix.app import connection_pool, database
from narratix.doctor.accounts import accounts
from narratix.doctor.findings import Finding, Wanting
from narratix.doctor.platform import database_room, prices, public_address, reports
from narratix.doctor.storage import answers, in_full
from narratix.embedded.ffmpeg import FfmpegMissing, find_ffmpeg
from narratix.embedded.postgres import PostgresUnavailable
from narratix.engines import open_storage
from narratix.environments import WrongEnvironment
from narratix.events.anchoring import last_anchors_in
from narratix.events.audit import verify
from narratix.events.dsn import BadAddress, is_pooled, without_password
from narratix.events.feed import CHANNEL
from narratix.events.store import EventStore
from narratix.ports import ProviderError
from narratix.projections import code_versions
from narratix.projections.builds import builds, needs
from narratix.providers.mastering.formats import FORMATS
from narratix.providers.music.contents import SOUNDFONT
from narratix.providers.music.soundfont import SoundFont
from narratix.providers.speech import hibari, kokoro_model
from narratix.providers.speech.voices import KOKORO_CHARACTERS, KOKORO_VOICES
from narratix.schema import head, stored
from narratix.settings import PROJECT, Settings
from narratix.signing import anchor_keys
from narratix.web.page import STATIC, read_assets

PORT: Final = 8000
ENOUGH_BYTES: Final = 5 << 30
NEEDED_BYTES: Final = 1 << 30
SET_UP: Final = "Run ./run setup."
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)( ;)?", re.MULTILINE)


def examine(settings: Settings, *, write: bool = False) -> Iterator[Finding]:
    """Try every part in turn. Changes nothing that lasts; migrates nothing. A bucket is written to only with `write`."""
    for name, check in _CHECKS.items():
        yield _tried(name, lambda check=check: check(settings))  # type: ignore[misc]
    for name, ask in accounts(settings):
        yield _tried(name, lambda ask=ask: _of_account(ask))  # type: ignore[misc]
    yield from _examine_database(settings)
    writes = write or not settings.uses_s3
    yield _tried("storage", lambda: asyncio.run(_storage(settings, write=writes)))
    yield _tried("prices", lambda: prices(settings, datetime.now(UTC).date()))
    yield _tried("reports", lambda: reports(settings))
    yield _tried("public address", lambda: asyncio.run(public_address(settings)))
    yield _tried("disk", lambda: _disk(settings))
    yield _tried("port", _port)


def _tried(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except Wanting as wanting:
        return Finding(name, wanting.state, str(wanting), wanting.advice)
    except (ProviderError, FfmpegMissing, PostgresUnavailable, BadAddress, WrongEnvironment) as problem:
        return Finding(name, "broken", str(problem))
    except Exception as problem:
        return Finding(name, "broken", f"{type(problem).__name__}: {problem}", SET_UP)


# -- what is installed -------------------------------------------------------------------------


def _python(_settings: Settings) -> str:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        raise Wanting(version, "Use Python 3.11, 3.12 or 3.13.")
    return f"{version} on {platform.system()} {platform.machine()}"


def _libraries(_settings: Settings) -> str:
    """Those of the lock; one with a condition may be missing."""
    lock = PROJECT / "requirements.lock"
    if not lock.is_file():
        raise Wanting("there is no requirements.lock to compare with", "Run it from a checkout.", "warning")
    pins: dict[str, set[str]] = {}
    conditional = set()
    for name, version, condition in _PIN.findall(lock.read_text()):
        pins.setdefault(name, set()).add(version)
        if condition:
            conditional.add(name)
    missing, other = [], []
    for name, versions in pins.items():
        try:
            if metadata.version(name) not in versions:
                other.append(name)
        except metadata.PackageNotFoundError:
            if name not in conditional:
                missing.append(name)
    if missing:
        raise Wanting(f"missing: {', '.join(missing)}", SET_UP)
    if other:
        raise Wanting(f"{len(pins)} installed, other versions than locked: {', '.join(other)}", SET_UP, "warning")
    return f"{len(pins)} as locked"


def _kokoro(settings: Settings) -> str:
    size = len(kokoro_model.weights())
    made_of = (KOKORO_CHARACTERS.get(voice.id, (voice.id, 1.0))[0] for voice in KOKORO_VOICES)
    names = {name for names in made_of for name in names.split("+")}  # a voice may be a blend
    for name in sorted(names):
        kokoro_model.style(settings.packages / "kokoro-js" / "voices" / f"{name}.bin")
    return f"{size / 1e6:.0f} MB of weights with the right hash, {len(KOKORO_VOICES)} voices from {len(names)} files"


def _fast(_settings: Settings) -> str:
    hibari.load()
    return "its network loads"


def _instruments(settings: Settings) -> str:
    return f"{len(SoundFont(settings.packages / SOUNDFONT).presets)} instruments"


def _ffmpeg(settings: Settings) -> str:
    program = find_ffmpeg(settings.ffmpeg)
    told = subprocess.run([program, "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=30)  # noqa: S603
    known = {line.split()[1] for line in told.stdout.splitlines() if len(line.split()) > 1}
    missing = [encoder for encoder in _encoders() if encoder not in known]
    if missing:
        raise Wanting(f"{program} cannot encode {', '.join(missing)}", "Unset NARRATIX_FFMPEG to use the bundled one.")
    return str(program)


def _encoders() -> list[str]:
    """The encoders that the deliverables need."""
    return [made.codec[made.codec.index("-c:a") + 1] for made in FORMATS.values()]


def _page(settings: Settings) -> str:
    read_assets(STATIC, settings.packages)
    return "complete"


_CHECKS: Final[dict[str, Callable[[Settings], str]]] = {
    "python": _python,
    "libraries": _libraries,
    "voices: kokoro": _kokoro,
    "voices: fast": _fast,
    "instruments": _instruments,
    "ffmpeg": _ffmpeg,
    "page": _page,
}


# -- what is connected -------------------------------------------------------------------------


def _examine_database(settings: Settings) -> Iterator[Finding]:
    try:
        with database(settings) as found:
            dsn = found.dsn
            yield _tried("database", lambda: asyncio.run(_reach(settings, dsn)))
            direct = found.direct or dsn
            yield _tried("database room", lambda: asyncio.run(database_room(dsn)))
            yield _tried("notifications", lambda: asyncio.run(_listen(direct)))
            yield _tried("migrations", lambda: asyncio.run(_migrations(dsn)))
            yield _tried("read models", lambda: asyncio.run(_read_models(dsn)))
            yield _tried("log", lambda: asyncio.run(_log(settings, direct)))
    except (PostgresUnavailable, BadAddress, WrongEnvironment) as problem:
        yield Finding("database", "broken", str(problem))


async def _reach(settings: Settings, dsn: str) -> str:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as problem:
        raise Wanting(f"{without_password(dsn)} does not answer: {problem}", "Check DATABASE_URL.") from problem
    try:
        version = await connection.fetchval("show server_version")
    finally:
        await connection.close()
    where = "embedded" if settings.database_url is None else without_password(dsn)
    return f"PostgreSQL {version}, {where}"


async def _listen(dsn: str) -> str:
    if is_pooled(dsn):
        raise Wanting("the address is a pooler's, which loses LISTEN", "Use the database's direct address.")
    heard = asyncio.Event()
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.add_listener(CHANNEL, lambda *_: heard.set())
        # from another session: what one tells itself passes a pooler too
        other = await asyncpg.connect(dsn, timeout=10)
        await other.execute(f"notify {CHANNEL}, '0'")
        await other.close()
        await asyncio.wait_for(heard.wait(), 5)
    except TimeoutError as silence:
        raise Wanting("LISTEN gets nothing", "Use the database's direct address, not a pooler's.") from silence
    finally:
        await connection.close()
    return "arrive"


async def _read_models(dsn: str) -> str:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, timeout=10, statement_cache_size=0) as pool:
        if await pool.fetchval("select to_regclass('subscriptions')") is None:
            return "none yet"
        found = await builds(pool, code_versions())
    if waiting := [needed for build in found if (needed := needs(build))]:
        broken = any(build.stopped for build in found)
        raise Wanting(f"{len(waiting)} need somebody", " ".join(waiting), "broken" if broken else "warning")
    serving = [build for build in found if build.state == "serving"]
    return f"{len(serving)} serve, the last of them {max((build.lag for build in serving), default=0)} events behind"


async def _migrations(dsn: str) -> str:
    at, needed = await stored(dsn), head()
    if at == needed:
        return f"at head, {needed}"
    if at is None:
        return f"empty; the first start brings it to {needed}"
    if at > needed:
        raise Wanting(f"the database is at {at}, this release knows {needed}", "Run a newer release of Narratix.")
    raise Wanting(f"at {at}, this release needs {needed}", "The next start of the service migrates it.", "warning")


async def _log(settings: Settings, dsn: str) -> str:
    """Held against its last anchor, and whole since."""
    if await stored(dsn) is None:
        return "none yet"
    storage = open_storage(settings)
    try:
        async with connection_pool(dsn) as pool:
            end = await EventStore(pool).head()
            anchors = await last_anchors_in(storage, anchor_keys(settings), end)
            verdict = await verify(pool, anchors=anchors, since_anchor=True)
    finally:
        await storage.close()
    if verdict.problem is not None:
        found = f"position {verdict.problem.position}: {verdict.problem.what.rstrip('.')}"
        raise Wanting(found, "`narratix audit verify` tells all that is wrong.")
    anchored = f"anchored at position {verdict.since}" if verdict.since else "not anchored so far"
    return f"whole up to position {end}, {anchored}"


def _of_account(ask: Callable[[], tuple[str, str]]) -> str:
    found, advice = ask()
    if advice:
        raise Wanting(found, advice, "warning")
    return found


async def _storage(settings: Settings, *, write: bool) -> str:
    storage = open_storage(settings)
    try:
        if not write:
            return await answers(storage)
        return await in_full(storage, _origins(settings) if settings.uses_s3 else None)
    finally:
        await storage.close()


def _origins(settings: Settings) -> list[str]:
    """Of the pages that play from the storage."""
    own = urlsplit(settings.public_url)
    return [*([f"{own.scheme}://{own.netloc}"] if own.netloc else []), *settings.allowed_origins]


def _disk(settings: Settings) -> str:
    folder = next(folder for folder in (settings.home, *settings.home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free in {folder}"
    if free < NEEDED_BYTES:
        raise Wanting(found, "Free some space; `narratix storage sweep` may help.")
    if free < ENOUGH_BYTES:
        raise Wanting(found, "A long drama needs about 1 GB per hour while it is mixed.", "warning")
    return found


def _port() -> str:
    try:
        socket.create_server(("127.0.0.1", PORT)).close()
    except OSError as problem:
        advice = "If that is not a Narratix of yours, give another one with --port."
        raise Wanting(f"{PORT} is in use ({problem.strerror})", advice, "warning") from problem
    return f"{PORT} is free"
