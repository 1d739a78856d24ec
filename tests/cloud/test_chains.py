"""Engines in a row: who takes over, when, and under which key its work is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from narratix.events.catalogue import Usage
from narratix.handlers.clips import Clips, Made
from narratix.ports import ProviderError, Rendered
from narratix.providers.chain import ChainedMusic
from narratix.providers.music.silent import SilentMusic
from narratix.providers.storage.directory import DirectoryStorage


class FailingMusic(SilentMusic):
    """Fails as told, then works."""

    name = "cloud"

    def __init__(self, *problems: ProviderError) -> None:
        self.problems = list(problems)

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        if self.problems:
            raise self.problems.pop(0)
        return await super().compose(mood, intensity, prompt, seconds, seed)


async def composed(chain: ChainedMusic) -> str:
    return (await chain.compose("calm", 0.5, "", 4.0, 1)).usage.provider


async def test_given_a_permanent_fault_then_the_next_engine_takes_over_at_once() -> None:
    chain = ChainedMusic([FailingMusic(ProviderError("no credit", permanent=True)), SilentMusic()])
    assert await composed(chain) == SilentMusic.name


async def test_given_a_passing_fault_then_it_is_the_callers_to_repeat_until_the_breaker_opens() -> None:
    now = [0.0]
    cloud = FailingMusic(*(ProviderError("busy") for _ in range(3)))
    chain = ChainedMusic([cloud, SilentMusic()], clock=lambda: now[0])
    for _ in range(2):
        with pytest.raises(ProviderError, match="busy"):
            await composed(chain)

    assert await composed(chain) == "silent"
    assert chain.breakers["cloud"].is_open
    assert await composed(chain) == "silent"
    now[0] = 61.0
    assert await composed(chain) == "cloud"
    assert not chain.breakers["cloud"].is_open


async def test_given_all_engines_fail_then_the_last_fault_is_told() -> None:
    down = ProviderError("down", permanent=True)
    with pytest.raises(ProviderError, match="down"):
        await composed(ChainedMusic([FailingMusic(down), FailingMusic(down)]))


async def test_given_a_clip_that_a_stand_in_made_then_it_is_not_kept_as_the_asked_engines(
    tmp_path: Path,
) -> None:
    clips = Clips(DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0))
    sound = np.zeros((4410, 2), np.float32)
    usage = Usage(provider="composed", model="m", unit="seconds")

    async def by_other() -> Made:
        return Made(sound=sound, energies=(), usage=usage, inputs=("composed", "m", 1))

    async def by_itself() -> Made:
        return Made(sound=sound, energies=(), usage=Usage(provider="cloud", model="c", unit="seconds"))

    first = await clips.get("music", ("cloud", "c", 1), by_other)
    again = await clips.get("music", ("cloud", "c", 1), by_itself)
    others = await clips.get("music", ("composed", "m", 1), by_itself)

    assert (first.usage.provider, again.usage.provider) == ("composed", "cloud")
    assert (others.usage.provider, others.usage.cached) == ("composed", True)
