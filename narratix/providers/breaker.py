"""A circuit breaker: who fails again and again is left alone for a while (Nygard, Release It!, 2007)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
REST_SECONDS: Final = 60.0


class Breaker:
    """Closed while calls succeed. Opens after `failures` in a row, or at once by `trip`; after `rest` seconds one call
    is let through, and its outcome decides. Failures that are less than `apart` seconds from another count as one: those
    of calls that were under way together."""

    def __init__(
        self, clock: Callable[[], float], *, failures: int = FAILURES, rest: float = REST_SECONDS, apart: float = 0.0
    ) -> None:
        self._clock = clock
        self._failures = failures
        self._rest = rest
        self._apart = apart
        self._in_a_row = 0
        self._counted_at = float("-inf")
        self._opened_at: float | None = None
        self.reason = ""

    @property
    def open(self) -> bool:
        """Whether calls are to be spared. Asking lets one call through when the rest is over."""
        if self._opened_at is None:
            return False
        if self._clock() - self._opened_at < self._rest:
            return True
        self._opened_at = self._clock()  # others go on being spared while one tries
        return False

    def succeeded(self) -> None:
        self._in_a_row = 0
        self._opened_at = None
        self.reason = ""

    def failed(self, reason: str, *, trip: bool = False) -> None:
        if self._clock() - self._counted_at >= self._apart:
            self._in_a_row += 1
            self._counted_at = self._clock()
        self.reason = reason
        if trip or self._in_a_row >= self._failures:
            self._opened_at = self._clock()

    @property
    def is_open(self) -> bool:
        """Whether it stands open, for those who only look."""
        return self._opened_at is not None
