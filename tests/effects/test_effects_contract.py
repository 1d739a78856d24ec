"""What every effects engine promises, run on every one that is on the contents page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from narratix.ports import SAMPLE_RATE, Effects
from narratix.providers.effects.contents import EFFECTS

NAMES = ("rain", "door", "bell", "footsteps", "glass", "crowd")


@pytest.fixture(params=list(EFFECTS))
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Effects]:
    effects = EFFECTS[request.param](Path("node_modules"))
    yield effects
    await effects.close()


@pytest.mark.parametrize("name", NAMES)
async def test_given_a_name_when_rendered_then_the_sound_is_mono_float_and_as_long_as_asked(
    engine: Effects, name: str
) -> None:
    rendered = await engine.render(name, "", 2.5, seed=3)

    assert rendered.sound.dtype == np.float32
    assert rendered.sound.shape == (round(2.5 * SAMPLE_RATE),)
    assert np.isfinite(rendered.sound).all()
    assert 0.0 < np.abs(rendered.sound).max() <= 10 ** (-3 / 20) + 1e-4
    assert abs(float(rendered.sound.mean())) < 1e-3
    assert 0.0 <= rendered.onset < 2.5


async def test_given_the_same_arguments_when_rendered_twice_then_every_sample_agrees(engine: Effects) -> None:
    first = await engine.render("rain", "on a roof", 1.5, seed=7)
    again = await engine.render("rain", "on a roof", 1.5, seed=7)

    assert np.array_equal(first.sound, again.sound)
    assert (first.onset, first.usage) == (again.onset, again.usage)


async def test_given_another_seed_when_rendered_then_the_sound_differs(engine: Effects) -> None:
    first = await engine.render("rain", "", 1.0, seed=1)
    other = await engine.render("rain", "", 1.0, seed=2)

    assert not np.array_equal(first.sound, other.sound)


@pytest.mark.parametrize("seconds", [0.01, 0.2, 1.0, 500.0])
async def test_given_any_length_when_rendered_then_it_lies_between_a_fifth_of_a_second_and_a_minute(
    engine: Effects, seconds: float
) -> None:
    rendered = await engine.render("knock", "", seconds, seed=0)

    assert len(rendered.sound) == round(min(60.0, max(0.2, seconds)) * SAMPLE_RATE)


async def test_given_a_sound_when_rendered_then_its_usage_names_the_engine_and_counts_its_seconds(
    engine: Effects,
) -> None:
    rendered = await engine.render("bell", "", 1.25, seed=0)

    assert rendered.usage.provider == engine.name
    assert (rendered.usage.unit, rendered.usage.units, rendered.usage.cost_usd) == ("seconds", 1.25, 0.0)
