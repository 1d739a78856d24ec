"""What only files in a directory can get wrong."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from narratix.ports import ProviderError
from narratix.providers.storage.directory import AddressRefused, DirectoryStorage


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(tmp_path: Path, clock: Clock) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "store", secret=b"secret", clock=clock, base_url="http://127.0.0.1:8000/")


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


async def test_given_a_full_disk_when_put_then_the_error_says_so_and_the_old_object_stays(
    storage: DirectoryStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.put("a/b.flac", b"old", "audio/flac")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ProviderError, match="The disk is full") as refused:
            await storage.put("a/b.flac", b"new", "audio/flac")
    assert not refused.value.permanent
    assert await storage.get("a/b.flac") == b"old"
    assert files(tmp_path / "store") == ["a/b.flac"]


@pytest.mark.parametrize(("hours", "stays"), [(23, True), (25, False)])
async def test_given_a_put_that_was_killed_when_a_day_has_passed_then_the_next_start_removes_its_leftover(
    storage: DirectoryStorage, tmp_path: Path, clock: Clock, hours: int, stays: bool
) -> None:
    leftover = tmp_path / "store/.parts/.part-killed"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"hal")
    clock.now = leftover.stat().st_mtime + hours * 3600
    await storage.put("a/b.flac", b"whole", "audio/flac")
    assert [found.key async for found in storage.list("")] == ["a/b.flac"]
    assert leftover.exists() == stays


async def test_given_a_key_that_is_a_folder_of_others_when_read_then_it_is_not_stored(
    storage: DirectoryStorage,
) -> None:
    await storage.put("a/b.flac", b"x", "audio/flac")
    assert await storage.head("a") is None
    assert await storage.head("a/b.flac/c") is None
    await storage.delete("a")
    await storage.delete("a/b.flac/c")
    assert await storage.get("a/b.flac") == b"x"


async def test_given_an_address_when_verified_then_it_stands_under_the_base_url_and_ends_on_the_second(
    storage: DirectoryStorage, clock: Clock
) -> None:
    address = urlsplit(await storage.url("d/drama.mp3", 60, filename="My drama.mp3"))
    query = dict(parse_qsl(address.query))
    assert (address.netloc, address.path) == ("127.0.0.1:8000", "/files/d/drama.mp3")
    assert query["expires"] == "1060"
    storage.verify("d/drama.mp3", 1060, query["signature"], "My drama.mp3", 1059.9)
    with pytest.raises(AddressRefused, match="expired"):
        storage.verify("d/drama.mp3", 1060, query["signature"], "My drama.mp3", 1060)
    for altered in [
        ("d/other.mp3", 1060, query["signature"], "My drama.mp3"),
        ("d/drama.mp3", 9999, query["signature"], "My drama.mp3"),
        ("d/drama.mp3", 1060, "0" * 64, "My drama.mp3"),
        ("d/drama.mp3", 1060, "é", "My drama.mp3"),
        ("d/drama.mp3", 1060, query["signature"], "Another.mp3"),
        ("d/drama.mp3", 1060, query["signature"], None),
    ]:
        with pytest.raises(AddressRefused, match="altered"):
            storage.verify(*altered, 1000)


async def test_given_another_secret_when_an_address_is_verified_then_it_is_refused(
    storage: DirectoryStorage, tmp_path: Path, clock: Clock
) -> None:
    query = dict(parse_qsl(urlsplit(await storage.url("d/drama.mp3", 60)).query))
    stranger = DirectoryStorage(tmp_path / "store", secret=b"another", clock=clock)
    with pytest.raises(AddressRefused):
        stranger.verify("d/drama.mp3", int(query["expires"]), query["signature"], None, 1000)
