"""cast_voices: every character gets a voice of the job's speech engine."""

from __future__ import annotations

import structlog

from narratix.events.catalogue import Event, ScriptWritten, VoicesCast
from narratix.handlers.describing import described
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.ports import Designed, ProviderError, Speech
from narratix.script.casting import UnknownVoice, cast_voices

log = structlog.get_logger(__name__)


async def run(ports: Ports, job: Job, _item: str) -> Event:
    assert job.script is not None
    speech = await _ready(ports, job.options.engine)
    try:
        voices = cast_voices(job.script.cast, job.script.segments, speech.voices, job.options.voices)
    except UnknownVoice as problem:
        raise ProviderError(str(problem), permanent=True) from problem
    made = await _designed(ports, job, speech)
    return VoicesCast(engine=speech.name, voices={**voices, **made.voices}, usage=made.usage)


async def _designed(ports: Ports, job: Job, speech: Speech) -> Designed:
    """Voices of their own for those who speak most and for whom none was wished, where the engine makes some. What it
    refuses for good is no loss: the others' voices do."""
    if (design := ports.designs.get(speech.name)) is None:
        return Designed({})
    wanted = described(job, await ports.texts.get(job.text_sha256), design.most)
    try:
        return await design.design(wanted) if wanted else Designed({})
    except ProviderError as problem:
        if not problem.permanent:
            raise
        log.warning("voices_not_designed", engine=speech.name, reason=str(problem))
        return Designed({})


async def _ready(ports: Ports, engine: str) -> Speech:
    """The wished engine, or the local one where that cannot be had for good: a drama is cast as a whole, by one engine."""
    speech = ports.speech_for(engine)
    try:
        await speech.ready()
    except ProviderError as problem:
        local = ports.speech_for(ports.local_speech)
        if not problem.permanent or local is speech:
            raise
        log.warning("speech_engine_replaced", engine=speech.name, by=local.name, reason=str(problem))
        await local.ready()
        return local
    return speech


CAST_VOICES = Handler(
    name="cast_voices",
    uses="nothing",
    wakes_on=(ScriptWritten,),
    items=lambda job: [""] if job.script else [],
    done=lambda job, _item: job.voices is not None,
    inputs=lambda job, _item: (job.script and job.script.cast, job.options.engine, job.options.voices),
    run=run,
    light=True,
    time_limit=180,
)
