"""The demo's routes: a story in, a drama out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from narratix.events.catalogue import DramaExpired, JobFailed
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.projection import Projector
from narratix.services import Services
from narratix.web.models import Accepted, EngineList, Library, Result, SampleList, Status, TemplateList
from narratix.web.models import Story as WrittenStory
from tests.web.web_site import TEXT, Story, client_of

Client = httpx2.AsyncClient

SUBMIT = "/api/demo/submit"
NOBODY = "3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11"


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["title"]
    assert body["detail"].endswith(".")
    return body


def fields(answer: httpx2.Response) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


@pytest.fixture
def unlimited(services: Services) -> None:
    services.settings.rate_limit_per_minute = 1000


# -- a whole drama -----------------------------------------------------------------------------


@pytest.fixture
async def visitor(narratix: Services) -> AsyncIterator[Client]:
    async with client_of(narratix) as client:
        yield client


async def test_given_a_story_when_it_is_submitted_then_its_links_lead_to_the_result(
    visitor: Client, narratix: Services
) -> None:
    accepted = await visitor.post(SUBMIT, json={"text": TEXT, "title": "<b>The Old House</b>"})
    assert accepted.status_code == 202, accepted.text
    job_id, links = accepted.json()["job_id"], Accepted.model_validate_json(accepted.content).links
    assert problem(await visitor.get(links.result), 409)["job_status"] in ("queued", "running")
    async with asyncio.timeout(60):
        while (status := Status.model_validate_json((await visitor.get(links.status)).content)).status != "completed":
            assert status.status in ("queued", "running")
            assert status.progress < 100
            await asyncio.sleep(0.05)
    assert (status.progress, status.step, status.title) == (100, "Finished", "<b>The Old House</b>")

    result = Result.model_validate_json((await visitor.get(links.result)).content)
    assert [line.line for line in result.script] == list(range(status.lines.total))
    assert "".join(TEXT[line.start : line.end] for line in result.script) == TEXT
    for line in result.script:
        assert all(line.begins <= begins < ends <= line.ends + 0.01 for _, _, begins, ends in line.words)
    assert result.cast == status.cast
    assert result.engines.speech == "silent"
    assert all(gate.passed for gate in result.gates if gate.name == "duration")
    sound = await visitor.get(result.audio.url, headers={"Range": "bytes=0-99"})
    assert (sound.status_code, sound.headers["content-type"], len(sound.content)) == (206, "audio/mpeg", 100)
    assert sound.headers["content-range"] == f"bytes 0-99/{result.audio.size_bytes}"
    download = await visitor.get(result.formats[1].url)
    assert "filename*=UTF-8''b%20The%20Old%20House%20b.m4b" in download.headers["content-disposition"]
    assert (await visitor.get(result.captions.vtt or "")).text.startswith("WEBVTT")
    assert (await visitor.get(result.captions.words or "")).json()["lines"]

    assert (await visitor.get(f"/api/demo/text/{job_id}")).text == TEXT
    clip = await visitor.get(f"/api/demo/line/{job_id}/0", follow_redirects=True)
    assert (clip.headers["content-type"], clip.content[:4]) == ("audio/flac", b"fLaC")
    problem(await visitor.get(f"/api/demo/line/{job_id}/999"), 404)
    async with asyncio.timeout(20):
        while not (dramas := Library.model_validate_json((await visitor.get("/api/demo/library")).content).dramas):
            await asyncio.sleep(0.05)
    assert [str(drama.job_id) for drama in dramas] == [job_id]

    assert fields(await visitor.post(f"/api/demo/feedback/{job_id}", json={"rating": 6})) == ["rating"]
    assert (await visitor.post(f"/api/demo/feedback/{job_id}", json={"rating": 5})).status_code == 202
    problem(await visitor.post(f"/api/demo/cancel/{job_id}"), 409)
    await narratix.commands.expire(status.job_id, actor="test")
    assert (await visitor.get(links.status)).json()["status"] == "expired"
    problem(await visitor.get(links.result), 410)
    problem(await visitor.get(f"/api/demo/text/{job_id}"), 410)


# -- submitting --------------------------------------------------------------------------------


async def test_given_an_idempotency_key_when_it_comes_again_then_there_is_one_job(
    client: Client, unlimited: None
) -> None:
    headers = {"Idempotency-Key": "once-1"}
    first = await client.post(SUBMIT, json={"text": TEXT}, headers=headers)
    again = await client.post(SUBMIT, json={"text": TEXT}, headers=headers)
    other = await client.post(SUBMIT, json={"text": TEXT}, headers={"Idempotency-Key": "once-2"})
    assert first.json() == again.json() != other.json()
    assert fields(await client.post(SUBMIT, json={"text": "Another."}, headers=headers)) == ["Idempotency-Key"]
    assert len((await client.get("/api/audit/feed")).json()) == 2


async def test_given_no_worker_yet_when_the_status_is_asked_for_then_the_log_answers(client: Client) -> None:
    accepted = (await client.post(SUBMIT, json={"text": TEXT})).json()
    status = Status.model_validate_json((await client.get(accepted["links"]["status"])).content)
    assert (status.status, status.version, status.progress, status.cast) == ("queued", 1, 0, [])
    await client.post(f"/api/demo/cancel/{accepted['job_id']}")
    assert (await client.get(accepted["links"]["status"])).json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": " \n\t"}, ["text"]),
        ({"text": "…!?"}, ["text"]),
        ({"text": 5}, ["text"]),
        ({"text": "a\0b"}, ["text"]),
        ({"text": "a", "title": "b\0"}, ["title"]),
        ({"text": "a", "title": "x" * 201}, ["title"]),
        ({"text": "a", "story": "b"}, ["story"]),
        ({"text": "a", "options": []}, ["options"]),
        ({"text": "a", "options": {"tempo": 2}}, ["options.tempo"]),
        ({"text": "a", "options": {"engine": "stentor"}}, ["options.engine"]),
        ({"text": "a", "options": {"voices": {"Anna": "nobody"}}}, ["options.voices.Anna"]),
        ({"text": "a", "options": {"formats": ["mp9"]}}, ["options.formats.0"]),
        ({"text": "a", "options": {"formats": []}}, ["options.formats"]),
        ({"text": "a", "options": {"formats": ["mp3", "mp3"]}}, ["options.formats"]),
        ({"text": "a", "options": {"music": "yes", "seed": -1}}, ["options.music", "options.seed"]),
    ],
)
async def test_given_a_field_that_cannot_be_then_422_names_it(
    client: Client, unlimited: None, body: dict[str, Any], wrong: list[str]
) -> None:
    assert fields(await client.post(SUBMIT, json=body)) == wrong


async def test_given_half_a_character_then_422_names_the_field(client: Client) -> None:
    body = '{"text": "broken \\ud800 pair"}'
    answer = await client.post(SUBMIT, content=body, headers={"Content-Type": "application/json"})
    assert fields(answer) == ["text"]


async def test_given_options_as_null_or_left_out_then_the_defaults_hold(client: Client, services: Services) -> None:
    body = {"text": TEXT, "title": None, "options": {"voices": {" ANNA ": "bea"}, "engine": ""}}
    job_id = (await client.post(SUBMIT, json=body)).json()["job_id"]
    state = (await client.get(f"/api/jobs/{job_id}/state")).json()
    assert state["options"] == {
        "engine": "", "formats": ["mp3", "m4b"], "voices": {"anna": "bea"}, "music": True, "effects": True, "seed": 0,
        "stream": True, "pronunciations": {}, "profile": "podcast", "stems": False,
    }  # fmt: skip
    assert state["title"]
    assert (await client.post(SUBMIT, json={"text": TEXT, "options": None})).status_code == 202


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe{", b'"text"', b"[]", b"null", b"", b"[" * 5000])
async def test_given_a_body_that_is_no_json_object_then_400(client: Client, body: bytes) -> None:
    problem(await client.post(SUBMIT, content=body, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_given_another_content_type_then_415(client: Client, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    problem(await client.post(SUBMIT, content=json.dumps({"text": TEXT}).encode(), headers=headers), 415)


async def test_given_a_text_of_the_limit_then_it_is_taken_and_a_byte_more_is_not(client: Client) -> None:
    limit = 50 * 1024
    assert (await client.post(SUBMIT, json={"text": "é" * (limit // 2)})).status_code == 202
    problem(await client.post(SUBMIT, json={"text": "é" * (limit // 2) + "x"}), 413)


async def test_given_a_body_that_is_too_large_then_it_is_refused_before_it_is_read(client: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 10_000
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    problem(await client.post(SUBMIT, content=endless(), headers=headers), 413)
    assert 300_000 < sent < 1_000_000
    sent = 0
    declared = headers | {"Content-Length": "100000000"}
    problem(await client.post(SUBMIT, content=endless(), headers=declared), 413)
    assert sent <= 10_000


# -- commands ----------------------------------------------------------------------------------


async def test_given_a_job_when_it_is_called_off_and_retried_then_both_are_on_record(
    client: Client, story: Story
) -> None:
    assert (await client.post(f"/api/demo/cancel/{story.id}")).status_code == 202
    assert (await client.post(f"/api/demo/cancel/{story.id}")).status_code == 202
    problem(await client.get(f"/api/demo/result/{story.id}"), 409)
    assert (await client.post(f"/api/demo/retry/{story.id}")).json()["job_id"] == str(story.id)
    assert (await client.post(f"/api/demo/retry/{story.id}")).status_code == 202
    problem(await client.post(f"/api/demo/feedback/{story.id}", json={"rating": 4}), 409)
    history = (await client.get(f"/api/jobs/{story.id}/events")).json()
    assert [event["type"] for event in history] == ["JobSubmitted", "JobCancelled", "JobRetried"]
    assert "127.0.0.1" not in json.dumps(history)


async def test_given_a_failed_job_then_its_result_says_why_there_is_none(client: Client, story: Story) -> None:
    await story.record(JobFailed(stage="write_script", item="", reason="The model is gone."))
    assert "The model is gone." in problem(await client.get(f"/api/demo/result/{story.id}"), 409)["detail"]
    await story.record(DramaExpired())
    problem(await client.get(f"/api/demo/result/{story.id}"), 410)


@pytest.mark.parametrize("job_id", [NOBODY, "nobody"])
async def test_given_an_unknown_job_then_every_address_of_it_is_a_404(client: Client, job_id: str) -> None:
    for name in ("status", "events", "result", "text"):
        problem(await client.get(f"/api/demo/{name}/{job_id}"), 404)
    for name in ("cancel", "retry"):
        problem(await client.post(f"/api/demo/{name}/{job_id}"), 404)
    problem(await client.post(f"/api/demo/feedback/{job_id}", json={"rating": 3}), 404)
    problem(await client.get(f"/api/demo/line/{job_id}/0"), 404)


async def test_given_a_projection_that_is_behind_then_the_status_is_still_all_that_the_log_proves(
    client: Client, services: Services, story: Story
) -> None:
    await story.record(*story.begun)
    await services.pool.execute(
        "insert into subscriptions (name, build, code_version, serving) values ('job_status', 1, 1, true)"
    )
    async with services.pool.acquire() as connection:
        await Projector(JOB_STATUS).handle(connection, await services.store.read_all(limit=2))
    await story.record(story.line(0))
    status = (await client.get(f"/api/demo/status/{story.id}")).json()
    assert (status["version"], status["lines"]) == (5, {"total": 3, "spoken": 1})
    assert status["step"] == "Speaking line 2 of 3"
    assert [entry["voice"] for entry in status["cast"]] == ["ada", "bea", "dan"]


# -- stories and choices -----------------------------------------------------------------------


async def test_given_a_wish_then_a_story_is_written_and_can_be_streamed(client: Client) -> None:
    wish = {"template": "ghost-story", "premise": "a bell in a dry well", "length": 300}
    story = WrittenStory.model_validate_json((await client.post("/api/demo/generate-text", json=wish)).content)
    assert "dry well" in story.text
    assert story.safety
    streamed = await client.post("/api/demo/generate-text", json=wish, headers={"Accept": "text/event-stream"})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in streamed.text.strip().split("\n\n")]
    whole = WrittenStory.model_validate_json(blocks[-1]["data"])
    paragraphs = [json.loads(block["data"])["text"] for block in blocks if block["event"] == "paragraph"]
    assert [block["event"] for block in blocks] == ["title", *["paragraph"] * len(paragraphs), "story"]
    assert "\n\n".join(paragraphs) == whole.text


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({}, ["template"]),
        ({"template": "opera"}, ["template"]),
        ({"template": "mystery", "length": 1_000_000}, ["length"]),
        ({"template": "mystery", "premise": "x" * 501}, ["premise"]),
        ({"template": "mystery", "premise": "a sex scene with a young girl"}, ["premise"]),
    ],
)
async def test_given_a_wish_that_cannot_be_granted_then_422_names_the_field(
    client: Client, wish: dict[str, Any], wrong: list[str]
) -> None:
    assert fields(await client.post("/api/demo/generate-text", json=wish)) == wrong


async def test_given_the_page_when_it_loads_then_its_choices_are_there(client: Client) -> None:
    engines = EngineList.model_validate_json((await client.get("/api/demo/voices")).content).engines
    assert [engine.name for engine in engines if engine.default] == ["silent"]
    assert all(engine.voices for engine in engines)
    samples = SampleList.model_validate_json((await client.get("/api/demo/samples")).content).samples
    assert len(samples) >= 3
    templates = TemplateList.model_validate_json((await client.get("/api/demo/templates")).content).templates
    assert len(templates) >= 5
    assert (await client.get("/api/demo/library")).json() == {"dramas": []}
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get(f"/job/{NOBODY}")).content == page.content
