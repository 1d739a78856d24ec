"""ElevenLabs gives up in the middle of a drama: the rest is spoken by the local engine, and nothing is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.events.catalogue import AttemptFailed, Event, LineSpoken, VoicesCast
from narratix.handlers.speak_line import SPEAK_LINE
from narratix.handlers.standing_in import stands_in
from narratix.ports import ProviderError, Spoken, Voice
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.projection import Reader
from narratix.providers.chain import GuardedSpeech
from narratix.providers.http import OutOfService
from narratix.providers.speech.contents import SPEECH
from narratix.providers.speech.silent import SilentSpeech
from narratix.services import Services
from narratix.settings import Settings
from narratix.web.views import status_view
from tests.cloud.elevenlabs_standin import KEY, ElevenLabsStandin, Fault

STORY = "\n\n".join(
    f"“This is line {number},” said Anna.\n\n“And that was Anna,” said Thomas, who counted to {number}."
    for number in range(6)
)


class Lapsing(SilentSpeech):
    """Fails as told, then works."""

    name = "cloud"

    def __init__(self, *problems: ProviderError) -> None:
        self.problems = list(problems)
        self.calls = 0

    async def speak(self, text: str, voice: str, **manner: Any) -> Spoken:
        self.calls += 1
        if self.problems:
            raise self.problems.pop(0)
        return await super().speak(text, voice, **manner)


async def spoken(speech: GuardedSpeech) -> Spoken:
    return await speech.speak("A line.", speech.voices[0].id)


async def test_given_an_account_out_of_service_then_its_reason_goes_on_record_and_nobody_calls_there_again() -> None:
    now = [0.0]
    cloud = Lapsing(OutOfService("ElevenLabs refuses for good: no credit"))
    speech = GuardedSpeech(cloud, clock=lambda: now[0])
    with pytest.raises(ProviderError, match="no credit") as first:
        await spoken(speech)
    with pytest.raises(ProviderError, match="no credit") as second:
        await spoken(speech)

    assert (first.value.permanent, second.value.permanent, cloud.calls) == (False, True, 1)
    now[0] = 61.0
    await spoken(speech)
    assert cloud.calls == 2


async def test_given_many_lines_that_fail_within_a_moment_then_that_is_one_failure_and_three_moments_open_the_breaker() -> (
    None
):
    now = [0.0]
    speech = GuardedSpeech(Lapsing(*(ProviderError("busy") for _ in range(30))), clock=lambda: now[0])
    for moment in (0.0, 2.0, 4.0):
        assert not speech.breaker.is_open
        now[0] = moment
        for _ in range(5):
            if not speech.breaker.is_open:
                with pytest.raises(ProviderError, match="busy"):
                    await spoken(speech)
    with pytest.raises(ProviderError, match="left alone") as refused:
        await spoken(speech)
    assert refused.value.permanent


async def test_given_a_line_that_the_engine_does_not_take_then_it_says_so_once_and_other_lines_are_still_its_own() -> (
    None
):
    cloud = Lapsing(ProviderError("too long", permanent=True))
    speech = GuardedSpeech(cloud)
    faults = []
    for _ in range(2):
        with pytest.raises(ProviderError, match="too long") as caught:
            await speech.speak("A long line.", "ada")
        faults.append(caught.value.permanent)

    assert (faults, cloud.calls) == ([False, True], 1)
    await spoken(speech)
    assert cloud.calls == 2


# -- a whole drama -----------------------------------------------------------------------------


@pytest.fixture
async def narratix(
    settings: Settings, server: Database, vendor: ElevenLabsStandin, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """One whose voices are ElevenLabs', and whose local ones need no model."""
    monkeypatch.setattr("narratix.engines.SPEECH", {SilentSpeech.name: SPEECH[SilentSpeech.name]})
    monkeypatch.setattr("narratix.worker._pause", lambda *_: 0.01)
    cloudy = settings.model_copy(
        update={"speech": "elevenlabs", "elevenlabs_api_key": SecretStr(KEY), "elevenlabs_url": vendor.url}
    )
    async with open_app(cloudy, server) as narratix:
        yield narratix


async def made(narratix: Services, text: str = STORY) -> tuple[uuid.UUID, Sequence[Event]]:
    """The job, finished, and its events."""
    job_id = await narratix.commands.submit(text)
    async with asyncio.timeout(60):
        while (await narratix.commands.load(job_id)).active:
            await asyncio.sleep(0.05)
    return job_id, [event.data for event in await narratix.store.read(job_id)]


