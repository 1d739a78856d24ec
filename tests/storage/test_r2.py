"""Cloudflare R2: that the stand-in refuses as R2 does, that addresses open what they were signed for, and memory."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from narratix.providers.storage.s3 import S3Storage
from tests.storage.r2 import LEAST_PART, R2, r2_before
from tests.storage.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY

KEY = "d/drama.mp3"
CONTENT = bytes(range(256)) * 8
MEGABYTE = 1 << 20


@pytest.fixture
async def r2(s3_address: str) -> AsyncIterator[tuple[str, R2]]:
    async with r2_before(s3_address) as found:
        yield found


@pytest.fixture
async def storage(r2: tuple[str, R2]) -> AsyncIterator[S3Storage]:
    store = storage_at(r2[0])
    await store.put(KEY, CONTENT, "audio/mpeg")
    yield store
    await store.close()


def storage_at(address: str, secret_key: str = SECRET_KEY) -> S3Storage:
    return S3Storage(bucket=BUCKET, endpoint_url=address, access_key_id=ACCESS_KEY, secret_access_key=secret_key)


def client_of(address: str, region: str = "auto", **settings: Any) -> Any:
    """The vendor's client as it comes."""
    return get_session().create_client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=region,
        config=AioConfig(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **settings),
    )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PUT", "/b/k", {"x-amz-acl": "public-read"}),
        ("PUT", "/b/k", {"x-amz-grant-read": "id=1"}),
        ("PUT", "/b/k", {"x-amz-tagging": "a=b"}),
        ("PUT", "/b/k", {"x-amz-server-side-encryption": "aws:kms"}),
        ("PUT", "/b/k", {"x-amz-object-lock-mode": "GOVERNANCE"}),
        ("PUT", "/b/k", {"x-amz-storage-class": "GLACIER"}),
        ("PUT", "/b/k", {"x-amz-sdk-checksum-algorithm": "CRC32"}),
        ("PUT", "/b/k", {"x-amz-checksum-crc32": "AAAAAA=="}),
        ("PUT", "/b/k", {"x-amz-trailer": "x-amz-checksum-crc32"}),
        ("PUT", "/b/k", {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}),
        ("PUT", "/b/k", {"Content-Encoding": "aws-chunked"}),
        ("PUT", "/b?acl", {}),
        ("PUT", "/b?policy", {}),
        ("PUT", "/b?notification", {}),
        ("PUT", "/b?versioning", {}),
        ("POST", "/b?delete", {}),
        ("POST", "/b", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("GET", "/b?prefix=a", {}),
        ("GET", "/b/k?X-Amz-Expires=604801&X-Amz-Credential=a/1/auto/s3/aws4_request", {}),
        ("GET", "/b/k?X-Amz-Expires=60&X-Amz-Credential=a/1/eu-central-1/s3/aws4_request", {}),
    ],
)
async def test_given_what_r2_does_not_do_when_asked_then_it_refuses(
    r2: tuple[str, R2], method: str, path: str, headers: Mapping[str, str]
) -> None:
    address, stand_in = r2
    async with aiohttp.ClientSession() as session, session.request(method, address + path, headers=headers) as answer:
        assert answer.status in (400, 501)
        assert f"<Code>{stand_in.refused[0]}</Code>" in await answer.text()


async def test_given_the_vendors_client_as_it_comes_when_it_puts_then_r2_refuses_its_checksums(
    r2: tuple[str, R2],
) -> None:
    async with client_of(r2[0]) as client:
        with pytest.raises(ClientError, match="NotImplemented"):
            await client.put_object(Bucket=BUCKET, Key="a", Body=b"x")


async def test_given_parts_of_unequal_or_too_small_a_size_when_completed_then_r2_refuses(r2: tuple[str, R2]) -> None:
    when_required = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    async with client_of(r2[0], **when_required) as client:
        for sizes in ((LEAST_PART, LEAST_PART + 1, 1), (LEAST_PART, LEAST_PART + 1), (1, 1)):
            place = {"Bucket": BUCKET, "Key": "parts"}
            place["UploadId"] = (await client.create_multipart_upload(**place))["UploadId"]
            parts = [
                {
                    "PartNumber": number,
                    "ETag": (await client.upload_part(**place, PartNumber=number, Body=bytes(size)))["ETag"],
                }
                for number, size in enumerate(sizes, 1)
            ]
            with pytest.raises(ClientError, match="InvalidPart"):
                await client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
            await client.abort_multipart_upload(**place)


# -- addresses ---------------------------------------------------------------------------------


async def test_given_a_signed_address_then_it_gives_ranges_and_opens_nothing_but_reading(storage: S3Storage) -> None:
    address = await storage.url(KEY, 60, filename="drama.mp3")
    async with aiohttp.ClientSession() as session:
        for asked, status, expected in (
            ("bytes=10-19", 206, CONTENT[10:20]),
            ("bytes=-5", 206, CONTENT[-5:]),
            ("bytes=2000-", 206, CONTENT[2000:]),
            ("bytes=99999-", 416, None),
        ):
            async with session.get(address, headers={"Range": asked}) as answer:
                assert answer.status == status
                assert expected is None or await answer.read() == expected
        async with session.get(address) as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment; ")
            assert answer.headers["Accept-Ranges"] == "bytes"
        async with session.put(address, data=b"evil") as answer:
            assert answer.status == 403
        async with session.delete(address) as answer:
            assert answer.status == 403
    assert await storage.get(KEY) == CONTENT


async def test_given_an_address_that_is_forged_or_tampered_with_then_it_is_refused(
    storage: S3Storage, r2: tuple[str, R2]
) -> None:
    address = await storage.url(KEY, 1)
    forger = storage_at(r2[0], "another-secret")
    forged = await forger.url(KEY, 60)
    await forger.close()
    bare = address.partition("?")[0]
    tampered = [
        forged,
        bare,
        f"{bare}?X-Amz-Signature=0",
        address.replace("X-Amz-Expires=1", "X-Amz-Expires=600000"),
        address.replace("drama.mp3", "other.mp3"),
        address.replace("X-Amz-Date=2", "X-Amz-Date=3"),
        address.replace(ACCESS_KEY, "somebody"),
        address + "&response-content-type=text/html",
    ]
    async with aiohttp.ClientSession() as session:
        for one in tampered:
            async with session.get(one) as answer:
                assert answer.status in (400, 403), one
                assert CONTENT[:50] not in await answer.read()


# -- memory ------------------------------------------------------------------------------------


async def test_given_a_file_four_times_as_large_then_it_takes_no_more_memory_to_send_and_to_fetch(
    r2: tuple[str, R2], tmp_path: Any
) -> None:
    grown = {}
    for megabytes in (50, 200):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.storage", "--child", r2[0], "--megabytes", str(megabytes)),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        figures = json.loads(output)
        assert figures["whole"] is True
        grown[megabytes] = figures["peak_bytes"] - figures["before_bytes"]
    assert grown[200] < grown[50] + 20 * MEGABYTE
    assert grown[200] < 120 * MEGABYTE
