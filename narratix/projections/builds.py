"""The builds of every subscription: where they are, and what to do about one that stopped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from narratix.events.store import EventStore, NewEvent
from narratix.job import Job, SkipEvent, decide

_NAMESPACE: Final = uuid.UUID("5a3c1f0e-86d4-4f6e-9b0a-2c9b1f6f7d11")

_LIST: Final = """
select name, build, position, (select coalesce(max(position), 0) from events) - position as lag, code_version, serving,
       error, coalesce(build > max(build) filter (where serving) over (partition by name), true) as newer
from subscriptions order by name, build
"""
_STOPPED: Final = """
select position, error from subscriptions where name = $1 and error is not null order by serving desc, build desc limit 1
"""
_RESUME: Final = """
update subscriptions set error = null, updated_at = now()
where name = $1 and error is not null and ($2::bigint is null or position = $2)
"""


class NotStopped(Exception):
    """There is nothing to skip or to resume. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a subscription. `lag` is how many events of the log it has not taken; `state` a word or a sentence;
    `stopped` and `outdated` what of it needs somebody."""

    name: str
    build: int
    position: int
    lag: int
    code_version: int
    state: str
    stopped: bool = False
    outdated: bool = False


async def builds(pool: asyncpg.Pool, wanted: Mapping[str, int]) -> list[Build]:
    """Every build of every subscription. `wanted` maps names to the code versions of this release."""
    return [_build(row, wanted.get(row["name"])) for row in await pool.fetch(_LIST)]


def _build(row: asyncpg.Record, wanted: int | None) -> Build:
    outdated = row["serving"] and wanted is not None and row["code_version"] != wanted
    stopped = row["error"] is not None
    if stopped:
        state = f"stopped: {row['error']}"
    elif not row["serving"]:
        state = "unfinished" if row["newer"] else "replaced"
    elif outdated:
        state = f"serving, to be rebuilt (this release has code version {wanted})"
    else:
        state = "serving"
    return Build(row["name"], row["build"], row["position"], row["lag"], row["code_version"], state, stopped, outdated)


def needs(build: Build) -> str:
    """What somebody has to do about a build, in a sentence; empty where nothing."""
    if build.stopped:
        at = build.position + 1
        return (
            f"{build.name} {build.state}. When that is mended: narratix projections resume {build.name}. To go on "
            f'without that event: narratix projections skip {build.name} --position {at} --reason "..."'
        )
    if build.outdated:
        return f"{build.name} was built by an older release: narratix projections rebuild {build.name}, or serve --rebuild."
    return ""


async def skip(
    pool: asyncpg.Pool, store: EventStore, name: str, position: int, *, reason: str, actor: str
) -> uuid.UUID:
    """Put on record, in the history of the event's job, that subscription `name` passes over the event at `position`,
    where it stopped; then let it go on. Every later rebuild and verification does the same. The job's id.

    Repeating it records nothing more. Raises NotStopped.
    """
    stopped = await _stopped(pool, name)
    if stopped["position"] + 1 != position:
        raise NotStopped(
            f"{name} did not stop at position {position} but at {stopped['position'] + 1}: {stopped['error']}"
        )
    [event] = await store.read_all(after=position - 1, limit=1)
    command = SkipEvent(name, position, reason, stopped["error"])
    # decided on the job's id alone: what cannot be taken may be what it cannot be folded over
    [decision] = decide(Job(id=event.stream_id), command)
    new = NewEvent(event.stream_id, decision, uuid.uuid5(_NAMESPACE, f"{name}@{position}"))
    await store.append([new], metadata={"actor": actor})
    await pool.execute(_RESUME, name, position - 1)
    return event.stream_id


async def resume(pool: asyncpg.Pool, name: str) -> int:
    """Let `name` try again the event at which it stopped, because what could not take it was mended. The position of
    that event. Raises NotStopped."""
    stopped = await _stopped(pool, name)
    await pool.execute(_RESUME, name, None)
    position: int = stopped["position"] + 1
    return position


async def _stopped(pool: asyncpg.Pool, name: str) -> asyncpg.Record:
    stopped = await pool.fetchrow(_STOPPED, name)
    if stopped is None:
        known = [row["name"] for row in await pool.fetch("select distinct name from subscriptions order by 1")]
        if name not in known:
            raise NotStopped(
                f"There is no subscription called {name!r}; these are there: {', '.join(known) or 'none'}."
            )
        raise NotStopped(f"{name} has not stopped.")
    return stopped
