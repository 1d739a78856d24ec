"""The doorbell: how a worker that rests beside a database that sleeps learns that there is something to do.

A database that is paid by the hour cuts off who only listens, and every question wakes it again; so while it sleeps a
process that only works can neither hear of new work nor look for it there. What both sides reach without the database is
the object storage: whoever brings something rings, by writing an object there, before it is recorded; and who rests and
was cut off looks at that object now and then.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

import structlog

from narratix.events.feed import Feed
from narratix.events.quiet import Quiet
from narratix.ports import NotStored, ProviderError, Storage

log = structlog.get_logger(__name__)

KEY: Final = "doorbell.json"
LOOK_SECONDS: Final = 3.0
"""At R2 864,000 class B operations in a month without any work; ten million are free."""


class Doorbell:
    """`rings`: whether this process rings at all. One that works itself, or whose database never sleeps, need not."""

    def __init__(self, storage: Storage, *, rings: bool) -> None:
        self._storage = storage
        self._rings = rings

    async def ring(self) -> None:
        """Wake who rests. To be called before what they shall find is recorded: a crash in between then wakes them for
        nothing, and never leaves anything lying."""
        if not self._rings:
            return
        try:
            await self._storage.put(KEY, f'{{"rung":"{uuid.uuid4()}"}}'.encode(), "application/json")
        except ProviderError as problem:  # what is recorded is found as soon as a worker wakes for anything else
            log.warning("doorbell_not_rung", reason=str(problem))


class Listening:
    """Stirs `quiet` when the doorbell was rung while this process rested. It looks only when the feed hears nothing."""

    def __init__(self, storage: Storage, quiet: Quiet, feed: Feed, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._storage = storage
        self._quiet = quiet
        self._feed = feed
        self._look_seconds = look_seconds
        self._heard: bytes | None = None
        quiet.before_rest(self._stir_if_rung)  # what was rung for just now is recorded a moment later

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._look_seconds)
            if self._quiet.resting and not self._feed.connected:
                await self._stir_if_rung()

    async def _stir_if_rung(self) -> None:
        try:
            rung = await self._storage.get(KEY)
        except NotStored:
            rung = b""
        except ProviderError as problem:
            log.warning("doorbell_not_heard", reason=str(problem))
            if not self._quiet.resting:  # who could not be woken must not rest
                self._quiet.stir()
            return
        if rung != self._heard:
            self._heard = rung
            self._quiet.stir()
