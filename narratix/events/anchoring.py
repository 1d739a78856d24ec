"""Anchors in object storage: reading them, and writing one from time to time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import asyncpg
import structlog

from narratix.events.anchors import PREFIX, Anchor, Anchors, Fault, distrusted, read, sign
from narratix.events.chain import GENESIS, roll
from narratix.events.feed import Feed
from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE
from narratix.ports import NotStored, ProviderError, Storage

log = structlog.get_logger(__name__)

READ_AT_ONCE: Final = 16
PAGE: Final = 10_000
ELECTION_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 5.0
LOCK: Final = 72374633

_HASHES: Final = "select position, hash from events where position > $1 order by position limit $2"


# -- reading -----------------------------------------------------------------------------------


async def anchors_in(storage: Storage, keys: Mapping[str, bytes]) -> Anchors:
    """All anchors. Raises ProviderError."""
    names = await _names(storage)
    found: list[Anchor | Fault] = []
    for start in range(0, len(names), READ_AT_ONCE):
        batch = names[start : start + READ_AT_ONCE]
        found += await asyncio.gather(*(_fetched(storage, name, keys) for name in batch))
    return _sorted(found)


async def last_anchors_in(storage: Storage, keys: Mapping[str, bytes], until: int) -> Anchors:
    """The last good anchor up to position `until`, and all that come after it. Raises ProviderError."""
    found: list[Anchor | Fault] = []
    for name in reversed(await _names(storage)):
        found.append(one := await _fetched(storage, name, keys))
        if isinstance(one, Anchor) and one.position <= until:
            break
    return _sorted(found[::-1])


async def _names(storage: Storage) -> Sequence[str]:
    return sorted([stored.key async for stored in storage.list(PREFIX)])


async def _fetched(storage: Storage, name: str, keys: Mapping[str, bytes]) -> Anchor | Fault:
    try:
        return read(name, await storage.get(name), keys)
    except NotStored:
        return distrusted(0, name, "was deleted while it was being read")


def _sorted(found: Sequence[Anchor | Fault]) -> Anchors:
    good = tuple(one for one in found if isinstance(one, Anchor))
    return Anchors(good, tuple(one for one in found if isinstance(one, Fault)))


# -- writing -----------------------------------------------------------------------------------


class NotAnchored(Exception):
    """The log is not what it was when it was last anchored. Its text is a sentence for people."""


class Leader(Protocol):
    """Knows whether this process is the one that acts for all."""

    @property
    def elected(self) -> bool: ...


class Anchorer:
    """Writes an anchor every `seconds` in which the log has grown, and at the end, where this process leads.

    The rolling hash goes on from the last anchor, not from the log before it: a log that was altered behind an anchor
    never gets one that fits it. Safety rests on a lock and on comparing, not on the election: what was anchored once is
    never written again.
    """

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        feed: Feed,
        storage: Storage,
        keys: Mapping[str, bytes],
        seconds: float,
        leader: Leader,
        clock: Callable[[], datetime],
        quiet: Quiet | None = None,
    ) -> None:
        self._quiet = quiet or Quiet()
        self._quiet.before_rest(self.settle)
        self._pool = pool
        self._feed = feed
        self._storage = storage
        self._keys = keys
        self._seconds = seconds
        self._leader = leader
        self._clock = clock
        self._last: tuple[int, bytes] | None = None

    async def write(self) -> Anchor | None:
        """Anchor the log as it stands now; None when it has not grown, or another process is at it.

        Raises NotAnchored, ProviderError, UNREACHABLE.
        """
        # the transaction stays open while the object is put, since the lock that keeps others out ends with it
        async with self._pool.acquire(timeout=10) as connection, connection.transaction():
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
                return None
            start, rolling = await self._standing()
            position, rolling = await _rolled(connection, start, rolling)
            if position == start:
                return None
            anchor = sign(position, rolling, self._clock(), next(iter(self._keys.values())))
            await self._put_once(anchor)
        self._last = (position, rolling)
        return anchor

    async def run(self) -> None:
        """Write anchors for ever. Whoever comes to lead begins with what its predecessor left."""
        while True:
            while not self._leader.elected:
                await asyncio.sleep(ELECTION_SECONDS)
            self._forget()
            while self._leader.elected:
                await self._quiet.awake()
                await self._try()
                await self._news()
                await asyncio.sleep(self._seconds)
                await self._news()  # the last may have been written meanwhile, before a rest

    async def settle(self) -> None:
        """Write the last one before a rest, during which nothing is asked of the database."""
        if self._leader.elected and self._last is not None and self._last[0] < self._feed.position:
            await self._try()

    async def _news(self) -> None:
        """Wait until there is something to anchor: an idle database is left alone."""
        if self._last is not None:
            await self._feed.news(self._last[0])

    async def close(self) -> None:
        """Write the last one. Waits no longer than a shutdown can."""
        if not self._leader.elected:
            return
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._try()
        except TimeoutError:
            log.warning("anchor_not_written", reason=f"it took longer than the {CLOSING_SECONDS:.0f} s of a shutdown")

    def _forget(self) -> None:
        """Others may have written since."""
        self._last = None

    async def _try(self) -> None:
        try:
            anchor = await self.write()
        except NotAnchored as problem:
            log.error("anchor_refused", reason=str(problem))
        except (ProviderError, TimeoutError, *UNREACHABLE) as problem:
            log.warning("anchor_not_written", reason=str(problem) or type(problem).__name__)
        else:
            if anchor is not None:
                log.info("anchored", position=anchor.position, rolling=anchor.rolling)

    async def _standing(self) -> tuple[int, bytes]:
        """Position and rolling hash of the last anchor that can be believed."""
        if self._last is None:
            good = (await last_anchors_in(self._storage, self._keys, 2**63 - 1)).good
            self._last = (good[-1].position, bytes.fromhex(good[-1].rolling)) if good else (0, GENESIS)
        return self._last

    async def _put_once(self, anchor: Anchor) -> None:
        if await self._storage.head(anchor.stored_as) is None:
            await self._storage.put(anchor.stored_as, anchor.encoded(), "application/json")
            return
        there = read(anchor.stored_as, await self._storage.get(anchor.stored_as), self._keys)
        if not isinstance(there, Anchor) or there.rolling != anchor.rolling:
            raise NotAnchored(f"{anchor.stored_as} says something else than the log. Run `narratix audit verify`.")


async def _rolled(connection: asyncpg.Connection, position: int, rolling: bytes) -> tuple[int, bytes]:
    """The end of the log and its rolling hash, from those of an earlier position. Raises NotAnchored."""
    end = await connection.fetchval("select coalesce(max(position), 0) from events")
    if end < position:
        raise NotAnchored(f"The log ends at position {end} and was anchored at {position}: its end is missing.")
    while rows := await connection.fetch(_HASHES, position, PAGE):
        if [row["position"] for row in rows] != list(range(position + 1, position + len(rows) + 1)):
            raise NotAnchored(f"Events are missing after position {position}. Run `narratix audit verify`.")
        rolling = roll(rolling, b"".join(row["hash"] for row in rows))
        position += len(rows)
        await asyncio.sleep(0)
    return position, rolling
