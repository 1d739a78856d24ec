"""Clips in object storage under the hash of what they are made from, so that nothing is made or paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec

from narratix.events.catalogue import Usage
from narratix.ports import SAMPLE_RATE, Effects, Music, NotStored, Rendered, Sound, Storage
from narratix.sound.codec import to_flac
from narratix.sound.loudness import energies

Kind = Literal["speech", "music", "effects"]


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stored clip: seconds, K-weighted energies per 100 ms, the words as (start, end, begins,
    ends) with offsets into the text that was spoken, and what it cost to make."""

    key: str
    duration: float
    onset: float = 0.0
    energies: tuple[float, ...] = ()
    words: tuple[tuple[int, int, float, float], ...] = ()
    usage: Usage


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that was just made: its sound ready for the mix, and the facts about it. `inputs` is what it was really made
    from, where another engine than the asked one made it: it is then kept under that, and the asked one is asked again."""

    sound: Sound
    energies: tuple[float, ...]
    usage: Usage
    onset: float = 0.0
    words: tuple[tuple[int, int, float, float], ...] = ()
    inputs: tuple[Any, ...] | None = None


class Clips:
    """Finds or makes clips. Two who ask for the same one at the same time in this process share its making."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._making: dict[str, asyncio.Lock] = {}

    async def get(self, kind: Kind, inputs: tuple[Any, ...], make: Callable[[], Awaitable[Made]]) -> Clip:
        """The clip made from `inputs`: found if it was ever made, else made and stored."""
        stem = _stem(kind, inputs)
        lock = self._making.setdefault(stem, asyncio.Lock())
        try:
            async with lock:
                if (found := await self._found(stem)) is not None:
                    return found
                made = await make()
                return await self._stored(stem if made.inputs is None else _stem(kind, made.inputs), made)
        finally:
            if not lock.locked():
                self._making.pop(stem, None)

    async def rendered(
        self, kind: Kind, engine: Music | Effects, render: Callable[..., Awaitable[Rendered]], asked: tuple[Any, ...]
    ) -> Clip:
        """The clip that `render(*asked)` of `engine` makes."""

        async def make() -> Made:
            made = await render(*asked)
            by_other = made.usage.provider != engine.name
            return Made(
                sound=made.sound,
                energies=await asyncio.to_thread(energies, made.sound),
                usage=made.usage,
                onset=made.onset,
                inputs=(made.usage.provider, made.usage.model, *asked) if by_other else None,
            )

        return await self.get(kind, (engine.name, engine.model, *asked), make)

    async def _found(self, stem: str) -> Clip | None:
        try:
            clip = msgspec.json.decode(await self._storage.get(f"{stem}.json"), type=Clip)
        except NotStored:
            return None
        return msgspec.structs.replace(clip, usage=msgspec.structs.replace(clip.usage, cached=True, cost_usd=0.0))

    async def _stored(self, stem: str, made: Made) -> Clip:
        """The sound is stored before its facts, and found by its facts: a crash in between only makes it again."""
        key = ""
        if len(made.sound):
            key = f"{stem}.flac"
            await self._storage.put(key, await asyncio.to_thread(to_flac, made.sound), "audio/flac")
        clip = Clip(
            key=key,
            duration=len(made.sound) / SAMPLE_RATE,
            onset=round(made.onset, 4),
            energies=tuple(_rounded(made.energies)),
            words=made.words,
            usage=made.usage,
        )
        await self._storage.put(f"{stem}.json", msgspec.json.encode(clip), "application/json")
        return clip


def _stem(kind: Kind, inputs: tuple[Any, ...]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()
    return f"clips/{kind}/{digest[:2]}/{digest}"


def _rounded(energies: Iterable[float]) -> Iterable[float]:
    """Five significant digits are 0.0001 dB, and half the bytes in the log."""
    return (float(f"{energy:.5g}") for energy in energies)
