"""compose_music: a bed for each music cue, composed once for each theme.

A cue is composed when the voices come near it: somebody waits for the first lines to be heard, and nobody yet for the
music of a scene that is still far.
"""

from __future__ import annotations

from collections.abc import Iterable

from narratix.events.catalogue import Event, LineSpoken, MusicComposed, PlannedMusic, SoundPlanned
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.pacing import near
from narratix.job import Job


async def run(ports: Ports, job: Job, item: str) -> Event:
    cue, music = _cue(job, item), ports.music
    asked = (cue.mood, cue.intensity, cue.prompt, cue.seconds, cue.seed)
    clip = await ports.clips.rendered("music", music, music.compose, asked)
    return MusicComposed(cue=item, clip_key=clip.key, duration=clip.duration, energies=clip.energies, usage=clip.usage)


def _cue(job: Job, item: str) -> PlannedMusic:
    assert job.plan is not None
    return next(cue for cue in job.plan.music if cue.id == item)


def _due(job: Job) -> Iterable[str]:
    return [cue.id for cue in job.plan.music if near(job, cue.first_line)] if job.plan else []


COMPOSE_MUSIC = Handler(
    name="compose_music",
    uses="music",
    wakes_on=(SoundPlanned, LineSpoken),
    items=_due,
    done=lambda job, item: item in job.music or f"compose_music {item}" in job.missing,
    inputs=lambda job, item: (_cue(job, item),),
    run=run,
    light=True,
    time_limit=300,
    optional=True,
)
