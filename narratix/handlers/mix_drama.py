"""mix_drama: all clips become one sound, mastered, encoded and measured. Reels that are there already are not mixed again."""

from __future__ import annotations

import asyncio

import msgspec

from narratix.events.catalogue import (
    AttemptFailed,
    DramaMixed,
    EffectRendered,
    Event,
    LineSpoken,
    MusicComposed,
    PublishedFile,
    SoundPlanned,
)
from narratix.handlers.arrangement import arrange, read, tags, workshop
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.reels import reels_of
from narratix.job import Job
from narratix.ports import CONTENT_TYPES, MASTER, ProviderError
from narratix.sound.timeline import timeline_digest


def drama_key(job: Job, digest: str, name: str) -> str:
    """Where a file of a job's drama lies: each mix has a folder of its own."""
    return f"dramas/{job.id}/{digest[:16]}/{name}"


async def run(ports: Ports, job: Job, _item: str) -> Event:
    arrangement = arrange(job, await read(ports.texts, job))
    timeline = arrangement.timeline
    if not timeline.dialogue:
        raise ProviderError("There is nothing in this text that can be spoken.", permanent=True)
    digest, format = timeline_digest(timeline), job.options.formats[0]
    async with workshop(ports.scratch) as directory:
        reels = await reels_of(ports, job, arrangement, directory)
        deliverable = directory / f"drama.{format}"
        about = await asyncio.to_thread(tags, job, arrangement)
        await ports.mastering.deliver(timeline, reels.directories, reels.samples, deliverable, format, about)
        mixed = await ports.mastering.measure(timeline, deliverable, format, reels.facts)
        await ports.storage.put(
            drama_key(job, digest, "peaks.json"), msgspec.json.encode(mixed.peaks), "application/json"
        )
        file = await ports.storage.put_file(
            drama_key(job, digest, f"drama.{format}"), deliverable, CONTENT_TYPES[format]
        )
    return DramaMixed(
        timeline_sha256=digest,
        master=tuple(f"{place.folder}/{MASTER}" for place in reels.places),
        reels=len(reels.places),
        remixed=reels.remixed,
        profile=job.options.profile,
        file=PublishedFile(format=format, key=file.key, size_bytes=file.size_bytes, content_type=CONTENT_TYPES[format]),
        duration=mixed.duration,
        loudness_lufs=mixed.loudness_lufs,
        true_peak_dbtp=mixed.true_peak_dbtp,
        gates=mixed.gates,
        revision=job.revision,
    )


def _all_there(job: Job) -> bool:
    if job.script is None or job.plan is None or len(job.lines) < len(job.script.segments):
        return False
    cues = [f"compose_music {cue.id}" for cue in job.plan.music if cue.id not in job.music]
    cues += [f"render_effect {cue.id}" for cue in job.plan.effects if cue.id not in job.effects]
    return all(cue in job.missing for cue in cues)


def _inputs(job: Job, _item: str) -> tuple[object, ...]:
    clips = [job.lines[line].clip_key for line in sorted(job.lines)]
    clips += [made.clip_key for _, made in sorted(job.music.items())]
    clips += [made.clip_key for _, made in sorted(job.effects.items())]
    return (clips, job.plan, job.title, job.options.formats[0], job.revision)


MIX_DRAMA = Handler(
    name="mix_drama",
    uses="mastering",
    wakes_on=(SoundPlanned, LineSpoken, MusicComposed, EffectRendered, AttemptFailed),
    items=lambda job: [""] if _all_there(job) else [],
    done=lambda job, _item: job.mixed is not None,
    inputs=_inputs,
    run=run,
    time_limit=3600,
)
