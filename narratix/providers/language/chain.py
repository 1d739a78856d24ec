"""Language engines in a row: the first does the work, the next takes over while it cannot."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from narratix.ports import Language, ProviderError, Script, StoryDraft, Unwanted
from narratix.providers.breaker import Breaker
from narratix.providers.language.oracle import Heard

log = structlog.get_logger(__name__)

Made = TypeVar("Made")


class ChainedLanguage:
    """Engines, the best first. A fault that passes is the caller's to repeat, so that the attempt stands in the log;
    the next engine is asked when a fault is permanent, or has come so often that the engine's breaker is open."""

    def __init__(self, engines: Sequence[Language], clock: Callable[[], float] = time.monotonic) -> None:
        self._engines = [(engine, Breaker(clock)) for engine in engines]
        self.name = engines[0].name
        self.provider = engines[0].provider
        self.model = engines[0].model

    @property
    def breakers(self) -> dict[str, Breaker]:
        """Each engine's, for those who watch."""
        return {engine.name: breaker for engine, breaker in self._engines}

    async def write_script(self, text: str) -> Script:
        """Raises ProviderError. Who had to be passed over, and why, stands in the script's notes."""
        script, passed = await self._first(lambda engine: engine.write_script(text))
        return replace(script, notes=(*passed, *script.notes))

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Heard | None = None
    ) -> StoryDraft:
        """Raises ProviderError."""
        draft, _ = await self._first(lambda engine: engine.write_story(template, premise, length, seed, heard))
        return draft

    async def close(self) -> None:
        for engine, _ in self._engines:
            await engine.close()

    async def _first(self, call: Callable[[Language], Awaitable[Made]]) -> tuple[Made, list[str]]:
        passed: list[str] = []
        for place, (engine, breaker) in enumerate(self._engines):
            last = place == len(self._engines) - 1
            if breaker.open and not last:
                passed.append(f"{engine.name} was left alone for a while: {breaker.reason}")
                continue
            try:
                made = await call(engine)
            except Unwanted:
                raise
            except ProviderError as problem:
                breaker.failed(str(problem), trip=problem.permanent)
                log.warning("language_engine_failed", engine=engine.name, reason=str(problem))
                if last or not (problem.permanent or breaker.is_open):
                    raise
                passed.append(f"{engine.name} could not be used: {problem}")
            else:
                breaker.succeeded()
                return made, passed
        raise AssertionError("the last engine answers or raises")
