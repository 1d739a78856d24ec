"""API keys: made once, shown once, kept as a hash; with scopes, an end, and when they were last used.

A key reads `nx_ID_SECRET`: the id finds the row, the secret has 256 bits, so that a plain SHA-256 of it is as good as
any slow hash (there is nothing to guess), and the comparison takes the same time whatever differs.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from narratix.events.tables import Moment, metadata

Scope = Literal["submit", "audit", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""`submit`: stories and their jobs. `audit`: every job's history. `admin`: everything."""

PREFIX: Final = "nx"
_KEY: Final = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})")
_NOBODY: Final = hashlib.sha256(b"nobody").digest()

api_keys: Final = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
)

_FIND: Final = """
select id, name, hash, scopes, created_at, expires_at, revoked_at, last_used_at,
       revoked_at is null and (expires_at is null or expires_at > now()) as live
from api_keys where id = $1
"""
# one write an hour is enough to know which keys nobody uses any more
_USED: Final = """
update api_keys set last_used_at = now()
where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 hour')
"""
_CREATE: Final = "insert into api_keys (id, name, hash, scopes, expires_at) values ($1, $2, $3, $4, $5)"
_REVOKE: Final = "update api_keys set revoked_at = coalesce(revoked_at, now()) where id = $1 returning id"
_LIST: Final = """
select id, name, scopes, created_at, expires_at, revoked_at, last_used_at from api_keys order by created_at, id
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


class Keys:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def create(self, name: str, scopes: Collection[Scope], expires_at: datetime | None = None) -> tuple[str, str]:
        """(id, key). The key is not kept: it can be shown only now. Raises ValueError without scopes or with unknown
        ones."""
        if not scopes or set(scopes) - set(SCOPES):
            raise ValueError(f"A key needs one or more of the scopes {', '.join(SCOPES)}.")
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        await self._pool.execute(_CREATE, id, name, _hash(secret), sorted(set(scopes)), expires_at)
        return id, f"{PREFIX}_{id}_{secret}"

    async def find(self, presented: str) -> ApiKey | None:
        """The live key that was presented, None for whatever is not one."""
        parts = _KEY.fullmatch(presented)
        if parts is None:
            return None
        row = await self._pool.fetchrow(_FIND, parts[1])
        # an unknown id costs as much as a wrong secret
        right = hmac.compare_digest(_hash(parts[2]), row["hash"] if row is not None else _NOBODY)
        if row is None or not right or not row["live"]:
            return None
        await self._pool.execute(_USED, parts[1])
        return _key(row)

    async def list(self) -> Sequence[ApiKey]:
        """All keys, also revoked ones, the oldest first."""
        return [_key(row) for row in await self._pool.fetch(_LIST)]

    async def revoke(self, id: str) -> bool:
        """Whether there is such a key; from now on it opens nothing. Revoking twice changes nothing."""
        return await self._pool.fetchval(_REVOKE, id) is not None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
