"""How long the stages took in this process: for whoever publishes figures. Nothing here depends on how they are published."""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from narratix.tracing import span

BOUNDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0)
"""Seconds; the upper bounds of the counted spans, beyond the last of which lies one more."""


@dataclass(slots=True)
class Taken:
    """`counts` of runs by span, and the seconds they took together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class Timings:
    """A tally that only grows. Used from the event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: dict[tuple[str, str], Taken] = {}

    @contextlib.contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Count what happens in the block as one run, which ends as done, failed or cancelled; its errors go on."""
        began, outcome = self._clock(), "failed"
        try:
            with span(stage):
                yield
            outcome = "done"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._add(stage, outcome, self._clock() - began)

    def _add(self, stage: str, outcome: str, seconds: float) -> None:
        taken = self._taken.setdefault((stage, outcome), Taken())
        taken.counts[bisect_left(BOUNDS, seconds)] += 1
        taken.seconds += seconds

    def figures(self) -> Mapping[tuple[str, str], Taken]:
        """By stage and outcome, all since the process began."""
        return dict(self._taken)


TIMINGS: Final = Timings()
"""This process's."""
