"""Keeps the embedded Postgres running while anybody uses it. Run as a program, with the standard library alone:

    python -I -S keeper.py USERS_LOCK LOG UID GID POSTGRES ARGUMENT...

Every process that uses the server holds a shared lock on USERS_LOCK, and the kernel lets go of it however that
process ends. The keeper asks for the exclusive lock: it is given when the last user has gone, even by SIGKILL, and
then the server is shut down cleanly. The lock is held until the server is gone, so that a newcomer waits instead of
meeting a server that is on its way out. Where the keeper itself is killed, Linux sends the server the same signal.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1


def keep(users_lock: str, log: str, uid: int, gid: int, command: list[str]) -> None:
    """Start `command` as `uid`:`gid`, its output appended to `log`; return when it has ended."""
    os.setsid()
    os.chdir("/")
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    lock = os.open(users_lock, os.O_RDWR)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)

    signal.signal(signal.SIGCHLD, _server_ended)
    keeper = os.getpid()
    server = os.fork()
    if server == 0:
        # after setuid, which clears it
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != keeper:
            os._exit(1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            os.execv(command[0], command)  # noqa: S606 - a path of our own, without a shell
        finally:
            os._exit(127)

    fcntl.flock(lock, fcntl.LOCK_EX)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.kill(server, signal.SIGINT)
    os.waitpid(server, 0)


def _server_ended(_signal: int, _frame: FrameType | None) -> None:
    os.wait()
    os._exit(1)


if __name__ == "__main__":
    keep(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
