"""The shapes of answers, for the description of the API; the tests hold the answers to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from narratix.events.catalogue import Format, Profile
from narratix.projections.job_status import STAGES

JOB: Final = "3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11"


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Links(Answer):
    status: str = Field(examples=[f"/api/demo/status/{JOB}"])
    events: str = Field(examples=[f"/api/demo/events/{JOB}"])
    result: str = Field(examples=[f"/api/demo/result/{JOB}"])
    stream: str | None = Field(
        default=None, description="Where the drama can be heard while it is made, once there is one."
    )


class Accepted(Answer):
    job_id: UUID = Field(examples=[JOB])
    links: Links


class CastEntry(Answer):
    id: str = Field(examples=["c1"])
    name: str = Field(examples=["Anna"])
    aliases: list[str] = []
    gender: Literal["female", "male", "unknown"]
    narrator: bool
    voice: str | None = Field(examples=["bf_emma"])
    lines: int = Field(examples=[12])


class Lines(Answer):
    total: int = Field(examples=[240])
    spoken: int = Field(examples=[11])


class Stage(Answer):
    name: Literal[STAGES]  # type: ignore[valid-type]
    done: int
    total: int | None = Field(description="null until it is known.")


class Setback(Answer):
    """The last failed attempt that has not been made good yet."""

    stage: str
    item: str
    attempt: int
    attempts: int
    reason: str
    retry_in: float | None = Field(description="Seconds until the next attempt; null when there is none.")


class Status(Answer):
    """Where a job is. Every figure is a fold of the job's events up to `version`."""

    job_id: UUID = Field(examples=[JOB])
    title: str = Field(examples=["The Old House"])
    status: Literal["queued", "running", "completed", "failed", "cancelled", "expired"] = Field(examples=["running"])
    progress: int = Field(ge=0, le=100, examples=[42], description="100 only when the result can be fetched.")
    stage: str = Field(examples=["speak_line"])
    step: str = Field(examples=["Speaking line 12 of 240"])
    cast: list[CastEntry]
    lines: Lines
    eta_seconds: float | None = Field(examples=[93.5])
    version: int = Field(examples=[17])
    created_at: datetime
    updated_at: datetime
    error: str | None = Field(examples=[None])
    links: Links
    stages: list[Stage]
    notice: str | None = Field(examples=[None], description="How it differs from what was asked for, in a sentence.")
    setback: Setback | None
    duration_seconds: float | None


class JobSummary(Answer):
    job_id: UUID = Field(examples=[JOB])
    title: str
    status: str
    progress: int
    stage: str
    version: int
    created_at: datetime
    updated_at: datetime
    duration_seconds: float | None
    error: str | None
    links: Links


class JobList(Answer):
    jobs: list[JobSummary]
    next: str | None = Field(description="The address of the next page; null on the last one.")


class Audio(Answer):
    url: str = Field(examples=["/files/dramas/…/drama.mp3?expires=…&signature=…"])
    format: Format = Field(examples=["mp3"])
    profile: Profile = Field(examples=["podcast"])
    duration_seconds: float = Field(examples=[312.48])
    size_bytes: int = Field(examples=[4_998_144])
    loudness_lufs: float = Field(examples=[-16.02])
    true_peak_dbtp: float = Field(examples=[-2.13])
    expires_at: datetime = Field(description="Until then the addresses in this answer work; ask again for new ones.")


class Deliverable(Answer):
    format: Format
    url: str
    size_bytes: int
    content_type: str


class Stem(Answer):
    url: str
    size_bytes: int
    content_type: str


class Captions(Answer):
    vtt: str | None
    srt: str | None
    words: str | None = Field(description="Every line word by word, as JSON.")


class LiveStream(Answer):
    hls: str | None


class ScriptLine(Answer):
    """`start` and `end` are characters of the text, `begins` and `ends` seconds of the drama; a word is [start, end,
    begins, ends]. `text` is what a revised line says in place of the story's own words; its words are then counted in it."""

    line: int
    start: int
    end: int
    kind: Literal["narration", "speech"]
    speaker: str
    direction: str
    text: str | None
    begins: float
    ends: float
    words: list[tuple[int, int, float, float]]
    clip: str | None = Field(description="The key of the line's clip in storage; null where nothing is spoken.")


class Engines(Answer):
    language: str | None
    speech: str | None
    music: str | None
    effects: str | None


