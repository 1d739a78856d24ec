"""A job is the list of events about it. This module is that sentence in code: `evolve` folds the events into
a `Job`, `decide` turns a command and a `Job` into new events. Pure: time, ids and chance stay outside.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import msgspec
from immutables import Map

from narratix.events.catalogue import (
    AttemptFailed,
    DramaExpired,
    DramaMixed,
    DramaPublished,
    EffectRendered,
    Event,
    EventSkipped,
    FeedbackGiven,
    HoldPlaced,
    HoldReleased,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    JobSubmitted,
    LineRevised,
    LineSpoken,
    MusicComposed,
    Options,
    PassageMixed,
    ScriptWritten,
    SoundPlanned,
    StreamOpened,
    StreamSealed,
    VoicesCast,
)
from narratix.events.codec import Damaged, Unreadable

Status = Literal["new", "queued", "running", "completed", "failed", "cancelled", "expired"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a job after `version` events. Folding an event costs the same at any length."""

    id: UUID
    version: int = 0
    status: Status = "new"
    title: str = ""
    text_sha256: str = ""
    text_key: str = ""
    characters: int = 0
    options: Options = Options()
    script: ScriptWritten | None = None
    voices: VoicesCast | None = None
    plan: SoundPlanned | None = None
    lines: Map[int, LineSpoken] = Map()
    stood_in: Map[str, str] = Map()
    """Cast id -> the engine that spoke a line of this person's instead of the one that was cast."""
    music: Map[str, MusicComposed] = Map()
    effects: Map[str, EffectRendered] = Map()
    passages: Map[int, PassageMixed] = Map()
    spoken: int = 0
    """So many lines are spoken from the first one on, without a gap."""
    heard: int = 0
    """So many passages are mixed from the first one on, without a gap."""
    opened: StreamOpened | None = None
    sealed: StreamSealed | None = None
    held: str = ""
    """Why the content must be kept; empty where it need not."""
    missing: Map[str, str] = Map()
    """`stage item` -> reason, of the optional work that the drama goes without."""
    mixed: DramaMixed | None = None
    published: DramaPublished | None = None
    revision: int = 0
    """The version of the last LineRevised."""
    revised: Map[int, LineRevised] = Map()
    """Line -> its last revision."""
    revisions: Map[int, int] = Map()
    """Line -> the version of its last LineRevised."""
    reopened: Map[int, int] = Map()
    """Passage -> the version of the last LineRevised that is heard in it."""
    laid: Map[int, LineSpoken] = Map()
    """Line -> the clip that it had before it was first revised."""
    runs: int = 1
    error: str = ""

    @property
    def active(self) -> bool:
        return self.status in ("queued", "running")


# -- evolve ------------------------------------------------------------------------------------


def evolve(job: Job, event: Event) -> Job:
    """The job after `event`. Every event counts as a version, also one of an unknown type. Raises Unreadable for a
    damaged one: what a job is cannot be told without it."""
    return msgspec.structs.replace(job, version=job.version + 1, **_change(job, event))


def fold(job: Job, events: Any) -> Job:
    """The job after `events`, an iterable of events."""
    for event in events:
        job = evolve(job, event)
    return job


