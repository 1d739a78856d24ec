"""The tally of provider calls."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError
from narratix.providers.calls import Called, Calls, Figures


def test_given_calls_that_end_in_every_way_then_each_is_counted_under_its_own_outcome() -> None:
    seconds = count()
    calls = Calls(clock=lambda: float(next(seconds)))
    for ends in (
        ProviderError("busy"),
        ProviderError("no", permanent=True),
        asyncio.CancelledError(),
        ValueError("bug"),
    ):
        with pytest.raises(type(ends)), calls.of("elevenlabs", "music_v1"):
            raise ends

    assert {called.outcome: figures for called, figures in calls.figures().items()} == {
        outcome: Figures(calls=1, seconds=1.0) for outcome in ("passing", "permanent", "cancelled", "error")
    }


def test_given_calls_that_cost_then_calls_seconds_and_dollars_add_up_also_for_a_useless_answer() -> None:
    seconds = count()
    calls = Calls(clock=lambda: float(next(seconds)))
    usage = Usage(provider="anthropic", model="haiku", cost_usd=0.25)
    for _ in range(2):
        with calls.of("anthropic", "haiku") as call:
            call.paid((usage, usage))
    with pytest.raises(ProviderError):
        answer_of_no_use(calls, usage)

    assert calls.figures() == {
        Called("anthropic", "haiku", "ok"): Figures(calls=2, seconds=2.0, usd=1.0),
        Called("anthropic", "haiku", "passing"): Figures(calls=1, seconds=1.0, usd=0.25),
    }


def answer_of_no_use(calls: Calls, usage: Usage) -> None:
    with calls.of(usage.provider, usage.model) as call:
        call.paid(usage)
        raise ProviderError("an answer of another shape")
