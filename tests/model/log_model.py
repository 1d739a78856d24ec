"""The log as it should be, in memory: what `EventStore.append` promises, in fifty lines without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Answer = tuple[str, int | None, int | None]
"""("ok" or "duplicate", position, version), ("conflict", None, the stream's version) or ("fenced", None, None)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A row of `work`, as far as a fence sees it."""

    state: str
    attempt: int
    owner: str | None


Kind = Literal["feedback", "cancelled", "retried"]
"""What an event says: a remark, the end of a job, or that it goes on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to append."""

    event_id: UUID
    stream: UUID
    kind: Kind
    content: str
    expected: int | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A fence, and what becomes of the work behind it; `ready` is after a pause."""

    work: int
    attempt: int
    owner: str
    settle: Literal["done", "ready", "dead", "cancelled"]


@dataclass(frozen=True, slots=True)
class Request:
    entries: tuple[Entry, ...]
    actor: str
    fence: Claimed | None


@dataclass(frozen=True, slots=True)
class Stood:
    """An event on record. Its position is its place in the log, counted from 1."""

    event_id: UUID
    stream: UUID
    version: int
    kind: Kind
    content: str
    actor: str


@dataclass(slots=True)
class Log:
    """Applies requests one after the other."""

    stood: list[Stood] = field(default_factory=list)
    work: dict[int, Held] = field(default_factory=dict)

    def copy(self) -> Log:
        return Log(list(self.stood), dict(self.work))

    def version(self, stream: UUID) -> int:
        return sum(event.stream == stream for event in self.stood)

    def ended(self, stream: UUID) -> bool:
        turns = [event.kind for event in self.stood if event.stream == stream and event.kind != "feedback"]
        return bool(turns) and turns[-1] == "cancelled"

    def apply(self, request: Request) -> Answer:
        """All of a request or nothing: what was said before is a duplicate, then the fence, then the versions, then
        whether the job of a result still goes on."""
        fence = request.fence
        held = fence is None or self.work.get(fence.work) == Held("running", fence.attempt, fence.owner)
        said = {entry.event_id for entry in request.entries}
        places = [place for place, event in enumerate(self.stood, 1) if event.event_id in said]
        if places:
            answer: Answer = "duplicate", places[-1], max(self.stood[place - 1].version for place in places)
        elif not held:
            return "fenced", None, None
        else:
            for entry in request.entries:
                if entry.expected is not None and entry.expected != (actual := self.version(entry.stream)):
                    return "conflict", None, actual
            for entry in request.entries:
                if fence is not None and self.ended(entry.stream):
                    return "conflict", None, self.version(entry.stream)
            for entry in request.entries:
                version = self.version(entry.stream) + 1
                self.stood.append(
                    Stood(entry.event_id, entry.stream, version, entry.kind, entry.content, request.actor)
                )
            last = self.stood[-1] if request.entries else None
            answer = "ok", len(self.stood) if last else None, last.version if last else None
        if fence is not None and held:
            self.work[fence.work] = Held("waiting" if fence.settle == "ready" else fence.settle, fence.attempt, None)
        return answer
