"""speak_line: one line is spoken. The first lines come first, since someone may be listening."""

from __future__ import annotations

import asyncio

from narratix.events.catalogue import Event, LineSpoken, VoicesCast, Word
from narratix.handlers.clips import Made
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.sound.clip import prepare_speech


async def run(ports: Ports, job: Job, item: str) -> Event:
    assert job.script is not None
    assert job.voices is not None
    segment = job.script.segments[int(item)]
    voice = job.voices.voices[segment.speaker]
    text = (await ports.texts.get(job.text_sha256))[segment.start : segment.end].rstrip()
    speech = ports.speech_for(job.voices.engine)

    async def make() -> Made:
        spoken = await speech.speak(text, voice, direction=segment.direction, speed=segment.speed)
        sound, energies = await asyncio.to_thread(prepare_speech, spoken.sound)
        words = tuple((word.start, word.end, round(word.begins, 3), round(word.ends, 3)) for word in spoken.words)
        return Made(sound=sound, energies=energies, usage=spoken.usage, words=words)

    inputs = (text, voice, speech.name, speech.model, segment.direction, segment.speed)
    clip = await ports.clips.get("speech", inputs, make)
    return LineSpoken(
        line=int(item),
        clip_key=clip.key,
        duration=clip.duration,
        words=tuple(
            Word(start=segment.start + start, end=segment.start + end, begins=begins, ends=ends)
            for start, end, begins, ends in clip.words
        ),
        energies=clip.energies,
        usage=clip.usage,
    )


def _inputs(job: Job, item: str) -> tuple[object, ...]:
    assert job.script is not None
    assert job.voices is not None
    segment = job.script.segments[int(item)]
    return (job.text_sha256, segment, job.voices.engine, job.voices.voices[segment.speaker])


SPEAK_LINE = Handler(
    name="speak_line",
    uses="speech",
    wakes_on=(VoicesCast,),
    items=lambda job: map(str, range(len(job.script.segments))) if job.script and job.voices else [],
    done=lambda job, item: int(item) in job.lines,
    inputs=_inputs,
    run=run,
    light=True,
    time_limit=180,
    priority=lambda _job, item: int(item),
)
