"""plan_sound: music and effects find their places."""

from __future__ import annotations

import msgspec

from narratix.events.catalogue import Event, ScriptWritten
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.sound.planning import plan_sound


async def run(_ports: Ports, job: Job, _item: str) -> Event:
    script, options = job.script, job.options
    assert script is not None
    music = script.music if options.music else ()
    effects = script.effects if options.effects else ()
    plan = plan_sound(script.segments, music, effects, options.seed)
    return plan if options.stream else msgspec.structs.replace(plan, passages=())


PLAN_SOUND = Handler(
    name="plan_sound",
    uses="nothing",
    wakes_on=(ScriptWritten,),
    items=lambda job: [""] if job.script else [],
    done=lambda job, _item: job.plan is not None,
    inputs=lambda job, _item: (
        job.text_sha256,
        job.options.music,
        job.options.effects,
        job.options.stream,
        job.options.seed,
    ),
    run=run,
    light=True,
    time_limit=30,
)
