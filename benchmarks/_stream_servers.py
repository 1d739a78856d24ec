"""The servers whose event streams are measured, each a process of its own: Narratix, and nginx with nchan."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODULE: Final = "ngx_nchan_module.so"
FOLDERS: Final = (
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
    "/etc/nginx/modules",
)
START_SECONDS: Final = 60

_CONFIGURATION: Final = """
load_module {module};
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        keepalive_requests 1000000;
        location ~ ^/pub/(.+)$ {{
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 200;
        }}
        location ~ ^/sub/(.+)$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
            nchan_eventsource_ping_interval 15;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Server:
    port: int
    pid: int

    def resident_kb(self) -> int:
        """Memory of the process and its children that is in RAM."""
        return sum(_resident_kb(pid) for pid in (self.pid, *_children(self.pid)))


@contextlib.contextmanager
def narratix_web(dsn: str, streams: int) -> Iterator[Server]:
    """`narratix serve --role web`, as it is in production, but for the limit of streams per address."""
    with tempfile.TemporaryDirectory(prefix="narratix-bench-") as home:
        environment = {
            **os.environ,
            "DATABASE_URL": dsn,
            "NARRATIX_HOME": home,
            "NARRATIX_SPEECH": "silent",
            "NARRATIX_MUSIC": "silent",
            "NARRATIX_EFFECTS": "silent",
            "NARRATIX_MAX_STREAMS_PER_ADDRESS": str(streams),
        }
        command = [sys.executable, "-m", "narratix", "serve", "--role", "web", "--port", "0"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                announced = process.stdout.readline()
                if not announced.startswith("listening on "):
                    raise SystemExit("narratix serve did not start; what it said is above.")
                yield Server(int(announced.rsplit(":", 1)[1]), process.pid)
            finally:
                process.send_signal(signal.SIGTERM)


def nchan_missing() -> str | None:
    """Why nchan cannot be measured here, and what to do about it."""
    if _nginx() is None or _module() is None:
        return "nginx with nchan is not here (Debian: apt-get install nginx-light libnginx-mod-nchan); it was left out."
    return None


@contextlib.contextmanager
def nchan(streams: int) -> Iterator[Server]:
    """nginx with nchan: one worker, messages published at /pub/ID, read at /sub/ID."""
    nginx = _nginx()
    assert nginx is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="nchan-bench-") as folder:
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                module=_module(),
                folder=folder,
                port=port,
                files=streams + 1000,
                user="user root;" if not os.getuid() else "",
            )
        )
        command = [nginx, "-p", folder, "-c", str(configuration), "-e", f"{folder}/error.log"]
        with subprocess.Popen(command) as process:
            try:
                _wait_for(port, process, Path(folder) / "error.log")
                yield Server(port, process.pid)
            finally:
                process.send_signal(signal.SIGTERM)


def _wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nginx did not start: {errors.read_text() if errors.exists() else 'it left no word'}")


def _nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _module() -> Path | None:
    return next((found for folder in FOLDERS if (found := Path(folder) / MODULE).exists()), None)


def _resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
