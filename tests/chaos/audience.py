"""Clients who submit stories and follow them to their end, whoever serves and whatever breaks."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx2

from tests.chaos.fleet import Fleet
from tests.web.event_stream import messages

SILENCE_SECONDS: Final = 4.0
"""A stream that says nothing for so long is given up and taken up elsewhere."""

PEOPLE: Final = ("Anna", "Tom", "Ruth", "Otto")


@dataclass(slots=True)
class Watched:
    """What one client saw of its job: for every version that arrived, the events before it."""

    job_id: UUID
    versions: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0

    @property
    def doubled(self) -> int:
        return len(self.versions) - len(set(self.versions))

    @property
    def skipped(self) -> int:
        return len(set(range(1, max(self.versions, default=0) + 1)) - set(self.versions))


@dataclass(slots=True)
class Audience:
    """Keeps `open_jobs` stories under way until told to stop."""

    fleet: Fleet
    chance: random.Random
    open_jobs: int
    watched: list[Watched] = field(default_factory=list)
    _enough: asyncio.Event = field(default_factory=asyncio.Event)

    def stop_submitting(self) -> None:
        self._enough.set()

    async def attend(self) -> None:
        """Until every job that was accepted has ended and was seen to its end."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.open_jobs):
                group.create_task(self._submit_on(random.Random(self.chance.random()), number))

    async def _submit_on(self, chance: random.Random, seat: int) -> None:
        count = 0
        while not self._enough.is_set():
            count += 1
            watched = Watched(await self._submit(chance, _story(chance, f"{seat}.{count}")))
            self.watched.append(watched)
            await self._watch(chance, watched)

    async def _submit(self, chance: random.Random, text: str) -> UUID:
        """Asked again with the same key until somebody accepts it."""
        key = str(uuid.UUID(int=chance.getrandbits(128)))
        body = {"text": text, "options": {"formats": ["opus"], "music": False, "effects": False}}
        while True:
            try:
                async with self._client(chance) as client:
                    answer = await client.post("/api/demo/submit", json=body, headers={"Idempotency-Key": key})
                if answer.status_code == 202:
                    return UUID(answer.json()["job_id"])
                assert answer.status_code in (500, 502, 503, 504), answer.text
            except (httpx2.HTTPError, OSError):
                pass  # it was struck
            await asyncio.sleep(0.2)

    async def _watch(self, chance: random.Random, watched: Watched) -> None:
        """Follow a job from its first version to its last, resuming wherever a stream breaks."""
        address = f"/api/demo/events/{watched.job_id}"
        parts: list[dict[str, Any]] = []
        while True:
            parts.clear()
            headers = {"Last-Event-ID": str(watched.versions[-1] if watched.versions else 0)}
            try:
                async with (
                    self._client(chance) as client,
                    client.stream("GET", address, params={"include": "events"}, headers=headers) as answer,
                ):
                    if answer.status_code == 204:
                        return
                    if answer.status_code == 200:
                        async for message in messages(answer):
                            if message.event == "recorded":
                                parts.append(message.data)
                            elif message.event == "status" and message.id is not None:
                                watched.versions.append(message.id)
                                watched.events += parts
                                parts.clear()
            except (httpx2.HTTPError, OSError):
                pass  # it was struck, or is silent
            watched.resumed += 1
            await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _client(self, chance: random.Random) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of any web process that has an address, dead or alive."""
        while not (addresses := [member.address for member in self.fleet.of("web") if member.address]):
            await asyncio.sleep(0.1)
        async with httpx2.AsyncClient(
            base_url=chance.choice(addresses) or "", timeout=httpx2.Timeout(SILENCE_SECONDS)
        ) as client:
            yield client


def _story(chance: random.Random, name: str) -> str:
    lines = [
        f"“Story {name}, part {part}, {chance.randrange(10**6)},” said {chance.choice(PEOPLE)}, {name}, {part}."
        for part in range(chance.randrange(4, 7))  # two segments each
    ]
    return "\n\n".join(lines)
