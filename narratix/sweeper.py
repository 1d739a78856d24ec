"""The sweeper takes away the work of jobs that nobody can take up again. The log keeps what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from narratix.events.catalogue import DramaExpired, JobCompleted
from narratix.events.store import Recorded

BATCH: Final = 1000

_SWEEP: Final = """
delete from work where id = any(array(
    select id from work
    where job_id = any($1::uuid[]) and version <= ($2::int[])[array_position($1::uuid[], job_id)] and state <> 'running'
    order by id limit $3 for update skip locked))
"""


class Sweeper:
    """A subscriber of the feed. The work of a failed or cancelled job stays, since a retry goes on with it, until the
    drama expires. What follows from later events stays, too: a line may be revised before the finished job is swept."""

    name = "sweeper"
    build = 1
    code_version = 1
    pause = 1.0
    refolds = False

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def handle(self, _connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        """In short statements of its own, ahead of the checkpoint: what is swept twice is swept once."""
        ended = {e.stream_id: e.version for e in events if isinstance(e.data, JobCompleted | DramaExpired)}
        deleted = BATCH if ended else 0
        while deleted == BATCH:
            swept = await self._pool.execute(_SWEEP, list(ended), list(ended.values()), BATCH)
            deleted = int(swept.rpartition(" ")[2])

    def forget(self) -> None:
        """Nothing is remembered."""

    def done(self) -> None:
        """Nothing is remembered."""
