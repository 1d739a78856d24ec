"""render_effect: each effect is made, as the voices come near its word. A drama can do without one that fails."""

from __future__ import annotations

from narratix.events.catalogue import EffectRendered, Event, LineSpoken, PlannedEffect, SoundPlanned
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.pacing import near
from narratix.job import Job


async def run(ports: Ports, job: Job, item: str) -> Event:
    cue, effects = _cue(job, item), ports.effects
    asked = (cue.name, cue.prompt, cue.seconds, cue.seed)
    clip = await ports.clips.rendered("effects", effects, effects.render, asked)
    return EffectRendered(
        effect=item,
        clip_key=clip.key,
        duration=clip.duration,
        onset=clip.onset,
        energies=clip.energies,
        usage=clip.usage,
    )


def _cue(job: Job, item: str) -> PlannedEffect:
    assert job.plan is not None
    return next(cue for cue in job.plan.effects if cue.id == item)


RENDER_EFFECT = Handler(
    name="render_effect",
    uses="effects",
    wakes_on=(SoundPlanned, LineSpoken),
    items=lambda job: [cue.id for cue in job.plan.effects if near(job, cue.line)] if job.plan else [],
    done=lambda job, item: item in job.effects or f"render_effect {item}" in job.missing,
    inputs=lambda job, item: (_cue(job, item),),
    run=run,
    light=True,
    time_limit=120,
    optional=True,
)
