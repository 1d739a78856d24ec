"""The launcher, driven as its users drive it: from several processes, some of which are killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from narratix.embedded.postgres import EmbeddedPostgres, PostgresUnavailable

USES_THE_DATABASE = """
import sys
from pathlib import Path
from narratix.embedded.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
sys.stdin.read()
"""


class Neighbour:
    """Another process that uses the database of `home` until it is killed."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USES_THE_DATABASE, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dsn(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def open_directory() -> Iterator[Path]:
    """Everybody may enter it. Pytest's own directories are private, and root's server could not live there."""
    with tempfile.TemporaryDirectory(prefix="narratix ") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def empty_home() -> Iterator[Path]:
    with open_directory() as directory:
        yield directory / "a home"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    with open_directory() as directory:
        with EmbeddedPostgres(directory / "a home"):
            pass
        yield directory / "a home"


@pytest.fixture
def home(empty_home: Path, cluster: Path) -> Path:
    """A home whose server was started and stopped before."""
    subprocess.run(["cp", "-a", str(cluster), str(empty_home)], check=True)
    return empty_home


@pytest.fixture
def neighbours(empty_home: Path) -> Iterator[Callable[[], Neighbour]]:
    started: list[Neighbour] = []

    def start() -> Neighbour:
        started.append(Neighbour(empty_home))
        return started[-1]

    yield start
    for neighbour in started:
        neighbour.kill()


def query(dsn: str, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def server_pid(home: Path) -> int | None:
    try:
        return int((home / "postgres/data/postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_given_an_empty_home_when_started_then_it_serves_and_nothing_is_left_running_after(
    empty_home: Path,
) -> None:
    home = empty_home
    with EmbeddedPostgres(home) as dsn:
        assert query(dsn, "SELECT current_database() || current_setting('server_encoding')") == "narratixUTF8"
        assert query(dsn, "SELECT current_setting('listen_addresses')") == ""
        pid = server_pid(home)
        assert pid is not None
    assert server_pid(home) is None
    eventually(lambda: not is_running(pid))
    assert (home / "postgres").stat().st_mode & 0o077 == 0


def test_given_a_running_server_when_a_second_one_starts_then_it_is_adopted_and_outlives_the_first(home: Path) -> None:
    first, second = EmbeddedPostgres(home), EmbeddedPostgres(home)
    first.start()
    try:
        pid = server_pid(home)
        dsn = second.start()
        assert server_pid(home) == pid
        first.stop()
        assert query(dsn, "SELECT 1") == 1
    finally:
        first.stop()
        second.stop()
    assert server_pid(home) is None


def test_given_the_only_user_is_killed_when_time_passes_then_the_server_stops_and_the_rows_are_kept(
    home: Path, neighbours: Callable[[], Neighbour]
) -> None:
    neighbour = neighbours()
    dsn = neighbour.dsn()
    query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    neighbour.kill()
    eventually(lambda: server_pid(home) is None)
    with EmbeddedPostgres(home) as dsn:
        assert query(dsn, "SELECT answer FROM kept") == 42


def test_given_its_starter_is_killed_when_another_process_uses_it_then_the_server_stays(
    home: Path, neighbours: Callable[[], Neighbour]
) -> None:
    starter = neighbours()
    starter.dsn()
    with EmbeddedPostgres(home) as dsn:
        starter.kill()
        assert query(dsn, "SELECT pg_sleep(0.2)::text") == ""
        assert query(dsn, "SELECT 1") == 1


def test_given_the_server_is_killed_when_started_again_then_it_recovers_its_rows(home: Path) -> None:
    database = EmbeddedPostgres(home)
    dsn = database.start()
    try:
        query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(home)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{pid}").exists())
        assert query(database.start(), "SELECT answer FROM kept") == 42
        assert server_pid(home) != pid
    finally:
        database.stop()


def test_given_a_pid_file_that_names_a_stranger_when_started_then_the_stranger_is_left_alone(home: Path) -> None:
    database = EmbeddedPostgres(home)
    database.start()
    pid = server_pid(home)
    assert pid is not None
    pid_file = home / "postgres/data/postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    database.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        with database as dsn:
            assert query(dsn, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n")


def test_given_two_processes_when_both_start_at_once_then_there_is_one_server(
    neighbours: Callable[[], Neighbour],
) -> None:
    pair = [neighbours() for _ in range(2)]
    servers = {query(neighbour.dsn(), "SELECT pg_postmaster_start_time()") for neighbour in pair}
    assert len(servers) == 1


def test_given_an_initdb_that_was_killed_when_started_then_its_half_made_cluster_is_cleared_away(home: Path) -> None:
    half_made = home / "postgres/making-4711"
    (home / "postgres/data").rename(half_made)
    (half_made / "PG_VERSION").unlink()
    with EmbeddedPostgres(home) as dsn:
        assert query(dsn, "SELECT 1") == 1
    assert not half_made.exists()


def test_given_a_long_path_when_started_then_its_socket_lies_where_the_path_is_short(empty_home: Path) -> None:
    home = empty_home / ("deep" * 20) / "home"
    with EmbeddedPostgres(home) as dsn:
        assert query(dsn, "SELECT 1") == 1
        sockets = Path(str(query(dsn, "SELECT current_setting('unix_socket_directories')")).strip('"'))
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert not sockets.is_relative_to(home)


def test_given_a_damaged_cluster_when_started_then_the_error_says_what_postgres_said(home: Path) -> None:
    (home / "postgres/data/PG_VERSION").write_text("9.6\n")
    with pytest.raises(PostgresUnavailable, match=r"9\.6"):
        EmbeddedPostgres(home).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_given_root_and_a_home_below_a_private_directory_when_started_then_permissions_stay_as_they_are(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    home = private / "home"
    database = EmbeddedPostgres(home)
    try:
        with database as dsn:
            query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
            assert not database.log.is_relative_to(private)
        with EmbeddedPostgres(home) as dsn:
            assert query(dsn, "SELECT answer FROM kept") == 42
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(database.log.parent)
