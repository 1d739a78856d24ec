"""The result of a finished job: what `GET /api/demo/result/{job}` answers and `render --json` prints."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from narratix.commands import CommandRefused
from narratix.events.catalogue import PublishedFile, Usage
from narratix.handlers.arrangement import arrange, read
from narratix.job import Job
from narratix.projections.job_status import cast_entry
from narratix.services import Services
from narratix.sound.lines import PlacedLine


class NotFinished(CommandRefused):
    """There is no result yet, or none is coming. `status` is the job's."""

    def __init__(self, job: Job) -> None:
        said = {
            "failed": f"This job failed: {job.error} Retry it to go on from where it stopped.",
            "cancelled": "This job was called off. Retry it to go on from where it stopped.",
        }
        super().__init__(said.get(job.status, "This drama is not finished yet. Follow its events to learn when it is."))
        self.status = job.status


class Expired(CommandRefused):
    """The content was deleted; the history remains."""

    def __init__(self) -> None:
        super().__init__("This drama has expired and its files were deleted. Its history remains; submit it again.")


async def result(services: Services, job_id: UUID) -> dict[str, Any]:
    """The result, as plain values for JSON. Seconds, LUFS, dBTP, bytes, US dollars; `start` and `end` are characters
    of the text, `begins` and `ends` seconds of the drama. Addresses work until `audio.expires_at`.

    Raises NoSuchJob, NotFinished, Expired, NotStored, StoreError.
    """
    job = await services.commands.load(job_id)
    if job.status == "expired":
        raise Expired()
    if job.status != "completed" or job.mixed is None or job.published is None:
        raise NotFinished(job)
    storage, seconds = services.ports.storage, services.settings.link_seconds
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)

    async def link(file: PublishedFile, *, download: bool = True) -> str:
        return await storage.url(
            file.key, seconds, filename=f"{file_stem(job.title)}.{file.format}" if download else None
        )

    arrangement = await asyncio.to_thread(arrange, job, await read(services.ports.texts, job))
    peaks = msgspec.json.decode(await storage.get(job.published.peaks_key))
    captions = {file.format: await link(file, download=False) for file in job.published.captions}
    first = job.published.files[0]
    return {
        "job_id": str(job.id),
        "title": job.title,
        "audio": {
            "url": await link(first, download=False),
            "format": first.format,
            "profile": job.mixed.profile,
            "duration_seconds": round(job.mixed.duration, 3),
            "size_bytes": first.size_bytes,
            "loudness_lufs": job.mixed.loudness_lufs,
            "true_peak_dbtp": job.mixed.true_peak_dbtp,
            "expires_at": expires_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        },
        "formats": [
            {
                "format": file.format,
                "url": await link(file),
                "size_bytes": file.size_bytes,
                "content_type": file.content_type,
            }
            for file in job.published.files
        ],
        "stems": {
            file.format.partition(".")[0]: {
                "url": await link(file),
                "size_bytes": file.size_bytes,
                "content_type": file.content_type,
            }
            for file in job.published.stems
        },
        "captions": {
            "vtt": captions.get("vtt"),
            "srt": captions.get("srt"),
            "words": captions.get("json"),
        },
        "stream": {"hls": stream_address(job.id) if job.opened is not None else None},
        "script": [line_entry(line) for line in arrangement.placed],
        "cast": cast_of(job),
        "engines": engines(job),
        "usage": usage(job),
        "chapters": msgspec.to_builtins(job.published.chapters),
        "gates": msgspec.to_builtins(job.mixed.gates),
        "peaks": peaks,
    }


def stream_address(job_id: object) -> str:
    return f"/api/demo/stream/{job_id}/playlist.m3u8"


def file_stem(title: str) -> str:
    """A title as the name of a file on any system."""
    plain = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', " ", title)
    return " ".join(plain.split()).strip(". ")[:100] or "drama"


def line_entry(line: PlacedLine) -> dict[str, Any]:
    spoken = line.spoken
    words = spoken.words if spoken else ()
    return {
        "line": line.line,
        "start": line.segment.start,
        "end": line.segment.end,
        "kind": line.segment.kind,
        "speaker": line.segment.speaker,
        "direction": line.segment.direction,
        "text": line.wording.text if line.wording else None,
        "begins": round(line.begins, 3),
        "ends": round(line.ends, 3),
        "words": [
            [word.start, word.end, round(line.begins + word.begins, 3), round(line.begins + word.ends, 3)]
            for word in words
        ],
        "clip": spoken.clip_key if spoken else None,
    }


def cast_of(job: Job) -> list[dict[str, Any]]:
    """Who speaks, with voice and number of lines."""
    if job.script is None:
        return []
    voices = job.voices.voices if job.voices else {}
    lines: dict[str, int] = {}
    for segment in job.script.segments:
        lines[segment.speaker] = lines.get(segment.speaker, 0) + 1
    entries = [cast_entry(member, voices.get(member.id, ""), lines.get(member.id, 0)) for member in job.script.cast]
    return [msgspec.to_builtins(entry) | {"voice": entry.voice or None} for entry in entries]


def engines(job: Job) -> dict[str, str | None]:
    """What made the drama; None where nothing was made."""
    return {
        "language": job.script.engine if job.script else None,
        "speech": job.voices.engine if job.voices else None,
        "music": next((made.usage.provider for _, made in sorted(job.music.items())), None),
        "effects": next((made.usage.provider for _, made in sorted(job.effects.items())), None),
    }


def usage(job: Job) -> list[dict[str, Any]]:
    """What each provider's model was used for, and what it cost. `cached` counts what was found instead of made."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for used in _usages(job):
        entry = sums.setdefault(
            (used.provider, used.model, used.unit),
            {
                "provider": used.provider,
                "model": used.model,
                "unit": used.unit,
                "calls": 0,
                "cached": 0,
                "units": 0.0,
                "cost_usd": 0.0,
            },
        )
        entry["cached" if used.cached else "calls"] += 1
        if not used.cached:
            entry["units"] = round(entry["units"] + used.units, 6)
            entry["cost_usd"] = round(entry["cost_usd"] + used.cost_usd, 6)
    return [sums[key] for key in sorted(sums)]


def _usages(job: Job) -> Iterable[Usage]:
    if job.script is not None:
        yield from job.script.usage
    if job.voices is not None:
        yield from job.voices.usage
    yield from (event.usage for _, event in sorted(job.lines.items()))
    yield from (event.usage for _, event in sorted(job.music.items()))
    yield from (event.usage for _, event in sorted(job.effects.items()))
