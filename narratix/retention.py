"""What becomes of dramas: their files are kept for so many days, held where somebody must keep them, then deleted.

A drama expires by an event; from then on nobody gets its files, and the sweep deletes what no other drama shares. A
crash in between leaves orphans, which the next sweep finds. The log itself is never touched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from narratix import doorbell
from narratix.commands import CommandRefused, Commands
from narratix.events.feed import Feed
from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE, EventStore, StoreError
from narratix.ports import ProviderError, Storage, StoredObject

log = structlog.get_logger(__name__)

ACTOR: Final = "retention"
ORPHANED_SECONDS: Final = 24 * 3600.0
SWEEP_SECONDS: Final = 24 * 3600.0
LOCK: Final = 72374635
PAGE: Final = 200
NEVER_SWEPT: Final = ("anchors/", "installation.json", doorbell.KEY)
KEPT_FOR_A_TERM: Final = ("answers/",)
"""Named by no event: answers of language models, which spare a repetition of a paid call."""

FOLDERS: Final = ("passages/", "reels/")
"""Of these an event names one file of a folder, and means the folder."""

_NAMES: Final = """
with living as (
    select * from events e where position > $1 and type = any($2)
    and not exists (select 1 from events gone where gone.stream_id = e.stream_id and gone.type = 'DramaExpired')
)
select data->>'text_key' as key from living where type in ('JobSubmitted', 'LineRevised')
union select data->>'clip_key' from living where type in ('LineSpoken', 'MusicComposed', 'EffectRendered')
union select data->>'header_key' from living where type = 'PassageMixed'
union select unnest(array[data->>'master_key', data->'file'->>'key']) from living where type = 'DramaMixed'
union select json_array_elements_text(data->'master') from living where type = 'DramaMixed'
union select unnest(array_append(
                 array(select file->>'key' from json_array_elements(data->'files') file)
                 || array(select file->>'key' from json_array_elements(data->'captions') file)
                 || array(select file->>'key' from json_array_elements(data->'stems') file),
                 data->>'peaks_key')) from living where type = 'DramaPublished'
"""
_NAMING: Final = (
    "JobSubmitted",
    "LineRevised",
    "LineSpoken",
    "MusicComposed",
    "EffectRendered",
    "PassageMixed",
    "DramaMixed",
    "DramaPublished",
)
_DUE: Final = """
select key from job_status
where build = (select build from subscriptions where name = 'job_status' and serving)
  and row->>'status' in ('completed', 'failed', 'cancelled')
  and (row->>'updated_at')::timestamptz < now() - $1::interval
  and not exists (select 1 from events held where held.stream_id = key::uuid and held.type = 'HoldPlaced'
                  and not exists (select 1 from events freed where freed.stream_id = held.stream_id
                                  and freed.type = 'HoldReleased' and freed.version > held.version))
order by rank limit $2
"""
_ACTIVE: Final = "select exists (select 1 from work where state in ('ready', 'waiting', 'running'))"


@dataclass(frozen=True, slots=True)
class Swept:
    """Objects that no living drama names, and how many were left alone because work is under way."""

    orphans: tuple[StoredObject, ...]
    spared: int

    @property
    def size_bytes(self) -> int:
        return sum(orphan.size_bytes for orphan in self.orphans)


class Retention:
    """Expires and sweeps. `days` is how long a drama is kept after it ended."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        commands: Commands,
        storage: Storage,
        *,
        days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._store = store
        self._commands = commands
        self._storage = storage
        self._days = days
        self._clock = clock
        self.stored_bytes = 0
        """In object storage, when this process last looked through it; 0 before."""

    async def due(self, limit: int = PAGE) -> list[UUID]:
        """The dramas whose time is over and that nobody holds, the oldest first."""
        rows = await self._pool.fetch(_DUE, timedelta(days=self._days), limit)
        return [UUID(row["key"]) for row in rows]

    async def expire_due(self) -> int:
        """Let them expire; how many did. One that somebody took up or held meanwhile is left alone."""
        expired = 0
        for job_id in await self.due():
            try:
                await self._commands.expire(job_id, actor=ACTOR)
            except CommandRefused as refused:
                log.info("not_expired", job_id=str(job_id), reason=str(refused))
            else:
                expired += 1
        return expired

    async def sweep(self, *, delete: bool) -> Swept:
        """Find what no living drama names and is older than a day, and delete it where told to.

        The log is read after the listing, and once more before anything goes: what was named meanwhile stays.
        """
        everything = [stored async for stored in self._storage.list("")]
        self.stored_bytes = sum(stored.size_bytes for stored in everything)
        listed = [stored for stored in everything if self._is_old(stored)]
        head = await self._store.head()
        named = await self._named(0)
        active = await self._pool.fetchval(_ACTIVE)
        orphans = [stored for stored in listed if stem(stored.key) not in named]
        kept = [
            stored for stored in orphans if not (active and stored.key.startswith(("clips/", "passages/", "reels/")))
        ]
        if delete:
            named = await self._named(head)
            kept = [stored for stored in kept if stem(stored.key) not in named]
            for stored in kept:
                await self._storage.delete(stored.key)
                self.stored_bytes -= stored.size_bytes
        return Swept(tuple(kept), len(orphans) - len(kept))

    def _is_old(self, stored: StoredObject) -> bool:
        if stored.modified is None or stored.key.startswith(NEVER_SWEPT):
            return False
        term = self._days * 24 * 3600 if stored.key.startswith(KEPT_FOR_A_TERM) else ORPHANED_SECONDS
        return stored.modified < self._clock() - term

    async def _named(self, after: int) -> set[str]:
        rows = await self._pool.fetch(_NAMES, after, list(_NAMING), timeout=600)
        return {stem(row["key"]) for row in rows if row["key"]}

    # -- by itself -------------------------------------------------------------------------

    async def run(self, feed: Feed, quiet: Quiet | None = None) -> None:
        """Once a day while there is life in the log, in one of the processes: an idle database is left asleep."""
        position, quiet = feed.position, quiet or Quiet()
        while True:
            await quiet.awake()
            position = (await feed.next_batch(position))[-1].position
            try:
                await self._once()
            except (*UNREACHABLE, TimeoutError, StoreError, ProviderError) as problem:
                log.warning("retention_waits", reason=str(problem) or type(problem).__name__)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _once(self) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
                return
            expired = await self.expire_due()
            swept = await self.sweep(delete=True)
            if expired or swept.orphans:
                log.info("swept", expired=expired, objects=len(swept.orphans), bytes=swept.size_bytes)


def stem(key: str) -> str:
    """A clip is two objects, its sound and the facts about it, a passage or a reel a folder of them; events name one
    each."""
    if key.startswith(FOLDERS):
        return key.rpartition("/")[0]
    return key.rpartition(".")[0] if key.startswith("clips/") else key
