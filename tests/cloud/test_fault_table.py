"""Every line of the fault table, through the stage that meets it: what is asked again, who takes over, what is said."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from immutables import Map
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.events.catalogue import (
    CastMember,
    Event,
    LineSpoken,
    MusicComposed,
    Options,
    PlannedMusic,
    ScriptWritten,
    Segment,
    SoundPlanned,
    VoicesCast,
)
from narratix.events.dsn import asyncpg_dsn
from narratix.handlers.clips import Clips
from narratix.handlers.compose_music import COMPOSE_MUSIC
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.speak_line import SPEAK_LINE
from narratix.handlers.texts import Texts
from narratix.handlers.write_script import WRITE_SCRIPT
from narratix.job import Job
from narratix.ports import Language, Music, ProviderError, Speech, Unwanted
from narratix.providers import elevenlabs as elevenlabs_client
from narratix.providers import replicate as replicate_client
from narratix.providers.chain import ChainedMusic, GuardedSpeech
from narratix.providers.effects.silent import SilentEffects
from narratix.providers.elevenlabs import ElevenLabs
from narratix.providers.language import claude as claude_adapter
from narratix.providers.language.chain import ChainedLanguage
from narratix.providers.language.claude import ClaudeOracle
from narratix.providers.language.labelled import LabelledLanguage
from narratix.providers.language.remembered import RememberedOracle
from narratix.providers.language.rules import RulesLanguage
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.providers.music.replicate import ReplicateMusic
from narratix.providers.music.silent import SilentMusic
from narratix.providers.replicate import Replicate
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech
from narratix.providers.speech.silent import SilentSpeech
from narratix.providers.storage.directory import DirectoryStorage
from narratix.script.tiling import check_tiling
from narratix.settings import Settings
from narratix.webhooks.inbound import Bell
from narratix.webhooks.signing import headers, secret_of
from tests.cloud import fault_table
from tests.cloud.elevenlabs_standin import KEY as ELEVENLABS_KEY
from tests.cloud.elevenlabs_standin import ElevenLabsStandin
from tests.cloud.fault_table import ROWS, Row
from tests.cloud.replicate_standin import TOKEN, VERSION, ReplicateStandin, replicate_standin
from tests.language.claude_standin import KEY as CLAUDE_KEY
from tests.language.claude_standin import ClaudeStandin
from tests.language.minds import STORY, Mind
from tests.web.web_site import client_of
from tests.webhooks.receiver import SECRET

MODEL = "claude-haiku-5-5"
SLOW, PATIENT = 0.4, 60.0
"""How long an answer is waited for: where the vendor is slow, and where nothing shall depend on time."""

LASTING = 1000
"""More often than anybody asks."""


def deadline_of(row: Row) -> float:
    return SLOW if row.fault.startswith("slow") else PATIENT


def rows(service: str, *, passing: bool = False) -> pytest.MarkDecorator:
    """The lines of a service; those of faults that pass, where only they are asked for."""
    found = [row for row in ROWS if row.service == service and (row.passes or not passing)]
    return pytest.mark.parametrize("row", found, ids=[row.fault for row in found])


class Stage:
    """A stage as the worker runs it: attempt by attempt, three seconds apart on the engines' clock."""

    def __init__(self, home: Path) -> None:
        self.storage = DirectoryStorage(home / "objects", secret=b"s" * 32, clock=lambda: 0.0)
        self.home = home
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def ports(
        self, *, language: Language | None = None, speech: Speech | None = None, music: Music | None = None
    ) -> Ports:
        local = SilentSpeech()
        return Ports(
            language=language or RulesLanguage(),
            speech={local.name: local, **({speech.name: speech} if speech else {})},
            default_speech=speech.name if speech else local.name,
            local_speech=local.name,
            music=music or SilentMusic(),
            effects=SilentEffects(),
            storage=self.storage,
            mastering=FfmpegMastering(self.home / "ffmpeg"),
            texts=Texts(self.storage),
            clips=Clips(self.storage),
            scratch=self.home,
        )

    async def job(self, ports: Ports) -> Job:
        """One with a script, voices of the default engine, and music to compose."""
        sha256 = await ports.texts.put(STORY)
        script = ScriptWritten(
            engine="test",
            text_sha256=sha256,
            language="en",
            segments=(Segment(start=0, end=len(STORY), kind="narration", speaker="narrator"),),
            cast=(CastMember(id="narrator", name="Narrator", narrator=True),),
            music=(),
            effects=(),
        )
        cue = PlannedMusic(
            id="m1", first_line=0, last_line=1, mood="calm", intensity=0.5, prompt="", seconds=8.0, seed=1
        )
        return Job(
            id=uuid.uuid4(),
            status="running",
            text_sha256=sha256,
            characters=len(STORY),
            options=Options(),
            script=script,
            voices=VoicesCast(engine=ports.default_speech, voices={"narrator": "annaVoice01"}),
            plan=SoundPlanned(lead_in=0.5, tail=1.0, music=(cue,), effects=()),
            lines=Map(),
        )

    async def performed(
        self, handler: Handler, ports: Ports, job: Job, item: str
    ) -> tuple[Event | None, list[ProviderError]]:
        """What it came to, and how each failed attempt failed."""
        failures: list[ProviderError] = []
        for _ in range(handler.attempts):
            self.now += 3.0
            try:
                return await handler.run(ports, job, item), failures
            except ProviderError as problem:
                failures.append(problem)
                if problem.permanent:
                    break
        return None, failures


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def check_failures(row: Row, failures: Sequence[ProviderError]) -> None:
    assert len(failures) == row.failures
    for failure in failures:
        assert not failure.permanent
        assert row.said in str(failure)
        if row.wait is not None:
            assert failure.retry_after == row.wait


