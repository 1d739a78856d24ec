"""Warmth: engines are loaded when somebody is about to need them, since whoever sends a story waits for its first line."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from narratix.handlers.handler import Ports
from narratix.ports import ProviderError, Warms

log = structlog.get_logger(__name__)

AGAIN_SECONDS: Final = 20.0
"""Whoever types lets ask again and again."""


class Warmth:
    """The engines of this process. None is loaded where no drama is made: there `ports` is None."""

    def __init__(self, ports: Ports | None) -> None:
        self._ports = ports
        self._kindled: dict[str, float] = {}
        self._kindling: set[asyncio.Task[None]] = set()

    def kindle(self, engine: str = "") -> None:
        """Let a drama that is spoken by `engine` (default: the service's own) begin without delay. Returns at once; an engine
        that is not here is the stage's to tell of."""
        loop = asyncio.get_running_loop()
        if self._ports is None or loop.time() < self._kindled.get(engine, 0.0):
            return
        self._kindled[engine] = loop.time() + AGAIN_SECONDS
        task = loop.create_task(self._warm(self._ports, engine), name="warmth")
        self._kindling.add(task)
        task.add_done_callback(self._kindling.discard)

    async def _warm(self, ports: Ports, engine: str) -> None:
        try:
            speech = ports.speech_for(engine)
        except ProviderError as problem:
            log.info("engine_not_warmed", engine=engine, reason=str(problem))
            return
        for port in (speech, ports.music, ports.mastering, ports.effects):
            if isinstance(port, Warms):
                await port.warm()

    async def close(self) -> None:
        """Nothing is started any more."""
        self._ports = None
        for task in self._kindling:
            task.cancel()
        if self._kindling:
            await asyncio.wait(self._kindling)
