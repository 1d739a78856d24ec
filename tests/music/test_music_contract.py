"""What every music engine promises, run on every one that is on the contents page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from narratix.ports import SAMPLE_RATE, Music, Sound
from narratix.providers.music.contents import MUSIC, SOUNDFONT

PACKAGES = Path(__file__).parents[2] / "node_modules"


@pytest.fixture(params=list(MUSIC), scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Music]:
    if request.param == "composed" and not (PACKAGES / SOUNDFONT).exists():
        pytest.skip("the SoundFont is not installed: npm ci --ignore-scripts")
    music = MUSIC[request.param](PACKAGES)
    yield music
    asyncio.run(music.close())


def seam(sound: Sound) -> float:
    """The largest second difference within 3 ms of the loop's seam over the 99.9 % quantile around it."""
    near, around = round(0.003 * SAMPLE_RATE), SAMPLE_RATE // 2
    bends = np.abs(np.diff(np.concatenate((sound[-around:], sound[:around])).astype(np.float64), n=2, axis=0)).max(
        axis=1
    )
    return float(bends[around - near : around + near].max() / np.quantile(bends, 0.999))


@pytest.mark.parametrize(("mood", "seconds"), [("calm", 9.0), ("grand", 14.0), ("no such mood", 5.0)])
async def test_given_a_mood_when_composed_then_a_stereo_loop_without_a_seam_is_heard(
    engine: Music, mood: str, seconds: float
) -> None:
    rendered = await engine.compose(mood, 0.7, "", seconds, seed=4)

    assert rendered.sound.dtype == np.float32
    assert rendered.sound.ndim == 2
    assert rendered.sound.shape[1] == 2
    assert 0.6 * seconds <= len(rendered.sound) / SAMPLE_RATE <= 1.5 * seconds
    assert np.isfinite(rendered.sound).all()
    assert 0.0 < np.abs(rendered.sound).max() <= 10 ** (-1 / 20)
    assert np.abs(rendered.sound.mean(axis=0)).max() < 1e-4
    assert seam(rendered.sound) < 2.0
    assert rendered.onset == 0.0


async def test_given_the_same_arguments_when_composed_twice_then_every_sample_agrees(engine: Music) -> None:
    again = partial(engine.compose, "playful", 0.5, "pizzicato", 6.0)

    first, second, other = await again(seed=1), await again(seed=1), await again(seed=2)

    assert np.array_equal(first.sound, second.sound)
    assert first.usage == second.usage
    assert not np.array_equal(first.sound[: len(other.sound)], other.sound[: len(first.sound)])


@pytest.mark.parametrize("seconds", [0.0, 1.0, 20.0])
async def test_given_any_length_when_composed_then_it_is_near_it_and_no_shorter_than_half_a_second(
    engine: Music, seconds: float
) -> None:
    rendered = await engine.compose("tense", 0.3, "", seconds, seed=1)

    assert 0.5 <= len(rendered.sound) / SAMPLE_RATE <= max(4.0, 1.4 * seconds)


async def test_given_a_piece_when_composed_then_its_usage_names_the_engine_and_counts_its_seconds(
    engine: Music,
) -> None:
    rendered = await engine.compose("sad", 0.2, "", 4.0, seed=1)

    assert rendered.usage.provider == engine.name
    assert rendered.usage.unit == "seconds"
    assert rendered.usage.units == pytest.approx(len(rendered.sound) / SAMPLE_RATE, abs=0.001)
    assert rendered.usage.cost_usd == 0.0
