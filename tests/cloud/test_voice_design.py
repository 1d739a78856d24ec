"""A voice of one's own for every character: designed once, found again, deleted when nobody needs it any more."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest
from elevenlabs.client import AsyncElevenLabs
from msgspec.structs import replace as changed

from narratix.events.catalogue import CastMember, Event, Options, ScriptWritten, Segment, VoicesCast
from narratix.handlers.cast_voices import CAST_VOICES
from narratix.handlers.clips import Clips
from narratix.handlers.describing import described
from narratix.handlers.handler import Ports
from narratix.handlers.texts import Texts, text_sha256
from narratix.job import Job
from narratix.ports import Described, ProviderError
from narratix.providers.effects.silent import SilentEffects
from narratix.providers.elevenlabs import MARK, ElevenLabs
from narratix.providers.language.rules import RulesLanguage
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.providers.music.silent import SilentMusic
from narratix.providers.speech.design import ElevenLabsDesign, create_request, design_request, mark_of
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech
from narratix.providers.speech.silent import SilentSpeech
from narratix.providers.storage.directory import DirectoryStorage
from narratix.spend import cost_of
from tests.cloud.elevenlabs_standin import KEY, VOICES, ElevenLabsStandin, Fault

DAY = date(2026, 11, 22)
SAMPLE = (
    "“Nobody has crossed this bridge in thirty years, and nobody shall cross it tonight, as long as I stand here.” "
)
LINES = [("c1", SAMPLE), ("c2", "“Then stand.” "), ("c1", SAMPLE), ("c2", "“I can wait.” "), ("c1", SAMPLE),
         ("c2", "“Good night.” "), ("narrator", "It rained. "), ("c3", "“Hush!” ")]  # fmt: skip
TEXT = "".join(line for _, line in LINES)
OLD = Described("An old man, often gruff. A natural, clear voice of an audio drama.", "")


def job_of(voices: dict[str, str] | None = None) -> Job:
    segments, at = [], 0
    for speaker, line in LINES:
        kind = "narration" if speaker == "narrator" else "speech"
        direction = "gruff" if speaker == "c1" else ""
        segments.append(
            Segment(start=at, end=at + len(line), kind=kind, speaker=speaker, direction=direction)  # type: ignore[arg-type]
        )
        at += len(line)
    script = ScriptWritten(
        engine="test",
        text_sha256=text_sha256(TEXT),
        language="en",
        segments=tuple(segments),
        cast=(
            CastMember(id="narrator", name="Narrator", narrator=True),
            CastMember(id="c1", name="Old Tom", gender="male"),
            CastMember(id="c2", name="Anna", gender="female"),
            CastMember(id="c3", name="Bert", gender="male"),
        ),
        music=(),
        effects=(),
    )
    return Job(
        id=uuid.uuid4(),
        status="running",
        text_sha256=text_sha256(TEXT),
        options=Options(voices=voices or {}),
        script=script,
    )


@pytest.fixture
def storage(tmp_path: Path) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "objects", secret=b"s" * 32, clock=lambda: 0.0)


@pytest.fixture
async def client(vendor: ElevenLabsStandin) -> AsyncIterator[ElevenLabs]:
    client = ElevenLabs(KEY, vendor.url)
    yield client
    await client.close()


@pytest.fixture
async def ports(client: ElevenLabs, storage: DirectoryStorage, tmp_path: Path) -> Ports:
    speech = ElevenLabsSpeech(client, today=lambda: DAY)
    texts = Texts(storage)
    await texts.put(TEXT)
    return Ports(
        language=RulesLanguage(),
        speech={speech.name: speech, SilentSpeech.name: SilentSpeech()},
        default_speech=speech.name,
        local_speech=SilentSpeech.name,
        music=SilentMusic(),
        effects=SilentEffects(),
        storage=storage,
        mastering=FfmpegMastering(tmp_path / "ffmpeg"),
        texts=texts,
        clips=Clips(storage),
        scratch=tmp_path,
        designs={speech.name: ElevenLabsDesign(client, storage, 3, today=lambda: DAY)},
    )


def calls(vendor: ElevenLabsStandin, path: str) -> int:
    return sum(1 for _, asked, _ in vendor.requests if asked == path)


# -- what is wished for ------------------------------------------------------------------------


def test_given_a_script_then_those_who_say_most_are_described_by_what_it_tells_and_without_their_names() -> None:
    wanted = described(job_of(), TEXT, 5)
    assert list(wanted) == ["c1", "c2"]
    assert wanted["c1"].description.startswith("An old man, often gruff.")
    assert wanted["c2"].description.startswith("A woman of middle age.")
    assert 100 <= len(wanted["c1"].sample) <= 300
    assert wanted["c2"].sample == ""
    assert all("Tom" not in one.description and 20 <= len(one.description) <= 1000 for one in wanted.values())


def test_given_a_wish_for_a_voice_or_few_slots_then_fewer_are_described() -> None:
    assert list(described(job_of(voices={"old tom": "annaVoice01"}), TEXT, 5)) == ["c2"]
    assert list(described(job_of(), TEXT, 1)) == ["c1"]


def test_given_two_of_a_kind_then_they_are_told_apart() -> None:
    job = job_of()
    assert job.script is not None
    cast = tuple(
        changed(member, name="Old Ben", gender="male") if member.id == "c2" else member for member in job.script.cast
    )
    segments = tuple(changed(segment, direction="") for segment in job.script.segments)
    twins = described(changed(job, script=changed(job.script, cast=cast, segments=segments)), TEXT, 5)
    assert twins["c1"].description == twins["c2"].description
    assert mark_of(twins["c1"]) != mark_of(twins["c2"])


# -- making, finding, deleting -----------------------------------------------------------------


async def test_given_a_drama_then_its_characters_get_voices_of_their_own_which_are_paid_once(
    ports: Ports, vendor: ElevenLabsStandin
) -> None:
    first = await CAST_VOICES.run(ports, job_of(), "")
    again = await CAST_VOICES.run(ports, job_of(), "")

    assert isinstance(first, VoicesCast)
    assert isinstance(again, VoicesCast)
    ours = {voice["voice_id"] for voice in vendor.designed}
    assert {first.voices["c1"], first.voices["c2"]} == ours
    assert first.voices["c3"] in {voice["voice_id"] for voice in VOICES}
    assert again.voices == first.voices
    assert (len(first.usage), again.usage) == (2, ())
    assert cost_of(first) == pytest.approx(sum(usage.units for usage in first.usage) * 0.0003)
    assert cost_of(again) == 0
    assert calls(vendor, "/v1/text-to-voice/design") == 2
    spoken = await ports.speech["elevenlabs"].speak("Good night.", first.voices["c1"])
    assert len(spoken.sound)


async def test_given_voices_that_were_designed_then_nobody_else_is_cast_with_them(
    ports: Ports, client: ElevenLabs
) -> None:
    await CAST_VOICES.run(ports, job_of(), "")
    later = ElevenLabsSpeech(client)
    await later.ready()
    assert {voice.id for voice in later.voices} == {voice["voice_id"] for voice in VOICES}


async def test_given_no_room_then_who_says_less_has_a_voice_of_the_account(
    ports: Ports, client: ElevenLabs, storage: DirectoryStorage, vendor: ElevenLabsStandin
) -> None:
    design = ElevenLabsDesign(client, storage, 1, today=lambda: DAY)
    await design.design({"x": OLD})
    made = await design.design({"y": Described("A young woman. A natural, clear voice of an audio drama.", "")})
    assert (made.voices, made.usage, len(vendor.designed)) == ({}, (), 1)


async def test_given_a_voice_that_was_not_used_for_a_day_then_it_is_deleted_and_others_of_the_account_stay(
    client: ElevenLabs, storage: DirectoryStorage, vendor: ElevenLabsStandin
) -> None:
    design = ElevenLabsDesign(client, storage, 1, today=lambda: DAY)
    vendor.designed.append({"voice_id": "theirs01", "name": "Theirs", "category": "generated", "labels": {"use": "x"}})
    await design.design({"x": OLD})
    await storage.delete(f"voices/{mark_of(OLD)}")  # as the daily sweep does
    young = Described("A young woman. A natural, clear voice of an audio drama.", "")
    made = await design.design({"y": young})

    assert list(made.voices) == ["y"]
    assert [voice["labels"].get(MARK) for voice in vendor.designed] == [None, mark_of(young)]


async def test_given_the_plan_has_no_slot_left_then_the_drama_is_cast_with_the_voices_there_are(
    ports: Ports, vendor: ElevenLabsStandin
) -> None:
    vendor.slots = 0
    event: Event = await CAST_VOICES.run(ports, job_of(), "")
    assert isinstance(event, VoicesCast)
    assert set(event.voices.values()) <= {voice["voice_id"] for voice in VOICES}


async def test_given_a_fault_that_passes_then_the_next_attempt_finds_what_was_made(
    ports: Ports, vendor: ElevenLabsStandin
) -> None:
    await ports.speech["elevenlabs"].ready()
    made = ports.designs["elevenlabs"]
    wanted = described(job_of(), TEXT, 3)
    await made.design({"c1": wanted["c1"]})
    vendor.faults = [Fault(503, "oops")]
    with pytest.raises(ProviderError, match="fault of its own"):
        await CAST_VOICES.run(ports, job_of(), "")
    event = await CAST_VOICES.run(ports, job_of(), "")

    assert isinstance(event, VoicesCast)
    assert len(event.usage) == 1
    assert calls(vendor, "/v1/text-to-voice/design") == 2


async def test_given_the_setting_is_off_then_no_voice_is_designed(ports: Ports, vendor: ElevenLabsStandin) -> None:
    await CAST_VOICES.run(replace(ports, designs={}), job_of(), "")
    assert vendor.designed == []


async def test_given_the_vendors_own_client_then_it_sends_the_same(
    client: ElevenLabs, storage: DirectoryStorage, vendor: ElevenLabsStandin
) -> None:
    wish = Described(OLD.description, "x" * 120, 2)
    await ElevenLabsDesign(client, storage, 3).design({"x": wish})
    ours = [request for request in vendor.requests if request[0] == "POST"]
    body = design_request(wish)
    async with httpx.AsyncClient() as http:
        official = AsyncElevenLabs(api_key=KEY, base_url=vendor.url, httpx_client=http)
        designed = await official.text_to_voice.design(
            voice_description=body["voice_description"], model_id=body["model_id"], text=body["text"], seed=body["seed"]
        )
        created = create_request(wish, mark_of(wish), designed.previews[0].generated_voice_id)
        await official.text_to_voice.create(
            voice_name=created["voice_name"],
            voice_description=created["voice_description"],
            generated_voice_id=created["generated_voice_id"],
            labels=created["labels"],
        )
        await official.voices.delete(vendor.designed[0]["voice_id"])
    theirs = [request for request in vendor.requests if request[0] == "POST"][2:]

    assert (theirs[0][1].split("?")[0], theirs[0][2]) == ours[0][1:]
    assert theirs[1][2] | {"generated_voice_id": ""} == ours[1][2] | {"generated_voice_id": ""}
