"""What every voice engine promises: each adapter and stand-in of the Speech port runs this suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from narratix.ports import SAMPLE_RATE, ProviderError, Speech
from narratix.providers.speech.contents import SPEECH

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACKAGES = Path(__file__).parents[2] / "node_modules"
LINE = "“Mr. Gray,” she said—_quite_ calmly—“it is 7:30... GO AWAY!”"
WORDS = ["“Mr.", "Gray,”", "she", "said—_quite_", "calmly—“it", "is", "7:30...", "GO", "AWAY!”"]


@pytest_asyncio.fixture(
    loop_scope="module",
    scope="module",
    params=["silent", pytest.param("fast", marks=pytest.mark.voices), pytest.param("kokoro", marks=pytest.mark.voices)],
)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Speech]:
    engine = SPEECH[request.param](PACKAGES, 1)
    yield engine
    await engine.close()


async def test_given_an_engine_when_its_voices_are_listed_then_they_can_be_told_apart(engine: Speech) -> None:
    voices = engine.voices
    assert len({voice.id for voice in voices}) == len(voices) >= 6
    assert {"female", "male"} <= {voice.gender for voice in voices}
    for voice in voices:
        assert voice.name
        assert voice.accent in {"american", "british"}
        assert voice.age in {"child", "young", "adult", "old"}
        assert 60 < voice.pitch_hz < 400
        assert 0 < voice.quality <= 1
    grown = [voice for voice in voices if voice.age != "child"]
    men = [voice.pitch_hz for voice in grown if voice.gender == "male"]
    women = [voice.pitch_hz for voice in grown if voice.gender == "female"]
    assert np.median(men) < 150 < np.median(women)


async def test_given_a_line_when_spoken_then_its_sound_and_its_words_agree(engine: Speech) -> None:
    spoken = await engine.speak(LINE, engine.voices[0].id)
    assert spoken.sound.dtype == np.float32
    assert spoken.sound.ndim == 1
    assert np.abs(spoken.sound).max() <= 1.0
    seconds = spoken.sound.size / SAMPLE_RATE
    assert 2.0 < seconds < 8.0
    assert [LINE[word.start : word.end] for word in spoken.words] == WORDS
    times = [t for word in spoken.words for t in (word.begins, word.ends)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= seconds + 1e-6
    assert all(word.ends - word.begins > 0.03 for word in spoken.words)
    loud = np.flatnonzero(np.abs(spoken.sound) > 0.01 * np.abs(spoken.sound).max()) / SAMPLE_RATE
    assert loud[0] < 0.06, "silence at the start"
    assert seconds - loud[-1] < 0.06, "silence at the end"
    assert (spoken.usage.provider, spoken.usage.model) == (engine.name, engine.model)
    assert (spoken.usage.units, spoken.usage.cost_usd) == (len(LINE), 0.0)


async def test_given_the_same_line_when_spoken_twice_then_it_is_the_same_sound(engine: Speech) -> None:
    voice = engine.voices[1].id
    first = await engine.speak("Same again.", voice, direction="whispering")
    second = await engine.speak("Same again.", voice, direction="whispering")
    assert np.array_equal(first.sound, second.sound)
    assert first.words == second.words


async def test_given_a_speed_when_spoken_then_the_line_lasts_accordingly(engine: Speech) -> None:
    line, voice = "It rained until dark.", engine.voices[0].id
    slow = (await engine.speak(line, voice, speed=0.8)).sound.size
    fast = (await engine.speak(line, voice, speed=1.25)).sound.size
    assert 1.25 < slow / fast < 1.9


@pytest.mark.parametrize("text", ["", "  \n", "—", "“…!?”", "* * *"])
async def test_given_nothing_speakable_when_spoken_then_the_sound_is_empty(engine: Speech, text: str) -> None:
    spoken = await engine.speak(text, engine.voices[0].id)
    assert spoken.sound.size == 0
    assert spoken.words == ()


@pytest.mark.voices
async def test_given_another_script_when_spoken_then_its_words_are_silent() -> None:
    engine = SPEECH["fast"](PACKAGES, 1)
    try:
        mixed = await engine.speak("He cried Здравствуйте, 你好 and Élan.", "heart")
        nothing = await engine.speak("Здравствуйте, мир! 你好。", "heart")
    finally:
        await engine.close()
    assert [word.ends > word.begins for word in mixed.words] == [True, True, False, False, True, True]
    assert nothing.sound.size == 0
    assert [word.ends for word in nothing.words] == [0.0] * 3


async def test_given_an_unknown_voice_when_spoken_then_it_says_so_for_good(engine: Speech) -> None:
    with pytest.raises(ProviderError, match="nobody") as failure:
        await engine.speak("Hello.", "nobody")
    assert failure.value.permanent
