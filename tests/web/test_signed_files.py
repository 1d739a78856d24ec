"""Files of the directory store, under signed addresses."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
import pytest

from narratix.providers.storage.directory import DirectoryStorage
from narratix.services import Services

KEY = "dramas/x/drama.mp3"
CONTENT = bytes(range(256)) * 4


@pytest.fixture
async def address(services: Services) -> str:
    await services.ports.storage.put(KEY, CONTENT, "audio/mpeg")
    return await services.ports.storage.url(KEY, 60)


async def test_given_a_signed_address_then_the_file_comes_whole_or_in_ranges(
    client: httpx2.AsyncClient, address: str
) -> None:
    whole = await client.get(address)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-disposition" not in whole.headers
    part = await client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(CONTENT)}"
    tail = await client.get(address, headers={"Range": "bytes=-5"})
    assert (tail.status_code, tail.content) == (206, CONTENT[-5:])
    beyond = await client.get(address, headers={"Range": "bytes=5000-"})
    assert beyond.status_code == 416
    head = await client.head(address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))


async def test_given_a_filename_then_a_browser_saves_under_it(client: httpx2.AsyncClient, services: Services) -> None:
    await services.ports.storage.put(KEY, CONTENT, "audio/mpeg")
    answer = await client.get(await services.ports.storage.url(KEY, 60, filename='Ä "quoted" drama.mp3'))
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%C3%84%20%22quoted%22%20drama.mp3" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("drama.mp3", "other.mp3"), ("expires=", "expires=9"), ("signature=", "signature=0"), ("?", "?filename=x&")],
)
async def test_given_an_address_that_was_altered_then_403(
    client: httpx2.AsyncClient, address: str, old: str, new: str
) -> None:
    answer = await client.get(address.replace(old, new))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"narratix" not in answer.content.lower()


async def test_given_an_address_that_has_expired_then_403(client: httpx2.AsyncClient, services: Services) -> None:
    real = services.ports.storage
    assert isinstance(real, DirectoryStorage)
    past = DirectoryStorage(Path("/nowhere"), secret=real._secret, clock=lambda: time.time() - 120)
    answer = await client.get(await past.url(KEY, 60))
    assert answer.status_code == 403
    assert "expired" in answer.json()["detail"]


async def test_given_a_file_that_was_deleted_then_404(
    client: httpx2.AsyncClient, services: Services, address: str
) -> None:
    await services.ports.storage.delete(KEY)
    assert (await client.get(address)).status_code == 404


@pytest.mark.parametrize("key", ["../signing.key", "%2e%2e/signing.key", "a//b", "Capital", "."])
async def test_given_a_key_that_leads_out_of_the_store_then_nothing_is_served(
    client: httpx2.AsyncClient, key: str
) -> None:
    answer = await client.get(f"/files/{key}", params={"expires": 9_999_999_999, "signature": "0"})
    assert answer.status_code in (403, 404)
