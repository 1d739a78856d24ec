"""`narratix` with a speech engine that minds its director: it speaks as far as it is told, then waits or fails.

The orders are a file, so that they outlast a service that is killed. Whoever holds the lines begins another take, whose
clips are new ones, since a line that was spoken before would come from the store at once.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from narratix.ports import ProviderError, Speech, Spoken
from narratix.providers.speech.contents import SPEECH
from narratix.providers.speech.silent import SilentSpeech

LOOK_AGAIN = 0.02
HASTE = 4.0  # a drama is mixed and encoded for every test


class Orders(msgspec.Struct, frozen=True):
    """Speak `lines` lines of this take (all when None), and then do this with the others."""

    take: int = 0
    lines: int | None = None
    then: Literal["wait", "stumble", "refuse"] = "wait"

    @staticmethod
    def read(home: Path) -> Orders:
        path = home / "orders.json"
        return msgspec.json.decode(path.read_bytes(), type=Orders) if path.exists() else Orders()

    def write(self, home: Path) -> None:
        new = home / "orders.new"
        new.write_bytes(msgspec.json.encode(self))
        new.replace(home / "orders.json")


class RehearsedSpeech(SilentSpeech):
    name = "rehearsed"

    def __init__(self, home: Path) -> None:
        self._home = home
        self._asked: Counter[int] = Counter()

    @property
    def model(self) -> str:  # type: ignore[override]
        return f"take-{Orders.read(self._home).take}"

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        take = Orders.read(self._home).take
        self._asked[take] += 1
        number = self._asked[take]
        while (orders := Orders.read(self._home)).take == take and orders.lines is not None and number > orders.lines:
            if orders.then == "stumble":
                raise ProviderError("The speech engine did not answer within 30 seconds.")
            if orders.then == "refuse":
                raise ProviderError("The speech engine said that its quota is used up.", permanent=True)
            await asyncio.sleep(LOOK_AGAIN)
        return await super().speak(text, voice, direction=direction, speed=speed * HASTE, pronunciations=pronunciations)


def engine(*_: object) -> Speech:
    return RehearsedSpeech(Path(os.environ["NARRATIX_HOME"]))  # type: ignore[return-value]


if __name__ == "__main__":
    SPEECH[RehearsedSpeech.name] = engine
    from narratix.cli import main

    main()
