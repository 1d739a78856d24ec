"""publish_drama: the other formats, captions and chapters. With it the job is complete."""

from __future__ import annotations

from narratix.events.catalogue import (
    AttemptFailed,
    DramaMixed,
    DramaPublished,
    Event,
    PublishedFile,
    StreamSealed,
)
from narratix.handlers.arrangement import Arrangement, arrange, tags, workshop
from narratix.handlers.handler import Handler, Ports
from narratix.handlers.mix_drama import drama_key
from narratix.handlers.stream_drama import stream_over
from narratix.job import Job
from narratix.ports import CONTENT_TYPES
from narratix.sound.captions import captions, to_srt, to_vtt


async def run(ports: Ports, job: Job, _item: str) -> Event:
    assert job.script is not None
    assert job.mixed is not None
    text = await ports.texts.get(job.text_sha256)
    arrangement, digest = arrange(job, text), job.mixed.timeline_sha256
    shown = captions(text, {member.id: member.name for member in job.script.cast}, arrangement.placed)
    written = [
        await _publish(ports, job, "captions.vtt", "vtt", "text/vtt; charset=utf-8", to_vtt(shown)),
        await _publish(ports, job, "captions.srt", "srt", "application/x-subrip", to_srt(shown)),
    ]
    return DramaPublished(
        files=(job.mixed.file, *await _other_formats(ports, job, arrangement)),
        captions=tuple(written),
        chapters=arrangement.chapters,
        peaks_key=drama_key(job, digest, "peaks.json"),
    )


async def _other_formats(ports: Ports, job: Job, arrangement: Arrangement) -> list[PublishedFile]:
    assert job.mixed is not None
    wanted = [format for format in dict.fromkeys(job.options.formats) if format != job.mixed.file.format]
    files: list[PublishedFile] = []
    if not wanted:
        return files
    async with workshop(ports.scratch) as directory:
        master = directory / "master.flac"
        await ports.storage.fetch_file(job.mixed.master_key, master)
        for format in wanted:
            out = directory / f"drama.{format}"
            await ports.mastering.encode(master, out, format, tags(job, arrangement))
            key = drama_key(job, job.mixed.timeline_sha256, out.name)
            stored = await ports.storage.put_file(key, out, CONTENT_TYPES[format])
            files.append(
                PublishedFile(format=format, key=key, size_bytes=stored.size_bytes, content_type=CONTENT_TYPES[format])
            )
    return files


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
