"""A running Narratix that a browser test may visit, direct, kill and start again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

from tests.browser.rehearsed_service import Orders, RehearsedSpeech

PROJECT = Path(__file__).parents[2]

BROWSER_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip

QUICK_ENGINES = {"NARRATIX_SPEECH": RehearsedSpeech.name, "NARRATIX_MUSIC": "silent", "NARRATIX_EFFECTS": "silent"}
REAL_ENGINES = {"NARRATIX_SPEECH": "fast", "NARRATIX_MUSIC": "composed", "NARRATIX_EFFECTS": "synthesised"}


Visit = Callable[..., Page]
"""Opens an address with a browser of its own: `visit(url, scheme="dark", size=(360, 740))`."""


class Site:
    """The service in a process of its own, over a database and a directory that outlast it.

    It takes its visitors' addresses from a proxy, so that every visit may come from another one and limits on an
    address concern one test.
    """

    def __init__(self, home: Path, dsn: str, engines: dict[str, str]) -> None:
        self.url = ""
        self._home = home
        self._environment = os.environ | engines | {
            "DATABASE_URL": dsn,
            "NARRATIX_HOME": str(home),
            "NARRATIX_LEASE_SECONDS": "2",
            "NARRATIX_LOG_LEVEL": "warning",
            "NARRATIX_TRUSTED_PROXY": "true",
        }  # fmt: skip
        self._port = 0
        self.start()

    def start(self) -> None:
        """Start it, again at the same address, with all it had stored."""
        command = [sys.executable, "-m", "tests.browser.rehearsed_service", "serve", "--port", str(self._port)]
        with (self._home / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=PROJECT, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        assert told.startswith("listening on "), f"The service did not start:\n{self.log}"
        self.url = told.removeprefix("listening on ").strip()
        self._port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        """End the service as a crash would, without a word."""
        self._process.kill()
        self._end()

    def close(self) -> None:
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def log(self) -> str:
        return (self._home / "service.log").read_text()

    # -- directing ---------------------------------------------------------------------------

    def hold(self, lines: int = 9, then: Literal["wait", "stumble", "refuse"] = "wait") -> None:
        """From now on only so many lines are spoken, and then the others wait, or fail for a while or for good."""
        Orders(Orders.read(self._home).take + 1, lines, then).write(self._home)

    def release(self, lines: int | None = None) -> None:
        """Go on, with `lines` only until so many are spoken."""
        Orders(Orders.read(self._home).take, lines).write(self._home)


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def until(page: Page, condition: str, seconds: float = 120) -> Any:
    """The value of a JavaScript expression once it is truthy. Playwright's own waiting needs eval, which the page's
    policy forbids."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := page.evaluate(condition):
            return value
        page.wait_for_timeout(40)
    raise AssertionError(f"After {seconds} s this did not hold: {condition}\nThe page said:\n{page.inner_text('body')}")


def save_screenshot(page: Page, name: str) -> None:
    """Keep a picture when NARRATIX_SCREENSHOTS names a folder. To renew the README's: NARRATIX_SCREENSHOTS=docs
    pytest tests/browser -k picture."""
    if folder := os.environ.get("NARRATIX_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")
