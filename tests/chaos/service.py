"""`narratix` with a speech engine that takes its time and writes down every call: begun, then ended."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time

from narratix.ports import Spoken
from narratix.providers.speech import SPEECH
from narratix.providers.speech.silent import SilentSpeech

CALL_SECONDS = 0.15


class ScriptedSpeech(SilentSpeech):
    name = "scripted"

    async def speak(self, text: str, voice: str, *, direction: str = "", speed: float = 1.0) -> Spoken:
        key = hashlib.sha256(f"{voice}\n{direction}\n{speed}\n{text}".encode()).hexdigest()[:16]
        note("begun", key)
        await asyncio.sleep(CALL_SECONDS)
        spoken = await super().speak(text, voice, direction=direction, speed=speed)
        note("ended", key)
        return spoken


def note(what: str, key: str) -> None:
    """One write, so that no line is cut, whoever else writes and however this process ends."""
    line = f"{time.time():.3f} {os.getpid()} {what} {key}\n".encode()
    calls = os.open(os.environ["NARRATIX_TEST_CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(calls, line)
    finally:
        os.close(calls)


if __name__ == "__main__":
    SPEECH[ScriptedSpeech.name] = lambda *_: ScriptedSpeech()
    from narratix.cli import main

    main()
