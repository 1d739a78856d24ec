"""What a drama sounds like so far: the passages that its log has, as a playlist."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from narratix.commands import NoSuchJob
from narratix.events.catalogue import (
    DramaExpired,
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    JobSubmitted,
    PassageMixed,
    StreamOpened,
    StreamSealed,
)
from narratix.ports import Storage
from narratix.results import Expired
from narratix.services import Services
from narratix.sound.hls import Part, playlist
from narratix.web.problems import Problem

HOLD_SECONDS: Final = 25.0
"""So long a player is kept waiting for the beginning: a refusal would be the end of it, and proxies grow impatient."""
_KEPT: Final = 10_000
_TELLING: Final = (
    JobSubmitted, PassageMixed, StreamOpened, StreamSealed, JobCompleted, JobFailed, JobCancelled, JobRetried, DramaExpired,
)  # fmt: skip


class Addresses:
    """Signed addresses of objects, signed anew at half their time: a playlist that is fetched every few seconds
    costs no signatures, and names the same thing by the same address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._signed: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def of(self, storage: Storage, key: str, seconds: int) -> str:
        now = self._clock()
        address, until = self._signed.get(key, ("", 0.0))
        if now >= until:
            address = await storage.url(key, seconds)
            self._signed[key] = address, now + seconds / 2
        self._signed.move_to_end(key)
        if len(self._signed) > _KEPT:
            self._signed.popitem(last=False)
        return address


async def playlist_of(services: Services, addresses: Addresses, job_id: UUID) -> str:
    """The playlist as the log has it now; waits a while for the stream to open.

    Raises NoSuchJob, Expired, and Problem: 404 where no stream is coming, 503 where it is not open yet.
    """
    try:
        async with asyncio.timeout(HOLD_SECONDS):
            told = await _opened(services, job_id)
    except TimeoutError:
        raise Problem(
            503, "Not yet", "The beginning of this drama is still being made. Ask again in a moment.", retry_after=2
        ) from None
    seconds, storage = services.settings.link_seconds, services.ports.storage
    parts = []
    for passage in _passages(told):
        fragments = [
            (fragment.seconds, await addresses.of(storage, fragment.key, seconds)) for fragment in passage.fragments
        ]
        header = await addresses.of(storage, passage.header_key, seconds)
        parts.append(Part(header, passage.begins, passage.duration, tuple(fragments)))
    return playlist(parts, sealed=any(isinstance(event, StreamSealed) for event in told))


async def _opened(services: Services, job_id: UUID) -> list[Event]:
    """What the log tells of the stream, once it is open."""
    while True:
        position = services.feed.position
        told = [event.data for event in await services.store.read_types(job_id, *_TELLING)]
        if not told:
            raise NoSuchJob(job_id)
        if isinstance(told[-1], DramaExpired):
            raise Expired
        if any(isinstance(event, StreamOpened) for event in told):
            return told
        if isinstance(told[-1], JobCompleted | JobFailed | JobCancelled):
            raise Problem(404, "There is no stream", "This drama was not made to be heard while it is made.")
        await services.feed.news(position)


def _passages(told: list[Event]) -> list[PassageMixed]:
    """From the first one on, without a gap; of a passage that was mixed again, the latest."""
    latest = {event.passage: event for event in told if isinstance(event, PassageMixed)}
    found: list[PassageMixed] = []
    while (passage := latest.get(len(found))) is not None:
        found.append(passage)
    return [passage for passage in found if passage.fragments]
