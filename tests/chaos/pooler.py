"""PgBouncer in transaction mode before a PostgreSQL, where it is installed (on Debian and Ubuntu: apt install pgbouncer)."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy.engine import make_url

PORT: Final = 6432  # of a unix socket in a directory of our own, so nobody else's
PATIENCE_SECONDS: Final = 20.0

PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
"""None where there is no PgBouncer."""


@contextlib.contextmanager
def pgbouncer(dsn: str, home: Path, *, connections: int = 8) -> Iterator[str]:
    """The address of a pooler in front of `dsn` (a unix socket, no password), which shares `connections` among all. Its
    log is left in `home`."""
    assert PROGRAM is not None, "PgBouncer is not installed; on Debian and Ubuntu: apt install pgbouncer"
    url = make_url(dsn)
    sockets = Path(str(url.query["host"]))
    # not below `home`, which only its owner may be able to enter
    ours, theirs = Path(tempfile.mkdtemp(prefix="narratix-pooler-")), sockets.stat()
    configuration = ours / "pgbouncer.ini"
    configuration.write_text(f"""
[databases]
* = host={sockets} user={url.username}
[pgbouncer]
listen_addr =
listen_port = {PORT}
unix_socket_dir = {ours}
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 1000
server_login_retry = 0.2
ignore_startup_parameters = extra_float_digits
logfile = {ours / "pgbouncer.log"}
""")
    root = os.geteuid() == 0
    if root:  # which it refuses to run as, and only the server's user can enter its directory
        os.chown(ours, theirs.st_uid, theirs.st_gid)
    process = subprocess.Popen(
        [PROGRAM, "-q", str(configuration)],
        stderr=subprocess.DEVNULL,
        user=theirs.st_uid if root else None,
        group=theirs.st_gid if root else None,
        extra_groups=[] if root else None,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (ours / f".s.PGSQL.{PORT}").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer did not start; {configuration} and what lies beside it may say why.")
            time.sleep(0.02)
        yield f"postgresql://{url.username}@/{url.database}?host={quote(str(ours), safe='/')}&port={PORT}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        if (log := ours / "pgbouncer.log").exists():
            shutil.copy(log, home)
            shutil.rmtree(ours)
