"""The HTTP server: one uvicorn in this event loop, told when it is ready, stopped without cutting anybody off."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from narratix.services import Services
from narratix.web.server import create_api
from narratix.web.streams import DROP

BACKLOG: Final = 2048
SHUTDOWN_SECONDS: Final = 5
STALLED_MILLISECONDS: Final = 30_000
"""How long sent bytes may stay unacknowledged before the kernel gives a connection up."""

UNSENT_BYTES: Final = 1 << 16
"""What the kernel takes for a connection before the reader has room for it; by itself it would take megabytes."""


class CannotListen(Exception):
    """The address cannot be served. Its text is a sentence for people."""


class PortInUse(CannotListen):
    """Another process listens there."""


async def serve(services: Services, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then end streams, finish what is being answered and return.

    `port` 0 picks a free one. `announce` is called once, with the line `listening on http://HOST:PORT`, when requests
    are taken. Raises PortInUse, CannotListen. Run the loop with uvloop for its speed.
    """
    with _listener(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        # Long-lived connections are many objects that never become garbage: look for it less often.
        gc.set_threshold(100_000, 50, 1000)
        _allow_many_connections()
        await Server(create_api(services), lambda: announce(f"listening on {address}")).serve([listener])


class Server(uvicorn.Server):
    """Tells when it is ready, and ends the event streams before it waits for the answers that are under way."""

    def __init__(self, api: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                api,
                http=Connection,
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self._api = api
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._api.state.web.broadcaster.end_streams()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The signals end `serve` and nothing else: the services around it have yet to be closed."""
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM)
        for number in handled:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


class Connection(HttpToolsProtocol):
    """One that the application can drop: closing it would wait for a reader that has stopped reading."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: {"call": self.transport.abort}}


def _allow_many_connections() -> None:
    """Each is a file to the system, whose soft limit is often 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Port {port} on {host} is in use. Stop what listens there, or choose another with --port (0: any)."
            ) from problem
        raise CannotListen(f"Cannot listen on {host}, port {port}: {problem.strerror or problem}.") from problem
    # accepted connections inherit both
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MILLISECONDS)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    listener.setblocking(False)
    return listener
