"""A job as it was at any version or time: the fold of its events up to there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from immutables import Map

from narratix.events.store import Recorded
from narratix.job import Job, fold

Moment: TypeAlias = int | datetime
"""After so many events, or after all that were recorded by a time."""


class NotAMoment(ValueError):
    """Neither a version nor a time. Its text is a sentence for people."""


class NotYet(Exception):
    """The job has fewer events. Its text is a sentence for people."""


def moment(text: str) -> Moment:
    """A version ("12") or a time in ISO 8601 ("2026-11-22T19:00Z"; without a zone, UTC). Raises NotAMoment."""
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as problem:
        raise NotAMoment(
            f"{text!r} is neither a version (12) nor a time in ISO 8601 (2026-11-22T19:00Z; in an address, + is %2B)."
        ) from problem


def up_to(events: Sequence[Recorded], at: Moment) -> Sequence[Recorded]:
    """The first of a job's events, up to a moment. Raises NotYet for a version that it does not have."""
    if isinstance(at, datetime):
        return list(takewhile(lambda event: event.recorded_at <= at, events))
    if at > len(events):
        raise NotYet(f"This job has {len(events)} events so far; ask for a version up to {len(events)}.")
    return events[:at]


def state_view(job_id: UUID, events: Sequence[Recorded]) -> dict[str, Any]:
    """The folded job as plain values."""
    state: dict[str, Any] = msgspec.to_builtins(fold(Job(id=job_id), (event.data for event in events)), enc_hook=_plain)
    return state


def _plain(value: Any) -> Any:
    if isinstance(value, Map):
        return {str(key): value[key] for key in sorted(value)}
    raise NotImplementedError(f"{type(value).__name__} has no JSON form here")
