"""library: the finished dramas, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from narratix.events.catalogue import DramaExpired, DramaMixed, JobCompleted, JobSubmitted, LineRevised, ScriptWritten
from narratix.events.store import Recorded
from narratix.projections.projection import Projection, projection_table


class Drama(msgspec.Struct, kw_only=True, gc=False):
    job_id: str
    title: str
    cast_names: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    loudness_lufs: float = 0.0
    finished: bool = False
    created_at: datetime
    completed_at: datetime


def evolve(row: Drama | None, recorded: Recorded, _key: str = "") -> Drama | None:
    match recorded.data:
        case JobSubmitted() as submitted:
            at = recorded.recorded_at
            return Drama(job_id=str(recorded.stream_id), title=submitted.title, created_at=at, completed_at=at)
        case DramaExpired():
            return None
        case ScriptWritten() as script if row is not None:
            row.cast_names = tuple(member.name for member in script.cast)
        case LineRevised() if row is not None:
            row.finished = False
        case DramaMixed() as mixed if row is not None:
            row.duration_seconds, row.loudness_lufs = mixed.duration, mixed.loudness_lufs
        case JobCompleted() if row is not None:
            row.finished, row.completed_at = True, recorded.recorded_at
        case _:
            pass
    return row


_CONCERNS: Final = (JobSubmitted, ScriptWritten, LineRevised, DramaMixed, JobCompleted, DramaExpired)

LIBRARY: Final = Projection(
    name="library",
    code_version=2,
    row=Drama,
    table=projection_table("library"),
    keys=lambda event: (str(event.stream_id),) if isinstance(event.data, _CONCERNS) else (),
    evolve=evolve,
    rank=lambda row: row.completed_at,
)
