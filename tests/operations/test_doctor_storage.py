"""What the doctor finds in object storage, each fault injected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from narratix.doctor.findings import Wanting
from narratix.doctor.storage import answers, in_full
from narratix.ports import StoredObject
from narratix.providers.storage.directory import DirectoryStorage
from tests.loopback import on_loopback


class Bucket(DirectoryStorage):
    """A store with signed addresses over HTTP, in which one thing can be wrong."""

    fault = ""
    address = ""

    async def get(self, key: str) -> bytes:
        return b"other" if self.fault == "other bytes" else await super().get(key)

    async def fetch_file(self, key: str, path: Path) -> None:
        await super().fetch_file(key, path)
        if self.fault == "other file":
            path.write_bytes(b"other")

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        if self.fault != "lists nothing":
            async for stored in super().list(prefix):
                yield stored

    async def delete(self, key: str) -> None:
        if self.fault != "keeps all":
            await super().delete(key)

    async def url(self, key: str, seconds: int, *, filename: str | None = None) -> str:
        return f"{self.address}/{key}?X-Signature=abc"

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            allowed = (
                {} if self.fault == "no pages" else {"Access-Control-Allow-Origin": "https://narratix.example.org"}
            )
            return web.Response(headers=allowed)
        if request.query["X-Signature"] != "abc" and self.fault != "open to all":
            return web.Response(status=403)
        content = await DirectoryStorage.get(self, request.path[1:])
        if "Range" in request.headers and self.fault != "no ranges":
            return web.Response(status=206, body=content[10:20])
        return web.Response(body=content)


@pytest.fixture
async def bucket(tmp_path: Path) -> AsyncIterator[Bucket]:
    bucket = Bucket(tmp_path / "bucket", secret=b"s" * 32, clock=lambda: 0.0)
    application = web.Application()
    application.router.add_route("*", "/{key:.*}", bucket.answer)
    async with on_loopback(application) as bucket.address:
        yield bucket


ORIGINS = ["https://narratix.example.org"]


async def test_given_a_bucket_in_order_then_all_that_is_done_with_it_works_and_nothing_stays(bucket: Bucket) -> None:
    said = await in_full(bucket, ORIGINS)
    assert said.endswith(
        "put, read, listed and deleted, in parts, by address, from pages of https://narratix.example.org"
    )
    assert [stored async for stored in bucket.list("")] == []


async def test_given_a_store_whose_addresses_the_service_answers_then_they_are_not_tried(bucket: Bucket) -> None:
    bucket.address = "http://127.0.0.1:1"
    assert (await in_full(bucket, None)).endswith("put, read, listed and deleted, in parts")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("other bytes", "other bytes than were put"),
        ("other file", "another large file"),
        ("lists nothing", "does not list"),
        ("keeps all", "keeps what was deleted"),
        ("no ranges", "to a range"),
        ("open to all", "a forged address is answered"),
        ("no pages", "may not read from the bucket"),
    ],
)
async def test_given_a_fault_of_the_bucket_then_it_is_named(bucket: Bucket, fault: str, said: str) -> None:
    bucket.fault = fault
    with pytest.raises(Wanting, match=said) as wanting:
        await in_full(bucket, ORIGINS)
    assert wanting.value.advice
    bucket.fault = ""
    left = [stored async for stored in bucket.list("")]
    assert bool(left) == (fault == "keeps all")


async def test_given_an_address_that_leads_nowhere_then_that_is_said(bucket: Bucket) -> None:
    bucket.address = "http://127.0.0.1:1"
    with pytest.raises(Wanting, match="cannot be reached"):
        await in_full(bucket, ORIGINS)


async def test_given_no_leave_to_write_then_nothing_is_written(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(*_: object) -> None:
        raise AssertionError("it was written to")

    monkeypatch.setattr(bucket, "put", put)
    assert "--write" in await answers(bucket)
