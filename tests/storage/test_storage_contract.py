"""What every store promises, asked of each of them: files in a directory, a real S3 store, and one that refuses what
Cloudflare R2 does."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from narratix.ports import NotStored, ProviderError, Storage, StoredObject
from narratix.providers.storage.directory import AddressRefused, DirectoryStorage
from narratix.providers.storage.s3 import S3Storage
from tests.storage.r2 import r2_before
from tests.storage.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY

MULTIPART = bytes(range(256)) * (20 << 12)  # 20 MiB: two whole parts of 8 MiB, and a rest

Visit = Callable[[str], Awaitable[tuple[int, bytes]]]


@pytest.fixture(params=["directory", "s3", "r2"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    async with contextlib.AsyncExitStack() as stack:
        store: Storage
        if request.param == "directory":
            store = DirectoryStorage(tmp_path / "store", secret=b"secret", clock=time.time)
        else:
            address, refused = request.getfixturevalue("s3_address"), []
            if request.param == "r2":
                address, r2 = await stack.enter_async_context(r2_before(address))
                refused = r2.refused
            store = S3Storage(
                bucket=BUCKET, endpoint_url=address, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY
            )
        yield store
        async for left in store.list(""):
            await store.delete(left.key)
        await store.close()
        assert request.param == "directory" or refused == [], "R2 would have refused this"


@pytest.fixture
def visit(storage: Storage) -> Visit:
    """Follow a signed address as its receiver would: the status and the body."""

    async def over_http(address: str) -> tuple[int, bytes]:
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            return response.status, await response.read()

    async def at_the_application(address: str, store: DirectoryStorage) -> tuple[int, bytes]:
        parts = urlsplit(address)
        key, query = parts.path.removeprefix("/files/"), dict(parse_qsl(parts.query))
        try:
            store.verify(key, int(query["expires"]), query["signature"], query.get("filename"), time.time())
        except AddressRefused:
            return 403, b""
        return 200, store.path(key).read_bytes()

    if isinstance(storage, DirectoryStorage):
        return functools.partial(at_the_application, store=storage)
    return over_http


async def keys(storage: Storage, prefix: str) -> list[str]:
    return [found.key async for found in storage.list(prefix)]


async def test_given_an_object_when_read_then_its_bytes_size_and_type_are_those_put(storage: Storage) -> None:
    put = await storage.put("clips/ab/abcdef.flac", b"fLaC", "audio/flac")
    assert put == StoredObject("clips/ab/abcdef.flac", 4, "audio/flac")
    assert await storage.get(put.key) == b"fLaC"
    assert await storage.head(put.key) == put


async def test_given_a_type_that_the_suffix_does_not_tell_when_asked_then_it_is_kept(storage: Storage) -> None:
    put = await storage.put("texts/story.txt", b"Once", "text/markdown; charset=utf-8")
    assert await storage.head(put.key) == put
    again = await storage.put("texts/story.txt", b"Once more", "text/plain; charset=utf-8")
    assert await storage.head(put.key) == again


async def test_given_nothing_under_a_key_when_read_then_it_is_not_stored(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(NotStored, match=r"clips/none\.flac"):
        await storage.get("clips/none.flac")
    with pytest.raises(NotStored):
        await storage.fetch_file("clips/none.flac", target)
    assert not target.exists()
    assert await storage.head("clips/none.flac") is None
    await storage.delete("clips/none.flac")


async def test_given_an_object_when_put_again_then_the_last_one_counts(storage: Storage) -> None:
    await storage.put("a.json", b"1", "application/json")
    await storage.put("a.json", b"22", "application/json")
    assert await storage.get("a.json") == b"22"
    assert await keys(storage, "") == ["a.json"]


async def test_given_an_empty_object_when_read_then_it_is_empty(storage: Storage, tmp_path: Path) -> None:
    await storage.put("empty.txt", b"", "text/plain")
    assert await storage.get("empty.txt") == b""
    await storage.fetch_file("empty.txt", tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


async def test_given_a_large_file_when_put_and_fetched_then_not_a_byte_differs(
    storage: Storage, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "deep" / "target"
    source.write_bytes(MULTIPART)
    put = await storage.put_file("masters/drama.flac", source, "audio/flac")
    assert put == StoredObject("masters/drama.flac", len(MULTIPART), "audio/flac")
    assert await storage.head(put.key) == put
    await storage.fetch_file(put.key, target)
    assert target.read_bytes() == MULTIPART
    assert [file.name for file in target.parent.iterdir()] == ["target"]


async def test_given_a_small_file_when_put_then_it_can_be_read(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"small")
    await storage.put_file("small.mp3", tmp_path / "source", "audio/mpeg")
    assert await storage.get("small.mp3") == b"small"


async def test_given_a_file_that_is_not_there_when_put_then_nothing_is_stored(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await storage.put_file("small.mp3", tmp_path / "none", "audio/mpeg")
    assert await keys(storage, "") == []


async def test_given_several_objects_when_listed_then_those_with_the_prefix_come_in_order(storage: Storage) -> None:
    for key in ("clips/b.flac", "clips/a.flac", "clipsets/c.flac", "texts/d.txt"):
        await storage.put(key, b"x", "audio/flac")
    assert await keys(storage, "clips/") == ["clips/a.flac", "clips/b.flac"]
    assert await keys(storage, "clips") == ["clips/a.flac", "clips/b.flac", "clipsets/c.flac"]
    assert await keys(storage, "none/") == []
    assert await anext(aiter(storage.list("clips/a"))) == StoredObject("clips/a.flac", 1, "audio/flac")


async def test_given_a_deleted_object_when_listed_or_read_then_it_is_gone(storage: Storage) -> None:
    await storage.put("a/b.txt", b"x", "text/markdown")
    await storage.delete("a/b.txt")
    assert await storage.head("a/b.txt") is None
    assert await keys(storage, "a/") == []


NO_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "a/.types/b", "A.flac", "a b", "a\\b", "a\n", "é"]


async def test_given_a_key_that_is_no_plain_path_when_used_then_it_is_refused(storage: Storage) -> None:
    for key in NO_KEYS:
        uses = (storage.put(key, b"x", "text/plain"), storage.get(key), storage.head(key), storage.delete(key))
        for use in (*uses, storage.url(key, 60)):
            with pytest.raises(ProviderError, match="cannot be a storage key") as refused:
                await use
            assert refused.value.permanent


async def test_given_many_puts_of_one_key_at_once_when_read_then_one_of_them_is_there_whole(storage: Storage) -> None:
    versions = [bytes([number]) * 100_000 for number in range(8)]
    await asyncio.gather(*(storage.put("one.bin", version, "application/octet-stream") for version in versions))
    assert await storage.get("one.bin") in versions


async def test_given_a_put_that_is_cancelled_when_read_then_there_is_all_or_nothing(
    storage: Storage, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(MULTIPART)
    task = asyncio.create_task(storage.put_file("master.flac", source, "audio/flac"))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    found = await storage.head("master.flac")
    assert found is None or found.size_bytes == len(MULTIPART)


async def test_given_a_signed_address_when_visited_then_it_gives_the_object(storage: Storage, visit: Visit) -> None:
    await storage.put("d/drama.mp3", b"ID3", "audio/mpeg")
    assert await visit(await storage.url("d/drama.mp3", 60)) == (200, b"ID3")
    named = await storage.url("d/drama.mp3", 60, filename="Der Tod des “Königs”.mp3")
    assert await visit(named) == (200, b"ID3")


async def test_given_a_signed_address_when_altered_then_it_is_refused(storage: Storage, visit: Visit) -> None:
    await storage.put("d/drama.mp3", b"ID3", "audio/mpeg")
    await storage.put("d/secret.mp3", b"secret", "audio/mpeg")
    address = await storage.url("d/drama.mp3", 60, filename="drama.mp3")
    assert (await visit(address.replace("drama.mp3?", "secret.mp3?")))[0] == 403
    assert (await visit(address.replace("=drama.mp3", "=virus.exe").replace("%22drama", "%22virus")))[0] == 403
    assert (await visit(address[:-1] + ("0" if address[-1] != "0" else "1")))[0] == 403


async def test_given_a_signed_address_when_its_time_is_over_then_it_is_refused(storage: Storage, visit: Visit) -> None:
    await storage.put("d/drama.mp3", b"ID3", "audio/mpeg")
    address = await storage.url("d/drama.mp3", 1)
    deadline = time.monotonic() + 30
    while (await visit(address))[0] == 200 and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    assert (await visit(address))[0] == 403


async def test_given_a_time_that_no_store_allows_when_an_address_is_asked_then_it_is_refused(storage: Storage) -> None:
    for seconds in (0, -1, 8 * 24 * 3600):
        with pytest.raises(ProviderError, match="An address can last"):
            await storage.url("d/drama.mp3", seconds)