class UsageEntry(Answer):
    provider: str
    model: str
    unit: str
    calls: int
    cached: int
    units: float
    cost_usd: float


class ChapterEntry(Answer):
    title: str
    begins: float
    ends: float


class GateEntry(Answer):
    name: str
    value: float
    limit: str
    passed: bool


class Result(Answer):
    """The finished drama."""

    job_id: UUID = Field(examples=[JOB])
    title: str
    audio: Audio
    formats: list[Deliverable]
    stems: dict[Literal["dialogue", "music", "effects"], Stem] = Field(
        description="Where they were asked for: FLAC, 6 dB down, before the limiter; their sum is the mix."
    )
    captions: Captions
    stream: LiveStream
    script: list[ScriptLine]
    cast: list[CastEntry]
    engines: Engines
    usage: list[UsageEntry]
    chapters: list[ChapterEntry]
    gates: list[GateEntry]
    peaks: list[float]


class Story(Answer):
    title: str = Field(examples=["The Bell"])
    text: str
    engine: str = Field(examples=["templates-1"])
    safety: str = Field(examples=["offline rules, no AI review"])


class EstimatedUse(Answer):
    port: Literal["language", "speech", "music", "effects"]
    provider: str = Field(examples=["anthropic"])
    model: str
    unit: str = Field(examples=["input tokens"])
    units: float
    usd: float


class Left(Answer):
    """US dollars that may still be spent: on one story, by this client today, by all today and this month."""

    job: float
    client: float
    day: float
    month: float


class Quote(Answer):
    """What a story would cost at most, in US dollars, and the seconds of sound to expect."""

    usd: float = Field(examples=[0.0])
    seconds: float = Field(examples=[310.5])
    items: list[EstimatedUse]
    left: Left
    affordable: bool
    wait_seconds: float | None = Field(
        examples=[95.0],
        description="Until it is made, at the pace of those that were made here of late; null before the first.",
    )


class SampleStory(Answer):
    id: str
    title: str
    author: str
    source: str
    text: str


class SampleList(Answer):
    samples: list[SampleStory]


class StoryTemplate(Answer):
    id: str
    title: str
    description: str


class TemplateList(Answer):
    templates: list[StoryTemplate]


class VoiceEntry(Answer):
    id: str
    name: str
    gender: Literal["female", "male", "unknown"]
    accent: str
    age: str


class EngineEntry(Answer):
    name: str
    default: bool
    voices: list[VoiceEntry]


class EngineList(Answer):
    engines: list[EngineEntry]


class LibraryEntry(Answer):
    job_id: UUID
    title: str
    duration_seconds: float
    cast_names: list[str]
    created_at: datetime
    completed_at: datetime


class Library(Answer):
    dramas: list[LibraryEntry]


class RecordedEvent(Answer):
    """An event as it stands in the log."""

    position: int
    event_id: UUID
    job_id: UUID
    version: int
    type: str = Field(examples=["LineSpoken"])
    schema_version: int
    recorded_at: datetime
    data: dict[str, Any]
    metadata: dict[str, Any]
    hash: str = Field(description="SHA-256 over the hash before it in this job, and this event.")


class AuditProblem(Answer):
    position: int
    job_id: UUID | None = Field(description="null where it cannot be told, as for an event that is missing.")
    what: str


class AuditVerdict(Answer):
    """Whether the log is whole: gapless positions, gapless versions per job, every hash right, and what was anchored."""

    ok: bool
    events: int = Field(description="How many were recomputed.")
    problem: AuditProblem | None = Field(description="The first in the order of the log.")
    problems: list[AuditProblem] = Field(description="The first hundred.")
    since: int = Field(description="The position of the anchor after which events were recomputed; 0 for all.")
    position: int = Field(description="Of the last event.")
    rolling: str | None = Field(description="The rolling hash at `position`; null for one job.")
    anchored: int = Field(description="The position of the last anchor that the log was held against; 0 without any.")


class Health(Answer):
    status: str = Field(examples=["ready"])
    commit: str = Field(default="", description="The commit that runs, where the platform told it.")
    attention: list[str] = Field(default=[], description="What waits for somebody, though nobody has to wait for it.")


class FieldError(Answer):
    field: str = Field(examples=["options.engine"])
    message: str


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What was wrong and what to do now.")
    errors: list[FieldError] = Field(default=[], description="For 422: field by field.")
