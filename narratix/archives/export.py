"""A job as a file: its events as they were written, and everything in storage that they name."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from narratix.archives.container import CHUNK_BYTES, EVENTS, FORMAT, MANIFEST, OBJECTS, Manifest, Member, stems
from narratix.commands import NoSuchJob
from narratix.events.export import pages
from narratix.events.store import EventStore
from narratix.ports import NotStored, Storage
from narratix.retention import FOLDERS


@dataclass(frozen=True, slots=True)
class Exported:
    events: int
    objects: int
    size_bytes: int
    missing: tuple[str, ...]


async def export_job(
    job_id: UUID, pool: asyncpg.Pool, store: EventStore, storage: Storage, path: Path, scratch: Path
) -> Exported:
    """Write the job's archive to `path`, which appears when it is whole. One object at a time lies in `scratch`, and a
    page of events in memory. Raises NoSuchJob, ProviderError, OSError."""
    if not await store.read(job_id, limit=1):
        raise NoSuchJob(job_id)
    part = path.with_name(f".{path.name}.part")
    with tempfile.TemporaryDirectory(prefix="archive-", dir=scratch) as aside:
        try:
            with await asyncio.to_thread(tarfile.open, part, "w:", format=tarfile.PAX_FORMAT) as tar:
                events, versions = await _write_events(job_id, pool, tar, Path(aside) / "events")
                objects: dict[str, Member] = {}
                missing = []
                for named in await _named(store, job_id, versions):
                    keys = [key async for key in _stored(storage, named)]
                    for key in keys:
                        if (member := await _write_object(storage, key, tar, Path(aside) / "object")) is not None:
                            objects[key] = member
                    if not keys:
                        missing.append(named)
                manifest = Manifest(
                    format=FORMAT,
                    job_id=job_id,
                    versions=versions,
                    events=events,
                    objects=objects,
                    missing=tuple(missing),
                )
                written = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
                tar.addfile(_header(MANIFEST, len(written)), io.BytesIO(written))
            size = part.stat().st_size
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return Exported(versions, len(objects), size, tuple(missing))


async def _write_events(job_id: UUID, pool: asyncpg.Pool, tar: tarfile.TarFile, aside: Path) -> tuple[Member, int]:
    """What stands in the log now; and the version of the last event."""
    version = 0
    with aside.open("wb") as file:
        async for page, last in pages(pool, job_id):
            await asyncio.to_thread(file.write, page)
            version = last
    return await asyncio.to_thread(_add, tar, EVENTS, aside), version


async def _named(store: EventStore, job_id: UUID, until: int) -> list[str]:
    """What the job's events name in storage, each once, in the order of the events."""
    found: dict[str, None] = {}
    for version in range(0, until, 500):
        for event in await store.read(job_id, after=version, until=min(version + 500, until)):
            found.update(dict.fromkeys(stems(event.data)))
    return [named for named in found if named]


async def _stored(storage: Storage, named: str) -> AsyncIterator[str]:
    """The keys there are of what an event names."""
    if named.startswith(("clips/", *FOLDERS)):
        async for stored in storage.list(named + ("/" if named.startswith(FOLDERS) else ".")):
            yield stored.key
    elif await storage.head(named) is not None:
        yield named


async def _write_object(storage: Storage, key: str, tar: tarfile.TarFile, aside: Path) -> Member | None:
    """None where it was deleted meanwhile."""
    stored = await storage.head(key)
    if stored is None:
        return None
    try:
        await storage.fetch_file(key, aside)
    except NotStored:
        return None
    return msgspec.structs.replace(
        await asyncio.to_thread(_add, tar, OBJECTS + key, aside), content_type=stored.content_type
    )


def _add(tar: tarfile.TarFile, name: str, file: Path) -> Member:
    digest, size = hashlib.sha256(), file.stat().st_size
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
        source.seek(0)
        tar.addfile(_header(name, size), source)
    return Member(size=size, sha256=digest.hexdigest())


def _header(name: str, size: int) -> tarfile.TarInfo:
    """The same for the same content, whoever writes it and when."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    return header