def _change(job: Job, event: Event) -> dict[str, Any]:
    if is_stale(job, event):
        return {}
    match event:
        case JobSubmitted():
            return {
                "status": "queued",
                "title": event.title,
                "text_sha256": event.text_sha256,
                "text_key": event.text_key,
                "characters": event.characters,
                "options": event.options,
            }
        case ScriptWritten():
            return {"script": event, **_running(job)}
        case VoicesCast():
            return {"voices": event, **_running(job)}
        case SoundPlanned():
            return {"plan": event, **_running(job)}
        case LineRevised():
            return _revised(job, event)
        case LineSpoken():
            lines = job.lines.set(event.line, event)
            spoken = _without_a_gap(lines, job.spoken)
            return {"lines": lines, "spoken": spoken, "stood_in": _stood_in(job, event), **_running(job)}
        case MusicComposed():
            return {"music": job.music.set(event.cue, event), **_running(job)}
        case EffectRendered():
            return {"effects": job.effects.set(event.effect, event), **_running(job)}
        case PassageMixed():
            passages = job.passages.set(event.passage, event)
            return {"passages": passages, "heard": _without_a_gap(passages, job.heard), **_running(job)}
        case StreamOpened():
            return {"opened": event, **_running(job)}
        case StreamSealed():
            return {"sealed": event, **_running(job)}
        case DramaMixed():
            return {"mixed": event, **_running(job)}
        case DramaPublished():
            return {"published": event, **_running(job)}
        case AttemptFailed(retry_in=None):
            return {"missing": job.missing.set(f"{event.stage} {event.item}", event.reason)}
        case JobCompleted():
            return {"status": "completed", "error": ""}
        case JobFailed():
            return {"status": "failed", "error": event.reason}
        case JobCancelled():
            return {"status": "cancelled", "error": ""}
        case JobRetried():
            return {"status": "queued", "error": "", "runs": job.runs + 1, "missing": Map()}
        case HoldPlaced():
            return {"held": event.reason}
        case HoldReleased():
            return {"held": ""}
        case DramaExpired():
            return {"status": "expired"}
        case Damaged():
            raise Unreadable(event.problem)
        case _:
            return {}


def is_stale(job: Job, event: Event) -> bool:
    """Whether `event` was made before something that it depends on was revised: it then counts for nothing."""
    match event:
        case LineSpoken():
            return event.revision != job.revisions.get(event.line, 0)
        case PassageMixed():
            return event.revision != job.reopened.get(event.passage, 0)
        case DramaMixed() | DramaPublished():
            return event.revision != job.revision
        case _:
            return False


def _revised(job: Job, event: LineRevised) -> dict[str, Any]:
    assert job.script is not None
    version, line = job.version + 1, event.line
    segments = list(job.script.segments)
    segments[line] = msgspec.structs.replace(segments[line], speaker=event.speaker, direction=event.direction)
    passages, reopened = job.passages, job.reopened
    for passage in event.passages:
        passages = passages.delete(passage) if passage in passages else passages
        reopened = reopened.set(passage, version)
    before = job.lines.get(line)
    return {
        "script": msgspec.structs.replace(job.script, segments=tuple(segments)),
        "laid": job.laid.set(line, before) if before is not None and line not in job.laid else job.laid,
        "lines": job.lines if before is None else job.lines.delete(line),
        "spoken": min(job.spoken, line),
        "passages": passages,
        "reopened": reopened,
        "heard": min([job.heard, *event.passages]),
        "sealed": None,
        "mixed": None,
        "published": None,
        "revised": job.revised.set(line, event),
        "revisions": job.revisions.set(line, version),
        "revision": version,
    }


def _without_a_gap(made: Map[int, Any], count: int) -> int:
    while count in made:
        count += 1
    return count


def _stood_in(job: Job, spoken: LineSpoken) -> Map[str, str]:
    if job.voices is None or job.script is None or spoken.usage.provider == job.voices.engine:
        return job.stood_in
    return job.stood_in.set(job.script.segments[spoken.line].speaker, spoken.usage.provider)


def _running(job: Job) -> dict[str, Any]:
    return {"status": "running"} if job.status == "queued" else {}


# -- decide ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    title: str
    text_sha256: str
    text_key: str
    characters: int
    options: Options


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    pass


