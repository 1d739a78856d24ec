"""How often providers were called in this process, how it ended, how long it took and what it cost: for whoever
publishes figures. Nothing here depends on how they are published.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import structlog

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError
from narratix.tracing import span

log = structlog.get_logger(__name__)

Outcome = Literal["ok", "passing", "permanent", "cancelled", "error"]
"""Done; a fault that passes; one that does not; called off by us; a bug."""


class Called(NamedTuple):
    """What figures are kept for."""

    provider: str
    model: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Figures:
    """So many calls, the seconds they took together, and the US dollars they cost."""

    calls: int = 0
    seconds: float = 0.0
    usd: float = 0.0


@dataclass(slots=True)
class Call:
    """A call that is under way. Whoever makes it says what it cost, as soon as that is known: also a call whose answer
    is of no use was paid for."""

    usd: float = 0.0

    def paid(self, usage: Usage | Iterable[Usage]) -> None:
        for used in (usage,) if isinstance(usage, Usage) else usage:
            self.usd += used.cost_usd


class Calls:
    """A tally that only grows. Used from the event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._figures: dict[Called, Figures] = {}

    def figures(self) -> Mapping[Called, Figures]:
        """All that was counted since the process began."""
        return dict(self._figures)

    @contextlib.contextmanager
    def of(self, provider: str, model: str) -> Iterator[Call]:
        """Count what happens in the block as one call; its errors go on."""
        call, began = Call(), self._clock()
        outcome: Outcome = "ok"
        try:
            with span(f"call {provider}", provider=provider, model=model) as note:
                yield call
                note.say(usd=call.usd)
        except ProviderError as problem:
            outcome = "permanent" if problem.permanent else "passing"
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except BaseException:
            outcome = "error"
            raise
        finally:
            seconds = self._clock() - began
            self._add(Called(provider, model, outcome), seconds, call.usd)
            log.info(
                "provider_called", provider=provider, model=model, outcome=outcome, seconds=round(seconds, 3),
                usd=call.usd,
            )  # fmt: skip

    def _add(self, called: Called, seconds: float, usd: float) -> None:
        before = self._figures.get(called, Figures())
        self._figures[called] = Figures(before.calls + 1, before.seconds + seconds, before.usd + usd)


CALLS: Final = Calls()
"""This process's."""
