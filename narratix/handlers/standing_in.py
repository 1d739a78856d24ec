"""Who speaks when the engine that a drama was cast with cannot go on: the local one, with a voice for every person."""

from __future__ import annotations

from narratix.handlers.handler import Ports
from narratix.job import Job
from narratix.ports import Speech
from narratix.script.casting import cast_voices


def speaks_for(ports: Ports, job: Job, speaker: str) -> tuple[Speech, str]:
    """The engine and the voice of a cast id: those that it was cast with, or a stand-in's where that engine is not here
    any more, or a line of this person was spoken by one before, since nobody changes back and forth."""
    assert job.voices is not None
    if speaker in job.stood_in or job.voices.engine not in ports.speech:
        return stands_in(ports, job, speaker)
    return ports.speech_for(job.voices.engine), job.voices.voices[speaker]


def stands_in(ports: Ports, job: Job, speaker: str) -> tuple[Speech, str]:
    """The local engine, and the voice it has for a cast id: cast from the script alone, so that a person has one voice of
    it in every process. Wishes named voices of the other engine."""
    assert job.script is not None
    local = ports.speech_for(ports.local_speech)
    return local, cast_voices(job.script.cast, job.script.segments, local.voices, {})[speaker]
