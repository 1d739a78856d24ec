"""Proof that the log is whole: every hash is recomputed from what is stored, and held against the anchors.

The database only hands over columns; what is hashed is put together here (see `chain` and `copied`). A long log is
read by several processes, each a stretch at a time, and put together in order by the one that asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

import asyncpg

from narratix.events.anchors import Anchor, Anchors, Fault
from narratix.events.chain import Chains, Link, Verdict
from narratix.events.stretches import job_stretch, stretches

__all__ = ["Fault", "Verdict", "verify"]

Progress = Callable[[int, int], object]

_ENDS: Final = "select min(position), coalesce(max(position), 0) from events"
_LINKS: Final = """
select e.stream_id::text, e.version, e.hash from unnest($1::text[], $2::int[]) as wanted(stream_id, version)
join events e on e.stream_id = wanted.stream_id::uuid and e.version = wanted.version and e.position <= $3
"""


async def verify(
    pool: asyncpg.Pool,
    job_id: UUID | None = None,
    *,
    anchors: Anchors | None = None,
    since_anchor: bool = False,
    dsn: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Verdict:
    """Check the whole log, or one job. A job without events is whole, with 0 events.

    Positions and versions without gaps, every hash, and the log against `anchors`; these must have been read before.
    `since_anchor` recomputes only what came after the last of them. With `dsn`, a long log is read by processes of
    their own. `progress` is told (done, all) events. Events that are appended meanwhile are left out.
    """
    if job_id is not None:
        chains = Chains(whole_log=False)
        chains.add(await job_stretch(pool, job_id))
        return chains.verdict()
    known = anchors or Anchors()
    first, head = await pool.fetchrow(_ENDS)
    since = _last(known, head) if since_anchor else None
    chains = Chains(anchors=known.good, since=since)
    after = since.position if since else min(first if first is not None else 1, 1) - 1
    async with contextlib.aclosing(stretches(pool, dsn, after, head)) as read:
        async for stretch in read:
            if unknown := chains.unknown(stretch):
                chains.learn(await _links(pool, unknown, stretch.after))
            chains.add(stretch)
            progress(chains.position - after, head - after)
    return chains.verdict(known.faults)


def _last(anchors: Anchors, head: int) -> Anchor | None:
    return next((anchor for anchor in reversed(anchors.good) if anchor.position <= head), None)


async def _links(pool: asyncpg.Pool, wanted: list[tuple[bytes, int]], until: int) -> dict[bytes, Link]:
    """What the log has as the hashes of these versions of jobs, where they stand at or before position `until`."""
    jobs, versions = [job.decode() for job, _ in wanted], [version for _, version in wanted]
    return {job.encode(): (version, digest) for job, version, digest in await pool.fetch(_LINKS, jobs, versions, until)}
