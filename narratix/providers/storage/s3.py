"""Objects in a bucket that speaks S3: Cloudflare R2 in production.

R2 refuses some of what botocore does by default, so nothing here sends checksum headers that are not required,
chunk-signed bodies, or DeleteObjects, and multipart parts are of equal size.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from narratix.ports import NotStored, ProviderError, StoredObject
from narratix.providers.storage.keys import (
    checked_key,
    checked_seconds,
    content_disposition,
    content_type_of,
    disk_refused,
    not_stored,
)

PART_BYTES = 8 << 20  # at least 5 MiB
PARTS_AT_ONCE = 3
CHUNK_BYTES = 1 << 20
ABSENT = {"404", "NoSuchKey", "NotFound"}


class S3Storage:
    """The port `Storage` over one bucket. `endpoint_url` is, for R2, https://ACCOUNT.r2.cloudflarestorage.com."""

    name = "s3"

    def __init__(
        self,
        *,
        bucket: str,
        endpoint_url: str,
        access_key_id: str,
        secret_access_key: str,
        region: str = "auto",
        connect_seconds: float = 5.0,
        read_seconds: float = 30.0,
        attempts: int = 4,
    ) -> None:
        self._bucket = bucket
        self._settings = {
            "endpoint_url": endpoint_url,
            "aws_access_key_id": access_key_id,
            "aws_secret_access_key": secret_access_key,
            "region_name": region,
            "config": AioConfig(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=connect_seconds,
                read_timeout=read_seconds,
                retries={"mode": "standard", "total_max_attempts": attempts},
                max_pool_connections=32,
            ),
        }
        self._opening = asyncio.Lock()
        self._open = contextlib.AsyncExitStack()
        self._client: Any = None

    async def put(self, key: str, data: bytes, content_type: str) -> StoredObject:
        """Raises ProviderError when the store does not answer or refuses."""
        client = await self._connected()
        with _plain_words(key):
            await client.put_object(Bucket=self._bucket, Key=checked_key(key), Body=data, ContentType=content_type)
        return StoredObject(key, len(data), content_type)

    async def put_file(self, key: str, path: Path, content_type: str) -> StoredObject:
        """Holds a few parts in memory, never the file. Raises ProviderError as `put` does."""
        size = (await asyncio.to_thread(path.stat)).st_size
        if size <= PART_BYTES:
            return await self.put(key, await asyncio.to_thread(path.read_bytes), content_type)
        client = await self._connected()
        place = {"Bucket": self._bucket, "Key": checked_key(key)}
        with _plain_words(key):
            upload = await client.create_multipart_upload(**place, ContentType=content_type)
            place["UploadId"] = upload["UploadId"]
            try:
                parts = await _upload_parts(client, place, path, size)
                await client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
            except BaseException:
                # Parts that are never completed are paid for. What made the upload fail may make this fail as well;
                # the first error is the one to tell, and the bucket's lifecycle rule clears up.
                with contextlib.suppress(ClientError, BotoCoreError, aiohttp.ClientError, TimeoutError):
                    await asyncio.shield(client.abort_multipart_upload(**place))
                raise
        return StoredObject(key, size, content_type)

    async def get(self, key: str) -> bytes:
        client = await self._connected()
        with _plain_words(key):
            response = await client.get_object(Bucket=self._bucket, Key=checked_key(key))
            async with response["Body"] as body:
                return bytes(await body.read())

    async def fetch_file(self, key: str, path: Path) -> None:
        client = await self._connected()
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with _plain_words(key):
            response = await client.get_object(Bucket=self._bucket, Key=checked_key(key))
        try:
            with _plain_words(key):
                async with response["Body"] as body:
                    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
                    with await asyncio.to_thread(part.open, "wb") as file:
                        async for chunk in body.iter_chunks(CHUNK_BYTES):
                            await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(part.rename, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    async def head(self, key: str) -> StoredObject | None:
        client = await self._connected()
        try:
            with _plain_words(key):
                found = await client.head_object(Bucket=self._bucket, Key=checked_key(key))
        except NotStored:
            return None
        return StoredObject(key, found["ContentLength"], found["ContentType"])

    async def delete(self, key: str) -> None:
        client = await self._connected()
        with _plain_words(key):
            await client.delete_object(Bucket=self._bucket, Key=checked_key(key))

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """In the order of the keys. A listing does not tell content types: they are what the keys' suffixes say."""
        client = await self._connected()
        pages = aiter(client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix))
        while True:
            with _plain_words(prefix):
                page = await anext(pages, None)
            if page is None:
                return
            for found in page.get("Contents", ()):
                modified = found["LastModified"].timestamp()
                yield StoredObject(found["Key"], found["Size"], content_type_of(found["Key"]), modified)

    async def url(self, key: str, seconds: int, *, filename: str | None = None) -> str:
        client = await self._connected()
        parameters = {"Bucket": self._bucket, "Key": checked_key(key)}
        if filename is not None:
            parameters["ResponseContentDisposition"] = content_disposition(filename)
        address = await client.generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=checked_seconds(seconds)
        )
        return str(address)

    async def close(self) -> None:
        await self._open.aclose()
        self._client = None

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                client = _session().create_client("s3", **self._settings)
                self._client = await self._open.enter_async_context(client)
        return self._client


@functools.cache
def _session() -> Any:
    """One for the process: it keeps what it has read about the service, which takes a while."""
    return get_session()


async def _upload_parts(client: Any, place: Mapping[str, str], path: Path, size: int) -> list[dict[str, object]]:
    limit = asyncio.Semaphore(PARTS_AT_ONCE)

    async def upload(number: int) -> dict[str, object]:
        async with limit:
            data = await asyncio.to_thread(_read_part, path, (number - 1) * PART_BYTES)
            done = await client.upload_part(**place, PartNumber=number, Body=data)
            return {"PartNumber": number, "ETag": done["ETag"]}

    count = -(-size // PART_BYTES)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(upload(number)) for number in range(1, count + 1)]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several
    return [task.result() for task in tasks]


def _read_part(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PART_BYTES)


@contextlib.contextmanager
def _plain_words(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ABSENT:
            raise not_stored(key) from error
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise ProviderError(
            f"The object store refused {key!r}: {error}. Check the storage settings if this goes on.",
            permanent=status == 400,
        ) from error
    except (BotoCoreError, aiohttp.ClientError, TimeoutError) as error:
        raise ProviderError(f"The object store did not answer for {key!r}: {error}.") from error
    except OSError as error:
        raise disk_refused(key, error) from error
