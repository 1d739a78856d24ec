"""Claims: leases on pieces of work. Every statement here is short; none is open while a provider is called."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Final

import asyncpg
import msgspec

WORK_CHANNEL: Final = "narratix_work"

_CLAIM: Final = "select * from claim_work($1, $2, $3, $4, $5)"
_DUE: Final = """
select exists (select from work where state = 'ready'),
       extract(epoch from least((select min(run_at) from work where state = 'waiting'),
                                (select min(lease_until) from work where state = 'running')) - now())::float8
"""
_RENEW: Final = """
with renewed as (
    update work set lease_until = now() + make_interval(secs => $3)
    where id in (select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running'
                 order by id for update skip locked)
)
select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running'
"""
_RELEASE: Final = """
with released as (
    update work set state = 'ready', attempt = attempt - 1, owner = null, lease_until = null, run_at = now()
    where id in (select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running'
                 order by id for update)
    returning 1
)
select count(*), pg_notify($3, '') from released
"""


class Claim(msgspec.Struct, frozen=True):
    """A piece of work that is ours until its lease ends. `version` is that of the job it follows from."""

    id: int
    key: str
    job_id: uuid.UUID
    stage: str
    item: str
    uses: str
    version: int
    attempt: int
    attempts: int


class Claims:
    """The leases of one worker, `owner`, each `lease` seconds long. `limits` says for a kind of port how much of its
    work may run at once in all processes together; a share that a killed process held is free when its lease ends."""

    def __init__(self, pool: asyncpg.Pool, *, owner: str, lease: float, limits: Mapping[str, int]) -> None:
        self._pool = pool
        self.owner = owner
        self.lease = lease
        self.limits = limits

    async def take(self, free: Mapping[str, int]) -> list[Claim]:
        """Lease what can begin now: for each kind of port at most so many, the first in its lane first."""
        lanes = sorted(free)  # one order of locks
        slots, limits = [free[lane] for lane in lanes], [self.limits.get(lane) for lane in lanes]
        rows = await self._pool.fetch(_CLAIM, lanes, slots, limits, self.owner, self.lease, timeout=10)
        return [Claim(*row) for row in rows]

    async def due(self, poll: float) -> float | None:
        """Seconds until looking again can help: until an attempt is due or somebody's lease ends, or `poll` when there
        is work that could begin already, were there room. None: no work is open, and new work will be notified."""
        ready: bool
        seconds: float | None
        ready, seconds = await self._pool.fetchrow(_DUE, timeout=10)
        if seconds is None:
            return poll if ready else None
        return min(poll, max(0.0, seconds)) if ready else max(0.0, seconds)

    async def renew(self, ids: Collection[int]) -> set[int]:
        """Extend these leases, and say which of them are still ours."""
        rows = await self._pool.fetch(_RENEW, list(ids), self.owner, self.lease, timeout=5)
        return {work_id for (work_id,) in rows}

    async def release(self, ids: Collection[int]) -> None:
        """Give these back as if they had never been claimed; another worker takes them at once."""
        await self._pool.execute(_RELEASE, list(ids), self.owner, WORK_CHANNEL, timeout=5)
