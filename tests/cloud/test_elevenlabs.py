"""ElevenLabs against a strict stand-in, which the vendor's own client accepts as the vendor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import httpx
import numpy as np
import pytest
from elevenlabs import VoiceSettings
from elevenlabs.client import AsyncElevenLabs

from narratix.ports import SAMPLE_RATE, ProviderError
from narratix.providers import elevenlabs as client
from narratix.providers.effects.elevenlabs import ElevenLabsEffects
from narratix.providers.elevenlabs import ElevenLabs
from narratix.providers.music.elevenlabs import ElevenLabsMusic
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech, request
from tests.cloud.elevenlabs_standin import KEY, PACE, ElevenLabsStandin, Fault

DAY = date(2026, 11, 22)
LINE = "“Who is there?”"


@pytest.fixture
async def speech(vendor: ElevenLabsStandin) -> AsyncIterator[ElevenLabsSpeech]:
    speech = ElevenLabsSpeech(ElevenLabs(KEY, vendor.url, deadline=2.0), today=lambda: DAY)
    yield speech
    await speech.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as http:
        yield http


async def test_given_an_account_then_all_pages_of_its_voices_are_known(speech: ElevenLabsSpeech) -> None:
    await speech.ready()
    await speech.ready()

    assert [(voice.id, voice.gender, voice.age) for voice in speech.voices] == [
        ("annaVoice01", "female", "young"),
        ("brownVoice02", "male", "old"),
        ("plainVoice03", "unknown", "adult"),
    ]


async def test_given_a_line_then_its_words_are_timed_within_the_sound(
    speech: ElevenLabsSpeech, vendor: ElevenLabsStandin
) -> None:
    spoken = await speech.speak(LINE, "annaVoice01", direction="whispering", speed=2.0)

    assert [LINE[word.start : word.end] for word in spoken.words] == ["“Who", "is", "there?”"]
    begins = [word.begins for word in spoken.words]
    assert begins == pytest.approx([0.0, 5 * PACE, 8 * PACE], abs=0.03)
    assert spoken.words[-1].ends <= len(spoken.sound) / SAMPLE_RATE
    assert spoken.usage.units == len(LINE)
    assert spoken.usage.cost_usd == pytest.approx(0.0001 * len(LINE))
    assert vendor.requests[0][2]["voice_settings"]["speed"] == 1.2


async def test_given_a_pronunciation_then_the_word_is_sent_as_it_sounds_and_timed_as_it_is_written(
    speech: ElevenLabsSpeech, vendor: ElevenLabsStandin
) -> None:
    text = "Then Siobhan’s cat saw Anna."
    said = {"siobhan": "shuh-VAWN", "anna": "/ˈɑːnə/"}
    spoken = await speech.speak(text, "annaVoice01", pronunciations=said)

    sent = vendor.requests[0][2]["text"]
    assert sent == "Then shuhvawn's cat saw ahnuh."
    assert [text[word.start : word.end] for word in spoken.words] == ["Then", "Siobhan’s", "cat", "saw", "Anna."]
    begins = [word.begins for word in spoken.words]
    assert begins == pytest.approx([PACE * sent.index(word) for word in sent.split()], abs=0.03)
    assert spoken.usage.units == len(sent)


async def test_given_the_same_line_then_the_same_seed_is_sent(speech: ElevenLabsSpeech) -> None:
    assert request(LINE, "a", "m", "", 1.0) == request(LINE, "a", "m", "", 1.0)
    assert request(LINE, "a", "m", "", 1.0)["seed"] != request(LINE, "b", "m", "", 1.0)["seed"]


async def test_given_nothing_to_say_then_nobody_is_asked(speech: ElevenLabsSpeech, vendor: ElevenLabsStandin) -> None:
    spoken = await speech.speak(" … ", "annaVoice01")
    assert (len(spoken.sound), vendor.requests) == (0, [])


async def test_given_the_vendors_own_client_then_it_sends_the_same_and_accepts_the_stand_in(
    speech: ElevenLabsSpeech, vendor: ElevenLabsStandin, http: httpx.AsyncClient
) -> None:
    await speech.speak(LINE, "annaVoice01", direction="angry")
    ours = vendor.requests[-1]
    body = ours[2]
    official = AsyncElevenLabs(api_key=KEY, base_url=vendor.url, httpx_client=http)
    answer = await official.text_to_speech.convert_with_timestamps(
        "annaVoice01",
        text=LINE,
        model_id=body["model_id"],
        voice_settings=VoiceSettings(**body["voice_settings"]),
        seed=body["seed"],
        apply_text_normalization="auto",
        output_format="mp3_44100_128",
    )
    voices = await official.voices.search(page_size=100)

    method, path, theirs = next(entry for entry in reversed(vendor.requests) if entry[0] == "POST")
    assert (method, path.split("?")[0], theirs) == (ours[0], ours[1].split("?")[0], body)
    assert answer.alignment is not None
    assert answer.alignment.characters == list(LINE)
    assert voices.voices[0].voice_id == "annaVoice01"


async def test_given_effects_and_music_then_the_vendors_client_sends_the_same(
    vendor: ElevenLabsStandin, http: httpx.AsyncClient
) -> None:
    ours = ElevenLabs(KEY, vendor.url)
    effect = await ElevenLabsEffects(ours, today=lambda: DAY).render("door", "a heavy door", 2.0, 1)
    music = await ElevenLabsMusic(ours, today=lambda: DAY).compose("calm", 0.5, "a calm bed", 12.0, 1)
    await ours.close()
    official = AsyncElevenLabs(api_key=KEY, base_url=vendor.url, httpx_client=http)
    [_ async for _ in official.text_to_sound_effects.convert(
        text="a heavy door", duration_seconds=2.0, prompt_influence=0.5, output_format="mp3_44100_128")]  # fmt: skip
    [_ async for _ in official.music.compose(
        prompt="a calm bed", music_length_ms=12_000, model_id="music_v1", force_instrumental=True,
        output_format="mp3_44100_128")]  # fmt: skip

    assert vendor.requests[0] == vendor.requests[2]
    assert vendor.requests[1] == vendor.requests[3]
    assert effect.sound.ndim == 1
    assert music.sound.shape[1] == 2
    assert music.usage.cost_usd == pytest.approx(0.12)


async def test_given_a_bed_then_its_end_leads_into_its_beginning(vendor: ElevenLabsStandin) -> None:
    ours = ElevenLabs(KEY, vendor.url)
    music = await ElevenLabsMusic(ours).compose("calm", 0.5, "", 10.0, 1)
    await ours.close()

    seam = np.abs(music.sound[0] - music.sound[-1]).max()
    steps = np.abs(np.diff(music.sound[:, 0])).max()
    assert seam <= 2 * steps


FAULTS = [
    (Fault(401, {"status": "invalid_api_key", "message": "Invalid API key"}), True, None, "Invalid API key"),
    (Fault(401, {"status": "quota_exceeded", "message": "You have 3 credits left."}), True, None, "3 credits"),
    (Fault(403, {"status": "forbidden", "message": "no"}), True, None, "key"),
    (Fault(404, {"status": "voice_not_found", "message": "A voice was not found."}), True, None, "voice was not"),
    (Fault(408, "timeout"), False, None, "busy"),
    (Fault(422, [{"loc": ["body", "text"], "msg": "too long"}]), True, None, "body.text: too long"),
    (Fault(429, {"status": "system_busy", "message": "busy"}, {"Retry-After": "2"}), False, 2.0, "busy"),
    (Fault(500, "oops"), False, None, "fault of its own"),
    (Fault(503, "oops", {"retry-after": "9"}), False, 9.0, "fault of its own"),
    (Fault(how="garbage"), False, None, "shape"),
    (Fault(how="empty"), False, None, "empty"),
    (Fault(how="truncated"), False, None, "no sound|empty|silence"),
    (Fault(how="other text"), False, None, "another text"),
    (Fault(how="short"), False, None, "ends before"),
    (Fault(how="stall"), False, None, "within"),
]


@pytest.mark.parametrize(("fault", "permanent", "wait", "said"), FAULTS, ids=lambda value: str(value)[:50])
async def test_given_a_fault_then_it_is_known_whether_to_repeat_and_what_to_say(
    speech: ElevenLabsSpeech, vendor: ElevenLabsStandin, fault: Fault, permanent: bool, wait: float | None, said: str
) -> None:
    vendor.faults = [fault]
    with pytest.raises(ProviderError, match=said) as caught:
        await speech.speak(LINE * 3, "annaVoice01")

    assert (caught.value.permanent, caught.value.retry_after) == (permanent, wait)
    assert KEY not in str(caught.value)


async def test_given_more_calls_than_the_plan_allows_then_they_wait_their_turn(
    vendor: ElevenLabsStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "QUEUE_SECONDS", 0.01)
    two = [ElevenLabsSpeech(ElevenLabs(KEY, vendor.url, calls=4)) for _ in range(2)]
    spoken = await asyncio.gather(*(two[n % 2].speak(f"Line {n}.", "brownVoice02") for n in range(16)))
    for speech in two:
        await speech.close()

    assert len(spoken) == 16
    assert vendor.most_at_once <= vendor.plan


async def test_given_a_voice_id_that_is_a_path_then_it_is_refused_here(
    speech: ElevenLabsSpeech, vendor: ElevenLabsStandin
) -> None:
    with pytest.raises(ProviderError, match="no voice"):
        await speech.speak(LINE, "../../v1/user")
    assert vendor.requests == []
