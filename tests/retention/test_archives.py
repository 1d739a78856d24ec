"""A job as a file: out of one installation, into another, and what is refused on the way."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.archives.container import EVENTS, MANIFEST, OBJECTS, Spoiled
from narratix.archives.export import Exported, export_job
from narratix.archives.restore import Refused, Restored, restore_job
from narratix.commands import Commands, NoSuchJob, Spending
from narratix.events import audit
from narratix.events.catalogue import Options
from narratix.events.store import NewEvent
from narratix.results import result
from narratix.services import Services
from narratix.settings import Settings
from narratix.spend import OverBudget
from tests.conftest import database_address, quick_settings

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n"
MEGABYTE = 1 << 20

Files = dict[str, bytes]


async def finished(narratix: Services) -> UUID:
    job_id: UUID = await narratix.commands.submit(STORY)
    async with asyncio.timeout(60):
        while (await narratix.commands.load(job_id)).active:
            await asyncio.sleep(0.05)
    return job_id


@pytest.fixture
async def other(postgres: str, template: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Another installation, with jobs and storage of its own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    administration = await asyncpg.connect(postgres)
    await administration.execute(f"create database {name} template {template}")
    try:
        async with open_app(quick_settings(tmp_path / "other"), Database(database_address(postgres, name))) as app:
            yield app
    finally:
        await administration.execute(f"drop database {name} with (force)")
        await administration.close()


async def export(services: Services, job_id: UUID, path: Path) -> Exported:
    return await export_job(job_id, services.pool, services.store, services.ports.storage, path, services.ports.scratch)


async def restore(services: Services, path: Path) -> Restored:
    return await restore_job(
        path, services.pool, services.ports.storage, services.ports.scratch, services.commands.admit
    )


async def contents(services: Services) -> dict[str, tuple[str, bytes]]:
    storage = services.ports.storage
    keys = [stored.key async for stored in storage.list("") if not stored.key.startswith("anchors/")]
    found = {}
    for key in keys:
        head = await storage.head(key)
        assert head is not None
        found[key] = (head.content_type, await storage.get(key))
    return found


async def test_given_a_drama_when_exported_and_restored_elsewhere_then_it_is_the_same_drama_with_a_provable_past(
    narratix: Services, other: Services, tmp_path: Path
) -> None:
    job_id = await finished(narratix)
    await other.commands.submit(STORY)  # so that positions differ
    done = await export(narratix, job_id, tmp_path / "job.tar")
    assert done.missing == ()
    restored = await restore(other, tmp_path / "job.tar")

    before, after = await narratix.store.read(job_id), await other.store.read(job_id)
    assert (restored.events, restored.known) == (len(before), False)
    assert [(one.event_id, one.version, one.type, one.schema_version, one.raw) for one in after] == [
        (one.event_id, one.version, one.type, one.schema_version, one.raw) for one in before
    ]
    there = await contents(other)
    assert (await contents(narratix)).items() <= there.items()
    assert (await audit.verify(other.pool)).ok

    previous = b""
    for event in after:  # the chain of the log that it comes from, from what this log has
        said = json.loads(event.metadata)["restored"]
        moment = await other.pool.fetchval(
            "select (extract(epoch from $1::text::timestamptz) * 1000000)::bigint", said["recorded_at"]
        )
        fields = (
            said["position"],
            event.event_id,
            job_id,
            event.version,
            event.type,
            event.schema_version,
            moment,
            event.raw,
        )
        content = "\n".join(map(str, fields)).encode() + b"\n" + said["metadata"].encode()
        previous = hashlib.sha256(previous + content).digest()
        assert previous.hex() == said["hash"]

    assert (await result(other, job_id))["audio"]["size_bytes"] > 0
    again = await restore(other, tmp_path / "job.tar")
    assert (again.known, again.objects) == (True, 0)
    async with asyncio.timeout(30):  # nothing is made anew
        while await other.pool.fetchval(
            "select exists (select 1 from work where state in ('ready', 'waiting', 'running'))"
        ):
            await asyncio.sleep(0.05)
    assert len(await other.store.read(job_id)) == len(after)


async def test_given_a_service_with_a_webhook_when_a_job_is_restored_then_its_old_end_is_told_to_nobody(
    narratix: Services, postgres: str, template: str, tmp_path: Path
) -> None:
    job_id = await finished(narratix)
    await export(narratix, job_id, tmp_path / "job.tar")
    secret = SecretStr("whsec_" + "QUJD" * 12)
    told = quick_settings(tmp_path / "third").model_copy(
        update={"webhook_url": SecretStr("http://127.0.0.1:9/hook"), "webhook_secret": secret}
    )
    name = f"test_{uuid.uuid4().hex[:12]}"
    administration = await asyncpg.connect(postgres)
    await administration.execute(f"create database {name} template {template}")
    try:
        async with open_app(told, Database(database_address(postgres, name))) as third:
            await restore(third, tmp_path / "job.tar")
            new = await finished(third)  # an end of its own, behind the restored one, is told
            async with asyncio.timeout(30):
                while not await third.pool.fetchval("select count(*) from webhook_deliveries where job_id = $1", new):
                    await asyncio.sleep(0.02)
            assert await third.pool.fetchval("select count(*) from webhook_deliveries") == 1
    finally:
        await administration.execute(f"drop database {name} with (force)")
        await administration.close()


async def test_given_a_job_that_had_not_ended_and_would_be_paid_for_when_restored_then_it_must_fit_the_caps(
    settings: Settings, dsn: str, other: Services, tmp_path: Path
) -> None:
    paid = settings.model_copy(update={"elevenlabs_api_key": SecretStr("key"), "elevenlabs_url": "http://127.0.0.1:9"})
    async with open_app(paid, Database(dsn), "web") as here:  # nobody works here
        options = Options(engine="elevenlabs", music=False, effects=False)
        job_id = await here.commands.submit(STORY, options=options)
        await export(here, job_id, tmp_path / "job.tar")
    there = replace(other, commands=Commands(other.store, other.ports.texts, Spending(other.budget, lambda *_: 1.5)))
    other.budget.caps = replace(other.budget.caps, day=1.0)
    with pytest.raises(OverBudget):
        await restore(there, tmp_path / "job.tar")
    assert (await other.store.head(), await contents(other)) == (0, {})

    other.budget.caps = replace(other.budget.caps, day=2.0)
    await restore(there, tmp_path / "job.tar")
    assert (await other.budget.committed()).day == 1.5


async def test_given_a_job_that_is_here_already_when_files_are_lost_then_restoring_puts_them_back(
    narratix: Services, tmp_path: Path
) -> None:
    job_id = await finished(narratix)
    await export(narratix, job_id, tmp_path / "job.tar")
    before = await contents(narratix)
    for key in list(before)[::2]:
        await narratix.ports.storage.delete(key)
    restored = await restore(narratix, tmp_path / "job.tar")
    assert (restored.known, restored.objects) == (True, len(list(before)[::2]))
    assert await contents(narratix) == before


async def test_given_files_that_are_gone_when_exported_then_the_manifest_tells_and_the_history_is_restored(
    narratix: Services, other: Services, tmp_path: Path
) -> None:
    job_id = await finished(narratix)
    for key in await contents(narratix):
        if key.startswith("clips/"):
            await narratix.ports.storage.delete(key)
    done = await export(narratix, job_id, tmp_path / "job.tar")
    assert done.missing
    assert all(named.startswith("clips/") for named in done.missing)
    assert (await restore(other, tmp_path / "job.tar")).events == done.events


async def test_given_no_such_job_when_exported_then_there_is_no_file(narratix: Services, tmp_path: Path) -> None:
    with pytest.raises(NoSuchJob):
        await export(narratix, uuid.uuid4(), tmp_path / "job.tar")
    assert not list(tmp_path.glob("*.tar*"))


# -- what was altered --------------------------------------------------------------------------


def files_of(path: Path) -> Files:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def write(path: Path, files: Files, *extra: tarfile.TarInfo) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
        for header in extra:
            tar.addfile(header, io.BytesIO(bytes(header.size)))


def with_manifest(files: Files, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Files:
    """The files, with a manifest that fits them again: who alters an archive can do that."""
    manifest = json.loads(files[MANIFEST])
    known = manifest["objects"]
    manifest["objects"] = {
        name.removeprefix(OBJECTS): entry(content, known.get(name.removeprefix(OBJECTS), {}).get("content_type", "x/y"))
        for name, content in files.items()
        if name not in (MANIFEST, EVENTS)
    }
    manifest["events"] = entry(files[EVENTS], "")
    manifest["versions"] = files[EVENTS].count(b"\n")
    change(manifest)
    return files | {MANIFEST: json.dumps(manifest).encode()}


def entry(content: bytes, content_type: str) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "content_type": content_type}


def text_key(files: Files) -> str:
    return next(name for name in files if name.startswith(f"{OBJECTS}texts/"))


def lines(files: Files) -> list[bytes]:
    return files[EVENTS].splitlines(keepends=True)


ALTERED: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a byte of an object": (lambda files: files | {text_key(files): b"!" + files[text_key(files)][1:]}, "was altered"),
    "another text, and a manifest that fits": (
        lambda files: with_manifest(files | {text_key(files): b"Another story."}),
        "not the one that was submitted",
    ),
    "a byte of an event, and a manifest that fits": (
        lambda files: with_manifest(files | {EVENTS: files[EVENTS].replace(b'"music":true', b'"music":null', 1)}),
        "one was altered",
    ),
    "an event left out": (
        lambda files: with_manifest(files | {EVENTS: b"".join(lines(files)[:2] + lines(files)[3:])}),
        "is not event 3",
    ),
    "the end left out": (lambda files: files | {EVENTS: b"".join(lines(files)[:-1])}, "was altered"),
    "no events": (lambda files: with_manifest(files | {EVENTS: b""}), "has 0 events"),
    "events of no shape": (lambda files: with_manifest(files | {EVENTS: b"{}\n"}), "is no event"),
    "another job's id": (
        lambda files: with_manifest(files, lambda manifest: manifest.update(job_id=str(uuid.UUID(int=1)))),
        "is not event 1",
    ),
    "a path out of the store": (
        lambda files: with_manifest(files | {f"{OBJECTS}../../evil": b"x"}),
        "cannot be a storage key",
    ),
    "an absolute path": (lambda files: with_manifest(files | {f"{OBJECTS}/etc/evil": b"x"}), "cannot be a storage key"),
    "an object that no event names": (
        lambda files: with_manifest(files | {f"{OBJECTS}installation.json": b"{}"}),
        "No event of the job names",
    ),
    "a file that the manifest lacks": (lambda files: files | {"../evil": b"x"}, "do not have the same files"),
    "a file less": (lambda files: {name: files[name] for name in files if name != text_key(files)}, "same files"),
    "no manifest": (lambda files: {EVENTS: files[EVENTS]}, "no manifest"),
    "another format": (lambda files: with_manifest(files, lambda one: one.update(format="narratix-job-9")), "format"),
    "a manifest of no shape": (lambda files: files | {MANIFEST: b"[]"}, "cannot be read"),
}


@pytest.fixture
async def archive(narratix: Services, tmp_path: Path) -> Path:
    await export(narratix, await finished(narratix), tmp_path / "job.tar")
    return tmp_path / "job.tar"


async def test_given_an_archive_that_was_altered_when_restored_then_it_is_refused_and_nothing_is_written(
    archive: Path, other: Services, tmp_path: Path
) -> None:
    files, evil = files_of(archive), tmp_path / "evil.tar"
    write(evil, with_manifest(files))  # the helper alters nothing by itself
    for name, (alter, said) in ALTERED.items():
        write(evil, alter(files))
        with pytest.raises(Spoiled, match=said):
            await restore(other, evil)
        assert await contents(other) == {}, name
    link, twice, sparse = tarfile.TarInfo(text_key(files)), tarfile.TarInfo(MANIFEST), tarfile.TarInfo("sparse")
    link.type, link.linkname, sparse.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    for extra, said in ((link, "no plain file"), (twice, "twice"), (sparse, "no plain file")):
        write(evil, files, extra)
        with pytest.raises(Spoiled, match=said):
            await restore(other, evil)
    for content in (archive.read_bytes()[:-20_000], b"no archive at all", b""):
        evil.write_bytes(content)
        with pytest.raises(Spoiled):
            await restore(other, evil)
    assert await other.store.head() == 0
    assert not (tmp_path / "evil").exists()
    assert (await restore(other, archive)).known is False


async def test_given_another_history_or_content_under_the_same_name_then_it_is_refused_and_nothing_is_changed(
    archive: Path, narratix: Services, other: Services
) -> None:
    [first, *_] = await narratix.store.read_all()
    key = text_key(files_of(archive)).removeprefix(OBJECTS)
    await other.ports.storage.put(key, b"another text", "text/plain; charset=utf-8")
    with pytest.raises(Refused, match="Something else is stored here"):
        await restore(other, archive)
    assert await contents(other) == {key: ("text/plain; charset=utf-8", b"another text")}
    await other.ports.storage.delete(key)
    await other.store.append([NewEvent(first.stream_id, first.data, uuid.uuid4())])
    with pytest.raises(Refused, match="another history"):
        await restore(other, archive)
    assert await other.store.head() == 1


async def test_given_a_large_object_then_neither_way_holds_it_in_memory(
    narratix: Services, other: Services, tmp_path: Path
) -> None:
    job_id = await finished(narratix)
    large = tmp_path / "large"
    large.write_bytes(bytes(48 * MEGABYTE))
    clip = next(key for key in await contents(narratix) if key.startswith("clips/"))
    await narratix.ports.storage.put_file(clip.rpartition(".")[0] + ".wav", large, "audio/wav")

    async def peak(work: Awaitable[object]) -> int:
        tracemalloc.start()
        try:
            await work
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert await peak(export(narratix, job_id, tmp_path / "job.tar")) < 16 * MEGABYTE
    assert (tmp_path / "job.tar").stat().st_size > 48 * MEGABYTE
    assert await peak(restore(other, tmp_path / "job.tar")) < 16 * MEGABYTE
    assert await other.ports.storage.get(clip.rpartition(".")[0] + ".wav") == large.read_bytes()
