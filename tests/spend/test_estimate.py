"""What a story would cost: nothing with local engines, and by the table of prices with others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from narratix.estimate import estimate
from narratix.events.catalogue import Options
from narratix.providers.language.rules import RulesLanguage
from narratix.providers.prices import price_of, prices, used
from narratix.services import Services

DAY = date(2026, 11, 22)


class DearLanguage(RulesLanguage):
    provider = "anthropic"
    model = "claude-haiku-5-5"


async def test_given_local_engines_then_a_story_costs_nothing(narratix: Services) -> None:
    asked = estimate(narratix.ports, 50_000, Options(), DAY)
    assert (asked.usd, asked.items) == (0.0, ())
    assert asked.seconds > 3000


async def test_given_a_dear_engine_then_it_is_charged_by_the_table(narratix: Services) -> None:
    ports = replace(narratix.ports, language=DearLanguage())
    asked = estimate(ports, 9_000, Options(), DAY)

    assert {item.unit for item in asked.items} == {"input tokens", "output tokens"}
    assert asked.usd == pytest.approx(sum(item.usd for item in asked.items))
    assert 0 < asked.usd < 0.02


def test_given_a_model_that_is_not_listed_then_the_dearest_of_its_provider_is_charged() -> None:
    assert price_of("anthropic", "claude-next", "output tokens", DAY) == pytest.approx(20e-6)


def test_given_a_day_before_the_first_price_then_there_is_none() -> None:
    assert price_of("anthropic", "claude-haiku-5-5", "input tokens", date(2020, 1, 1)) is None
    assert used("kokoro", "kokoro-82m", "characters", 1000, DAY).cost_usd == 0


def test_every_price_names_its_source_and_is_a_price() -> None:
    assert prices()
    for price in prices():
        assert price.source
        assert price.usd > 0
        assert price.per >= 1
