"""A job that is watched while it is made: its events, and the messages that its streams bring."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator

import asyncpg

from benchmarks._events import spoken_line
from narratix.events.catalogue import (
    CastMember,
    Event,
    JobSubmitted,
    Options,
    ScriptWritten,
    Segment,
    SoundPlanned,
    VoicesCast,
)
from narratix.events.store import EventStore, NewEvent
from narratix.projections.job_status import JobStatus, evolve
from narratix.web.channel import message

LINES = 400
CAST = ("Narrator", "Anna", "Thomas", "The Captain", "Mrs Bramble")


class WatchedJob:
    """A story of 400 lines and five voices whose lines are being spoken, one event each."""

    def __init__(self, store: EventStore) -> None:
        self.id = uuid.uuid4()
        self.version = 0
        self._store = store

    async def begin(self) -> None:
        """Up to where lines can be spoken."""
        digest = "0" * 64
        segments = tuple(
            Segment(start=line * 50, end=line * 50 + 50, kind="speech", speaker=_speaker(line)) for line in range(LINES)
        )
        cast = tuple(CastMember(id=f"c{number}", name=name, narrator=not number) for number, name in enumerate(CAST))
        await self._append(
            JobSubmitted(
                title="The Watched Job", text_sha256=digest, text_key="none", characters=LINES * 50, options=Options()
            ),
            ScriptWritten(
                engine="rules", text_sha256=digest, language="en", segments=segments, cast=cast, music=(), effects=()
            ),
            VoicesCast(engine="kokoro", voices={member.id: f"voice_{member.id}" for member in cast}),
            SoundPlanned(lead_in=0.5, tail=1.0, music=(), effects=()),
        )

    async def speak(self, lines: int) -> None:
        """That many lines, on record at once."""
        await self._append(*(spoken_line((self.version + number) % LINES) for number in range(lines)))

    async def next_message(self) -> bytes:
        """The data of the message that the next line will bring."""
        row: JobStatus | None = None
        events = await self._store.read(self.id)
        for event in events:
            row = evolve(row, event)
        assert row is not None
        return message(events[-1], row).status.split(b"\ndata: ")[1].strip()

    async def _append(self, *events: Event) -> None:
        await self._store.append([NewEvent(self.id, event, uuid.uuid4()) for event in events])
        self.version += len(events)


@contextlib.asynccontextmanager
async def open_store(dsn: str) -> AsyncIterator[EventStore]:
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
    store = EventStore(pool)
    try:
        yield store
    finally:
        await store.close()
        await asyncio.wait_for(pool.close(), 5)


def _speaker(line: int) -> str:
    return f"c{line % len(CAST)}"
