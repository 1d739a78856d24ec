"""Kills and freezes processes of a working Narratix at random moments, then counts what that did.

`python -m tests.chaos.chaos --moments 200 --jobs 40 --seed 1` prints a tally. What must hold: every accepted job ends,
no event is lost or doubled, and only calls that were in flight when their process was struck are repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from narratix.app import connection_pool, open_storage
from narratix.commands import Commands
from narratix.embedded.postgres import EmbeddedPostgres
from narratix.events.audit import verify
from narratix.events.catalogue import Options
from narratix.events.store import EventStore
from narratix.handlers.texts import Texts
from narratix.schema import migrate
from narratix.settings import Settings

PROJECT = Path(__file__).parent.parent.parent
LEASE_SECONDS = 3.0
STORING_SECONDS = 3.0
"""A call that ended this shortly before its process was struck may not have been stored yet."""


@dataclass(slots=True)
class Tally:
    """What a run came to."""

    seed: int
    struck: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    events: int = 0
    doubled: int = 0
    chain: str = ""
    calls: int = 0
    repeated: int = 0
    repeated_without_cause: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        whole = self.ended["completed"] == self.jobs and self.chain == "ok"
        return whole and self.doubled == 0 and self.repeated_without_cause == 0


class Services:
    """Processes over one database and one directory."""

    def __init__(self, home: Path, dsn: str, count: int) -> None:
        self.calls = home / "calls.log"
        self.calls.touch()
        self._environment = os.environ | {
            "DATABASE_URL": dsn,
            "NARRATIX_HOME": str(home),
            "NARRATIX_TEST_CALLS": str(self.calls),
            "NARRATIX_SPEECH": "scripted",
            "NARRATIX_MUSIC": "silent",
            "NARRATIX_EFFECTS": "silent",
            "NARRATIX_LEASE_SECONDS": str(LEASE_SECONDS),
            "NARRATIX_SPEECH_WORKERS": "2",
            "NARRATIX_LOG_LEVEL": "warning",
            "PYTHONPATH": str(PROJECT),
        }
        self._log = (home / "services.log").open("ab")
        self.processes = [self.start() for _ in range(count)]
        self.in_flight: set[str] = set()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.chaos.service", "serve", "--port", "0"]
        return subprocess.Popen(
            command, cwd=PROJECT, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def kill(self, number: int) -> None:
        victim = self.processes[number]
        self.note_in_flight(victim.pid)
        victim.kill()
        victim.wait()
        self.processes[number] = self.start()

    def freeze(self, number: int) -> subprocess.Popen[bytes]:
        victim = self.processes[number]
        victim.send_signal(signal.SIGSTOP)
        self.note_in_flight(victim.pid)
        return victim

    def note_in_flight(self, pid: int) -> None:
        """Remember the calls of this process that have no end, or too fresh a one."""
        now = time.time()
        state: dict[str, tuple[str, float]] = {}
        for at, who, what, key in self.read_calls():
            if who == pid:
                state[key] = (what, at)
        self.in_flight |= {key for key, (what, at) in state.items() if what == "begun" or now - at < STORING_SECONDS}

    def read_calls(self) -> list[tuple[float, int, str, str]]:
        lines = (line.split() for line in self.calls.read_text().splitlines())
        return [(float(at), int(who), what, key) for at, who, what, key in lines]

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()


async def run(*, seed: int, moments: int, jobs: int, processes: int, home: Path) -> Tally:
    """Strike `moments` times while `jobs` dramas are made. The home directory holds logs afterwards."""
    chance, tally, began = random.Random(seed), Tally(seed), time.monotonic()
    postgres = EmbeddedPostgres(home)
    dsn = postgres.start()
    try:
        await migrate(dsn)
        services = Services(home, dsn, processes)
        try:
            async with connection_pool(dsn) as pool:
                submitted = await _submit(pool, home, jobs, chance)
                tally.jobs = len(submitted)
                for _ in range(moments):
                    await asyncio.sleep(chance.uniform(0.3, 2.5))
                    tally.struck[await _strike(services, home, postgres, chance)] += 1
                await _until_all_ended(pool, submitted)
                await _count(pool, services, submitted, tally)
        finally:
            services.stop()
    finally:
        postgres.stop()
    tally.seconds = round(time.monotonic() - began, 1)
    return tally


async def _submit(pool: asyncpg.Pool, home: Path, jobs: int, chance: random.Random) -> list[UUID]:
    store = EventStore(pool)
    commands = Commands(store, Texts(open_storage(Settings(home=home))))
    submitted = []
    for number in range(jobs):
        lines = [
            f"“Number {number}, part {part}, {chance.randrange(10**6)},” said {chance.choice(['Anna', 'Tom', 'Ruth'])}."
            for part in range(chance.randrange(10, 40))
        ]
        submitted.append(await commands.submit("\n\n".join(lines), options=Options(formats=("wav",))))
    await store.close()
    return submitted


async def _strike(services: Services, home: Path, postgres: EmbeddedPostgres, chance: random.Random) -> str:
    number = chance.randrange(len(services.processes))
    match chance.choices(["kill", "freeze", "kill postgres", "kill both"], [5, 3, 1, 1])[0]:
        case "kill":
            services.kill(number)
            return "service killed"
        case "freeze":
            frozen = services.freeze(number)
            await asyncio.sleep(chance.uniform(0.2, LEASE_SECONDS * 1.5))
            frozen.send_signal(signal.SIGCONT)
            return "service frozen"
        case "kill postgres":
            _kill_postgres(postgres)
            return "postgres killed"
        case _:
            _kill_postgres(postgres)
            services.kill(number)
            return "both killed"


def _kill_postgres(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.start()


async def _until_all_ended(pool: asyncpg.Pool, submitted: list[UUID], seconds: float = 600) -> None:
    query = """select count(distinct stream_id) from events
               where stream_id = any($1) and type in ('JobCompleted', 'JobFailed', 'JobCancelled')"""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if await pool.fetchval(query, submitted) == len(submitted):
                    return
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pass  # it was just killed; the pool finds it again
            await asyncio.sleep(0.5)


async def _count(pool: asyncpg.Pool, services: Services, submitted: list[UUID], tally: Tally) -> None:
    store = EventStore(pool)
    for job_id in submitted:
        events = await store.read(job_id)
        tally.events += len(events)
        tally.ended[{"JobCompleted": "completed", "JobFailed": "failed"}.get(events[-1].type, events[-1].type)] += 1
        once = Counter(
            (event.type, getattr(event.data, "line", None), getattr(event.data, "cue", None),
             getattr(event.data, "effect", None))
            for event in events if event.type not in ("AttemptFailed",)
        )  # fmt: skip
        tally.doubled += sum(count - 1 for count in once.values())
    verdict = await verify(pool)
    tally.chain = "ok" if verdict.ok else str(verdict.problem)
    begun = Counter(key for _, _, what, key in services.read_calls() if what == "begun")
    again = {key: count for key, count in begun.items() if count > 1}
    tally.calls = sum(begun.values())
    tally.repeated = sum(again.values()) - len(again)
    tally.repeated_without_cause = len(again.keys() - services.in_flight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="narratix-chaos-") as home:
        tally = asyncio.run(run(**vars(chosen), home=Path(home)))
        print(msgspec.json.format(msgspec.json.encode(tally), indent=2).decode(), "good" if tally.good else "BAD")
        if not tally.good:
            print(Path(home, "services.log").read_text()[-4000:], file=sys.stderr)
    raise SystemExit(0 if tally.good else 1)


if __name__ == "__main__":
    main()
