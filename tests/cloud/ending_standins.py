"""Stand-ins for OpenAI's and Hume's speech, as strict as the services are, or were."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.cloud.elevenlabs_standin import tone
from tests.loopback import on_loopback

KEY = "sk-test"
OPENAI_FIELDS = {"model", "input", "voice", "instructions", "response_format", "speed"}
OPENAI_VOICES = {"alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"}
HUME_FIELDS = {"utterances", "format", "include_timestamp_types", "context", "num_generations"}
UTTERANCE_FIELDS = {"text", "description", "speed", "trailing_silence", "voice"}
HUME_VOICES = [{"id": f"voice{number}", "name": f"Voice {number}", "provider": "HUME_AI"} for number in range(3)]
WORD_MS = 300


@dataclass
class Standin:
    """`answers` replace the next ones: (status, body, headers)."""

    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    audio: bytes | None = None
    stamps: int | None = None
    url: str = ""

    def refusal(self) -> web.Response | None:
        if not self.answers:
            return None
        status, body, headers = self.answers.pop(0)
        return web.json_response(body, status=status, headers=headers)

    # -- OpenAI ----------------------------------------------------------------------------

    async def openai(self, request: web.Request) -> web.Response:
        if refusal := self.refusal():
            return refusal
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "invalid_api_key")
        body = await request.json()
        if set(body) - OPENAI_FIELDS or not {"model", "input", "voice"} <= set(body):
            return _error(400, "unknown_parameter")
        if body["voice"] not in OPENAI_VOICES or not 1 <= len(body["input"]) <= 4096:
            return _error(400, "invalid_value")
        if not 0.25 <= body.get("speed", 1.0) <= 4.0:
            return _error(400, "invalid_value")
        self.requests.append(body)
        sound = tone(0.5 + 0.06 * len(body["input"]), 0.2, 0.3 + 0.06 * len(body["input"]))
        return web.Response(body=sound if self.audio is None else self.audio, content_type="audio/mpeg")

    # -- Hume ------------------------------------------------------------------------------

    async def hume(self, request: web.Request) -> web.Response:
        if refusal := self.refusal():
            return refusal
        if request.headers.get("X-Hume-Api-Key") != KEY:
            return web.json_response({"fault": {"faultstring": "Invalid ApiKey"}}, status=401)
        body = await request.json()
        [utterance] = body["utterances"]
        if set(body) - HUME_FIELDS or set(utterance) - UTTERANCE_FIELDS:
            return web.json_response({"detail": "extra fields"}, status=422)
        if not 0.5 <= utterance.get("speed", 1.0) <= 2.0 or len(utterance["text"]) > 5000:
            return web.json_response({"detail": "out of bounds"}, status=422)
        if utterance["voice"]["id"] not in {voice["id"] for voice in HUME_VOICES}:
            return web.json_response({"detail": "no such voice"}, status=404)
        self.requests.append(body)
        words = utterance["text"].split()
        seconds = 0.2 + 0.3 * len(words)
        stamps = [
            {
                "text": word,
                "time": {"begin": 100 + WORD_MS * place, "end": 90 + WORD_MS * (place + 1)},
                "type": "word",
            }
            for place, word in enumerate(words)
        ]
        sound = tone(seconds, 0.1, seconds - 0.1) if self.audio is None else self.audio
        generation = {
            "audio": base64.b64encode(sound).decode(),
            "duration": seconds,
            "generation_id": "g1",
            "file_size": len(sound),
            "encoding": {"format": "mp3", "sample_rate": 44100},
            "snippets": [[{"id": "s1", "text": utterance["text"], "timestamps": stamps[: self.stamps]}]],
        }
        return web.json_response({"generations": [generation], "request_id": "r1"})

    async def voices(self, request: web.Request) -> web.Response:
        page = int(request.query["page_number"])
        listed = HUME_VOICES[2 * page : 2 * page + 2]
        return web.json_response({"page_number": page, "page_size": 2, "total_pages": 2, "voices_page": listed})


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"message": code, "type": "invalid_request_error", "code": code}}, status=status)


@contextlib.asynccontextmanager
async def ending_standin() -> AsyncIterator[Standin]:
    """Both services on a free port of loopback."""
    standin = Standin()
    application = web.Application()
    application.router.add_post("/v1/audio/speech", standin.openai)
    application.router.add_post("/v0/tts", standin.hume)
    application.router.add_get("/v0/tts/voices", standin.voices)
    async with on_loopback(application) as standin.url:
        yield standin
