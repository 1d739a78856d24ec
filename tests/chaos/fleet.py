"""Web and worker processes over one database and one directory, which can be killed, frozen and woken."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from narratix.embedded.postgres import EmbeddedPostgres

PROJECT: Final = Path(__file__).parent.parent.parent
Role = Literal["web", "worker"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the diary (see `service`)."""

    at: float
    pid: int
    what: str
    about: str


@dataclass(slots=True)
class Member:
    """One place in the fleet: the process that fills it now, and what it says."""

    name: str
    role: Role
    process: subprocess.Popen[bytes]
    log: Path
    frozen: bool = False

    @property
    def address(self) -> str | None:
        """Where a web process serves, once it does."""
        found = re.search(r"listening on (http://\S+)", self.log.read_text(errors="replace"))
        return found[1] if found else None


@dataclass(slots=True)
class Fleet:
    """`dsn` is what the processes are given, `direct` the server's own address; `in_flight` are the calls that a strike
    may have cut."""

    home: Path
    dsn: str
    direct: str
    lease: float
    members: list[Member] = field(default_factory=list)
    in_flight: set[str] = field(default_factory=set)
    started: int = 0
    wakes: Counter[int] = field(default_factory=Counter)
    """How often each process was woken."""
    _entries: list[Entry] = field(default_factory=list)
    _read: int = 0
    _owners: dict[int, set[str]] = field(default_factory=dict)

    @property
    def diary(self) -> Path:
        return self.home / "diary"

    def start(self, *, web: int, workers: int) -> None:
        self.diary.touch()
        for role, count in (("web", web), ("worker", workers)):
            for number in range(1, count + 1):
                name = f"{role}-{number}"
                process, log = self._launch(name, role)  # type: ignore[arg-type]
                self.members.append(Member(name, role, process, log))  # type: ignore[arg-type]

    def _launch(self, name: str, role: Role) -> tuple[subprocess.Popen[bytes], Path]:
        self.started += 1
        log = self.home / f"{name}.{self.started}.log"
        environment = os.environ | {
            "DATABASE_URL": _named(self.dsn, name),
            "NARRATIX_HOME": str(self.home),
            "NARRATIX_TEST_DIARY": str(self.diary),
            "NARRATIX_LANGUAGE": "rules",
            "NARRATIX_SPEECH": "scripted",
            "NARRATIX_MUSIC": "silent",
            "NARRATIX_EFFECTS": "silent",
            "NARRATIX_LEASE_SECONDS": str(self.lease),
            "NARRATIX_SPEECH_WORKERS": "2",
            "NARRATIX_RATE_LIMIT_PER_MINUTE": "100000",
            "NARRATIX_MAX_STREAMS_PER_ADDRESS": "1000",
            "NARRATIX_LOG_LEVEL": "info",
            "PYTHONPATH": str(PROJECT),
            "OPENBLAS_NUM_THREADS": "1",
        }
        if self.direct != self.dsn:
            environment["NARRATIX_DIRECT_DATABASE_URL"] = _named(self.direct, name)
        command = [sys.executable, "-m", "tests.chaos.service", "serve", "--role", role, "--port", "0"]
        with log.open("ab") as out:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        return process, log

    # -- strikes ---------------------------------------------------------------------------

    def kill(self, member: Member) -> None:
        """SIGKILL, and another process in its place."""
        member.process.kill()
        member.process.wait()
        self.note_in_flight([member.process.pid])
        member.process, member.log = self._launch(member.name, member.role)
        member.frozen = False

    def freeze(self, member: Member) -> None:
        """SIGSTOP, until `wake`."""
        member.frozen = True
        member.process.send_signal(signal.SIGSTOP)
        self.note_in_flight([member.process.pid])

    def wake(self, member: Member) -> None:
        if member.frozen:
            member.frozen = False
            member.process.send_signal(signal.SIGCONT)
            self.wakes[member.process.pid] += 1

    def of(self, *roles: Role) -> list[Member]:
        return [member for member in self.members if member.role in roles]

    @property
    def fallen(self) -> list[str]:
        """The members that ended by themselves."""
        return [member.name for member in self.members if member.process.poll() is not None]

    def raise_fallen(self) -> int:
        """Start again, as any supervisor does, who ended by itself: a process that finds no database when it starts.
        How many did."""
        fallen = [member for member in self.members if member.process.poll() is not None]
        for member in fallen:
            member.process, member.log = self._launch(member.name, member.role)
            member.frozen = False
        return len(fallen)

    # -- the diary -------------------------------------------------------------------------

    def read_diary(self) -> list[Entry]:
        """Everything that was written so far."""
        with self.diary.open("rb") as diary:
            diary.seek(self._read)
            new = diary.read()
        self._read += len(new)
        for line in new.decode().splitlines():
            at, pid, what, about = line.split()
            self._entries.append(Entry(float(at), int(pid), what, about))
            if what == "worker":
                self._owners.setdefault(int(pid), set()).add(about)
        return self._entries

    def owners(self, member: Member) -> set[str]:
        """The names under which the process of this member claims work."""
        self.read_diary()
        return self._owners.get(member.process.pid, set())

    def note_in_flight(self, pids: Iterable[int] | None = None) -> None:
        """Remember the calls of these processes, by default of all, whose result is not stored."""
        asked = None if pids is None else set(pids)
        begun: set[str] = set()
        for entry in self.read_diary():
            if entry.what == "begun" and (asked is None or entry.pid in asked):
                begun.add(entry.about)
            elif entry.what == "stored":
                begun.discard(entry.about)
        self.in_flight |= begun

    @property
    def able(self) -> bool:
        """Whether any worker is awake and has begun."""
        return any(not member.frozen and self.owners(member) for member in self.of("worker"))

    # -- the end ---------------------------------------------------------------------------

    async def serving(self, seconds: float = 60) -> None:
        """Until every web process serves."""
        async with asyncio.timeout(seconds):
            while not all(member.address for member in self.of("web")):
                if self.fallen:
                    raise RuntimeError(f"{self.fallen} did not start:\n{self.last_words()}")
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        for member in self.members:
            self.wake(member)
            member.process.terminate()
        for member in self.members:
            try:
                member.process.wait(20)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()

    def last_words(self) -> str:
        return "\n".join(f"{member.name}: {member.log.read_text(errors='replace')[-1500:]}" for member in self.members)


def _named(dsn: str, name: str) -> str:
    """The address under which a server knows who is calling."""
    return f"{dsn}{'&' if '?' in dsn else '?'}application_name={quote(name)}"


# -- the database ------------------------------------------------------------------------------


def kill_postgres(postgres: EmbeddedPostgres) -> None:
    """SIGKILL to the postmaster, and another one in its place. Blocks until it answers."""
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.start()


def freeze_postgres(postgres: EmbeddedPostgres) -> list[int]:
    """SIGSTOP to the server and all its backends; the processes to wake."""
    assert postgres.pid is not None
    stopped: list[int] = []
    while found := [pid for pid in [postgres.pid, *_children(postgres.pid)] if pid not in stopped]:
        for pid in found:
            _signal(pid, signal.SIGSTOP)
        stopped += found
    return stopped


def wake_postgres(stopped: list[int]) -> None:
    for pid in stopped:
        _signal(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # a backend that ended meanwhile
        os.kill(pid, number)
