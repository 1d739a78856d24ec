"""An OpenAI-compatible endpoint under the same labels-only contract, against a stand-in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from narratix.ports import ProviderError
from narratix.providers.language.compatible import CompatibleOracle
from narratix.providers.language.labelled import LabelledLanguage
from narratix.script.tiling import check_tiling
from tests.language.minds import STORY, Mind
from tests.loopback import on_loopback

FIELDS = {"model", "max_tokens", "messages", "response_format", "stream", "stream_options"}
STOPS = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


class Endpoint:
    """Chat completions as llama.cpp, Ollama and vLLM give them. `broken` replaces the next answer."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind
        self.broken: web.Response | str | None = None

    async def complete(self, request: web.Request) -> web.StreamResponse:
        if isinstance(self.broken, web.Response):
            broken, self.broken = self.broken, None
            return broken
        if request.headers.get("Authorization") != "Bearer local":
            return web.json_response({"error": {"message": "no key"}}, status=401)
        body = await request.json()
        assert not set(body) - FIELDS
        system, user = body["messages"]
        assert (system["role"], user["role"]) == ("system", "user")
        if "response_format" in body:
            assert body["response_format"]["json_schema"]["strict"] is True
        said = self.mind(system["content"], user["content"])
        tokens = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        if not body.get("stream"):
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": said.text},
                "finish_reason": STOPS[said.stop],
            }
            return web.json_response({"id": "x", "object": "chat.completion", "choices": [choice], "usage": tokens})
        return await self._streamed(request, said.text, tokens)

    async def _streamed(self, request: web.Request, text: str, tokens: dict[str, int]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(part: dict[str, Any]) -> None:
            await response.write(f"data: {json.dumps(part)}\n\n".encode())

        for place in range(0, len(text), 7):
            delta = {"content": text[place : place + 7]}
            await send({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        if self.broken == "cut":
            return response
        await send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await send({"choices": [], "usage": tokens})
        await response.write(b"data: [DONE]\n\n")
        return response


@contextlib.asynccontextmanager
async def reading(endpoint: Endpoint, key: str = "local") -> AsyncIterator[LabelledLanguage]:
    application = web.Application()
    application.router.add_post("/v1/chat/completions", endpoint.complete)
    async with on_loopback(application) as url:
        language = LabelledLanguage("compatible", CompatibleOracle(f"{url}/v1", "qwen3", key))
        try:
            yield language
        finally:
            await language.close()


async def test_given_a_local_model_then_it_labels_under_the_same_contract(mind: Mind) -> None:
    async with reading(Endpoint(mind)) as language:
        script = await language.write_script(STORY)

    check_tiling(STORY, script.segments)
    assert script.engine == "qwen3+find-cast-1+label-lines-2"
    assert [member.name for member in script.cast] == ["Narrator", "Anna", "Mr. Brown"]
    used = {usage.unit: usage for usage in script.usage if usage.provider == "compatible"}
    assert used["input tokens"].units == 300
    assert used["input tokens"].cost_usd == 0


async def test_given_a_story_that_is_streamed_then_it_is_heard_by_and_by(mind: Mind) -> None:
    pieces: list[str] = []
    async with reading(Endpoint(mind)) as language:
        draft = await language.write_story("comedy", "", 300, 1, pieces.append)

    assert len(pieces) > 3
    assert "".join(pieces) == f"{draft.title}\n\n{draft.text}"


@pytest.mark.parametrize(
    ("broken", "permanent", "wait", "said"),
    [
        (web.json_response({"error": "busy"}, status=503, headers={"Retry-After": "4"}), False, 4.0, "busy"),
        (web.json_response({"error": "no"}, status=404), True, None, "address, model and key"),
        (web.Response(text="<html>", status=200), False, None, "shape"),
        (web.json_response({"choices": []}), False, None, "without an answer"),
    ],
    ids=["busy", "unknown model", "garbage", "empty"],
)
async def test_given_a_fault_then_it_is_said_whether_to_repeat(
    mind: Mind, broken: web.Response, permanent: bool, wait: float | None, said: str
) -> None:
    endpoint = Endpoint(mind)
    endpoint.broken = broken
    async with reading(endpoint) as language:
        with pytest.raises(ProviderError, match=said) as caught:
            await language.write_script(STORY)

    assert (caught.value.permanent, caught.value.retry_after) == (permanent, wait)


async def test_given_a_stream_that_breaks_off_then_no_half_story_comes_out(mind: Mind) -> None:
    endpoint = Endpoint(mind)
    endpoint.broken = "cut"
    async with reading(endpoint) as language:
        with pytest.raises(ProviderError, match="broke off"):
            await language.write_story("comedy", "", 300, 1, lambda _piece: None)


async def test_given_nobody_there_then_it_is_said() -> None:
    language = LabelledLanguage("compatible", CompatibleOracle("http://127.0.0.1:9/v1", "qwen3"))
    with pytest.raises(ProviderError, match="cannot be reached"):
        await language.write_script(STORY)
    await language.close()
