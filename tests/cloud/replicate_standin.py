"""A stand-in for Replicate's predictions, which the vendor's own client talks to in the tests as well."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.cloud.elevenlabs_standin import cut_off, tone
from tests.loopback import on_loopback

TOKEN = "r8_test"
VERSION = "9aff84a639f96d0f7e6081cdea002d15133d0043727f849c40abdd166b7c75a8"


@dataclass
class Running:
    """A prediction: how many looks it still takes, and what it then comes to."""

    id: str
    body: dict[str, Any]
    looks: int
    ends: str = "succeeded"
    status: str = "starting"


@dataclass
class ReplicateStandin:
    looks: int = 2
    ends: str = "succeeded"
    output: str = "file"  # file, none, expired, foreign, empty, truncated, text
    refuse: int = 0
    refusals: int = 1
    asked: int = 0
    how: list[str] = field(default_factory=list)  # stall, garbage, other shape, cut: instead of beginning one
    headers: dict[str, str] = field(default_factory=dict)
    predictions: dict[str, Running] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""
    _ids: itertools.count[int] = field(default_factory=itertools.count)

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.refuse and self.refusals:
            self.refusals -= 1
            status = self.refuse
            return web.json_response(
                {"title": "no", "detail": "no", "status": status}, status=status, headers=self.headers
            )
        how = self.how.pop(0) if self.how else ""
        if how == "stall":
            await asyncio.sleep(30)
        if how == "garbage":
            return web.Response(text="<html>", content_type="application/json")
        if how == "other shape":
            return web.json_response({"prediction": 1}, status=201)
        if how == "cut":
            return await cut_off(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"title": "Unauthenticated", "status": 401}, status=401)
        body = await request.json()
        if set(body) - {"version", "input", "webhook", "webhook_events_filter", "stream"} or "version" not in body:
            return web.json_response({"title": "Invalid", "status": 422}, status=422)
        if body["version"] != VERSION:
            return web.json_response({"title": "Invalid version", "status": 422}, status=422)
        self.requests.append((request.headers.get("Prefer", ""), body))
        running = Running(f"p{next(self._ids)}abc", body, self.looks, self.ends)
        self.predictions[running.id] = running
        return web.json_response(self._view(running), status=201)

    async def get(self, request: web.Request) -> web.Response:
        running = self.predictions.get(request.match_info["id"])
        if running is None:
            return web.json_response({"title": "Not found", "status": 404}, status=404)
        if running.status in ("starting", "processing"):
            running.looks -= 1
            running.status = "processing" if running.looks > 0 else running.ends
        return web.json_response(self._view(running))

    async def cancel(self, request: web.Request) -> web.Response:
        self.predictions[request.match_info["id"]].status = "canceled"
        return web.json_response(self._view(self.predictions[request.match_info["id"]]))

    async def file(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers  # the token stays with the API
        if self.output == "expired":
            return web.Response(status=404)
        sound = tone(6.0, 0.1, 6.0, channels=2)
        body = {"empty": b"", "truncated": sound[:150], "text": b"This is no sound."}.get(self.output, sound)
        return web.Response(body=body, content_type="audio/mpeg")

    def _view(self, running: Running) -> dict[str, Any]:
        done = running.status == "succeeded"
        address = "http://10.0.0.1/out.mp3" if self.output == "foreign" else f"{self.url}/files/{running.id}.mp3"
        return {
            "id": running.id,
            "model": "stackadoc/stable-audio-open-1.0",
            "version": running.body["version"],
            "input": running.body["input"],
            "logs": "",
            "output": (None if self.output == "none" else address) if done else None,
            "error": "out of memory" if running.status == "failed" else None,
            "status": running.status,
            "created_at": "2026-11-22T12:00:00Z",
            "metrics": {"predict_time": 4.0} if done else {},
            "urls": {
                "get": f"{self.url}/v1/predictions/{running.id}",
                "cancel": f"{self.url}/v1/predictions/{running.id}/cancel",
            },
        }


@contextlib.asynccontextmanager
async def replicate_standin() -> AsyncIterator[ReplicateStandin]:
    """On a free port of loopback."""
    standin = ReplicateStandin()
    application = web.Application()
    application.router.add_post("/v1/predictions", standin.create)
    application.router.add_get("/v1/predictions/{id}", standin.get)
    application.router.add_post("/v1/predictions/{id}/cancel", standin.cancel)
    application.router.add_get("/files/{name}", standin.file)
    async with on_loopback(application) as standin.url:
        yield standin
