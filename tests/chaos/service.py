"""`narratix` with a speech engine that takes its time, and a diary for what the outside must know of this process.

A line of the diary: seconds since 1970, process, what happened, to what. `begun`: a call, by its key; `stored`: its
result is in the storage; `worker`: this process begins to claim work, under this name; `refused`: a piece of work whose
report met a lost fence.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from narratix import app
from narratix.events.store import Appended, EventStore, Fence, Fenced, NewEvent
from narratix.handlers.clips import Clip, Clips, Kind, Made
from narratix.ports import Spoken
from narratix.providers.speech.contents import SPEECH
from narratix.providers.speech.silent import SilentSpeech
from narratix.worker import Worker


class ScriptedSpeech(SilentSpeech):
    """A call lasts between 0.3 and 2 seconds, by its key."""

    name = "scripted"

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        key = call_key(text, voice, direction, speed)
        note("begun", key)
        await asyncio.sleep(0.3 + 1.7 * int(key[:2], 16) / 255)
        return await super().speak(text, voice, direction=direction, speed=speed, pronunciations=pronunciations)


class NotedClips(Clips):
    async def get(self, kind: Kind, inputs: tuple[Any, ...], make: Callable[[], Awaitable[Made]]) -> Clip:
        clip = await super().get(kind, inputs, make)
        if kind == "speech":
            text, voice, _, _, direction, speed = inputs
            note("stored", call_key(text, voice, direction, speed))
        return clip


class NotedWorker(Worker):
    async def run(self) -> None:
        note("worker", self.owner)  # and not before: one that still loads what it needs can take nothing over
        await super().run()


class NotedStore(EventStore):
    async def append(
        self, events: Sequence[NewEvent], *, metadata: Mapping[str, Any] | None = None, fence: Fence | None = None
    ) -> Appended:
        try:
            return await super().append(events, metadata=metadata, fence=fence)
        except Fenced:
            if fence is not None:
                note("refused", str(fence.work_id))
            raise


def call_key(text: str, voice: str, direction: str, speed: float) -> str:
    return hashlib.sha256(f"{voice}\n{direction}\n{speed}\n{text}".encode()).hexdigest()[:16]


def note(what: str, about: str) -> None:
    """One write, so that no line is cut, whoever else writes and however this process ends."""
    line = f"{time.time():.3f} {os.getpid()} {what} {about}\n".encode()
    diary = os.open(os.environ["NARRATIX_TEST_DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(diary, line)
    finally:
        os.close(diary)


if __name__ == "__main__":
    SPEECH[ScriptedSpeech.name] = lambda *_: ScriptedSpeech()
    vars(app).update(Worker=NotedWorker, EventStore=NotedStore, Clips=NotedClips)
    from narratix.cli import main

    main()
