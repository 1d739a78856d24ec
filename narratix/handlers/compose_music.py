"""compose_music: a bed for each music cue, composed once for each theme."""

from __future__ import annotations

from narratix.events.catalogue import Event, MusicComposed, PlannedMusic, SoundPlanned
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job


async def run(ports: Ports, job: Job, item: str) -> Event:
    cue, music = _cue(job, item), ports.music
    asked = (cue.mood, cue.intensity, cue.prompt, cue.seconds, cue.seed)
    clip = await ports.clips.rendered("music", music, music.compose, asked)
    return MusicComposed(cue=item, clip_key=clip.key, duration=clip.duration, energies=clip.energies, usage=clip.usage)


def _cue(job: Job, item: str) -> PlannedMusic:
    assert job.plan is not None
    return next(cue for cue in job.plan.music if cue.id == item)


COMPOSE_MUSIC = Handler(
    name="compose_music",
    uses="music",
    wakes_on=(SoundPlanned,),
    items=lambda job: [cue.id for cue in job.plan.music] if job.plan else [],
    done=lambda job, item: item in job.music or f"compose_music {item}" in job.missing,
    inputs=lambda job, item: (_cue(job, item),),
    run=run,
    light=True,
    time_limit=300,
    optional=True,
)
