"""A stand-in for the service: the HTTP contract of the page over a recorded job.

    python stand_in.py --port 0 --state FOLDER [--pace SECONDS]

What a job has come to is a function of the time since its submission and of what people did to it, both kept in
`FOLDER`; hence a killed stand-in goes on exactly where it would be. While `FOLDER/held` exists, submitted jobs wait at
their holds for a `release` among their actions.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import socket
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import recorded_job as recorded
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from narratix.events.catalogue import Event, FeedbackGiven, JobCancelled, JobRetried, Options
from narratix.web.page import page_routes

ENDED = {"JobCompleted": "completed", "JobFailed": "failed", "JobCancelled": "cancelled"}
LIMIT = 50 * 1024
PROJECT = Path(__file__).parents[2]


class StandIn:
    def __init__(self, state: Path, pace: float) -> None:
        self.state = state
        self.pace = pace
        self.drama = recorded.drama()

    def app(self) -> Starlette:
        demo = "/api/demo"
        routes = [
            Route(f"{demo}/samples", self.samples),
            Route(f"{demo}/templates", self.templates),
            Route(f"{demo}/generate-text", self.generate, methods=["POST"]),
            Route(f"{demo}/voices", self.voices),
            Route(f"{demo}/library", self.library),
            Route(f"{demo}/submit", self.submit, methods=["POST"]),
            Route(f"{demo}/events/{{job}}", self.events),
            Route(f"{demo}/text/{{job}}", self.text),
            Route(f"{demo}/line/{{job}}/{{line:int}}", self.line),
            Route(f"{demo}/result/{{job}}", self.result),
            Route(f"{demo}/cancel/{{job}}", self.act, methods=["POST"], name="cancel"),
            Route(f"{demo}/retry/{{job}}", self.act, methods=["POST"], name="retry"),
            Route(f"{demo}/feedback/{{job}}", self.act, methods=["POST"], name="feedback"),
            Route("/files/{name}", self.file),
        ]
        return Starlette(routes=[*routes, *page_routes(PROJECT / "node_modules", text_limit=LIMIT)])

    # -- what the front page asks for ----------------------------------------------------------

    async def samples(self, _: Request) -> Response:
        alice = {
            "id": "alice",
            "title": recorded.TITLE,
            "author": "Lewis Carroll",
            "source": "1865",
            "text": recorded.TEXT,
        }
        broken = alice | {"id": "broken", "title": recorded.BROKEN_TITLE, "author": "", "source": "fails on the way"}
        return JSONResponse({"samples": [alice, broken]})

    async def templates(self, _: Request) -> Response:
        return JSONResponse({"templates": [
            {"id": "ghost", "title": "A ghost story", "description": "Someone hears what nobody else hears."},
            {"id": "mystery", "title": "A small mystery", "description": "Something is missing, and everyone lies a little."},
        ]})  # fmt: skip

    async def generate(self, request: Request) -> Response:
        wish = await request.json()
        if len(wish.get("premise", "")) > 400:
            return problem(422, "The wish cannot be granted", "Some fields need another look.",
                           [{"field": "premise", "message": "Keep it under 400 characters."}])  # fmt: skip
        text = f"“Who rang the bell?” said Mara.\n\n“Nobody,” said the keeper. “{wish.get('premise') or 'It rings itself'}.”\n"
        return JSONResponse({"title": "The Bell", "text": text, "engine": "stand-in", "safety": "passed"})

    async def voices(self, _: Request) -> Response:
        def voice(id: str, name: str, gender: str, accent: str) -> dict[str, str]:
            return {"id": id, "name": name, "gender": gender, "accent": accent, "age": "adult"}

        kokoro = [voice("bm_george", "George", "male", "British"), voice("bm_fable", "Fable", "male", "British"),
                  voice("bf_emma", "Emma", "female", "British"), voice("am_puck", "Puck", "male", "American"),
                  voice("bm_lewis", "Lewis", "male", "British")]  # fmt: skip
        return JSONResponse({"engines": [
            {"name": "kokoro", "default": True, "voices": kokoro},
            {"name": "fast", "default": False, "voices": kokoro[:2]},
        ]})  # fmt: skip

    async def library(self, _: Request) -> Response:
        dramas = []
        for path in sorted(self.state.glob("*.json")):
            job: dict[str, Any] = json.loads(path.read_text())
            if (view := status_view(job, self.history(job)))["status"] == "completed":
                dramas.append({"job_id": job["job_id"], "title": view["title"],
                               "duration_seconds": recorded.timeline()[-1][1] + 1.0,
                               "cast_names": [member.name for member in recorded.CAST[1:]],
                               "created_at": view["created_at"], "completed_at": view["updated_at"]})  # fmt: skip
        return JSONResponse({"dramas": dramas})

    # -- one job -------------------------------------------------------------------------------

    async def submit(self, request: Request) -> Response:
        body = await request.json()
        if len(body["text"].encode()) > LIMIT:
            return problem(413, "The story is too long", "The story has more than 50 KB.")
        if body["text"].startswith("REFUSE"):
            return problem(422, "The story was not accepted", "One field needs another look.",
                           [{"field": "text", "message": "There is nothing to speak in this text."}])  # fmt: skip
        if body["text"].startswith("BUSY"):
            return problem(429, "Too many requests", "Ten stories a minute are enough for one visitor.", retry_after=7)
        job_id = uuid.uuid5(uuid.NAMESPACE_URL, request.headers["idempotency-key"]).hex
        path = self.state / f"{job_id}.json"
        if not path.exists():
            job: dict[str, Any] = {"job_id": job_id, "title": body.get("title") or "", "options": body.get("options") or {},
                   "submitted_at": time.time(), "actions": [], "held": (self.state / "held").exists()}  # fmt: skip
            path.write_text(json.dumps(job))
        return JSONResponse({"job_id": job_id, "links": links(job_id)}, 202)

    def load(self, request: Request) -> dict[str, Any] | None:
        path = self.state / f"{Path(request.path_params['job']).name}.json"
        if not path.exists():
            return None
        job: dict[str, Any] = json.loads(path.read_text())
        return job

    def history(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """The events recorded until now: those of the schedule, and what people did in between."""
        found: list[dict[str, Any]] = []
        planned = list(recorded.schedule(job["title"], msgspec.convert(job["options"], Options), self.pace))
        actions = list(job["actions"])
        at, now = job["submitted_at"], time.time()
        halted = waiting = let_go = False

        def record(event: Event) -> None:
            data = msgspec.to_builtins(event)
            previous = found[-1]["hash"] if found else ""
            version = len(found) + 1
            found.append({"position": version, "event_id": f"{job['job_id']}-{version}", "job_id": job["job_id"],
                          "version": version, "type": type(event).__name__, "schema_version": 1,
                          "recorded_at": datetime.fromtimestamp(at, UTC).isoformat(), "data": data, "metadata": {},
                          "hash": hashlib.sha256((previous + json.dumps(data)).encode()).hexdigest()})  # fmt: skip

        while True:
            following = planned[0] if planned and not (halted or waiting) else None
            if isinstance(following, recorded.Hold):
                planned.pop(0)
                waiting = job["held"] and not let_go
                continue
            due = at + following.after if following else None
            acted = actions[0]["at"] if actions else None
            if acted is not None and (due is None or acted <= due):
                action = actions.pop(0)
                at = max(at, acted)
                if action["kind"] == "release":
                    waiting, let_go = False, let_go or action["all"]
                    continue
                event, halted = _event_of(action, halted)
                record(event)
            elif following is not None and due is not None and due <= now:
                planned.pop(0)
                at = due
                record(following.event)
                halted = halted or type(following.event).__name__ in ENDED
            else:
                return found

    async def events(self, request: Request) -> Response:
        job = self.load(request)
        if job is None:
            return problem(404, "No such job", "There is no drama under this address. It may have been mistyped.")
        history = self.history(job)
        present = history[-1]["version"]
        after = int(request.headers.get("last-event-id") or request.query_params.get("after") or present)
        if status_view(job, history)["status"] in ENDED.values() and after >= present:
            return Response(status_code=204)
        headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        return StreamingResponse(self.stream(request, after), media_type="text/event-stream", headers=headers)

    async def stream(self, request: Request, after: int) -> AsyncIterator[str]:
        yield ": open\n\n"
        while True:
            job = self.load(request)
            assert job is not None
            history = self.history(job)
            for event in history[after:]:
                view = status_view(job, history[: event["version"]])
                yield f"event: recorded\nid: {event['version']}\ndata: {json.dumps(event)}\n\n"
                yield f"event: status\nid: {event['version']}\ndata: {json.dumps(view)}\n\n"
                after = event["version"]
            if status_view(job, history)["status"] in ENDED.values():
                return
            await asyncio.sleep(0.03)

    async def text(self, request: Request) -> Response:
        return Response(recorded.TEXT, media_type="text/plain; charset=utf-8")

    async def line(self, request: Request) -> Response:
        return RedirectResponse(f"/files/clip-{request.path_params['line']}.wav", 302)

    async def result(self, request: Request) -> Response:
        job = self.load(request)
        assert job is not None
        view = status_view(job, self.history(job))
        if view["status"] != "completed":
            return problem(409, "Not finished", "This drama is not finished yet.")
        url = "/files/drama.wav"
        return JSONResponse({
            "audio": {"url": url, "format": "wav", "duration_seconds": recorded.timeline()[-1][1] + 1.0,
                      "size_bytes": len(self.drama), "loudness_lufs": -16.02, "true_peak_dbtp": -2.1,
                      "expires_at": "2100-01-01T00:00:00Z"},
            "formats": [{"format": "wav", "url": url, "size_bytes": len(self.drama)},
                        {"format": "m4b", "url": url, "size_bytes": 312_000}],
            "captions": {"vtt": "/files/captions.vtt", "srt": "/files/captions.srt"},
            "stream": {"hls": None},
            "peaks": recorded.peaks(),
            "script": recorded.result_script(),
            "cast": view["cast"],
            "engines": {"language": "rules", "speech": "kokoro", "music": "composer", "effects": "foley"},
            "usage": [],
        })  # fmt: skip

    async def act(self, request: Request) -> Response:
        job = self.load(request)
        assert job is not None
        kind = request.url.path.split("/")[3]
        given = await request.json() if kind == "feedback" else {}
        job["actions"].append({"kind": kind, "at": time.time(), **given})
        (self.state / f"{job['job_id']}.json").write_text(json.dumps(job))
        return JSONResponse({"job_id": job["job_id"], "links": links(job["job_id"])}, 202)

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == "captions.vtt":
            return Response(recorded.captions(".", "WEBVTT\n\n"), media_type="text/vtt")
        if name == "captions.srt":
            return Response(recorded.captions(",", ""), media_type="application/x-subrip")
        content = self.drama if name == "drama.wav" else recorded.clip(int(name.split("-")[1].split(".")[0]))
        return ranged(request, content, "audio/wav")


def _event_of(action: dict[str, Any], halted: bool) -> tuple[Event, bool]:
    if action["kind"] == "cancel":
        return JobCancelled(), True
    if action["kind"] == "retry":
        return JobRetried(), False
    return FeedbackGiven(rating=action["rating"], comment=action.get("comment", "")), halted


def status_view(job: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    types = [event["type"] for event in history]
    spoken, total = types.count("LineSpoken"), len(recorded.PARTS) if "ScriptWritten" in types else 0
    status = "queued" if len(history) <= 1 else "running"
    for name in types:
        status = "running" if name == "JobRetried" else ENDED.get(name, status)
    counts = {name: (types.count(event), 1) for name, event in
              [("write_script", "ScriptWritten"), ("cast_voices", "VoicesCast"), ("plan_sound", "SoundPlanned")]}  # fmt: skip
    counts |= {"speak_line": (spoken, total), "compose_music": (types.count("MusicComposed"), 1),
               "render_effect": (types.count("EffectRendered"), 1), "mix_drama": (types.count("DramaMixed"), 1),
               "publish_drama": (types.count("DramaPublished"), 1)}  # fmt: skip
    stage = next((name for name, (done, wanted) in counts.items() if done < max(1, wanted)), None)
    done, wanted = sum(done for done, _ in counts.values()), sum(max(1, wanted) for _, wanted in counts.values())
    running = status in ("queued", "running")
    steps = {"speak_line": f"Speaking line {spoken + 1} of {total}", "write_script": "Reading the story",
             "mix_drama": "Mixing voices, music and effects"}  # fmt: skip
    cast = [msgspec.to_builtins(member) | {"voice": recorded.VOICES[member.id] if "VoicesCast" in types else None,
                                           "lines": sum(part[0] == member.id for part in recorded.PARTS)}
            for member in recorded.CAST] if "ScriptWritten" in types else []  # fmt: skip
    return {
        "job_id": job["job_id"], "title": job["title"], "status": status,
        "progress": 100 if status == "completed" else min(99, round(100 * done / wanted)),
        "stage": stage if running else None, "step": steps.get(stage or "", "") if running else "",
        "cast": cast, "lines": {"total": total, "spoken": spoken},
        "eta_seconds": round((wanted - done) * 1.5) if "ScriptWritten" in types and running else None,
        "version": len(history), "created_at": history[0]["recorded_at"] if history else None,
        "updated_at": history[-1]["recorded_at"] if history else None,
        "error": next((e["data"] for e in reversed(history) if e["type"] == "JobFailed"), None) if status == "failed" else None,
        "links": links(job["job_id"]),
        "stages": [{"name": name, "done": done, "total": wanted} for name, (done, wanted) in counts.items()],
    }  # fmt: skip


def links(job_id: str) -> dict[str, str]:
    return {name: f"/api/demo/{name}/{job_id}" for name in ("status", "events", "result")}


def problem(
    status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None, retry_after: int | None = None
) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail, "errors": errors or []}
    return JSONResponse(body, status, headers, "application/problem+json")


def ranged(request: Request, content: bytes, media_type: str) -> Response:
    """A browser seeks in a sound by asking for a part of it (RFC 9110, 14)."""
    span = request.headers.get("range", "").removeprefix("bytes=").split("-")
    if len(span) != 2 or not span[0]:
        return Response(content, media_type=media_type, headers={"Accept-Ranges": "bytes"})
    first, last = int(span[0]), min(int(span[1] or len(content) - 1), len(content) - 1)
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
    return Response(content[first : last + 1], 206, headers, media_type)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--pace", type=float, default=0.02)
    wish = parser.parse_args()
    wish.state.mkdir(parents=True, exist_ok=True)
    listener = socket.create_server(("127.0.0.1", wish.port))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server = uvicorn.Server(uvicorn.Config(StandIn(wish.state, wish.pace).app(), log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
