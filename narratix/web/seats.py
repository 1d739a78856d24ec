"""How many streams one client may have open, counted in each process."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from narratix.web.metrics import Metrics
from narratix.web.problems import Problem


class Seats:
    """Open streams per client in this process."""

    def __init__(self, per_client: int, metrics: Metrics) -> None:
        self._per_client = per_client
        self._taken: Counter[str] = Counter()
        self._metrics = metrics

    @contextlib.contextmanager
    def taken(self, client: str) -> Iterator[None]:
        """Hold a seat within the block. Raises Problem (429) where none is free."""
        if self._taken[client] >= self._per_client:
            raise Problem(
                429,
                "Too many streams",
                f"From one address {self._per_client} streams may be open at once. Close one, then try again.",
                retry_after=10,
            )
        self._taken[client] += 1
        self._metrics.streams.inc()
        try:
            yield
        finally:
            self._metrics.streams.dec()
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
