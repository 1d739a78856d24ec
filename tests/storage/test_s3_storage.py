"""What only a store at the other end of a network can get wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from narratix.ports import ProviderError
from narratix.providers.storage.s3 import PART_BYTES, S3Storage
from tests.loopback import on_loopback

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def store_behind(answer: Answer, **settings: float) -> AsyncIterator[S3Storage]:
    """A store whose every request is given to `answer`."""
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", answer)
    async with on_loopback(application) as url:
        storage = S3Storage(
            bucket="bucket",
            endpoint_url=url,
            access_key_id="access",
            secret_access_key="secret",
            attempts=2,
            read_seconds=settings.get("read_seconds", 30.0),
        )
        try:
            yield storage
        finally:
            await storage.close()


async def test_given_r2_when_put_then_no_header_is_sent_that_it_refuses() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        seen.append(request)
        return web.Response(headers={"ETag": '"1"'})

    async with store_behind(answer) as storage:
        await storage.put("a.flac", b"x", "audio/flac")
        await storage.delete("a.flac")
    assert [(request.method, request.path) for request in seen] == [
        ("PUT", "/bucket/a.flac"),
        ("DELETE", "/bucket/a.flac"),
    ]
    for request in seen:
        assert not [name for name in request.headers if "checksum" in name.lower() or name.lower() == "x-amz-trailer"]
        assert "aws-chunked" not in request.headers.get("Content-Encoding", "")


async def test_given_a_large_file_when_put_then_all_parts_but_the_last_are_equal(tmp_path: Path) -> None:
    parts: dict[int, int] = {}

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        if request.method == "PUT":
            parts[int(request.query["partNumber"])] = len(body)
            return web.Response(headers={"ETag": '"1"'})
        if "uploads" in request.query:
            return xml("<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>")
        assert body.count(b"<PartNumber>") == 3
        return xml("<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")

    source = tmp_path / "source"
    source.write_bytes(bytes(2 * PART_BYTES + 5))
    async with store_behind(answer) as storage:
        await storage.put_file("a.flac", source, "audio/flac")
    assert parts == {1: PART_BYTES, 2: PART_BYTES, 3: 5}


@pytest.mark.parametrize("cancelled", [True, False])
async def test_given_a_part_that_does_not_arrive_when_given_up_then_the_upload_is_aborted(
    tmp_path: Path, cancelled: bool
) -> None:
    aborted, uploading = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        if request.method == "POST":
            return xml("<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>")
        if request.method == "DELETE":
            aborted.set()
            return web.Response(status=204)
        uploading.set()
        if cancelled:
            await asyncio.sleep(60)
        return web.Response(status=400)

    source = tmp_path / "source"
    source.write_bytes(bytes(2 * PART_BYTES))
    async with store_behind(answer) as storage:
        task = asyncio.create_task(storage.put_file("a.flac", source, "audio/flac"))
        await uploading.wait()
        if cancelled:
            task.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled else ProviderError):
            await task
        await asyncio.wait_for(aborted.wait(), 30)


async def test_given_a_store_that_fails_once_when_put_then_it_is_tried_again() -> None:
    answers = [500, 200]

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=answers.pop(0), headers={"ETag": '"1"'})

    async with store_behind(answer) as storage:
        await storage.put("a.flac", b"x", "audio/flac")
    assert answers == []


async def test_given_a_store_that_refuses_when_put_then_the_error_is_a_sentence() -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return xml("<Error><Code>AccessDenied</Code><Message>no</Message></Error>", status=403)

    async with store_behind(answer) as storage:
        with pytest.raises(ProviderError, match=r"refused 'a\.flac'.*Check the storage settings"):
            await storage.put("a.flac", b"x", "audio/flac")


async def test_given_a_store_that_is_silent_when_read_then_the_wait_ends() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with store_behind(answer, read_seconds=0.1) as storage:
        with pytest.raises(ProviderError, match="did not answer"):
            await storage.get("a.flac")


async def test_given_an_answer_that_breaks_off_when_fetched_then_no_part_of_a_file_is_left(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(bytes(1000))
        assert request.transport is not None
        request.transport.close()
        return response

    async with store_behind(answer) as storage:
        with pytest.raises(ProviderError, match="did not answer"):
            await storage.fetch_file("a.flac", tmp_path / "target")
        with pytest.raises(ProviderError, match="did not answer"):
            await storage.get("a.flac")
    assert list(tmp_path.iterdir()) == []


async def test_given_no_store_at_all_when_used_then_the_error_is_a_sentence() -> None:
    storage = S3Storage(
        bucket="bucket",
        endpoint_url="http://127.0.0.1:1",
        access_key_id="access",
        secret_access_key="secret",
        attempts=1,
    )
    try:
        with pytest.raises(ProviderError, match="did not answer"):
            await storage.get("a.flac")
    finally:
        await storage.close()


def xml(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/xml")