@dataclass(frozen=True, slots=True)
class Revise:
    """Perform line `line` otherwise: what is None stays as it is. `speaker` is a cast id; an empty `text_sha256` stands
    for the story's own words, any other for a text that is stored under `text_key`."""

    line: int
    speaker: str | None = None
    direction: str | None = None
    text_sha256: str | None = None
    text_key: str = ""


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    rating: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the content, whatever its age. `reason` is not empty."""

    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Expire:
    pass


@dataclass(frozen=True, slots=True)
class Conclude:
    """A stage did its work: `outcome` is the event that says so."""

    outcome: Event


@dataclass(frozen=True, slots=True)
class GiveUp:
    """An attempt failed. With `retry_in` None no attempt is left; the job then fails, unless the work is `optional`."""

    stage: str
    item: str
    attempt: int
    attempts: int
    reason: str
    retry_in: float | None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SkipEvent:
    """Let `subscription` pass over the event at `position`, which it could not take because of `problem`."""

    subscription: str
    position: int
    reason: str
    problem: str = ""


Command = Submit | Cancel | Retry | Revise | GiveFeedback | Hold | Release | Expire | Conclude | GiveUp | SkipEvent


def decide(job: Job, command: Command) -> tuple[Event, ...]:
    """What happens when `command` meets `job`; where nothing is said, nothing happens."""
    match command, job.status:
        case Submit(), "new":
            submitted = JobSubmitted(
                title=command.title,
                text_sha256=command.text_sha256,
                text_key=command.text_key,
                characters=command.characters,
                options=command.options,
            )
            return (submitted,)
        case Conclude(outcome=DramaPublished() as published), "queued" | "running" if (
            job.mixed is not None and not is_stale(job, published)
        ):
            return (published, JobCompleted(duration=job.mixed.duration))
        case Conclude(outcome), "queued" | "running" if not is_stale(job, outcome):
            return (outcome,)
        case GiveUp(), "queued" | "running":
            failed = AttemptFailed(
                stage=command.stage,
                item=command.item,
                attempt=command.attempt,
                attempts=command.attempts,
                reason=command.reason,
                retry_in=command.retry_in,
            )
            if command.retry_in is not None or command.optional:
                return (failed,)
            return (failed, JobFailed(stage=command.stage, item=command.item, reason=command.reason))
        case Cancel(), "queued" | "running":
            return (JobCancelled(reason=command.reason),)
        case Retry(), "failed" | "cancelled":
            return (JobRetried(),)
        case Revise(), "queued" | "running":
            return _revision(job, command)
        case Revise(), "completed" | "failed" | "cancelled" if revision := _revision(job, command):
            return (*revision, JobRetried())
        case GiveFeedback(), "completed":
            return (FeedbackGiven(rating=command.rating, comment=command.comment),)
        case Hold(), "new" | "expired":
            return ()
        case Hold(), _ if not job.held:
            return (HoldPlaced(reason=command.reason),)
        case Release(), _ if job.held:
            return (HoldReleased(reason=command.reason),)
        case Expire(), "completed" | "failed" | "cancelled" if not job.held:
            return (DramaExpired(),)
        case SkipEvent(), _:
            skipped = EventSkipped(
                subscription=command.subscription,
                position=command.position,
                reason=command.reason,
                problem=command.problem,
            )
            return (skipped,)
        case _:
            return ()


def _revision(job: Job, command: Revise) -> tuple[Event, ...]:
    """Nothing for a line that is as it should be, or that is not there."""
    if job.script is None or not 0 <= command.line < len(job.script.segments):
        return ()
    line, segment, before = command.line, job.script.segments[command.line], job.revised.get(command.line)
    was = (segment.speaker, segment.direction, before.text_sha256 if before else "", before.text_key if before else "")
    speaker = was[0] if command.speaker is None else command.speaker
    direction = was[1] if command.direction is None else command.direction
    text_sha256, text_key = was[2:] if command.text_sha256 is None else (command.text_sha256, command.text_key)
    if (speaker, direction, text_sha256, text_key) == was:
        return ()
    passages = _heard_in(job, line)
    revised = LineRevised(
        line=line,
        speaker=speaker,
        direction=direction,
        text_sha256=text_sha256,
        text_key=text_key,
        spoken=line in job.lines,
        passages=passages,
        mixed=sum(passage in job.passages for passage in passages),
    )
    return (revised,)


def _heard_in(job: Job, line: int) -> tuple[int, ...]:
    """The passages in which a line is heard: its own, and the next one, which begins before its own first line."""
    starts = job.plan.passages if job.plan is not None else ()
    own = bisect_right(starts, line) - 1
    return tuple(passage for passage in (own, own + 1) if 0 <= passage < len(starts))
