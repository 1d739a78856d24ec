"""What the page asks for besides."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from narratix.handlers.voice_sample import NoSuchVoice, voice_sample
from narratix.ports import ProviderError
from narratix.providers.language.templates import TEMPLATES
from narratix.providers.speech.contents import CLOUD_SPEECH
from narratix.samples import SAMPLES
from narratix.web.context import Here, as_json, visitor
from narratix.web.described import content, problems
from narratix.web.models import EngineList, Library, SampleList, TemplateList
from narratix.web.problems import Problem
from narratix.web.stories import clip_of, text_of

router = APIRouter(prefix="/api/demo", tags=["page"], dependencies=[Depends(visitor)], responses=problems(401, 403))


@router.get("/samples", response_model=SampleList, summary="Stories to begin with")
async def samples() -> Response:
    return as_json({"samples": SAMPLES})


@router.get("/templates", response_model=TemplateList, summary="Kinds of stories that can be written")
async def templates() -> Response:
    return as_json({"templates": TEMPLATES})


@router.get("/voices", response_model=EngineList, summary="Speech engines and their voices")
async def voices(web: Here) -> Response:
    ports = web.services.ports
    for engine in ports.speech.values():
        with contextlib.suppress(ProviderError):  # an account that does not answer has no voices for now
            await engine.ready()
    return as_json({"engines": [
        {"name": name, "default": name == ports.default_speech, "voices": [_voice(voice) for voice in engine.voices]}
        for name, engine in ports.speech.items()
    ]})  # fmt: skip


@router.get(
    "/voice",
    response_class=Response,
    status_code=302,
    responses={**problems(404, 422), 302: {"description": "To the voice's sound (FLAC)."}},
    summary="A voice, to be heard",
)
async def voice(engine: Annotated[str, Query()], voice: Annotated[str, Query()], web: Here) -> Response:
    ports = web.services.ports
    if engine in CLOUD_SPEECH:
        raise Problem(404, "Nothing to hear here", f"A sample of {engine} would be paid for; its own site has some.")
    try:
        clip = await voice_sample(ports, engine, voice)
    except NoSuchVoice as missing:
        raise Problem(404, "Nothing to hear here", f"{missing} See /api/demo/voices.") from missing
    address = await ports.storage.url(clip.key, web.services.settings.link_seconds)
    return RedirectResponse(address, 302, {"Cache-Control": "no-store"})


def _voice(voice: Any) -> dict[str, Any]:
    return {name: getattr(voice, name) for name in ("id", "name", "gender", "accent", "age")}


@router.get("/library", response_model=Library, responses=problems(422), summary="Finished dramas, newest first")
async def library(web: Here, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    dramas = await web.library.newest(limit, where=("finished", "true"))
    hidden = ("finished", "loudness_lufs")
    views = [{name: value for name, value in msgspec.structs.asdict(drama).items() if name not in hidden}
             for drama in dramas]  # fmt: skip
    return as_json({"dramas": views})


@router.get(
    "/text/{job_id}",
    response_class=PlainTextResponse,
    responses={**problems(404, 410), 200: content("text/plain", "The story.", "The rain fell on the old house.")},
    summary="The text of a job",
)
async def text(job_id: UUID, web: Here) -> Response:
    return PlainTextResponse(
        await text_of(web.services.store, web.services.ports, job_id), headers={"Cache-Control": "private, no-cache"}
    )


@router.get(
    "/line/{job_id}/{line}",
    response_class=Response,
    status_code=302,
    responses={**problems(404), 302: {"description": "To the line's sound (FLAC), as soon as it is spoken."}},
    summary="The sound of one line",
)
async def line(job_id: UUID, line: Annotated[int, Path(ge=0)], web: Here) -> Response:
    key = await clip_of(web.services.pool, job_id, line)
    address = await web.services.ports.storage.url(key, web.services.settings.link_seconds)
    return RedirectResponse(address, 302, {"Cache-Control": "no-store"})
