"""Lets any number of clients listen to jobs: one follower of the feed and one clock per process, however many."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from narratix.commands import NoSuchJob
from narratix.events.feed import Feed
from narratix.events.store import UNREACHABLE, EventStore, Recorded
from narratix.web.channel import Channel, in_turns

log = structlog.get_logger(__name__)

ALL_KEPT_BYTES: Final = 64 << 20
"""What the channels share among them."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. Platforms cut what is silent for one or two minutes, and at 15 minutes whatever it is."""

    lifetime: float = 14 * 60
    """After this a stream ends by itself, and its client comes back."""

    tick: float = 15
    """Between comments that keep a connection alive; also how exactly `lifetime` is kept."""

    stalled: float = 30
    """How long a reader may take for what was sent to it before it is cut off."""

    grace: float = 1
    """The same while the server is stopping."""


class Broadcaster:
    """The channels of the jobs that somebody listens to."""

    def __init__(self, feed: Feed, store: EventStore, times: Times | None = None) -> None:
        self.times = times or Times()
        self.closing = False
        self._feed = feed
        self._store = store
        self._channels: dict[UUID, Channel] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watched(self) -> int:
        """Jobs that somebody listens to."""
        return len(self._channels)

    async def open(self, job_id: UUID) -> Channel:
        """The job's channel, loaded; to be given back to `leave`. Raises NoSuchJob."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._follow(self._feed.position), name="broadcaster"),
                asyncio.create_task(self._tick(), name="broadcaster-clock"),
            ]
        channel = self._channels.get(job_id)
        if channel is None or channel.broken:
            channel = self._channels[job_id] = Channel(job_id, self._store)
            channel.keep(self._share)
        channel.holds += 1
        try:
            await channel.load()
            if channel.version == 0:
                raise NoSuchJob(job_id)
        except BaseException:
            self.leave(channel)
            raise
        return channel

    def leave(self, channel: Channel) -> None:
        """A channel that nobody holds any more is forgotten."""
        channel.holds -= 1
        if channel.holds == 0 and self._channels.get(channel.job_id) is channel:
            del self._channels[channel.job_id]

    def end_streams(self) -> None:
        """Let every stream end after the message it is sending; clients come back to whoever serves then."""
        self.closing = True
        for channel in self._channels.values():
            for listener in tuple(channel.listeners):
                listener.end()

    async def close(self) -> None:
        self.end_streams()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def _share(self) -> int:
        return ALL_KEPT_BYTES // max(1, len(self._channels))

    async def _follow(self, position: int) -> None:
        while True:
            try:
                async for events in self._feed.follow(position):
                    async for event in in_turns(events):
                        if (channel := self._channels.get(event.stream_id)) is not None:
                            _hand_over(event, channel)
                    position = events[-1].position
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("broadcaster_waits", reason=str(problem) or type(problem).__name__)
                await asyncio.sleep(1)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.times.tick)
            async for channel in in_turns(self._channels.values()):
                channel.keep(self._share)
                async for listener in in_turns(channel.listeners):
                    listener.tick(loop.time())


def _hand_over(event: Recorded, channel: Channel) -> None:
    """An event that cannot be shown ends the streams of its job, and no others."""
    try:
        channel.take(event)
    except Exception:
        log.exception("channel_broken", job_id=str(channel.job_id), version=event.version)
        channel.break_off()
