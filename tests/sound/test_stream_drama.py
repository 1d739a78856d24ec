"""A drama that is heard while it is made: what is mixed when, what the log says of it, and what a player gets."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

import httpx2
import msgspec
import numpy as np
import pytest

from narratix.app import Database, open_app
from narratix.events.catalogue import (
    AttemptFailed,
    CastMember,
    Event,
    JobCancelled,
    JobSubmitted,
    LineSpoken,
    MusicComposed,
    Options,
    PassageMixed,
    PlannedMusic,
    ScriptWritten,
    Segment,
    SoundPlanned,
    StreamOpened,
    StreamSealed,
    Usage,
)
from narratix.events.store import NewEvent
from narratix.handlers.publish_drama import PUBLISH_DRAMA
from narratix.handlers.stream_drama import STREAM_DRAMA
from narratix.job import Job, fold
from narratix.ports import SAMPLE_RATE, Sound
from narratix.services import Services
from narratix.settings import Settings
from narratix.web import listening
from tests.core.test_first_drama import until_ended
from tests.web.web_site import client_of

USAGE = Usage(provider="p", model="m")

STORY = """The rain fell on the old house all that night, and nobody in it slept.

"Who is there?" whispered Anna. She held the candle a little higher and listened.

"Only me," said Thomas. "Let me in, please! I have walked all the way from the village in this rain."

