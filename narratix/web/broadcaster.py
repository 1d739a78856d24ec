"""Every job's messages, encoded once and sent to whoever listens.

One follower of the feed per process. A job that somebody watches has a channel: its latest messages, shared, and a
cursor per listener instead of a queue, so that a slow one delays nobody and costs nothing but its place. Who is
behind what a channel keeps reads the log by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
import structlog

from narratix.commands import NoSuchJob
from narratix.events.feed import Feed
from narratix.events.store import UNREACHABLE, EventStore, Recorded
from narratix.projections.job_status import JobStatus, evolve
from narratix.web.views import ENDED, status_view

log = structlog.get_logger(__name__)

KEPT_BYTES: Final = 1 << 20
"""What a channel keeps of its latest messages."""

PAGE: Final = 500
CHUNK_BYTES: Final = 1 << 16
LIFETIME_SECONDS: Final = 14 * 60
"""Streams end by themselves before the platform's edge cuts them at 15 minutes."""

RETRY_MILLISECONDS: Final = 2000

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Message:
    """One version of a job as it goes over the wire. Only the status carries the id, so that a client that resumes
    has had both parts of a version or neither."""

    version: int
    recorded: bytes
    status: bytes
    ends: bool

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
        ends=row.status in ENDED,
    )


class Channel:
    """A job's latest messages. `version` is the last one, `first` the oldest that is kept. A `broken` one missed an
    event and is given up; its listeners come back to a new one."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        self.listeners = 0
        self.loading = asyncio.Lock()
        self.loaded = False
        self.version = 0
        self.ended = False
        self.broken = False
        self._row: JobStatus | None = None
        self._kept: deque[Message] = deque()
        self._size = 0
        self._early: list[Recorded] = []
        self._news = asyncio.Event()

    @property
    def first(self) -> int:
        return self._kept[0].version if self._kept else self.version + 1

    @property
    def latest(self) -> Message:
        return self._kept[-1]

    def delivered(self, after: int | None) -> bool:
        """Whether the job has ended, and `after` is all of it."""
        return self.ended and after is not None and after >= self.version

    def since(self, version: int) -> Sequence[Message]:
        """The kept messages after `version`, which is not older than what is kept."""
        return [self._kept[index] for index in range(version + 1 - self.first, len(self._kept))]

    def take(self, event: Recorded) -> None:
        """The next event of this job, from the feed."""
        if self.loaded:
            self._add(event)
        else:
            self._early.append(event)

    async def load(self, store: EventStore) -> None:
        """Everything that is on record. Events that arrive meanwhile come after it."""
        async with self.loading:
            while not self.loaded:
                events = await store.read(self.job_id, after=self.version, limit=PAGE)
                for event in (*events, *(self._early if len(events) < PAGE else ())):
                    self._add(event)
                self.loaded = len(events) < PAGE
            self._early.clear()

    def _add(self, event: Recorded) -> None:
        if event.version <= self.version:
            return
        if event.version != self.version + 1:
            log.error("channel_broken", job_id=str(self.job_id), after=self.version, got=event.version)
            self.broken = True
            self._news.set()
            return
        self._row = evolve(self._row, event)
        assert self._row is not None
        self.version, self.ended = event.version, self._row.status in ENDED
        new = message(event, self._row)
        self._kept.append(new)
        self._size += new.size
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.popleft().size
        self._news.set()
        self._news = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Until there is news; False when none came within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        self._news.set()


class Broadcaster:
    """Lets any number of clients listen to jobs."""

    def __init__(self, feed: Feed, store: EventStore, *, lifetime: float = LIFETIME_SECONDS) -> None:
        self._feed = feed
        self._store = store
        self._lifetime = lifetime
        self._channels: dict[UUID, Channel] = {}
        self._follower: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def watched(self) -> int:
        """Jobs that somebody listens to."""
        return len(self._channels)

    @contextlib.asynccontextmanager
    async def channel(self, job_id: UUID) -> AsyncGenerator[Channel]:
        """The job's channel, loaded; kept as long as anybody is in the block. Raises NoSuchJob."""
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow(self._feed.position), name="broadcaster")
        channel = self._channels.get(job_id)
        if channel is None or channel.broken:
            channel = self._channels[job_id] = Channel(job_id)
        channel.listeners += 1
        try:
            await channel.load(self._store)
            if channel.version == 0:
                raise NoSuchJob(job_id)
            yield channel
        finally:
            channel.listeners -= 1
            if channel.listeners == 0 and self._channels.get(job_id) is channel:
                del self._channels[job_id]

    async def listen(self, channel: Channel, after: int | None, with_events: bool) -> AsyncIterator[bytes]:
        """The stream of one client, in chunks of whole messages: every version after `after` once, in order, up to
        the job's end. Without `after` it begins with the latest status."""
        end = asyncio.get_running_loop().time() + self._lifetime
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        cursor = min(after, channel.version) if after is not None else channel.version
        if after is None:
            yield channel.latest.wire(with_events)
        while not (self._closing or channel.broken):
            if cursor + 1 < channel.first:
                async for chunk, sent in self._from_log(channel, cursor, with_events):
                    yield chunk
                    cursor = sent
                continue
            for chunk, sent in _chunks(channel.since(cursor), with_events):
                yield chunk
                cursor = sent
            if cursor < channel.version:
                continue
            left = end - asyncio.get_running_loop().time()
            if channel.ended or left <= 0 or not await channel.wait(left):
                return

    async def _from_log(self, channel: Channel, cursor: int, with_events: bool) -> AsyncIterator[tuple[bytes, int]]:
        """What the channel does not keep any more, folded anew by whoever needs it."""
        row: JobStatus | None = None
        version = 0
        while version + 1 < channel.first:
            page = await self._store.read(channel.job_id, after=version, limit=PAGE)
            messages = []
            for event in page:
                row = evolve(row, event)
                assert row is not None
                version = event.version
                if version > cursor:
                    messages.append(message(event, row))
            for chunk in _chunks(messages, with_events):
                yield chunk

    async def _follow(self, position: int) -> None:
        while True:
            try:
                async for events in self._feed.follow(position):
                    for event in events:
                        if (channel := self._channels.get(event.stream_id)) is not None:
                            channel.take(event)
                    position = events[-1].position
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("broadcaster_waits", reason=str(problem) or type(problem).__name__)
                await asyncio.sleep(1)

    def end_streams(self) -> None:
        """Let every stream end after the message it is sending; clients come back to whoever serves then."""
        self._closing = True
        for channel in self._channels.values():
            channel.wake()

    async def close(self) -> None:
        self.end_streams()
        if self._follower is not None:
            self._follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follower


def _chunks(messages: Sequence[Message], with_events: bool) -> Iterator[tuple[bytes, int]]:
    """Messages as fewer, larger writes, each with its last version."""
    pending: list[bytes] = []
    size = 0
    for one in messages:
        pending.append(one.wire(with_events))
        size += len(pending[-1])
        if size >= CHUNK_BYTES or one is messages[-1]:
            yield b"".join(pending), one.version
            pending, size = [], 0
