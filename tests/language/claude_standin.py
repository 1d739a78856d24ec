"""A stand-in for Anthropic's Messages API, as strict as the real one: unknown fields, a missing version header or a
schema that structured output does not allow are refused, and answers have the exact shape that the client validates."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback import on_loopback

KEY = "sk-ant-test"
MODELS = ("claude-haiku-5-5",)
FIELDS = {
    "model",
    "max_tokens",
    "messages",
    "system",
    "output_config",
    "stream",
    "thinking",
    "metadata",
    "stop_sequences",
}


@dataclass
class Fault:
    """What happens instead of an answer: a status with an error, or a way of breaking off."""

    status: int = 0
    kind: str = "api_error"
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""  # cut, garbage, missing, stall


@dataclass
class Said:
    """What the model says to a question."""

    text: str
    stop: str = "end_turn"
    category: str | None = None


@dataclass
class ClaudeStandin:
    """Answers by `mind`, from the question's system text and data; `faults` come first, one per call."""

    mind: Callable[[str, str], Said]
    faults: list[Fault | None] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _ids: itertools.count[int] = field(default_factory=itertools.count)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        if self.faults and (fault := self.faults.pop(0)) is not None:
            return await self._broken(request, fault)
        if refusal := self._refusal(request):
            return refusal
        try:
            body = json.loads(await request.read())
        except ValueError:
            return _error(400, "invalid_request_error", "The body is not JSON.")
        if problem := _problem_of(body):
            return _error(400, "invalid_request_error", problem)
        if body["model"] not in MODELS:
            return _error(404, "not_found_error", f"model: {body['model']}")
        self.requests.append(body)
        system = "\n".join(block["text"] for block in body.get("system", []))
        said = self.mind(system, body["messages"][-1]["content"])
        cached = len(self.requests) > 1 and bool(body.get("system"))
        message = self._message(body, said, cached)
        return await _streamed(request, message) if body.get("stream") else web.json_response(message)

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "authentication_error", "invalid bearer token")
        if not request.headers.get("anthropic-version"):
            return _error(400, "invalid_request_error", "anthropic-version: header is required")
        if request.content_type != "application/json":
            return _error(400, "invalid_request_error", "content-type must be application/json")
        return None

    def _message(self, body: dict[str, Any], said: Said, cached: bool) -> dict[str, Any]:
        size = len(json.dumps(body)) // 4
        return {
            "id": f"msg_{next(self._ids)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": said.text}] if said.text else [],
            "stop_reason": said.stop,
            "stop_sequence": None,
            "stop_details": {"type": "refusal", "category": said.category, "explanation": None}
            if said.stop == "refusal"
            else None,
            "usage": {
                "input_tokens": size // 2,
                "cache_creation_input_tokens": 0 if cached else size // 2,
                "cache_read_input_tokens": size // 2 if cached else 0,
                "output_tokens": max(1, len(said.text) // 4),
            },
        }

    async def _broken(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.how:
            case "garbage":
                return web.Response(text="<html>proxy error</html>", content_type="application/json")
            case "missing":
                return web.json_response({"id": "msg_x", "type": "message"})
            case "stall":
                await asyncio.sleep(30)
                return web.Response(status=500)
            case "cut":
                response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
                await response.prepare(request)
                await response.write(b'{"id": "msg_1", "content": [')
                assert request.transport is not None
                request.transport.close()
                return response
            case _:
                return _error(fault.status, fault.kind, "as asked for", fault.code, fault.headers)


def _error(status: int, kind: str, message: str, code: str = "", headers: dict[str, str] | None = None) -> web.Response:
    error: dict[str, Any] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    body = {"type": "error", "error": error, "request_id": "req_1"}
    return web.json_response(body, status=status, headers={"request-id": "req_1", **(headers or {})})


def _problem_of(body: Any) -> str:
    if not isinstance(body, dict):
        return "The body is no object."
    if unknown := set(body) - FIELDS:
        return f"{sorted(unknown)[0]}: Extra inputs are not permitted"
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        return "max_tokens: must be a positive integer"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or messages[0].get("role") != "user":
        return "messages: first message must use the user role"
    for block in body.get("system", []):
        if set(block) - {"type", "text", "cache_control"} or block.get("type") != "text" or not block.get("text"):
            return "system: text blocks must be non-empty"
        if block.get("cache_control", {"type": "ephemeral"})["type"] != "ephemeral":
            return "cache_control.type: must be ephemeral"
    form = body.get("output_config", {}).get("format")
    if form is None:
        return ""
    return "output_config.format.type" if form.get("type") != "json_schema" else _schema_problem(form["schema"])


def _schema_problem(schema: dict[str, Any]) -> str:
    """Structured output asks for closed objects with every property required."""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "output_config.format.schema: additionalProperties must be false"
        if set(schema.get("required", ())) != set(schema["properties"]):
            return "output_config.format.schema: every property must be required"
        return next(filter(None, map(_schema_problem, schema["properties"].values())), "")
    if schema.get("type") == "array":
        return _schema_problem(schema["items"])
    if schema.get("type") not in ("string", "number", "integer", "boolean"):
        return f"output_config.format.schema: type {schema.get('type')!r}"
    return ""


async def _streamed(request: web.Request, message: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)

    async def send(kind: str, **data: Any) -> None:
        await response.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())

    usage = message["usage"]
    await send(
        "message_start", message={**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    )
    await send("ping")
    if message["content"]:
        await send("content_block_start", index=0, content_block={"type": "text", "text": ""})
        text = message["content"][0]["text"]
        for place in range(0, len(text), 40):
            await send("content_block_delta", index=0, delta={"type": "text_delta", "text": text[place : place + 40]})
        await send("content_block_stop", index=0)
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    await send("message_delta", delta=delta, usage={"output_tokens": usage["output_tokens"]})
    await send("message_stop")
    return response


@contextlib.asynccontextmanager
async def claude_standin(mind: Callable[[str, str], Said]) -> AsyncIterator[ClaudeStandin]:
    """The stand-in on a free port of loopback."""
    standin = ClaudeStandin(mind)
    application = web.Application()
    application.router.add_post("/v1/messages", standin.messages)
    async with on_loopback(application) as standin.url:
        yield standin
