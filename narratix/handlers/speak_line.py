"""speak_line: one line is spoken. The first lines come first, since someone may be listening."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from narratix.events.catalogue import Event, LineRevised, LineSpoken, Segment, VoicesCast, Word
from narratix.handlers.clips import Clip, Made
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.standing_in import speaks_for, stands_in
from narratix.job import Job
from narratix.ports import ProviderError, Speech
from narratix.script.directions import level_of
from narratix.script.pronunciations import in_text
from narratix.sound.clip import prepare_speech
from narratix.sound.media import heard_through, medium_of

log = structlog.get_logger(__name__)


async def run(ports: Ports, job: Job, item: str) -> Event:
    assert job.script is not None
    assert job.voices is not None
    segment = job.script.segments[int(item)]
    text, offset = await _said(ports, job, int(item))
    speech, voice = speaks_for(ports, job, segment.speaker)
    try:
        clip = await _clip(ports, job, segment, text, speech, voice)
    except ProviderError as problem:
        local, voice = stands_in(ports, job, segment.speaker)
        if not problem.permanent or local is speech:
            raise
        log.warning("speech_engine_replaced", engine=speech.name, by=local.name, reason=str(problem))
        clip = await _clip(ports, job, segment, text, local, voice)
    return LineSpoken(
        line=int(item),
        clip_key=clip.key,
        duration=clip.duration,
        words=tuple(
            Word(start=offset + start, end=offset + end, begins=begins, ends=ends)
            for start, end, begins, ends in clip.words
        ),
        energies=clip.energies,
        usage=clip.usage,
        revision=job.revisions.get(int(item), 0),
    )


async def _said(ports: Ports, job: Job, line: int) -> tuple[str, int]:
    """What is spoken, and where it begins in the text that its words are counted in."""
    assert job.script is not None
    if line in job.revised and job.revised[line].text_sha256:
        return await ports.texts.get(job.revised[line].text_sha256), 0
    segment = job.script.segments[line]
    return (await ports.texts.get(job.text_sha256))[segment.start : segment.end].rstrip(), segment.start


async def _clip(ports: Ports, job: Job, segment: Segment, text: str, speech: Speech, voice: str) -> Clip:
    said = in_text(text, {**ports.pronunciations, **job.options.pronunciations})
    return await spoken_clip(ports, speech, voice, text, segment.direction, segment.speed, said)


async def spoken_clip(
    ports: Ports,
    speech: Speech,
    voice: str,
    text: str,
    direction: str = "",
    speed: float = 1.0,
    said: Mapping[str, str] | None = None,
) -> Clip:
    """The clip of a text as a voice speaks it, ready for the mix. `said` are the pronunciations of words in it."""
    medium, level = medium_of(direction), level_of(direction)

    async def make() -> Made:
        spoken = await speech.speak(text, voice, direction=direction, speed=speed, pronunciations=said or {})
        sound, energies = await asyncio.to_thread(lambda: prepare_speech(heard_through(spoken.sound, medium), level))
        words = tuple((word.start, word.end, round(word.begins, 3), round(word.ends, 3)) for word in spoken.words)
        return Made(sound=sound, energies=energies, usage=spoken.usage, words=words)

    inputs = (text, voice, speech.name, speech.model, direction, speed)
    # a line depends on the lexicon only where it has one of its words, and on the sound's treatment where it has any
    treated = ({"medium": medium, "level": level},) if medium or level else ()
    return await ports.clips.get("speech", (*inputs, *([said] if said else []), *treated), make)


def _inputs(job: Job, item: str) -> tuple[object, ...]:
    assert job.script is not None
    assert job.voices is not None
    segment = job.script.segments[int(item)]
    inputs = (job.text_sha256, segment, job.voices.engine, job.voices.voices[segment.speaker])
    said = (job.options.pronunciations,) if job.options.pronunciations else ()
    revised = (job.revisions[int(item)],) if int(item) in job.revisions else ()
    return (*inputs, *said, *revised)


SPEAK_LINE = Handler(
    name="speak_line",
    uses="speech",
    wakes_on=(VoicesCast, LineRevised),
    items=lambda job: map(str, range(len(job.script.segments))) if job.script and job.voices else [],
    done=lambda job, item: int(item) in job.lines,
    inputs=_inputs,
    run=run,
    attempts=6,  # as long as it takes to know that an engine is not only busy: then another one speaks
    light=True,
    time_limit=180,
    priority=lambda _job, item: int(item),
)
