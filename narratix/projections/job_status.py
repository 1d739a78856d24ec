"""job_status: what a browser is shown of a job. Every figure in it is a fold of the job's events."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from narratix.events.catalogue import (
    AttemptFailed,
    CastMember,
    DramaExpired,
    DramaMixed,
    DramaPublished,
    EffectRendered,
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    JobSubmitted,
    LineRevised,
    LineSpoken,
    MusicComposed,
    PassageMixed,
    ScriptWritten,
    SoundPlanned,
    StreamOpened,
    VoicesCast,
)
from narratix.events.codec import Damaged, Unreadable
from narratix.events.store import Recorded
from narratix.projections.projection import Projection, projection_table


class CastEntry(msgspec.Struct, kw_only=True, gc=False):
    """A character as the HTTP contract shows it everywhere."""

    id: str
    name: str
    aliases: tuple[str, ...]
    gender: str
    narrator: bool
    voice: str
    lines: int


class StageCount(msgspec.Struct, kw_only=True, gc=False):
    """How far a stage is; `total` is None until it is known."""

    name: str
    done: int = 0
    total: int | None = None


class Setback(msgspec.Struct, kw_only=True, gc=False):
    """The last failed attempt that has not been made good yet."""

    stage: str
    item: str
    attempt: int
    attempts: int
    reason: str
    retry_in: float | None


class JobStatus(msgspec.Struct, kw_only=True, gc=False):
    """The row. Mutable: it belongs to whoever folds it. A tree, of which the collector of cycles need not know."""

    job_id: str
    title: str
    status: str = "queued"
    stages: dict[str, StageCount]
    cast: list[CastEntry] = []
    setback: Setback | None = None
    error: str = ""
    failed_stage: str = ""
    runs: int = 1
    version: int = 0
    characters: int = 0
    speaking_since: datetime | None = None
    eta_seconds: float | None = None
    duration_seconds: float | None = None
    streams: bool = False
    engine: str = ""
    stand_in: str = ""
    revisions: dict[str, int] = {}
    """What was revised ("line 7", "passage 2", "drama") -> the version since when."""
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        """A row of an earlier release knows nothing of later stages; nothing is to be done there."""
        for name in STAGES:
            if name not in self.stages:
                self.stages[name] = StageCount(name=name, total=0)

    @property
    def stage(self) -> str:
        """The stage that is under way: the first that is not done."""
        if self.status in ("completed", "expired"):
            return STAGES[-1]
        if self.status == "failed" and self.failed_stage:
            return self.failed_stage
        return next((name for name in STAGES if not _is_done(self.stages[name])), STAGES[-1])

    @property
    def progress(self) -> int:
        """0..100; 100 only when the result can be fetched."""
        if self.status in ("completed", "expired"):
            return 100
        made = sum(WEIGHTS[name] * _share(count) for name, count in self.stages.items())
        return min(99, int(100 * made / sum(WEIGHTS.values())))


WEIGHTS: Final = {
    "write_script": 4,
    "cast_voices": 1,
    "plan_sound": 1,
    "speak_line": 70,
    "compose_music": 5,
    "render_effect": 3,
    "stream_drama": 4,
    "mix_drama": 8,
    "publish_drama": 4,
}
"""What each stage is of the whole work, roughly, in the order in which they end."""

STAGES: Final = tuple(WEIGHTS)

_ENDS: Final[dict[type[Event], str]] = {
    ScriptWritten: "write_script",
    VoicesCast: "cast_voices",
    SoundPlanned: "plan_sound",
    LineSpoken: "speak_line",
    MusicComposed: "compose_music",
    EffectRendered: "render_effect",
    PassageMixed: "stream_drama",
    DramaMixed: "mix_drama",
    DramaPublished: "publish_drama",
}


def evolve(row: JobStatus | None, recorded: Recorded, _key: str = "") -> JobStatus | None:
    """The row after an event; None while its job has not begun. Raises Unreadable for a damaged event."""
    event = recorded.data
    if isinstance(event, Damaged):
        raise Unreadable(event.problem)
    if row is None:
        if not isinstance(event, JobSubmitted):
            return None
        row = JobStatus(
            job_id=str(recorded.stream_id),
            title=event.title,
            characters=event.characters,
            stages={name: StageCount(name=name, total=None if name in _COUNTED else 1) for name in STAGES},
            created_at=recorded.recorded_at,
            updated_at=recorded.recorded_at,
        )
    row.version = recorded.version
    row.updated_at = recorded.recorded_at
    if _is_stale(row, event):
        return row
    if stage := _ENDS.get(type(event)):
        row.stages[stage].done += 1
        if row.status == "queued":
            row.status = "running"
        if row.setback is not None and row.setback.stage == stage:
            row.setback = None
    _apply(row, event, recorded.recorded_at)
    return row


_COUNTED: Final = ("speak_line", "compose_music", "render_effect", "stream_drama")


def _apply(row: JobStatus, event: Event, at: datetime) -> None:
    match event:
        case LineSpoken():  # first, as most of them are
            row.eta_seconds = _eta(row, at)
            if row.engine and event.usage.provider != row.engine:
                row.stand_in = event.usage.provider
        case LineRevised():
            _revise(row, event)
        case ScriptWritten():
            row.cast = _cast(event)
            row.stages["speak_line"].total = len(event.segments)
        case VoicesCast():
            for entry in row.cast:
                entry.voice = event.voices.get(entry.id, "")
            row.speaking_since = at
            row.engine = event.engine
        case SoundPlanned():
            row.stages["compose_music"].total = len(event.music)
            row.stages["render_effect"].total = len(event.effects)
            row.stages["stream_drama"].total = len(event.passages)
        case StreamOpened():
            row.streams = True
        case AttemptFailed():
            row.setback = Setback(
                stage=event.stage,
                item=event.item,
                attempt=event.attempt,
                attempts=event.attempts,
                reason=event.reason,
                retry_in=event.retry_in,
            )
            if event.retry_in is None and event.stage in ("compose_music", "render_effect"):
                count = row.stages[event.stage]
                count.total = (count.total or 1) - 1
            if event.retry_in is None and event.stage == "stream_drama":
                row.stages["stream_drama"].total = row.stages["stream_drama"].done
        case JobCompleted():
            row.status, row.eta_seconds, row.setback = "completed", 0.0, None
            row.duration_seconds = event.duration
        case JobFailed():
            row.status, row.error, row.failed_stage, row.eta_seconds = "failed", event.reason, event.stage, None
        case JobCancelled():
            row.status, row.eta_seconds = "cancelled", None
        case JobRetried():
            row.status, row.error, row.failed_stage, row.setback = "queued", "", "", None
            row.runs += 1
            row.speaking_since = None
        case DramaExpired():
            row.status = "expired"
        case DramaMixed():
            row.eta_seconds = None
        case _:
            pass


def _is_stale(row: JobStatus, event: Event) -> bool:
    """As `narratix.job.is_stale`."""
    match event:
        case LineSpoken():
            return event.revision != row.revisions.get(f"line {event.line}", 0)
        case PassageMixed():
            return event.revision != row.revisions.get(f"passage {event.passage}", 0)
        case DramaMixed() | DramaPublished():
            return event.revision != row.revisions.get("drama", 0)
        case _:
            return False


def _revise(row: JobStatus, event: LineRevised) -> None:
    revised = ("drama", f"line {event.line}", *(f"passage {passage}" for passage in event.passages))
    row.revisions.update(dict.fromkeys(revised, row.version))
    row.stages["speak_line"].done -= event.spoken
    row.stages["stream_drama"].done -= event.mixed
    row.stages["mix_drama"].done = row.stages["publish_drama"].done = 0


def _cast(script: ScriptWritten) -> list[CastEntry]:
    lines: dict[str, int] = {}
    for segment in script.segments:
        lines[segment.speaker] = lines.get(segment.speaker, 0) + 1
    return [cast_entry(member, "", lines.get(member.id, 0)) for member in script.cast]


def cast_entry(member: CastMember, voice: str, lines: int) -> CastEntry:
    return CastEntry(
        id=member.id,
        name=member.name,
        aliases=member.aliases,
        gender=member.gender,
        narrator=member.narrator,
        voice=voice,
        lines=lines,
    )


def _eta(row: JobStatus, at: datetime) -> float | None:
    """Seconds still to go: the lines left at the pace so far, and a mix at about a thirtieth of real time."""
    count = row.stages["speak_line"]
    if row.speaking_since is None or not count.total or count.done < 3:
        return None
    pace = (at - row.speaking_since).total_seconds() / count.done
    return round(pace * (count.total - count.done) + row.characters / 15 / 30, 1)


def _is_done(count: StageCount) -> bool:
    return count.total is not None and count.done >= count.total


def _share(count: StageCount) -> float:
    if count.total is None:
        return 0.0
    return min(1.0, count.done / count.total) if count.total else 1.0


JOB_STATUS: Final = Projection(
    name="job_status",
    code_version=5,
    row=JobStatus,
    table=projection_table("job_status"),
    keys=lambda event: (str(event.stream_id),),
    evolve=evolve,
    rank=lambda row: row.created_at,
)
