"""publish_drama: the other formats, captions and chapters. With it the job is complete."""

from __future__ import annotations

import asyncio
from pathlib import Path

from narratix.events.catalogue import (
    AttemptFailed,
    DramaMixed,
    DramaPublished,
    Event,
    PublishedFile,
    StreamSealed,
)
from narratix.handlers.arrangement import Arrangement, arrange, read, tags, workshop
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.mix_drama import drama_key
from narratix.handlers.reels import fetch_parts
from narratix.handlers.stream_drama import stream_over
from narratix.job import Job
from narratix.ports import CONTENT_TYPES, STEMS, Tags, Timeline
from narratix.sound.captions import captions, to_json, to_srt, to_vtt
from narratix.sound.grid import sample_at


async def run(ports: Ports, job: Job, _item: str) -> Event:
    assert job.script is not None
    assert job.mixed is not None
    reading = await read(ports.texts, job)
    arrangement, digest = arrange(job, reading), job.mixed.timeline_sha256
    names = {member.id: member.name for member in job.script.cast}
    shown = captions(reading.text, names, arrangement.placed)
    words = to_json(reading.text, names, arrangement.placed)
    written = [
        await _publish(ports, job, "captions.vtt", "vtt", "text/vtt; charset=utf-8", to_vtt(shown)),
        await _publish(ports, job, "captions.srt", "srt", "application/x-subrip", to_srt(shown)),
        await _publish(ports, job, "words.json", "json", "application/json", words),
    ]
    async with workshop(ports.scratch) as directory:
        files = await _formats(ports, job, arrangement, directory)
        stems = [await _stem(ports, job, stem, directory) for stem in STEMS if job.options.stems]
    return DramaPublished(
        files=(job.mixed.file, *files),
        captions=tuple(written),
        chapters=arrangement.chapters,
        peaks_key=drama_key(job, digest, "peaks.json"),
        stems=tuple(stems),
        revision=job.revision,
    )


async def _formats(ports: Ports, job: Job, arrangement: Arrangement, directory: Path) -> list[PublishedFile]:
    """Besides the one that was mixed; the cover is drawn once for all of them."""
    assert job.mixed is not None
    others = [format for format in dict.fromkeys(job.options.formats) if format != job.mixed.file.format]
    if not others:
        return []
    about = await asyncio.to_thread(tags, job, arrangement)
    return [await _format(ports, job, arrangement.timeline, format, about, directory) for format in others]


async def _format(
    ports: Ports, job: Job, timeline: Timeline, format: str, about: Tags, directory: Path
) -> PublishedFile:
    assert job.mixed is not None
    part = ports.mastering.part_file(format)
    within, out = directory / format, directory / f"drama.{format}"
    within.mkdir()
    reels = await fetch_parts(ports, job.mixed.master, part, within)
    samples = sample_at(timeline.duration)
    await ports.mastering.deliver(timeline, reels, samples, out, format, about)
    return await _kept(ports, job, out, format, CONTENT_TYPES[format])


async def _stem(ports: Ports, job: Job, stem: str, directory: Path) -> PublishedFile:
    assert job.mixed is not None
    name = f"{stem}.flac"
    within, out = directory / stem, directory / name
    within.mkdir()
    parts = await fetch_parts(ports, job.mixed.master, name, within)
    await ports.mastering.join([part / name for part in parts], out)
    return await _kept(ports, job, out, name, "audio/flac")


async def _kept(ports: Ports, job: Job, out: Path, format: str, content_type: str) -> PublishedFile:
    assert job.mixed is not None
    key = drama_key(job, job.mixed.timeline_sha256, out.name)
    stored = await ports.storage.put_file(key, out, content_type)
    return PublishedFile(format=format, key=key, size_bytes=stored.size_bytes, content_type=content_type)


async def _publish(ports: Ports, job: Job, name: str, format: str, content_type: str, content: str) -> PublishedFile:
    assert job.mixed is not None
    key = drama_key(job, job.mixed.timeline_sha256, name)
    stored = await ports.storage.put(key, content.encode(), content_type)
    return PublishedFile(format=format, key=key, size_bytes=stored.size_bytes, content_type=content_type)


PUBLISH_DRAMA = Handler(
    name="publish_drama",
    uses="mastering",
    wakes_on=(DramaMixed, StreamSealed, AttemptFailed),
    items=lambda job: [""] if job.mixed and stream_over(job) else [],
    done=lambda job, _item: job.published is not None,
    inputs=lambda job, _item: (job.mixed, job.options.formats),
    run=run,
    time_limit=3600,
)