def of(events: Sequence[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("lines", [0, 7])
async def test_given_a_quota_that_ends_in_the_middle_then_the_rest_is_spoken_by_the_local_voices(
    narratix: Services, vendor: ElevenLabsStandin, lines: int
) -> None:
    vendor.lines_left = lines
    job_id, events = await made(narratix)
    job = await narratix.commands.load(job_id)
    assert job.script is not None

    assert job.status == "completed"
    assert len(job.lines) == len(job.script.segments)
    clouds = [line.usage for line in job.lines.values() if line.usage.provider == "elevenlabs"]
    assert len([usage for usage in clouds if not usage.cached]) == lines  # a line that comes again is found
    assert {line.usage.provider for line in job.lines.values()} - {"elevenlabs"} == {SilentSpeech.name}
    [failed, *_] = of(events, AttemptFailed)
    assert isinstance(failed, AttemptFailed)
    assert "3 credits left" in failed.reason
    assert failed.retry_in is not None
    assert len(of(events, VoicesCast)) == 1
    spoken_to = [path for method, path, _ in vendor.requests if method == "POST"]
    assert len(spoken_to) <= lines + narratix.settings.speech_workers + 2  # who was under way when it ended
    assert sum(line.usage.cost_usd for line in job.lines.values()) == pytest.approx(
        0.0001 * sum(usage.units for usage in clouds if not usage.cached)
    )


async def test_given_a_drama_that_the_local_voices_finished_then_the_status_says_so(
    narratix: Services, vendor: ElevenLabsStandin
) -> None:
    vendor.lines_left = 3
    job_id, _ = await made(narratix)
    reader = Reader(JOB_STATUS, narratix.pool)
    async with asyncio.timeout(30):
        while (row := await reader.get(str(job_id))) is None or row.status != "completed":
            await asyncio.sleep(0.05)
    assert status_view(row)["notice"] == (
        "The voices of elevenlabs could not be had for all lines; silent speaks the others."
    )


async def test_given_one_line_that_the_engine_does_not_take_then_only_that_person_changes_voices(
    narratix: Services, vendor: ElevenLabsStandin
) -> None:
    vendor.plan = 99
    job_id, _ = await made(narratix, "The rain fell. " * 3)  # one line, to learn who speaks
    assert (await narratix.commands.load(job_id)).stood_in.get("narrator") is None
    vendor.faults = [Fault(422, [{"loc": ["body", "text"], "msg": "too odd"}])]
    job_id, _ = await made(narratix, STORY + " Again.")
    job = await narratix.commands.load(job_id)
    assert job.script is not None

    changed = set(job.stood_in)
    assert len(changed) == 1
    assert job.status == "completed"
    assert any(line.usage.provider == "elevenlabs" for line in job.lines.values())
    for number, line in job.lines.items():
        if line.usage.provider != "elevenlabs":
            assert job.script.segments[number].speaker in changed


async def test_given_a_person_then_they_have_one_local_voice_and_others_have_another(
    narratix: Services, vendor: ElevenLabsStandin
) -> None:
    vendor.lines_left = 0
    job_id, _ = await made(narratix)
    job = await narratix.commands.load(job_id)
    assert job.script is not None
    voices = {member.id: stands_in(narratix.ports, job, member.id)[1] for member in job.script.cast}

    assert set(job.stood_in) == set(voices)
    assert len(set(voices.values())) == len(voices)
    known = {voice.id: voice for voice in narratix.ports.speech[SilentSpeech.name].voices}
    for member in job.script.cast:
        if member.gender != "unknown":
            assert known[voices[member.id]].gender == member.gender


async def test_given_a_key_that_was_taken_away_before_the_lines_were_spoken_then_the_local_voices_speak_them(
    narratix: Services,
) -> None:
    job_id, _ = await made(narratix)
    job = await narratix.commands.load(job_id)
    here = replace(narratix.ports, speech={SilentSpeech.name: narratix.ports.speech[SilentSpeech.name]})
    event = await SPEAK_LINE.run(here, job, "0")
    assert isinstance(event, LineSpoken)
    assert event.usage.provider == SilentSpeech.name


def test_given_the_ports_of_a_guarded_engine_then_its_voices_are_the_engines() -> None:
    voices: Sequence[Voice] = GuardedSpeech(SilentSpeech()).voices
    assert voices == SilentSpeech().voices
