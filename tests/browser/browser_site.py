"""A running service that a browser test may visit, kill and start again.

The test bodies know only `Site`; `SITES` names the ways to get one, so that the same bodies run against the stand-in
and against the real service.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Page

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]

BROWSER_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


class Site(Protocol):
    url: str

    def kill(self) -> None:
        """End the service as a crash would, without a word."""
        ...

    def restart(self) -> None:
        """Start it again at the same address, with all it had stored."""
        ...

    def hold(self) -> None:
        """Let dramas that are submitted from now on wait in the middle of their making. A service that takes its time
        anyway need not do anything."""
        ...

    def release(self) -> None:
        """Let all dramas go on to their end."""
        ...

    def close(self) -> None: ...


class StandInSite:
    """The stand-in in a process of its own."""

    def __init__(self, state: Path, pace: float = 0.02) -> None:
        self.url = ""
        self._state = state
        self._command = [sys.executable, str(FOLDER / "stand_in.py"), "--state", str(state), "--pace", str(pace)]
        self._port = 0
        self._start()

    def _start(self) -> None:
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        self._process = subprocess.Popen(
            [*self._command, "--port", str(self._port)], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        assert told.startswith("listening on "), f"The stand-in did not start; it said {told!r}."
        self.url = told.removeprefix("listening on ").strip()
        self._port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def restart(self) -> None:
        self._start()

    def hold(self) -> None:
        (self._state / "held").touch()

    def release(self, *, all: bool = True) -> None:
        """With `all=False`, only as far as the next hold."""
        (self._state / "held").unlink(missing_ok=True)
        for path in self._state.glob("*.json"):
            job = json.loads(path.read_text())
            job["actions"].append({"kind": "release", "at": time.time(), "all": all})
            path.with_suffix(".new").write_text(json.dumps(job))
            path.with_suffix(".new").replace(path)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()


SITES: dict[str, Callable[[Path], Site]] = {"stand-in": StandInSite}


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def until(page: Page, condition: str, seconds: float = 300) -> Any:
    """The value of a JavaScript expression once it is truthy. Playwright's own waiting needs eval, which the page's
    policy forbids."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := page.evaluate(condition):
            return value
        page.wait_for_timeout(40)
    raise AssertionError(f"After {seconds} s this did not hold: {condition}\nThe page said:\n{page.inner_text('body')}")


def save_screenshot(page: Page, name: str) -> None:
    """Keep a picture when NARRATIX_SCREENSHOTS names a folder. The README shows `page`: to renew it, run the tests with
    NARRATIX_SCREENSHOTS=docs and keep docs/page.png."""
    if folder := os.environ.get("NARRATIX_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")
