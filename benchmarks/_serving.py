"""A Narratix of a benchmark's own, served as visitors find it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).parents[1]


@contextmanager
def service(engine: str, home: Path | None = None) -> Iterator[str]:
    """The address of a service whose default voices are `engine`. It keeps its things in `home`, or in a directory that is
    gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="narratix-benchmark-") as passing:
        kept = home or Path(passing)
        kept.mkdir(parents=True, exist_ok=True)
        kept.chmod(0o755)
        environment = os.environ | {
            "NARRATIX_HOME": str(kept),
            "NARRATIX_SPEECH": engine,
            "NARRATIX_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "narratix", "serve", "--port", "0"]
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                raise SystemExit(f"The service did not start (exit status {process.wait()}).")
            yield line.removeprefix("listening on ").strip()
        finally:
            process.terminate()
            process.wait()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def call(address: str, body: dict[str, Any] | None = None) -> Any:
    """What a JSON call answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
