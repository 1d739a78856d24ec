"""How long somebody will wait for a drama, by how long others waited here of late. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

from narratix.projections.job_status import JobStatus
from narratix.projections.library import Drama

LATELY: Final = 20
"""Dramas that the pace is taken from."""


def wait_seconds(seconds: float, finished: Sequence[Drama], under_way: Iterable[JobStatus]) -> float | None:
    """Seconds until a drama of so many seconds is made: at the median pace of the finished ones, after what the others
    that are under way still need. None where nothing was made here yet."""
    paces = [
        (drama.completed_at - drama.created_at).total_seconds() / drama.duration_seconds
        for drama in finished
        if drama.duration_seconds
    ]
    if not paces:
        return None
    ahead = sum(job.eta_seconds or 0.0 for job in under_way)
    return round(statistics.median(paces) * seconds + ahead, 1)
