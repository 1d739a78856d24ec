"""Voices of services that end: off unless there is a key, right until their last day, and clear after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from narratix.doctor.accounts import accounts
from narratix.ports import SAMPLE_RATE, ProviderError
from narratix.providers.accounts import Accounts
from narratix.providers.http import OutOfService
from narratix.providers.prices import price_of
from narratix.providers.speech.contents import CLOUD_SPEECH
from narratix.providers.speech.ending import ENDS, spread
from narratix.providers.speech.hume import HumeSpeech
from narratix.providers.speech.openai import OpenAISpeech, request
from narratix.providers.speech.words import source_words
from narratix.providers.storage.directory import DirectoryStorage
from narratix.settings import Settings
from tests.cloud.ending_standins import KEY, WORD_MS, Standin, ending_standin

BEFORE, AFTER = date(2026, 11, 22), date(2027, 1, 6)
LINE = "“Who is there?” she asked."


@pytest.fixture
async def there() -> AsyncIterator[Standin]:
    async with ending_standin() as standin:
        yield standin


@pytest.fixture
async def openai(there: Standin) -> AsyncIterator[OpenAISpeech]:
    speech = OpenAISpeech(KEY, there.url, today=lambda: BEFORE)
    yield speech
    await speech.close()


@pytest.fixture
async def hume(there: Standin) -> AsyncIterator[HumeSpeech]:
    speech = HumeSpeech(KEY, there.url, today=lambda: BEFORE)
    await speech.ready()
    yield speech
    await speech.close()


def said(text: str, words: Any) -> list[str]:
    return [text[word.start : word.end] for word in words]


async def test_given_a_line_then_openai_speaks_it_and_its_words_lie_in_order_within_it(
    openai: OpenAISpeech, there: Standin
) -> None:
    spoken = await openai.speak(LINE, "nova", direction="whispering", speed=9.0)

    assert said(LINE, spoken.words) == ["“Who", "is", "there?”", "she", "asked."]
    begins = [word.begins for word in spoken.words]
    assert begins == sorted(begins)
    assert spoken.words[-1].ends == pytest.approx(len(spoken.sound) / SAMPLE_RATE, abs=0.01)
    assert (spoken.usage.provider, spoken.usage.units) == ("openai", len(LINE))
    assert spoken.usage.cost_usd > 0
    assert there.requests == [request(LINE, "nova", "gpt-4o-mini-tts", "whispering", 4.0)]


async def test_given_the_vendors_own_client_then_it_sends_the_same(openai: OpenAISpeech, there: Standin) -> None:
    client = pytest.importorskip("openai")
    await openai.speak(LINE, "nova", direction="whispering")
    async with client.AsyncOpenAI(api_key=KEY, base_url=f"{there.url}/v1") as official:
        answer = await official.audio.speech.create(
            model="gpt-4o-mini-tts",
            voice="nova",
            input=LINE,
            instructions="Speak as in an audio drama: whispering.",
            response_format="mp3",
            speed=1.0,
        )
        assert len(answer.content) > 1000
    assert there.requests[0] == there.requests[1]


async def test_given_a_line_then_hume_speaks_it_and_its_words_have_the_times_that_were_told(
    hume: HumeSpeech, there: Standin
) -> None:
    assert [voice.id for voice in hume.voices] == ["voice0", "voice1", "voice2"]
    spoken = await hume.speak(LINE, "voice1", direction="whispering")

    assert said(LINE, spoken.words) == ["“Who", "is", "there?”", "she", "asked."]
    lead = spoken.words[0].begins
    assert [word.begins - lead for word in spoken.words] == pytest.approx(
        [place * WORD_MS / 1000 for place in range(5)], abs=0.02
    )
    assert there.requests[0]["utterances"][0]["description"] == "whispering"
    assert there.requests[0]["include_timestamp_types"] == ["word"]


async def test_given_times_that_are_not_of_all_words_then_they_are_guessed(hume: HumeSpeech, there: Standin) -> None:
    there.stamps = 2
    spoken = await hume.speak(LINE, "voice1")
    assert len(spoken.words) == 5
    assert spoken.words[-1].ends == pytest.approx(len(spoken.sound) / SAMPLE_RATE, abs=0.01)


def test_given_no_times_then_letters_take_equally_long_and_marks_are_pauses() -> None:
    text = "So. Long words."
    first, second, third = spread(text, source_words(text), 2.0)
    assert second.begins - first.ends > third.begins - second.ends
    assert third.ends - third.begins > first.ends - first.begins
    assert third.ends == 2.0


FAULTS = [
    (401, {}, {}, True, None, "key"),
    (402, {}, {}, True, None, "paid"),
    (403, {}, {}, True, None, "key"),
    (404, {}, {}, True, None, "does not know"),
    (408, {}, {}, False, None, "busy"),
    (422, {}, {}, True, None, "does not accept"),
    (429, {}, {"Retry-After": "3"}, False, 3.0, "busy"),
    (429, {"error": {"code": "insufficient_quota"}}, {}, True, None, "no credit"),
    (500, {}, {}, False, None, "fault of its own"),
    (503, {}, {"Retry-After": "4"}, False, 4.0, "fault of its own"),
]


@pytest.mark.parametrize("vendor", ["openai", "hume"])
@pytest.mark.parametrize(("status", "body", "headers", "permanent", "wait", "reason"), FAULTS)
async def test_given_a_fault_then_it_is_known_whether_to_repeat(
    openai: OpenAISpeech,
    hume: HumeSpeech,
    there: Standin,
    vendor: str,
    status: int,
    body: Any,
    headers: dict[str, str],
    permanent: bool,
    wait: float | None,
    reason: str,
) -> None:
    there.answers = [(status, body, headers)]
    speak = openai.speak(LINE, "nova") if vendor == "openai" else hume.speak(LINE, "voice1")
    with pytest.raises(ProviderError, match=reason) as caught:
        await speak
    assert (caught.value.permanent, caught.value.retry_after) == (permanent, wait)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("audio", [b"", b"This is no sound."])
async def test_given_a_sound_that_is_none_then_it_is_a_fault_that_passes(
    openai: OpenAISpeech, hume: HumeSpeech, there: Standin, audio: bytes
) -> None:
    there.audio = audio
    for speak in (openai.speak(LINE, "nova"), hume.speak(LINE, "voice1")):
        with pytest.raises(ProviderError, match="sent") as caught:
            await speak
        assert not caught.value.permanent


async def test_given_what_cannot_be_asked_for_then_nobody_is_asked(
    openai: OpenAISpeech, hume: HumeSpeech, there: Standin
) -> None:
    with pytest.raises(ProviderError, match="4,096"):
        await openai.speak("word " * 1000, "nova")
    with pytest.raises(ProviderError, match="5,000"):
        await hume.speak("word " * 2000, "voice1")
    with pytest.raises(ProviderError, match="no voice"):
        await openai.speak(LINE, "../../v1/models")
    assert (await openai.speak(" … ", "nova")).words == ()
    assert there.requests == []


async def test_given_the_day_on_which_a_service_ends_then_it_is_out_of_service_and_says_so() -> None:
    for speech, vendor in (
        (OpenAISpeech(KEY, "http://127.0.0.1:9", today=lambda: AFTER), "OpenAI"),
        (HumeSpeech(KEY, today=lambda: BEFORE), "Hume"),
    ):
        with pytest.raises(OutOfService, match=f"{vendor}'s speech ended on {ENDS[speech.name]}"):
            await speech.ready()
        with pytest.raises(OutOfService, match="ended on"):
            await speech.speak(LINE, "nova")
        await speech.close()


def test_given_no_keys_then_these_voices_are_off_and_with_keys_they_are_on_and_priced(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0)
    assert Accounts(storage=storage).speech == []
    on = Accounts(storage=storage, openai_key=KEY, openai_model="m", hume_key=KEY, elevenlabs_key=KEY)
    assert on.speech == ["elevenlabs", "openai", "hume"]
    assert set(on.speech) == set(CLOUD_SPEECH)
    for name in ("openai", "hume"):
        assert price_of(name, CLOUD_SPEECH[name](on).model, "characters", BEFORE)


def test_given_the_settings_then_their_descriptions_and_the_doctor_tell_the_last_days() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
    for day in ENDS.values():
        assert str(day) in example
    on = Settings.model_validate({"hume_api_key": KEY})
    checks = dict(accounts(on))
    with pytest.raises(OutOfService, match=str(ENDS["hume"])):
        checks["hume"]()
