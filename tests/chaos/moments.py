"""What strikes when: a plan made from a seed alone, and its execution on a fleet."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import asyncpg

from narratix.embedded.postgres import EmbeddedPostgres
from narratix.events.subscription import ELECTION
from tests.beside import running
from tests.chaos.fleet import Fleet, Member, freeze_postgres, kill_postgres, wake_postgres

Target = Literal["worker", "web", "router", "postgres", "both"]
How = Literal["kill", "freeze"]

WEIGHTS: Final[dict[Target, int]] = {"worker": 7, "router": 4, "web": 4, "postgres": 3, "both": 2}

_HOLDER: Final = """
select a.application_name from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.objid = $1
"""
_RUNNING: Final = "select id, attempt, lease_until from work where state = 'running' and owner = any($1::text[])"
_WATCHED: Final = "select id, attempt, state, lease_until from work where id = any($1::bigint[])"

_ROUTER: Final = """
select coalesce((select position from subscriptions where name = 'router' and serving), 0),
       (select coalesce(max(position), 0) from events)
"""

AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asking a database comes to that has just been struck."""


@dataclass(frozen=True, slots=True)
class Moment:
    """After `pause` seconds, `how` strikes `target`; a frozen one is woken after `seconds`."""

    pause: float
    target: Target
    how: How
    seconds: float
    number: int


def plan(seed: int, count: int, *, mean_pause: float, lease: float) -> list[Moment]:
    """The moments of a seed. Most of what is frozen sleeps longer than a lease lasts."""
    chance, made = random.Random(seed), []
    for _ in range(count):
        target = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        longest = 1.2 * lease if target in ("postgres", "both") else 2.5 * lease
        made.append(
            Moment(
                pause=chance.uniform(0.2, 2 * mean_pause - 0.2),
                target=target,
                how=chance.choices(["kill", "freeze"], [5, 4])[0],  # type: ignore[arg-type]
                seconds=chance.uniform(0.3 * lease, longest),
                number=chance.randrange(1000),
            )
        )
    return made


@dataclass(slots=True)
class Taken:
    """Work that was in the hands of a process when that was struck: after how many seconds it was free for others, and
    after how many it ran again or was settled. None: not yet. `held`: after how many it was last seen to be neither; on a
    crowded machine whoever looks comes late, too. `wakes`: how often the process had been woken until then.

    Who was only frozen may wake in time, renew its lease and go on: from then on the work is in living hands, `kept`,
    and nobody has anything to take over. Such a renewal ends both times. Without that, a worker that was struck again
    later, or that had long work to do, would be told as one whose lease lasted too long.
    """

    work: int
    attempt: int
    struck_at: float
    strike: str
    process: int
    wakes: int
    lease_until: datetime
    held: float = 0.0
    freed: float | None = None
    seconds: float | None = None
    kept: bool = False

    def see(self, attempt: int, state: str, lease_until: datetime | None, wakes: int, now: float) -> None:
        """What the row of this work is now, and how often its process has been woken."""
        went_on = attempt != self.attempt or state in ("done", "dead", "cancelled")
        if not went_on and state == "running" and lease_until is not None and lease_until > self.lease_until:
            self.lease_until = lease_until  # a renewal that was under way when it was struck proves no life
            went_on = self.kept = wakes > self.wakes
        if self.freed is None and (went_on or state != "running"):
            self.freed = now - self.struck_at
        if self.freed is None:
            self.held = now - self.struck_at
        if went_on:
            self.seconds = now - self.struck_at


