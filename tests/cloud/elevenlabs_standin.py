"""A stand-in for the parts of ElevenLabs that Narratix uses, as strict as the real one; the vendor's own client talks to
it in the tests too, which proves that its answers are the vendor's."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soundfile
from aiohttp import web

from tests.loopback import on_loopback

KEY = "xi-test-key"
VOICES = [
    {"voice_id": "annaVoice01", "name": "Anna", "category": "premade", "labels": {"gender": "female", "age": "young", "accent": "british"}},
    {"voice_id": "brownVoice02", "name": "Brown", "category": "professional", "labels": {"gender": "male", "age": "old"}},
    {"voice_id": "plainVoice03", "name": "Plain", "category": "premade", "labels": {}},
]  # fmt: skip
SPEECH_FIELDS = {"text", "model_id", "voice_settings", "seed", "apply_text_normalization", "language_code"}
SETTINGS_FIELDS = {"stability", "similarity_boost", "style", "use_speaker_boost", "speed"}
PACE = 0.06
HOW = web.RequestKey("how", str)


@dataclass
class Fault:
    """Instead of an answer."""

    status: int = 0
    detail: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""  # stall, garbage, empty, truncated, other text, short, cut


@dataclass
class ElevenLabsStandin:
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    plan: int = 3
    lines_left: int = 10**9
    """So many lines are spoken; then the quota is exceeded."""
    designed: list[dict[str, Any]] = field(default_factory=list)
    previews: dict[str, str] = field(default_factory=dict)
    slots: int = 10
    url: str = ""

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("xi-api-key") != KEY:
            return problem(401, {"status": "invalid_api_key", "message": "Invalid API key"})
        if self.at_once >= self.plan:
            return problem(429, {"status": "too_many_concurrent_requests", "message": "Too many concurrent requests."})
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.faults:
                fault = self.faults.pop(0)
                if fault.status:
                    return problem(fault.status, fault.detail, fault.headers)
                request[HOW] = fault.how
            if request.get(HOW, "") == "stall":
                await asyncio.sleep(30)
            if request.get(HOW, "") == "cut":
                return await cut_off(request)
            if request.get(HOW, "") == "other shape":
                return web.json_response({"sound": "none"})
            if request.get(HOW, "") == "garbage":
                return web.Response(text="<html>", content_type="application/json")
            body = await request.json() if request.can_read_body else {}
            self.requests.append((request.method, request.path_qs, body))
            answer: web.StreamResponse = await handler(request, body)
            return answer
        finally:
            self.at_once -= 1

    async def voices(self, request: web.Request, _body: Any) -> web.Response:
        size = int(request.query.get("page_size", "10"))
        start = int(request.query.get("next_page_token") or 0)
        listed = [*VOICES, *self.designed]
        page = listed[start : start + min(size, 2)]
        more = start + len(page) < len(listed)
        return web.json_response(
            {
                "voices": page,
                "has_more": more,
                "total_count": len(listed),
                "next_page_token": str(start + len(page)) if more else None,
            }
        )

    async def design(self, _request: web.Request, body: dict[str, Any]) -> web.Response:
        if unknown := set(body) - {
            "voice_description",
            "model_id",
            "text",
            "auto_generate_text",
            "loudness",
            "guidance_scale",
            "seed",
        }:
            return unprocessable(sorted(unknown)[0], "Extra inputs are not permitted")
        if not 20 <= len(body["voice_description"]) <= 1000:
            return unprocessable("voice_description", "String should have 20 to 1000 characters")
        if body["model_id"] not in ("eleven_multilingual_ttv_v2", "eleven_ttv_v3"):
            return unprocessable("model_id", "Input should be a known model")
        if not body.get("auto_generate_text") and not 100 <= len(body.get("text", "")) <= 1000:
            return unprocessable("text", "String should have 100 to 1000 characters")
        made = [f"generated{len(self.previews)}x{number}" for number in range(3)]
        self.previews |= dict.fromkeys(made, body["voice_description"])
        sound = base64.b64encode(tone(1.0, 0.0, 1.0)).decode()
        previews = [
            {
                "audio_base_64": sound,
                "generated_voice_id": id,
                "media_type": "audio/mpeg",
                "duration_secs": 1.0,
                "language": "en",
            }
            for id in made
        ]
        return web.json_response({"previews": previews, "text": body.get("text") or "Once upon a time."})

    async def create(self, _request: web.Request, body: dict[str, Any]) -> web.Response:
        if set(body) - {
            "voice_name",
            "voice_description",
            "generated_voice_id",
            "labels",
            "played_not_selected_voice_ids",
        }:
            return unprocessable("body", "Extra inputs are not permitted")
        if self.previews.get(body.get("generated_voice_id", "")) != body.get("voice_description"):
            return problem(404, {"status": "voice_not_found", "message": "No such preview."})
        if len(self.designed) >= self.slots:
            return problem(
                400, {"status": "voice_limit_reached", "message": "You have reached your maximum of voices."}
            )
        voice = {
            "voice_id": f"designed{len(self.requests)}",
            "name": body["voice_name"],
            "category": "generated",
            "labels": body["labels"],
        }
        self.designed.append(voice)
        return web.json_response(voice)

    async def delete(self, request: web.Request, _body: Any) -> web.Response:
        kept = [voice for voice in self.designed if voice["voice_id"] != request.match_info["voice"]]
        if len(kept) == len(self.designed):
            return problem(404, {"status": "voice_not_found", "message": "A voice with that id was not found."})
        self.designed = kept
        return web.json_response({"status": "ok"})

    async def speak(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if all(voice["voice_id"] != request.match_info["voice"] for voice in [*VOICES, *self.designed]):
            return problem(404, {"status": "voice_not_found", "message": "A voice with that id was not found."})
        if unknown := set(body) - SPEECH_FIELDS:
            return unprocessable(sorted(unknown)[0], "Extra inputs are not permitted")
        if not body.get("text"):
            return unprocessable("text", "String should have at least 1 character")
        settings = body.get("voice_settings", {})
        if set(settings) - SETTINGS_FIELDS or not 0.7 <= settings.get("speed", 1.0) <= 1.2:
            return unprocessable("voice_settings", "Input should be within bounds")
        if not 0 <= body.get("seed", 0) <= 4294967295:
            return unprocessable("seed", "Input should be less than or equal to 4294967295")
        if self.lines_left == 0:
            return problem(401, {"status": "quota_exceeded", "message": "You have 3 credits left."})
        self.lines_left -= 1
        text, how = body["text"], request.get(HOW, "")
        lead = 0.2
        begins = [round(lead + PACE * place, 4) for place in range(len(text))]
        ends = [round(begin + PACE, 4) for begin in begins]
        seconds = lead + PACE * len(text) + 0.3
        audio = tone(seconds if how != "short" else 0.6, lead, seconds - 0.3)
        if how == "empty":
            audio = b""
        if how == "text":
            audio = b"This is no sound."
        if how == "truncated":
            audio = audio[: len(audio) // 50]
        said = text if how != "other text" else text[:-1] + "x"
        alignment = {
            "characters": list(said),
            "character_start_times_seconds": begins,
            "character_end_times_seconds": ends,
        }
        encoded = base64.b64encode(audio).decode()
        return web.json_response({"audio_base64": encoded, "alignment": alignment, "normalized_alignment": alignment})

    async def effect(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if set(body) - {"text", "loop", "duration_seconds", "prompt_influence", "model_id"}:
            return unprocessable("body", "Extra inputs are not permitted")
        if not 0.5 <= body.get("duration_seconds", 1.0) <= 30:
            return unprocessable("duration_seconds", "Input should be within 0.5 and 30")
        seconds = body.get("duration_seconds", 2.0)
        audio = b"" if request.get(HOW, "") == "empty" else tone(seconds, 0.1, seconds)
        return web.Response(body=audio, content_type="audio/mpeg")

    async def music(self, _request: web.Request, body: dict[str, Any]) -> web.Response:
        if ("prompt" in body) == ("composition_plan" in body):
            return unprocessable("prompt", "Either prompt or composition_plan is required")
        if "seed" in body and "prompt" in body:
            return unprocessable("seed", "seed cannot be used with prompt")
        if not 3000 <= body.get("music_length_ms", 3000) <= 600000:
            return unprocessable("music_length_ms", "Input should be within 3000 and 600000")
        seconds = body["music_length_ms"] / 1000
        return web.Response(body=tone(seconds, 0.0, seconds, channels=2), content_type="audio/mpeg")


async def cut_off(request: web.Request) -> web.StreamResponse:
    """An answer whose connection is lost in the middle."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'{"id": "')
    assert request.transport is not None
    request.transport.close()
    return response