# -- Claude ------------------------------------------------------------------------------------


Reading = Callable[[float], ChainedLanguage]


@pytest.fixture
async def reading(stage: Stage, claude: ClaudeStandin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reading]:
    made: list[ChainedLanguage] = []

    def make(deadline: float = PATIENT) -> ChainedLanguage:
        monkeypatch.setattr(claude_adapter, "DEADLINE_SECONDS", deadline)
        oracle = RememberedOracle(ClaudeOracle(CLAUDE_KEY, MODEL, url=claude.url), stage.storage)
        made.append(ChainedLanguage([LabelledLanguage("claude", oracle), RulesLanguage()], stage.clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def script_of(stage: Stage, language: Language) -> tuple[ScriptWritten | None, list[ProviderError]]:
    ports = stage.ports(language=language)
    job = await stage.job(ports)
    written, failures = await stage.performed(WRITE_SCRIPT, ports, job, "")
    assert written is None or isinstance(written, ScriptWritten)
    if written is not None:
        check_tiling(STORY, written.segments)
    return written, failures


@rows("Claude")
async def test_given_a_fault_of_claude_then_the_line_holds(
    row: Row, stage: Stage, claude: ClaudeStandin, reading: Reading
) -> None:
    claude.faults = [row.inject] * LASTING
    script, failures = await script_of(stage, reading(deadline_of(row)))

    assert script is not None
    assert LASTING - len(claude.faults) == row.asks
    check_failures(row, failures)
    assert row.said.rstrip(".") in script.notes[0]
    assert script.engine.startswith("rules")
    assert CLAUDE_KEY not in " ".join((*script.notes, *map(str, failures)))


@rows("Claude", passing=True)
async def test_given_a_fault_of_claude_that_passes_then_it_reads_the_story_and_no_question_is_paid_twice(
    row: Row, stage: Stage, claude: ClaudeStandin, reading: Reading
) -> None:
    ports = stage.ports(language=reading(deadline_of(row)))
    claude.faults = [row.inject] if deadline_of(row) == SLOW else [None, row.inject]  # also between two questions
    with pytest.raises(ProviderError, match=re.escape(row.said)):
        await WRITE_SCRIPT.run(ports, await stage.job(ports), "")
    script, failures = await script_of(stage, reading(PATIENT))

    assert script is not None
    assert script.engine.startswith(MODEL)
    assert failures == []
    answered = [json.dumps(request, sort_keys=True) for request in claude.requests]
    assert len(set(answered)) == len(answered) == 3


@rows("Claude's labels")
async def test_given_an_answer_of_claude_that_is_of_no_use_then_the_line_holds(
    row: Row, stage: Stage, claude: ClaudeStandin, reading: Reading, mind: Mind
) -> None:
    match row.inject:
        case "max_tokens":
            mind.cut_over = 0
        case "refusal":
            mind.refuse = ("",)
        case "garbled":
            mind.garbled = ("label",)
        case "policy":
            mind.verdict = {"violation": True, "categories": ["hate"], "explanation": row.said}
        case spoil:
            mind.spoil = spoil
    language = reading(PATIENT)
    script, failures = await script_of(stage, language)

    assert mind.said.count("label") == row.asks
    if row.inject == "policy":
        assert script is None
        [refused] = failures
        assert isinstance(refused, Unwanted)
        assert row.said in str(refused)
        return
    assert script is not None
    assert failures == []
    assert any(row.said in note for note in script.notes)
    paid = len(claude.requests)
    again, _ = await script_of(stage, language)
    assert again is not None
    assert len(claude.requests) == paid  # all answers were kept
    assert again.segments == script.segments


# -- ElevenLabs --------------------------------------------------------------------------------


Speaking = Callable[[float], GuardedSpeech]


@pytest.fixture
async def speaking(stage: Stage, vendor: ElevenLabsStandin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Speaking]:
    monkeypatch.setattr(elevenlabs_client, "QUEUE_SECONDS", 0.0)
    vendor.plan = LASTING
    made: list[GuardedSpeech] = []

    def make(deadline: float) -> GuardedSpeech:
        client = ElevenLabs(ELEVENLABS_KEY, vendor.url, deadline=deadline)
        made.append(GuardedSpeech(ElevenLabsSpeech(client), stage.clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@rows("ElevenLabs")
async def test_given_a_fault_of_elevenlabs_then_the_line_holds(
    row: Row, stage: Stage, vendor: ElevenLabsStandin, speaking: Speaking
) -> None:
    vendor.faults = [row.inject] * LASTING
    ports = stage.ports(speech=speaking(deadline_of(row)))
    spoken, failures = await stage.performed(SPEAK_LINE, ports, await stage.job(ports), "0")

    assert LASTING - len(vendor.faults) == row.asks
    check_failures(row, failures)
    assert isinstance(spoken, LineSpoken)
    assert spoken.usage.provider == SilentSpeech.name
    assert [STORY[word.start : word.end] for word in spoken.words][-1] == "him."
    assert ELEVENLABS_KEY not in " ".join(map(str, failures))


@rows("ElevenLabs", passing=True)
async def test_given_a_fault_of_elevenlabs_that_passes_then_it_speaks_and_what_it_spoke_is_not_paid_twice(
    row: Row, stage: Stage, vendor: ElevenLabsStandin, speaking: Speaking
) -> None:
    vendor.faults = [row.inject]
    ports = stage.ports(speech=speaking(deadline_of(row)))
    job = await stage.job(ports)
    if row.asks == 3:  # one that is too many waits for its turn within the call
        with pytest.raises(ProviderError, match=re.escape(row.said)):
            await SPEAK_LINE.run(ports, job, "0")
    ports = stage.ports(speech=speaking(PATIENT))
    spoken, failures = await stage.performed(SPEAK_LINE, ports, job, "0")
    asked = len(vendor.requests)
    again, _ = await stage.performed(SPEAK_LINE, ports, job, "0")

    assert isinstance(spoken, LineSpoken)
    assert isinstance(again, LineSpoken)
    assert spoken.usage.provider == "elevenlabs"
    assert failures == []
    assert (again.usage.cached, again.usage.cost_usd, len(vendor.requests)) == (True, 0.0, asked)


# -- Replicate ---------------------------------------------------------------------------------


@pytest.fixture
async def computing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReplicateStandin]:
    monkeypatch.setattr(replicate_client, "POLL_SECONDS", (0.01,))
    monkeypatch.setattr(replicate_client, "TOLD_SECONDS", (0.01,))
    async with replicate_standin() as standin:
        yield standin


def broken(row: Row, vendor: ReplicateStandin, times: int) -> None:
    match row.inject:
        case int():
            vendor.refuse, vendor.refusals = row.inject, times
            vendor.headers = {"Retry-After": f"{row.wait:g}"} if row.wait else {}
        case "stall" | "garbage" | "other shape" | "cut":
            vendor.how = [row.inject] * times
        case "failed":
            vendor.ends = "failed"
        case output:
            vendor.output = output


Composing = Callable[..., ChainedMusic]


@pytest.fixture
async def composing(stage: Stage, computing: ReplicateStandin) -> AsyncIterator[Composing]:
    made: list[ChainedMusic] = []

    def make(**choices: Any) -> ChainedMusic:
        replicate = Replicate(TOKEN, stage.storage, computing.url, **{"deadline": PATIENT, **choices})
        made.append(ChainedMusic([ReplicateMusic(replicate, VERSION), SilentMusic()], stage.clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@rows("Replicate")
async def test_given_a_fault_of_replicate_then_the_line_holds(
    row: Row, stage: Stage, computing: ReplicateStandin, composing: Composing
) -> None:
    broken(row, computing, LASTING)
    music = composing(deadline=deadline_of(row))
    ports = stage.ports(music=music)
    composed, failures = await stage.performed(COMPOSE_MUSIC, ports, await stage.job(ports), "m1")

    assert computing.asked == row.asks
    check_failures(row, failures)
    assert music.breakers["replicate"].reason == row.said
    assert isinstance(composed, MusicComposed)
    assert composed.usage.provider == SilentMusic.name


@rows("Replicate", passing=True)
async def test_given_a_fault_of_replicate_that_passes_then_it_composes_and_that_is_not_paid_twice(
    row: Row, stage: Stage, computing: ReplicateStandin, composing: Composing
) -> None:
    broken(row, computing, 1)
    ports = stage.ports(music=composing(deadline=deadline_of(row)))
    job = await stage.job(ports)
    with pytest.raises(ProviderError, match=re.escape(row.said)):
        await COMPOSE_MUSIC.run(ports, job, "m1")
    ports = stage.ports(music=composing())
    computing.ends, computing.output = "succeeded", "file"
    composed, failures = await stage.performed(COMPOSE_MUSIC, ports, job, "m1")
    begun = len(computing.requests)
    again, _ = await stage.performed(COMPOSE_MUSIC, ports, job, "m1")

    assert isinstance(composed, MusicComposed)
    assert isinstance(again, MusicComposed)
    assert (composed.usage.provider, failures) == ("replicate", [])
    assert (again.usage.cached, len(computing.requests)) == (True, begun)


# -- Replicate's webhook -----------------------------------------------------------------------


@rows("Replicate's webhook")
async def test_given_a_webhook_that_goes_wrong_then_the_line_holds(
    row: Row,
    stage: Stage,
    computing: ReplicateStandin,
    composing: Composing,
    settings: Settings,
    dsn: str,
    server: Database,
) -> None:
    computing.looks = 5
    listening = settings.model_copy(update={"replicate_webhook_secret": SecretStr(SECRET)})
    bell = Bell(lambda: asyncpg.connect(asyncpg_dsn(dsn)))
    ringing = asyncio.create_task(bell.run())
    hook = "https://narratix.example/api/webhooks/replicate"
    music = composing(webhook=hook, wait=bell.wait)
    ports = stage.ports(music=music)
    async with (
        open_app(listening, server, "web") as services,
        client_of(services, address="203.0.113.9") as client,
    ):

        async def tell(secret: str = SECRET, age: float = 0.0) -> tuple[int, str]:
            body = json.dumps({"id": next(iter(computing.predictions)), "status": "succeeded"}).encode()
            sent = headers([secret_of(secret)], "msg_1", int(time.time() - age), body)
            answer = await client.post("/api/webhooks/replicate", content=body, headers=sent)
            return answer.status_code, answer.json()["detail"] if answer.content else ""

        task = asyncio.create_task(stage.performed(COMPOSE_MUSIC, ports, await stage.job(ports), "m1"))
        async with asyncio.timeout(30):
            while not computing.predictions:
                await asyncio.sleep(0.005)
        match row.inject:
            case "forged":
                assert await tell("whsec_" + "QUJD" * 12) == (403, row.said)
            case "repeated":
                assert await tell() == (204, "")
                assert await tell() == (409, row.said)
            case "late":
                await task
                assert await tell(age=600.0) == (403, row.said)
        composed, failures = await task
    ringing.cancel()

    assert isinstance(composed, MusicComposed)
    assert (composed.usage.provider, failures) == ("replicate", [])
    [(prefer, begun)] = computing.requests
    assert (prefer, begun["webhook"], begun["webhook_events_filter"]) == ("", hook, ["completed"])


# -- the page ----------------------------------------------------------------------------------


def test_given_the_table_then_the_page_is_made_from_it() -> None:
    assert fault_table.PAGE.read_text(encoding="utf-8") == fault_table.page()


def test_given_the_faults_that_were_named_then_the_table_has_every_one() -> None:
    listed = " ".join(row.fault for row in ROWS)
    named = (
        "401 403 404 408 422 429 500 503 529 slow|cut mid-body|malformed JSON|wrong schema|missing ids|duplicated ids|"
        "unknown speaker|max_tokens|refusal|empty audio|truncated audio|wrong format|expired URL|missed|forged|repeated|late"
    )
    statuses, *others = named.split(" slow|")
    for fault in (*statuses.split(), "slow", *others[0].split("|")):
        assert fault in listed
