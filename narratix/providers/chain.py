"""Engines of the sound ports in a row: the first makes it, the next takes over while it cannot."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar

import structlog

from narratix.ports import Effects, Music, ProviderError, Rendered, Speech, Spoken, Unwanted, Voice, Warms
from narratix.providers.breaker import Breaker
from narratix.providers.http import OutOfService

log = structlog.get_logger(__name__)

APART_SECONDS: Final = 1.0
"""Lines are spoken side by side: those that fail within a second fail of one cause."""


class _Engine(Protocol):
    name: str
    model: str

    async def close(self) -> None: ...


Engine = TypeVar("Engine", bound=_Engine)
Made = TypeVar("Made")


class Chain(Generic[Engine]):
    """Engines, the best first. A fault that passes is the caller's to repeat, so that the attempt stands in the log;
    the next engine is asked when a fault is permanent, or has come so often that the engine's breaker is open."""

    def __init__(self, engines: Sequence[Engine], clock: Callable[[], float] = time.monotonic) -> None:
        self._engines = [(engine, Breaker(clock)) for engine in engines]
        self.name = engines[0].name
        self.model = engines[0].model

    @property
    def breakers(self) -> dict[str, Breaker]:
        """Each engine's, for those who watch."""
        return {engine.name: breaker for engine, breaker in self._engines}

    async def first(self, call: Callable[[Engine], Awaitable[Made]]) -> tuple[Made, list[str]]:
        """What the first engine that can makes, and a sentence for each that was passed over. Raises ProviderError."""
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
                log.warning("engine_failed", engine=engine.name, reason=str(problem))
                if last or not (problem.permanent or breaker.is_open):
                    raise
                passed.append(f"{engine.name} could not be used: {problem}")
            else:
                breaker.succeeded()
                return made, passed
        raise AssertionError("the last engine answers or raises")

    async def warm(self) -> None:
        """The first one, if it can be: the others are seldom asked."""
        first: object = self._engines[0][0]
        if isinstance(first, Warms):
            await first.warm()

    async def close(self) -> None:
        for engine, _ in self._engines:
            await engine.close()


def opened(
    port: str,
    names: Sequence[str],
    engines: Mapping[str, Callable[[], Engine]],
    chained: Callable[[Sequence[Engine]], Engine],
) -> Engine:
    """The engines of those names as one, the first doing the work and the next taking over. Raises ProviderError for an
    unknown name, for none, and for an engine whose settings are missing."""
    known = ", ".join(engines)
    if unknown := next((name for name in names if name not in engines), None):
        raise ProviderError(f"There is no {port} engine called {unknown!r}; choose of: {known}.", permanent=True)
    if not names:
        raise ProviderError(f"No {port} engine is named; choose of: {known}.", permanent=True)
    made = [engines[name]() for name in names]
    return made[0] if len(made) == 1 else chained(made)


class GuardedSpeech:
    """A cloud's voices behind a breaker. Who takes over is the stage's to say, since a person's voice is not changed from
    line to line: it learns from a permanent fault that these voices cannot be had."""

    def __init__(self, speech: Speech, clock: Callable[[], float] = time.monotonic) -> None:
        self._speech = speech
        self.breaker = Breaker(clock, apart=APART_SECONDS)
        self._declined: dict[int, str] = {}
        self.name = speech.name
        self.model = speech.model

    @property
    def voices(self) -> Sequence[Voice]:
        return self._speech.voices

    async def ready(self) -> None:
        """Raises ProviderError."""
        await self._speech.ready()

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        """Raises ProviderError. A fault that lasts is told as one that passes, once, so that it stands in the log with its
        reason; the next attempt is refused for good, and nobody is asked again."""
        if self.breaker.open:
            raise ProviderError(f"{self.name} was left alone for a while: {self.breaker.reason}", permanent=True)
        line = hash((text, voice, direction, speed))
        if line in self._declined:
            raise ProviderError(f"{self.name} does not take this line: {self._declined.pop(line)}", permanent=True)
        try:
            spoken = await self._speech.speak(
                text, voice, direction=direction, speed=speed, pronunciations=pronunciations
            )
        except OutOfService as problem:
            self.breaker.failed(str(problem), trip=True)
            raise ProviderError(str(problem)) from problem
        except ProviderError as problem:
            if problem.permanent:  # it says something of the line, not of the engine
                self._declined[line] = str(problem)
                raise ProviderError(str(problem)) from problem
            self.breaker.failed(str(problem))
            raise
        self.breaker.succeeded()
        return spoken

    async def close(self) -> None:
        await self._speech.close()


class ChainedMusic(Chain[Music]):
    """Behind the Music port; the usage names who made it."""

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        rendered, _ = await self.first(lambda music: music.compose(mood, intensity, prompt, seconds, seed))
        return rendered


class ChainedEffects(Chain[Effects]):
    """Behind the Effects port; the usage names who made it."""

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered:
        rendered, _ = await self.first(lambda effects: effects.render(name, prompt, seconds, seed))
        return rendered
