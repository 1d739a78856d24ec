"""Database addresses: what providers print on their consoles, made into what asyncpg and SQLAlchemy accept."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+asyncpg")


class BadAddress(ValueError):
    """This is no address of a PostgreSQL database."""


def asyncpg_dsn(url: str) -> str:
    """The address for asyncpg. `channel_binding` (Neon's console adds it) is dropped: asyncpg would send it to the
    server as a setting, which refuses it. Raises BadAddress."""
    return _rewritten(url, "postgresql", {"channel_binding": None})


def sqlalchemy_url(url: str) -> str:
    """The address for SQLAlchemy's asyncpg dialect, where `sslmode` is spelled `ssl`. Raises BadAddress."""
    return _rewritten(url, "postgresql+asyncpg", {"channel_binding": None, "sslmode": "ssl"})


def is_pooled(url: str) -> bool:
    """Whether the host is Neon's transaction pooler (`ep-name-pooler.region...`), where LISTEN is lost."""
    host = urlsplit(url).hostname or ""
    return host.split(".")[0].endswith("-pooler")


def _rewritten(url: str, scheme: str, names: dict[str, str | None]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise BadAddress("The database's address must begin with postgresql:// (see DATABASE_URL).")
    query = [(names.get(name, name), value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    kept = urlencode([(name, value) for name, value in query if name is not None], safe="/")
    # urlunsplit drops the // of an empty host, which a unix socket's address has
    return urlunsplit(("x", parts.netloc or "-", parts.path, kept, "")).replace(
        f"x://{parts.netloc or '-'}", f"{scheme}://{parts.netloc}", 1
    )