Anna opened the door. The wind howled, and the candle went out. They stood in the dark and laughed.
"""


# -- what is possible when ---------------------------------------------------------------------


def spoken(line: int) -> LineSpoken:
    return LineSpoken(line=line, clip_key=f"clips/{line}.flac", duration=4.0, words=(), energies=(), usage=USAGE)


def mixed(passage: int) -> PassageMixed:
    return PassageMixed(passage=passage, first_line=2 * passage, lines=(0.0, 5.0), header_key="passages/aa/bb/header.mp4",
                        begins=6.0 * passage, duration=6.0, fragments=())  # fmt: skip


def given_up(stage: str, item: str) -> AttemptFailed:
    return AttemptFailed(stage=stage, item=item, attempt=4, attempts=4, reason="No.", retry_in=None)


MUSIC = PlannedMusic(id="m0", first_line=0, last_line=2, mood="calm", intensity=0.5, prompt="", seconds=16.0, seed=1)
COMPOSED = MusicComposed(cue="m0", clip_key="clips/m0.flac", duration=16.0, energies=(), usage=USAGE)
BEGUN: tuple[Event, ...] = (
    JobSubmitted(title="t", text_sha256="0" * 64, text_key="texts/t.txt", characters=600, options=Options()),
    ScriptWritten(
        engine="rules", text_sha256="0" * 64, language="en", music=(), effects=(),
        segments=tuple(Segment(start=i * 60, end=i * 60 + 60, kind="narration", speaker="narrator") for i in range(6)),
        cast=(CastMember(id="narrator", name="Narrator", narrator=True),),
    ),
    SoundPlanned(lead_in=3.0, tail=1.0, music=(MUSIC,), effects=(), passages=(0, 2, 4)),
)  # fmt: skip


def possible(*events: Event) -> list[str]:
    job = fold(Job(id=uuid.UUID(int=1)), (*BEGUN, *events))
    return [work.item for work in STREAM_DRAMA.work(job)]


def test_given_lines_spoken_in_any_order_then_a_passage_is_mixed_when_all_before_its_end_is_there() -> None:
    assert possible(COMPOSED, spoken(0), spoken(2), spoken(3)) == []
    assert possible(COMPOSED, spoken(0), spoken(2), spoken(3), spoken(1)) == ["0"]


def test_given_music_that_is_late_then_the_passage_waits_for_it_or_for_the_news_that_none_is_coming() -> None:
    lines = [spoken(line) for line in range(2)]
    assert possible(*lines) == []
    assert possible(*lines, COMPOSED) == ["0"]
    assert possible(*lines, given_up("compose_music", "m0")) == ["0"]


def test_given_enough_to_listen_to_then_the_stream_opens_and_at_the_end_it_is_sealed() -> None:
    lines = [COMPOSED, *(spoken(line) for line in range(6))]
    assert possible(*lines, mixed(0)) == ["1", "open"]
    assert possible(*lines, mixed(0), StreamOpened(duration=6.0)) == ["1", "2"]
    opened = StreamOpened(duration=6.0)
    assert possible(*lines, mixed(0), mixed(1), opened) == ["2"]
    assert possible(*lines, mixed(0), mixed(1), opened, mixed(2)) == ["seal"]
    assert possible(*lines, mixed(0), mixed(1), opened, mixed(2), StreamSealed(passages=3, duration=18.0)) == []


def test_given_a_stream_that_cannot_be_made_then_the_drama_goes_on_without_it() -> None:
    lines = [COMPOSED, *(spoken(line) for line in range(6))]
    failed = (*lines, mixed(0), given_up("stream_drama", "1"))
    assert possible(*failed) == []
    job = fold(Job(id=uuid.UUID(int=1)), (*BEGUN, *failed))
    assert job.active
    assert not PUBLISH_DRAMA.needed(job, "") or [*PUBLISH_DRAMA.items(job)] == []  # only the mix is missing


# -- made ----------------------------------------------------------------------------------------


def decoded(ffmpeg: Path, file: Path) -> Sound:
    run = subprocess.run(
        [ffmpeg, "-v", "error", "-i", file, "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "pipe:1"],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(run.stdout, np.float32).reshape(-1, 2)


async def listened(client: httpx2.AsyncClient, job_id: uuid.UUID) -> tuple[str, bytes]:
    """The playlist and all that it names, as one file."""
    answer = await client.get(f"/api/demo/stream/{job_id}/playlist.m3u8")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    named = re.findall(r'URI="([^"]+)"|^(/.+)$', answer.text, re.MULTILINE)
    parts = [await client.get(header or fragment) for header, fragment in named]
    assert all(part.status_code == 200 for part in parts)
    return answer.text, b"".join(part.content for part in parts)


def types(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


async def test_given_a_sealed_stream_then_it_decodes_to_the_finished_drama_and_a_lost_passage_is_made_the_same_again(
    settings: Settings, server: Database, ffmpeg: Path, tmp_path: Path
) -> None:
    heard = settings.model_copy(update={"speech": "fast"})
    async with open_app(heard, server) as services, client_of(services) as client:
        job_id = await services.commands.submit(STORY, options=Options(formats=("wav",)))
        status = await until_ended(services, job_id, seconds=300)
        assert status.status == "completed", status.error
        events = [event.data for event in await services.store.read(job_id)]
        order = types(events)
        assert order.index("StreamOpened") < order.index("StreamSealed") < order.index("DramaPublished")
        result = (await client.get(f"/api/demo/result/{job_id}")).json()
        assert result["stream"]["hls"] == f"/api/demo/stream/{job_id}/playlist.m3u8"
        begins = [second for event in events if isinstance(event, PassageMixed) for second in event.lines]
        assert begins == pytest.approx([line["begins"] for line in result["script"]], abs=0.002)

        playlist, stream = await listened(client, job_id)
        assert playlist.endswith("#EXT-X-ENDLIST\n")
        (tmp_path / "stream.mp4").write_bytes(stream)
        (tmp_path / "drama.wav").write_bytes((await client.get(result["audio"]["url"])).content)
        early, late = decoded(ffmpeg, tmp_path / "stream.mp4"), decoded(ffmpeg, tmp_path / "drama.wav")
        assert 0 <= len(early) - len(late) < 1024
        for channel in (0, 1):
            assert np.corrcoef(early[: len(late), channel], late[:, channel])[0, 1] > 0.99
        assert np.std(early) == pytest.approx(np.std(late), rel=0.2)  # so short a drama may have a gain of its own

        job = await services.commands.load(job_id)
        again = await STREAM_DRAMA.run(services.ports, job, "1")
        assert again == job.passages[1]
        storage, folder = services.ports.storage, job.passages[1].header_key.rpartition("/")[0]
        kept = {stored.key: await storage.get(stored.key) async for stored in storage.list(folder)}
        for key in kept:
            await storage.delete(key)
        assert await STREAM_DRAMA.run(services.ports, job, "1") == again
        assert {key: await storage.get(key) for key in kept} == kept


async def test_given_a_text_with_nothing_to_hear_at_first_then_its_stream_is_still_whole(narratix: Services) -> None:
    job_id = await narratix.commands.submit("* * *\n\nHe slept.\n\n* * *\n\nShe did not, all the long night.\n")
    status = await until_ended(narratix, job_id)
    assert status.status == "completed", status.error
    assert status.streams
    async with client_of(narratix) as client:
        playlist, stream = await listened(client, job_id)
    seconds = sum(float(found) for found in re.findall(r"#EXTINF:([\d.]+)", playlist))
    job = await narratix.commands.load(job_id)
    assert job.mixed is not None
    assert seconds == pytest.approx(job.mixed.duration, abs=0.05)
    assert stream


# -- asked for -----------------------------------------------------------------------------------


async def test_given_no_stream_yet_when_it_is_asked_for_then_the_answer_waits_and_then_says_when_to_ask_again(
    opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HOLD_SECONDS", 0.2)
    async with opened("web") as services, client_of(services) as client:  # type: ignore[operator]
        job_id = await services.commands.submit(STORY)
        path = f"/api/demo/stream/{job_id}/playlist.m3u8"
        early = await client.get(path)
        assert (early.status_code, early.headers["retry-after"]) == (503, "2")
        assert (await client.get(f"/api/demo/status/{job_id}")).json()["links"]["stream"] is None

        await services.store.append([NewEvent(job_id, StreamOpened(duration=9.0), uuid.uuid4())], metadata={})
        opening = await client.get(path)
        assert opening.status_code == 200
        assert "#EXT-X-ENDLIST" not in opening.text
        assert (await client.get(f"/api/demo/status/{job_id}")).json()["links"]["stream"] == path

        other = await services.commands.submit(STORY)
        await services.store.append([NewEvent(other, JobCancelled(), uuid.uuid4())], metadata={})
        assert (await client.get(f"/api/demo/stream/{other}/playlist.m3u8")).status_code == 404
        assert (await client.get(f"/api/demo/stream/{uuid.uuid4()}/playlist.m3u8")).status_code == 404


async def test_given_addresses_when_they_are_asked_for_again_then_they_are_signed_anew_at_half_their_time() -> None:
    now, signed = 0.0, []

    class Signing:
        async def url(self, key: str, seconds: int, *, filename: str | None = None) -> str:
            signed.append((key, seconds, filename))
            return f"/{key}?{len(signed)}"

    addresses = listening.Addresses(lambda: now)
    storage: object = Signing()
    assert [await addresses.of(storage, "a", 100) for _ in range(3)] == ["/a?1"] * 3  # type: ignore[arg-type]
    now = 49.0
    assert await addresses.of(storage, "a", 100) == "/a?1"  # type: ignore[arg-type]
    now = 50.0
    assert await addresses.of(storage, "a", 100) == "/a?2"  # type: ignore[arg-type]
    assert msgspec.json.encode(signed) == b'[["a",100,null],["a",100,null]]'
