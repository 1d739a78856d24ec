"""The status view: what the HTTP contract shows of a job, made from its row. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from narratix.projections.job_status import JobStatus, StageCount
from narratix.results import stream_address

ENDED: Final = frozenset({"completed", "failed", "cancelled", "expired"})


def status_view(row: JobStatus) -> dict[str, Any]:
    """All that the row tells, as plain values for JSON."""
    lines = row.stages["speak_line"]
    return {
        "job_id": row.job_id,
        "title": row.title,
        "status": row.status,
        "progress": row.progress,
        "stage": row.stage,
        "step": step(row),
        "cast": [msgspec.to_builtins(entry) | {"voice": entry.voice or None} for entry in row.cast],
        "lines": {"total": lines.total or 0, "spoken": lines.done},
        "eta_seconds": row.eta_seconds,
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "error": row.error or None,
        "links": links(row.job_id, streams=row.streams and row.status != "expired"),
        "stages": [{"name": stage.name, "done": stage.done, "total": stage.total} for stage in row.stages.values()],
        "notice": notice(row),
        "setback": None if row.setback is None else msgspec.to_builtins(row.setback),
        "duration_seconds": row.duration_seconds,
    }


def summary(row: JobStatus) -> dict[str, Any]:
    """The view of a job among many."""
    view = status_view(row)
    return {name: view[name] for name in SUMMARY}


SUMMARY: Final = (
    "job_id",
    "title",
    "status",
    "progress",
    "stage",
    "version",
    "created_at",
    "updated_at",
    "duration_seconds",
    "error",
    "links",
)


def links(job_id: str, *, streams: bool = False) -> dict[str, str | None]:
    """`stream` is None until the drama can be heard while it is made."""
    return {
        "status": f"/api/demo/status/{job_id}",
        "events": f"/api/demo/events/{job_id}",
        "result": f"/api/demo/result/{job_id}",
        "stream": stream_address(job_id) if streams else None,
    }


def notice(row: JobStatus) -> str | None:
    """What a listener should know of how it was made, in a sentence."""
    if not row.stand_in:
        return None
    return f"The voices of {row.engine} could not be had for all lines; {row.stand_in} speaks the others."


def step(row: JobStatus) -> str:
    """What is being done, in a sentence."""
    if row.status in _ENDINGS:
        return _ENDINGS[row.status]
    if row.status == "queued":
        return "Waiting for its turn" if row.runs == 1 else "Going on from where it stopped"
    return _STEPS[row.stage](row.stages[row.stage])


_ENDINGS: Final = {
    "completed": "Finished",
    "failed": "Failed",
    "cancelled": "Called off",
    "expired": "Expired; its files were deleted",
}


def _counted(doing: str) -> Callable[[StageCount], str]:
    def sentence(count: StageCount) -> str:
        total = count.total or 0
        return f"{doing} {min(count.done + 1, total)} of {total}" if total else doing

    return sentence


def _plain(sentence: str) -> Callable[[StageCount], str]:
    return lambda _count: sentence


_STEPS: Final[dict[str, Callable[[StageCount], str]]] = {
    "write_script": _plain("Reading the story into a script"),
    "cast_voices": _plain("Casting a voice for everyone"),
    "plan_sound": _plain("Finding places for music and effects"),
    "speak_line": _counted("Speaking line"),
    "compose_music": _counted("Composing music"),
    "render_effect": _counted("Making sound effect"),
    "stream_drama": _plain("Putting the stream together"),
    "mix_drama": _plain("Mixing voices, music and effects"),
    "publish_drama": _plain("Preparing the files"),
}
