"""The service as a process of its own, for what one process cannot show."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from narratix.app import Database

SERVER: Final = """
import asyncio, json, sys
from pathlib import Path
import structlog
from narratix.app import Database, open_app
from narratix.settings import Settings
from narratix.web.serve import serve

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # nobody reads our stdout to its end

async def main(home, chosen, dsn, direct=None):
    quick = {"speech": "silent", "music": "silent", "effects": "silent"}
    settings = Settings(home=Path(home), **(quick | json.loads(chosen)))
    async with open_app(settings, Database(dsn, direct=direct), "web") as services:
        await serve(services, "127.0.0.1", 0, announce=lambda line: print(line, flush=True))
    print("closed", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@contextlib.asynccontextmanager
async def running_process(server: Database, home: Path, **settings: Any) -> AsyncIterator[str]:
    """Its base URL."""
    home.mkdir()
    process = await start(server, home, **settings)
    try:
        yield await address(process)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def start(server: Database, home: Path, **settings: Any) -> asyncio.subprocess.Process:
    direct = [server.direct] if server.direct else []
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(home), json.dumps(settings), server.dsn, *direct),
        stdout=asyncio.subprocess.PIPE,
    )


async def address(process: asyncio.subprocess.Process) -> str:
    """Its base URL, as soon as it takes requests."""
    assert process.stdout is not None
    announced = (await process.stdout.readline()).decode()
    assert announced.startswith("listening on http://127.0.0.1:")
    return announced.removeprefix("listening on ").strip()
