"""How often one client may ask, kept in Postgres for all processes together.

The window slides and is exact: of any 60 seconds on the database's clock, no more than the limit's calls were let
pass. A call that is refused costs nothing.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from narratix.events.tables import Moment, metadata

WINDOW_SECONDS: Final = 60

rate_limits: Final = sa.Table(
    "rate_limits",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    # when each call within the window was let pass
    sa.Column("calls", ARRAY(Moment), nullable=False),
    # whether the last call was let pass
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("seen_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Index("rate_limits_seen_at_idx", "seen_at"),
)

_TAKE: Final = """
insert into rate_limits as held (client, calls, passed, seen_at) values ($1, array[clock_timestamp()], true, now())
on conflict (client) do update set (calls, passed, seen_at) = (
    select case when count(at) < $2 then coalesce(array_agg(at order by at), '{}') || clock_timestamp()
                else array_agg(at order by at) end,
           count(at) < $2,
           now()
    from unnest(held.calls) as at where at > clock_timestamp() - make_interval(secs => $3)
)
returning passed, cardinality(calls) as used,
          extract(epoch from calls[1] - clock_timestamp())::float8 + $3 as seconds
"""
_FORGET: Final = "delete from rate_limits where seen_at < now() - make_interval(secs => $1)"


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether a call passes, how many more would, and in how many seconds the next one is regained."""

    passed: bool
    limit: int
    remaining: int
    seconds: float

    @property
    def headers(self) -> dict[str, str]:
        """As in the IETF's draft "RateLimit header fields for HTTP"."""
        return {
            "RateLimit-Policy": f'"client";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"client";r={self.remaining};t={math.ceil(self.seconds)}',
        }


class RateLimit:
    def __init__(self, pool: asyncpg.Pool, per_minute: int) -> None:
        self._pool = pool
        self._limit = per_minute
        self._forgot_at = time.monotonic()

    async def take(self, client: str) -> Permit:
        """Count a call of `client`, if it passes."""
        passed, used, seconds = await self._pool.fetchrow(_TAKE, client, self._limit, float(WINDOW_SECONDS))
        await self._forget()
        return Permit(passed, self._limit, max(0, self._limit - used), max(0.0, seconds))

    async def _forget(self) -> None:
        """Addresses are not kept longer than they are needed."""
        if time.monotonic() - self._forgot_at > WINDOW_SECONDS:
            self._forgot_at = time.monotonic()
            await self._pool.execute(_FORGET, float(WINDOW_SECONDS))
