"""plan_sound: music and effects find their places."""

from __future__ import annotations

import asyncio

import msgspec

from narratix.events.catalogue import Event, PlannedPlace, ScriptWritten
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.script.places import distance, scenes, stays
from narratix.script.weather import WEATHER, lulls
from narratix.sound.planning import Setting, plan_sound


async def run(ports: Ports, job: Job, _item: str) -> Event:
    script, options = job.script, job.options
    assert script is not None
    music = script.music if options.music else ()
    effects = script.effects if options.effects else ()
    text = await ports.texts.get(job.text_sha256)
    setting = await asyncio.to_thread(_setting, text, script, heard=options.effects)
    plan = plan_sound(script.segments, music, effects, options.seed, setting)
    return plan if options.stream else msgspec.structs.replace(plan, passages=())


def _setting(text: str, script: ScriptWritten, *, heard: bool) -> Setting:
    """Where the story happens. Without effects, or in a language whose words for places are not known, nothing is told."""
    begins = scenes(text, script.segments)
    if not heard or script.language != "en":
        return Setting(scenes=begins)
    return Setting(
        scenes=begins,
        places=tuple(
            PlannedPlace(first_line=stay.first, last_line=stay.last, name=stay.place)
            for stay in stays(text, script.segments)
        ),
        weather=WEATHER,
        lulls=lulls(text, script.segments),
        distances={cue.start: distance(text, cue.start, cue.end) for cue in script.effects},
    )


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
