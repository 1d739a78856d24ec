"""A job from a file into this installation.

What can be promised: the job's id, its events' ids, types, versions and data are those of the archive, byte for byte. Its
place in the log and the time of its recording are this log's, because both are hashed into this log's own chain. The
envelope that the archive had is kept in the metadata of every event, so that the chain of the log that it comes from can
still be recomputed.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from narratix.archives.container import Line, Manifest, Reader, Spoiled, read_lines, stems
from narratix.events.catalogue import JobSubmitted
from narratix.events.requests import APPEND, Request, StoreError, answer, arguments
from narratix.job import Job, fold
from narratix.ports import NotStored, ProviderError, Storage
from narratix.providers.storage.keys import checked_key
from narratix.retention import stem

_THERE: Final = "select event_id, type, schema_version, data from events where stream_id = $1 order by version"


class Refused(Exception):
    """The archive is in order, but this installation has something else already. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`known`: the events were here before, and are the same."""

    job_id: UUID
    events: int
    objects: int
    known: bool


async def restore_job(
    path: Path, pool: asyncpg.Pool, storage: Storage, scratch: Path, admit: Callable[[Job], Awaitable[None]]
) -> Restored:
    """Check the whole archive, then store its objects, then append its events, all of them or none. Repeating it is
    harmless. One object at a time lies in `scratch`; in memory are the job's events. `admit` is asked before a job that
    had not ended goes on here. Raises Spoiled, Refused, StoreError, ProviderError, OSError, and what `admit` raises."""
    reader = await asyncio.to_thread(Reader, path)
    try:
        await asyncio.to_thread(reader.check)
        lines = await asyncio.to_thread(_events, reader)
        known = await _is_known(pool, reader.manifest.job_id, lines)
        job = fold(Job(id=reader.manifest.job_id), (line.event for line in lines))
        if job.active and not known:
            await admit(job)
        with tempfile.TemporaryDirectory(prefix="archive-", dir=scratch) as aside:
            new = await _new_objects(reader.manifest, storage, Path(aside) / "there")
            for key in new:
                await _store(reader, key, storage, Path(aside) / "object")
    finally:
        reader.close()
    if not known:
        await _append(pool, reader.manifest.job_id, lines)
    return Restored(reader.manifest.job_id, len(lines), len(new), known)


def _events(reader: Reader) -> Sequence[Line]:
    """The job's events; the objects are those that they name, and the text is the one that was submitted."""
    manifest = reader.manifest
    lines = list(read_lines(reader.lines(), manifest.job_id))
    if not lines or len(lines) != manifest.versions:
        raise Spoiled(f"The archive has {len(lines)} events, and its manifest says {manifest.versions}.")
    first = lines[0].event
    if not isinstance(first, JobSubmitted):
        raise Spoiled("Its first event is no submission: it is not the whole history of a job.")
    named = {one for line in lines for one in stems(line.event)}
    for key in manifest.objects:
        try:
            checked_key(key)
        except ProviderError as problem:
            raise Spoiled(str(problem)) from problem
        if stem(key) not in named:
            raise Spoiled(f"No event of the job names {key!r}: it was put in.")
    text = manifest.objects.get(first.text_key)
    if text is not None and text.sha256 != first.text_sha256:
        raise Spoiled("The text is not the one that was submitted.")
    return lines


async def _is_known(pool: asyncpg.Pool, job_id: UUID, lines: Sequence[Line]) -> bool:
    """Whether the job is here already, as it is in the archive or further on. Raises Refused where it differs."""
    there = [tuple(row) for row in await pool.fetch(_THERE, job_id)]
    ours = [(line.event_id, line.type, line.schema_version, bytes(line.data).decode()) for line in lines]
    if there and there[: len(ours)] != ours:
        raise Refused(f"Job {job_id} is here already and has another history. Nothing was changed.")
    return bool(there)


async def _new_objects(manifest: Manifest, storage: Storage, aside: Path) -> Sequence[str]:
    """The keys that are to be stored. Raises Refused where another content lies under one of them."""
    new = []
    for key, member in manifest.objects.items():
        try:
            await storage.fetch_file(key, aside)
        except NotStored:
            new.append(key)
            continue
        if await asyncio.to_thread(_digest, aside) != member.sha256:
            raise Refused(
                f"Something else is stored here under {key!r}, which other jobs may use. Nothing was changed."
            )
    return new


async def _store(reader: Reader, key: str, storage: Storage, aside: Path) -> None:
    def write() -> None:
        with aside.open("wb") as file:
            for chunk in reader.chunks(key):
                file.write(chunk)

    await asyncio.to_thread(write)
    await storage.put_file(key, aside, reader.manifest.objects[key].content_type)


async def _append(pool: asyncpg.Pool, job_id: UUID, lines: Sequence[Line]) -> None:
    rows = [
        (
            *(line.event_id, job_id, 0 if line.version == 1 else None),
            *(line.type, line.schema_version, bytes(line.data).decode(), _metadata(line)),
        )
        for line in lines
    ]
    request = Request(rows, None, sum(len(row[5]) + len(row[6]) for row in rows))
    said = answer(await pool.fetchrow(APPEND, *arguments([request])))
    if isinstance(said, StoreError):
        raise said
    if said.duplicate:
        raise Refused(
            f"Events of job {job_id} were recorded here meanwhile. Restore it again to see whether they differ."
        )


def _metadata(line: Line) -> str:
    """What was said of the event, and where it stood in the log that it comes from: `metadata` there are the very bytes
    that its hash covers."""
    original = bytes(line.metadata).decode()
    said: Mapping[str, Any] = msgspec.json.decode(original)
    restored = {
        "position": line.position,
        "recorded_at": line.recorded_at,
        "hash": line.hash,
        "metadata": original,
    }
    return msgspec.json.encode({**said, "restored": restored}).decode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
