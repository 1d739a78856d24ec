"""What a stage declares. The router derives from it what a job needs next, the worker how to run it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from narratix.events.catalogue import Event
from narratix.handlers.clips import Clips
from narratix.handlers.texts import Texts
from narratix.job import Job
from narratix.ports import Design, Effects, Language, Mastering, Music, ProviderError, Speech, Storage
from narratix.work import Work, revision

Uses = Literal["language", "speech", "music", "effects", "stream", "mastering", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything a stage may use, chosen once by the composition root. `local_speech` stands in for an engine that cannot
    be had; `scratch` is a local directory for files that live as long as a stage runs; `pronunciations` are the words that
    are pronounced by a lexicon in every drama."""

    language: Language
    speech: Mapping[str, Speech]
    default_speech: str
    local_speech: str
    music: Music
    effects: Effects
    storage: Storage
    mastering: Mastering
    texts: Texts
    clips: Clips
    scratch: Path
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    designs: Mapping[str, Design] = field(default_factory=dict)
    """For the speech engines that make voices for a drama."""

    def speech_for(self, engine: str) -> Speech:
        """Raises ProviderError when no such engine is configured."""
        name = engine or self.default_speech
        if name not in self.speech:
            known = ", ".join(sorted(self.speech))
            raise ProviderError(
                f"There is no speech engine called {name!r} here; choose one of: {known}.", permanent=True
            )
        return self.speech[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One stage.

    `items` lists what the stage has to do for a job as far as is known, `done` tells which of it is over.
    `wakes_on` are the events after which something may have become possible. `inputs` are what the
    item is made from: when they change, it is other work. `run` does one item and returns the event
    that concludes it. Times in seconds; the pause before attempt n is `pause * 2**(n-1)`, jittered.
    `light`: `run` asks of the lines no more than that they are spoken, and may be given a job whose lines lack their
    words and energies. `items`, `done`, `inputs` and `priority` always get such a job.
    """

    name: str
    uses: Uses
    wakes_on: tuple[type[Event], ...]
    items: Callable[[Job], Iterable[str]]
    done: Callable[[Job, str], bool]
    inputs: Callable[[Job, str], tuple[Any, ...]]
    run: Callable[[Ports, Job, str], Awaitable[Event]]
    attempts: int = 4
    pause: float = 1.0
    time_limit: float = 300.0
    priority: Callable[[Job, str], int] = lambda _job, _item: 0
    optional: bool = False
    light: bool = False

    def work(self, job: Job) -> Iterable[Work]:
        """The work that `job` needs from this stage now."""
        if job.active:
            for item in self.items(job):
                if not self.done(job, item):
                    yield self.piece(job, item)

    def piece(self, job: Job, item: str) -> Work:
        return Work(job.id, self.name, item, revision(self.inputs(job, item)))

    def needed(self, job: Job, item: str) -> bool:
        return job.active and not self.done(job, item)
