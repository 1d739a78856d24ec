"""What a run came to, counted from the log, the diary, and what the clients saw."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from dataclasses import dataclass, field

import asyncpg
import msgspec

from narratix.events.audit import verify
from narratix.events.catalogue import JobFailed
from narratix.events.store import EventStore, Recorded
from narratix.projections import PROJECTIONS
from narratix.projections.verify import verify as verify_projection
from tests.chaos.audience import Audience, Watched
from tests.chaos.fleet import Fleet
from tests.chaos.moments import Striker

SETTLING_SECONDS = 60.0
TAKEOVER_SLACK = 2.0
STRUCK_DOWN = "its worker never came back"
"""So says a job whose work lost all of its attempts to strikes."""

_UNSETTLED = "select count(*) from work where state in ('ready', 'waiting', 'running')"
_BEHIND = """
select count(*) from subscriptions
where serving and (error is not null or position < (select coalesce(max(position), 0) from events))
"""
_WORK = "select key, state, attempt from work"


@dataclass(slots=True)
class Tally:
    """`faults` are sentences about promises that were broken; without any the run is good. Times in seconds, without
    those in which there was no database, or no worker: `freed`, until struck work was free for whoever has room for it, or
    kept by a worker that woke in time, `takeover`, until it ran again or was settled. Both are
    told when they are seen, which on a crowded machine is later; `freed_late` counts what was seen to be held too long."""

    seed: int
    variant: str
    lease: float
    struck: Counter[str] = field(default_factory=Counter)
    listeners_cut: int = 0
    accepted: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    struck_down: int = 0
    events: int = 0
    doubled: int = 0
    lost: int = 0
    by_zombies: int = 0
    calls: int = 0
    repeated: int = 0
    repeated_though_stored: int = 0
    repeated_unstruck: int = 0
    taken_over: int = 0
    kept: int = 0
    freed_median: float = 0.0
    freed_longest: float = 0.0
    freed_late: int = 0
    takeover_median: float = 0.0
    takeover_longest: float = 0.0
    router_longest: float = 0.0
    zombies_refused: int = 0
    streams_resumed: int = 0
    versions_seen: int = 0
    versions_doubled: int = 0
    versions_skipped: int = 0
    unsettled_work: int = 0
    chain: str = ""
    projections: dict[str, str] = field(default_factory=dict)
    fell: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> list[str]:
        """Times are told, but are no fault: they say as much about the machine."""
        broken = {
            "not every accepted job has ended": self.ended["open"],
            "a job failed that was not struck again and again": self.ended["failed"] != self.struck_down,
            "events were doubled": self.doubled,
            "events were lost": self.lost,
            "somebody wrote who had lost the work": self.by_zombies,
            "a call was repeated whose result was stored": self.repeated_though_stored,
            "a client saw a version twice": self.versions_doubled,
            "a client missed a version": self.versions_skipped,
            "work was left over": self.unsettled_work,
            f"the chain is broken: {self.chain}": self.chain != "ok",
            "a read model is not what its log says": any(said != "equal" for said in self.projections.values()),
        }
        return [sentence for sentence, is_so in broken.items() if is_so]

    def table(self) -> str:
        rows = [
            (name.replace("_", " "), ", ".join(f"{key} {count}" for key, count in sorted(value.items())))
            if isinstance(value, dict)
            else (name.replace("_", " "), str(value))
            for name, value in msgspec.to_builtins(self).items()
        ]
        return "\n".join(f"{name:<24}{value}" for name, value in rows)


async def count(tally: Tally, pool: asyncpg.Pool, fleet: Fleet, audience: Audience, striker: Striker) -> None:
    """Fill the tally in, when everything is awake and every job has ended."""
    await _settle(pool)
    tally.unsettled_work = await pool.fetchval(_UNSETTLED)
    tally.struck = Counter(striker.struck)
    tally.fell = striker.fell
    store = EventStore(pool)
    log = [event async for event in store.scan()]
    _count_events(tally, log, audience.watched, {row["key"]: row for row in await pool.fetch(_WORK)})
    _count_calls(tally, fleet)
    _count_takeovers(tally, striker)
    verdict = await verify(pool)
    tally.chain = "ok" if verdict.ok else msgspec.json.encode(verdict).decode()
    for projection in PROJECTIONS:
        verified = await verify_projection(pool, store, projection, lambda *_: None)
        tally.projections[projection.name] = "equal" if verified.difference is None else str(verified.difference)


async def _settle(pool: asyncpg.Pool) -> None:
    """Give the last work its end and the read models the last events."""
    for _ in range(int(SETTLING_SECONDS / 0.2)):
        if not (await pool.fetchval(_UNSETTLED) or await pool.fetchval(_BEHIND)):
            return
        await asyncio.sleep(0.2)


def _count_events(tally: Tally, log: list[Recorded], watched: list[Watched], work: dict[str, asyncpg.Record]) -> None:
    tally.events, tally.accepted = len(log), len(watched)
    stands = {event.position: msgspec.json.decode(event.as_json()) for event in log}
    once = Counter(_subject(event) for event in log if event.type != "AttemptFailed")
    tally.doubled = sum(times - 1 for times in once.values())
    for one in watched:
        history = [event for event in log if event.stream_id == one.job_id]
        kinds = {event.type for event in history}
        end = next((name for name in ("JobCompleted", "JobFailed", "JobCancelled") if name in kinds), "open")
        tally.ended[end.removeprefix("Job").lower()] += 1
        tally.struck_down += end == "JobFailed" and any(
            isinstance(event.data, JobFailed) and STRUCK_DOWN in event.data.reason for event in history
        )
        # what anybody has seen is on record for good
        tally.lost += sum(stands.get(seen["position"]) != seen for seen in one.events)
        tally.versions_seen += len(one.versions)
        tally.versions_doubled += one.doubled
        tally.versions_skipped += one.skipped + len(history) - max(one.versions, default=0)
        tally.streams_resumed += one.resumed
    for event in log:
        said = msgspec.json.decode(event.metadata)
        if event.type not in ("AttemptFailed", "JobFailed") and (row := work.get(said.get("work", ""))) is not None:
            tally.by_zombies += (row["state"], row["attempt"]) != ("done", said["attempt"])


def _subject(event: Recorded) -> tuple[object, ...]:
    item = (getattr(event.data, name, None) for name in ("line", "cue", "effect", "number", "passage", "index"))
    return (event.stream_id, event.type, *item)


def _count_calls(tally: Tally, fleet: Fleet) -> None:
    """A call may be made again where the one before it was in flight: cut by a strike, or by a lease that ran out in
    a process which came too late to renew it. Once its sound is stored it is never made again."""
    begun: set[str] = set()
    stored: set[str] = set()
    for entry in fleet.read_diary():
        match entry.what:
            case "refused":
                tally.zombies_refused += 1
            case "stored":
                stored.add(entry.about)
            case "begun":
                tally.calls += 1
                if entry.about in begun:
                    tally.repeated += 1
                    tally.repeated_though_stored += entry.about in stored - fleet.in_flight
                    tally.repeated_unstruck += entry.about not in stored | fleet.in_flight
                begun.add(entry.about)


def _count_takeovers(tally: Tally, striker: Striker) -> None:
    freed, seconds = striker.releases(), striker.takeovers()
    tally.taken_over = len(seconds)
    tally.kept = sum(taken.kept for taken in striker.taken)
    tally.freed_median, tally.freed_longest = _median_and_longest(freed)
    tally.takeover_median, tally.takeover_longest = _median_and_longest(seconds)
    tally.freed_late = sum(held > tally.lease + TAKEOVER_SLACK for held in striker.holds())
    tally.router_longest = _median_and_longest(striker.stalls)[1]


def _median_and_longest(seconds: list[float]) -> tuple[float, float]:
    return round(statistics.median(seconds or [0.0]), 2), round(max(seconds, default=0.0), 2)
