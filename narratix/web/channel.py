"""A job's messages, encoded once, kept for whoever listens.

Listeners have a cursor each and no queue, so that a slow one delays nobody and costs nothing but its place. Who is
behind what a channel keeps reads the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID

import msgspec
import structlog

from narratix.commands import NoSuchJob
from narratix.events.store import EventStore, Recorded
from narratix.projections.job_status import JobStatus, evolve
from narratix.web.views import ENDED, status_view

log = structlog.get_logger(__name__)

KEPT_BYTES: Final = 1 << 20
"""What a channel keeps of its latest messages at most."""

PAGE: Final = 500
CHUNK_BYTES: Final = 1 << 16
TURN: Final = 128
"""Listeners that are served before the event loop gets its turn; about a millisecond of work."""

_encode: Final = msgspec.json.Encoder().encode

T = TypeVar("T")


class Listener(Protocol):
    """Whoever listens to a channel. None of its methods waits."""

    def tell(self) -> None:
        """There is news, or the channel is broken."""

    def tick(self, now: float) -> None:
        """Time has passed; `now` is the event loop's, in seconds."""

    def end(self) -> None:
        """Stop after the message that is being sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One version of a job as it goes over the wire. Only the status carries the id, so that a client that resumes
    has had both parts of a version or neither."""

    version: int
    recorded: bytes
    status: bytes

    def wire(self, with_events: bool) -> bytes:
        return self.recorded + self.status if with_events else self.status

    @property
    def size(self) -> int:
        return len(self.recorded) + len(self.status)


def message(event: Recorded, row: JobStatus) -> Message:
    """The message of the version that `event` made, `row` being the job's status after it."""
    return Message(
        version=event.version,
        recorded=b"event: recorded\ndata: " + event.as_json() + b"\n\n",
        status=b"event: status\nid: %d\ndata: %b\n\n" % (event.version, _encode(status_view(row))),
    )


class Channel:
    """A job's latest messages. `version` is the last one, `first` the oldest that is kept. A `broken` one missed an
    event or could not take it."""

    def __init__(self, job_id: UUID, store: EventStore) -> None:
        self.job_id = job_id
        self.holds = 0
        self.listeners: set[Listener] = set()
        self.version = 0
        self.ended = False
        self.broken = False
        self._store = store
        self._loading = asyncio.Lock()
        self._loaded = False
        self._row: JobStatus | None = None
        self._kept: deque[Message] = deque()
        self._size = 0
        self._limit = KEPT_BYTES
        self._early: list[Recorded] = []
        self._chunks: dict[tuple[int, bool], tuple[bytes, int]] = {}
        self._news = False
        self._telling: asyncio.Task[None] | None = None

    @property
    def first(self) -> int:
        return self._kept[0].version if self._kept else self.version + 1

    def delivered(self, after: int | None) -> bool:
        """Whether the job has ended, and `after` is all of it."""
        return self.ended and after is not None and after >= self.version

    # -- out -------------------------------------------------------------------------------

    def chunk(self, after: int, with_events: bool) -> tuple[bytes, int]:
        """The kept messages after `after`, as many as make a good write, and the version of the last one. `after` is
        below `version` and not older than what is kept. Listeners at the same place get the same bytes."""
        if (found := self._chunks.get((after, with_events))) is None:
            missing = (self._kept[index] for index in range(after + 1 - self.first, len(self._kept)))
            found = self._chunks[after, with_events] = next(_chunks(missing, with_events))
        return found

    async def older(self, after: int, with_events: bool) -> AsyncIterator[tuple[bytes, int]]:
        """What comes after `after` and is not kept any more, read from the log and folded anew, as chunks."""
        row: JobStatus | None = None
        version = 0
        while version + 1 < self.first:
            if not (page := await self._store.read(self.job_id, after=version, limit=PAGE)):
                raise NoSuchJob(self.job_id)
            messages = []
            for event in page:
                row = evolve(row, event)
                assert row is not None
                version = event.version
                if version > after:
                    messages.append(message(event, row))
            for chunk in _chunks(messages, with_events):
                yield chunk

    # -- in --------------------------------------------------------------------------------

    def take(self, event: Recorded) -> None:
        """The next event of this job, from the feed."""
        if self.broken:
            return
        if self._loaded:
            self._add([event])
        else:
            self._early.append(event)

    async def load(self) -> None:
        """Everything that is on record. Events that arrive meanwhile come after it."""
        async with self._loading:
            while not self._loaded:
                events = await self._store.read(self.job_id, after=self.version, limit=PAGE)
                self._loaded = len(events) < PAGE
                self._add([*events, *self._early] if self._loaded else events)
            self._early.clear()

    def keep(self, limit: int) -> None:
        """Keep at most `limit` bytes from now on, and the latest message in any case."""
        self._limit = min(limit, KEPT_BYTES)
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= self._kept.popleft().size

    def _add(self, events: Sequence[Recorded]) -> None:
        for event in events:
            if event.version <= self.version:
                continue
            if event.version != self.version + 1:
                log.error("channel_broken", job_id=str(self.job_id), after=self.version, got=event.version)
                self.break_off()
                return
            self._row = evolve(self._row, event)
            assert self._row is not None
            self.version, self.ended = event.version, self._row.status in ENDED
            new = message(event, self._row)
            self._kept.append(new)
            self._size += new.size
            self.keep(self._limit)
        self._spread()

    def break_off(self) -> None:
        """Give up; listeners come back to a new channel."""
        self.broken = True
        self._spread()

    def _spread(self) -> None:
        self._chunks.clear()
        self._news = True
        if self.listeners and self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="tell")

    async def _tell(self) -> None:
        """Tell everybody, and once more if there was more news meanwhile."""
        while self._news:
            self._news = False
            async for listener in in_turns(self.listeners):
                listener.tell()
        self._telling = None


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """What `items` are now, one after the other, with a pause for everybody else now and then."""
    for number, item in enumerate(tuple(items), 1):
        yield item
        if number % TURN == 0:
            await asyncio.sleep(0)


def _chunks(messages: Iterable[Message], with_events: bool) -> Iterator[tuple[bytes, int]]:
    """Messages as fewer, larger writes, each with its last version."""
    pending: list[bytes] = []
    size = version = 0
    for one in messages:
        pending.append(one.wire(with_events))
        size, version = size + len(pending[-1]), one.version
        if size >= CHUNK_BYTES:
            yield b"".join(pending), version
            pending, size = [], 0
    if pending:
        yield b"".join(pending), version
