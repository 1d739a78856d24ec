"""render_effect: each effect is made. A drama can do without one that fails."""

from __future__ import annotations

import asyncio

from narratix.events.catalogue import EffectRendered, Event, PlannedEffect, SoundPlanned
from narratix.handlers.clips import Made
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.sound.loudness import energies


async def run(ports: Ports, job: Job, item: str) -> Event:
    cue, effects = _cue(job, item), ports.effects

    async def make() -> Made:
        rendered = await effects.render(cue.name, cue.prompt, cue.seconds, cue.seed)
        by_other = rendered.usage.provider != effects.name
        return Made(
            sound=rendered.sound,
            energies=await asyncio.to_thread(energies, rendered.sound),
            usage=rendered.usage,
            onset=rendered.onset,
            inputs=(rendered.usage.provider, rendered.usage.model, *asked) if by_other else None,
        )

    asked = (cue.name, cue.prompt, cue.seconds, cue.seed)
    inputs = (effects.name, effects.model, *asked)
    clip = await ports.clips.get("effects", inputs, make)
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
    wakes_on=(SoundPlanned,),
    items=lambda job: [cue.id for cue in job.plan.effects] if job.plan else [],
    done=lambda job, item: item in job.effects or f"render_effect {item}" in job.missing,
    inputs=lambda job, item: (_cue(job, item),),
    run=run,
    light=True,
    time_limit=120,
    optional=True,
)