def tone(seconds: float, begins: float, ends: float, channels: int = 1) -> bytes:
    """An MP3 that hums from `begins` to `ends`."""
    rate = 44_100
    time = np.arange(round(seconds * rate)) / rate
    hum = np.where((time >= begins) & (time < ends), 0.3 * np.sin(2 * np.pi * 220 * time), 0.0)
    out = io.BytesIO()
    soundfile.write(out, np.column_stack([hum] * channels), rate, format="MP3")
    return out.getvalue()


def problem(status: int, detail: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"detail": detail}, status=status, headers=headers)


def unprocessable(name: str, message: str) -> web.Response:
    return problem(422, [{"loc": ["body", name], "msg": message, "type": "value_error"}])


@contextlib.asynccontextmanager
async def elevenlabs_standin() -> AsyncIterator[ElevenLabsStandin]:
    """On a free port of loopback."""
    standin = ElevenLabsStandin()
    application = web.Application(middlewares=[standin.guard])

    def routed(handler: Any) -> Any:
        async def handle(request: web.Request, body: Any = None) -> web.StreamResponse:
            answer: web.StreamResponse = await handler(request, body)
            return answer

        return handle

    application.router.add_get("/v2/voices", routed(standin.voices))
    application.router.add_post("/v1/text-to-speech/{voice}/with-timestamps", routed(standin.speak))
    application.router.add_post("/v1/sound-generation", routed(standin.effect))
    application.router.add_post("/v1/text-to-voice/design", routed(standin.design))
    application.router.add_post("/v1/text-to-voice", routed(standin.create))
    application.router.add_delete("/v1/voices/{voice}", routed(standin.delete))
    application.router.add_post("/v1/music", routed(standin.music))
    async with on_loopback(application) as standin.url:
        yield standin