@dataclass(slots=True)
class Striker:
    """Carries a plan out, and watches what becomes of the work that was struck. `down` are spans without a database or
    without a worker; `stalls`, how long the router left events lying, in seconds; `fell`, how
    many processes ended by themselves."""

    fleet: Fleet
    postgres: EmbeddedPostgres
    watcher: asyncpg.Pool
    struck: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    down: list[tuple[float, float]] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)
    fell: int = 0
    _database: asyncio.Lock = field(default_factory=asyncio.Lock)
    _awake: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry_out(self, moments: list[Moment]) -> None:
        """All of them; returns when everything is awake again."""
        for moment in moments:
            await asyncio.sleep(moment.pause)
            await self._strike(moment)
        await asyncio.gather(*self._awake)

    async def _strike(self, moment: Moment) -> None:
        member = await self._member(moment)
        if moment.target not in ("postgres", "both"):
            await self._strike_member(member, moment)
        elif moment.target == "both":
            await self._strike_member(member, moment)
            await self._strike_database(moment)
        else:
            await self._strike_database(moment)
        self.struck.append(f"{moment.target} {'killed' if moment.how == 'kill' else 'frozen'}")
        self._write(f"{self.struck[-1]} {member.name}")

    async def _member(self, moment: Moment) -> Member:
        """Who is meant: one that is awake. Where all sleep, the moment waits."""
        role = "web" if moment.target == "web" else "worker"
        if moment.target == "router":
            with contextlib.suppress(*AWAY):
                holder = await self.watcher.fetchval(_HOLDER, ELECTION, timeout=2)
                for member in self.fleet.of("worker"):
                    if member.name == holder and not member.frozen:
                        return member
        while not (awake := [member for member in self.fleet.of(role) if not member.frozen]):  # type: ignore[arg-type]
            await asyncio.sleep(0.1)
        return awake[moment.number % len(awake)]

    async def _strike_member(self, member: Member, moment: Moment) -> None:
        owners, process = self.fleet.owners(member), member.process.pid
        if moment.how == "kill":
            self.fleet.kill(member)
        else:
            self.fleet.freeze(member)
            self._awake.append(asyncio.create_task(self._wake_later(member, moment.seconds)))
        if owners:
            await self._watch(owners, f"{moment.target} {moment.how}", process)

    async def _wake_later(self, member: Member, seconds: float) -> None:
        process = member.process
        await asyncio.sleep(seconds)
        if member.process is process:
            self.fleet.wake(member)

    async def _strike_database(self, moment: Moment) -> None:
        async with self._database:
            began = time.time()
            self.fleet.note_in_flight()
            if moment.how == "kill":
                await asyncio.to_thread(kill_postgres, self.postgres)
            else:
                stopped = await asyncio.to_thread(freeze_postgres, self.postgres)
                await asyncio.sleep(moment.seconds)
                wake_postgres(stopped)
            self.fleet.note_in_flight()
            self.down.append((began, time.time()))

    def _write(self, line: str) -> None:
        """Into the log of strikes, for whoever reads the processes' logs afterwards."""
        with (self.fleet.home / "strikes.log").open("a") as out:
            out.write(f"{datetime.now(UTC):%H:%M:%S.%f} {line}\n")

    # -- what becomes of the work ----------------------------------------------------------

    async def _watch(self, owners: set[str], strike: str, process: int) -> None:
        """Remember what the struck one had in hand. With the database away nobody knows: then nothing is measured."""
        struck_at = time.time()
        with contextlib.suppress(*AWAY):
            for row in await self.watcher.fetch(_RUNNING, list(owners), timeout=1):
                wakes = self.fleet.wakes[process]
                self.taken.append(
                    Taken(row["id"], row["attempt"], struck_at, strike, process, wakes, row["lease_until"])
                )

    async def keep_watching(self) -> None:
        """For ever: see when struck work runs elsewhere or is settled, and how long the router leaves events lying."""
        router, since = -1, time.time()
        while True:
            await asyncio.sleep(0.1)
            self.fell += self.fleet.raise_fallen()
            if not self.fleet.able:
                self.down.append((time.time() - 0.1, time.time()))
            waiting = [taken for taken in self.taken if taken.seconds is None]
            with contextlib.suppress(*AWAY):
                for row in await self.watcher.fetch(_WATCHED, [taken.work for taken in waiting], timeout=1):
                    for taken in waiting:
                        if taken.work != row["id"]:
                            continue
                        wakes = self.fleet.wakes[taken.process]
                        taken.see(row["attempt"], row["state"], row["lease_until"], wakes, time.time())
                        if taken.seconds is not None:
                            self._write(f"{taken} idle {self.idle(taken.struck_at, time.time()):.2f} s")
                position, head = await self.watcher.fetchrow(_ROUTER, timeout=1)
                if position != router or position == head:
                    self.stalls.append(self.idle(since, time.time()))
                    if self.stalls[-1] > 2:
                        self._write(f"router idle {self.stalls[-1]:.2f} s")
                    router, since = position, time.time()

    def idle(self, begin: float, end: float) -> float:
        """The seconds between two moments in which there were both a database and a worker that is awake."""
        away, reached = 0.0, begin
        for down, up in sorted(self.down):
            away += max(0.0, min(up, end) - max(down, reached))
            reached = max(reached, up)
        return end - begin - away

    def releases(self) -> list[float]:
        """After how many seconds each piece of struck work was free for whoever had room for it, or kept."""
        return [self.idle(taken.struck_at, taken.struck_at + taken.freed) for taken in self.taken if taken.freed]

    def holds(self) -> list[float]:
        """After how many seconds it was last seen to be held still."""
        return [self.idle(taken.struck_at, taken.struck_at + taken.held) for taken in self.taken]

    def takeovers(self) -> list[float]:
        """After how many seconds what was not kept ran again, or was settled."""
        took = [taken for taken in self.taken if not taken.kept]
        return [self.idle(taken.struck_at, taken.struck_at + taken.seconds) for taken in took if taken.seconds]


def cutting_listeners(
    watcher: asyncpg.Pool, seconds: float, cut: list[int]
) -> contextlib.AbstractAsyncContextManager[object]:
    """End every listening connection of the database every few seconds; `cut` gets how many each time."""

    async def go_on() -> None:
        while True:
            await asyncio.sleep(seconds)
            with contextlib.suppress(*AWAY):
                cut.append(await watcher.fetchval(_CUT, timeout=2))

    return running(go_on())


_CUT: Final = r"""
select count(pg_terminate_backend(pid)) from pg_stat_activity
where query ~* '^\s*(listen|select pg_notify)' and state = 'idle' and pid <> pg_backend_pid()
"""
