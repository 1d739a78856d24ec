"""cast_voices: every character gets a voice of the job's speech engine."""

from __future__ import annotations

from narratix.events.catalogue import Event, ScriptWritten, VoicesCast
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.ports import ProviderError
from narratix.script.casting import UnknownVoice, cast_voices


async def run(ports: Ports, job: Job, _item: str) -> Event:
    assert job.script is not None
    speech = ports.speech_for(job.options.engine)
    try:
        voices = cast_voices(job.script.cast, job.script.segments, speech.voices, job.options.voices)
    except UnknownVoice as problem:
        raise ProviderError(str(problem), permanent=True) from problem
    return VoicesCast(engine=speech.name, voices=voices)


CAST_VOICES = Handler(
    name="cast_voices",
    uses="nothing",
    wakes_on=(ScriptWritten,),
    items=lambda job: [""] if job.script else [],
    done=lambda job, _item: job.voices is not None,
    inputs=lambda job, _item: (job.script and job.script.cast, job.options.engine, job.options.voices),
    run=run,
    time_limit=30,
)
