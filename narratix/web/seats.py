"""How many streams one client may have open, counted in each process."""

from __future__ import annotations

from collections import Counter

from narratix.web.metrics import Metrics
from narratix.web.problems import Problem


class Seats:
    """Open streams per client in this process."""

    def __init__(self, per_client: int, metrics: Metrics) -> None:
        self._per_client = per_client
        self._taken: Counter[str] = Counter()
        self._metrics = metrics

    def take(self, client: str) -> None:
        """One seat, to be given back with `leave`. Raises Problem (429) where none is free."""
        if self._taken[client] >= self._per_client:
            raise Problem(
                429,
                "Too many streams",
                f"From one address {self._per_client} streams may be open at once. Close one, then try again.",
                retry_after=10,
            )
        self._taken[client] += 1
        self._metrics.streams.inc()

    def leave(self, client: str) -> None:
        self._metrics.streams.dec()
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
