"""What every comparing benchmark uses: a server, fair turns, and a report.

with postgres(slow_commit_ms=3.0) as dsn:
    ours, theirs = fresh_database(dsn), empty_database(dsn)
    measured = interleaved({"narratix": lambda: ..., "peer": lambda: ...}, rounds=5)
report(name="work", title="...", unit="jobs/s", measured=measured, baseline="peer", notes=["..."])
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Console
from rich.progress import track

from benchmarks._report import ratio, record, report
from benchmarks._server import DISK, empty_database, fresh_database, postgres

__all__ = [
    "DISK",
    "empty_database",
    "fresh_database",
    "interleaved",
    "need_peers",
    "postgres",
    "ratio",
    "record",
    "report",
]

_errors: Final = Console(stderr=True)


def interleaved(calls: Mapping[str, Callable[[], float]], rounds: int = 5) -> dict[str, list[float]]:
    """Every call once per round, by turns, so that a disk or a neighbour that changes its mind meets all of them;
    every other round backwards, so that none is always the first. A call returns its figure."""
    measured: dict[str, list[float]] = {name: [] for name in calls}
    turns = [list(calls)[:: 1 if number % 2 == 0 else -1] for number in range(rounds)]
    order = [name for turn in turns for name in turn]
    for name in track(order, "Measuring", console=_errors, disable=not _errors.is_terminal, transient=True):
        measured[name].append(calls[name]())
    return measured


def need_peers(*modules: str) -> None:
    """Leave with a kind word where one of these is not installed."""
    missing = [module for module in ("matplotlib", *modules) if importlib.util.find_spec(module) is None]
    if missing:
        raise SystemExit(
            f"This needs {', '.join(missing)}, from the dependency group `bench`: pip install --group bench"
        )
