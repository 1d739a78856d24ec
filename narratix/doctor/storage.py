"""The part of the doctor that tries object storage as the service and its browsers use it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import aiohttp

from narratix.doctor.findings import Wanting
from narratix.ports import Storage

LARGE_BYTES: Final = 9 << 20
"""More than one part of an upload."""
ADDRESS_SECONDS: Final = 60
PATIENCE_SECONDS: Final = 20.0
TYPE: Final = "application/octet-stream"


async def answers(storage: Storage) -> str:
    """Ask for what is not there; writes nothing."""
    await storage.head(f"doctor/{uuid4()}.bin")
    return f"{storage.name}: answers; --write tries it in full"


async def in_full(storage: Storage, origins: Sequence[str] | None) -> str:
    """Everything that is done with storage, on objects that are deleted again. `origins` are those of the pages that
    play from it by its addresses; None where the service itself answers at these. Raises Wanting, ProviderError."""
    small, large = f"doctor/{uuid4()}.bin", f"doctor/{uuid4()}.bin"
    done = ["put, read, listed and deleted", "in parts"]
    try:
        content = await _small(storage, small)
        await _large(storage, large)
        if origins is not None:
            address = await storage.url(small, ADDRESS_SECONDS)
            await _address(address, content)
            done.append("by address")
            done += [f"from pages of {origin}" for origin in origins if await _allows(address, origin)]
    finally:
        for key in (small, large):
            await storage.delete(key)
    if await storage.head(small) is not None:
        raise Wanting(f"{storage.name} keeps what was deleted", "Check the rights of its key.")
    return f"{storage.name}: {', '.join(done)}"


async def _small(storage: Storage, key: str) -> bytes:
    content = os.urandom(1000)
    await storage.put(key, content, TYPE)
    if await storage.get(key) != content:
        raise Wanting(f"{storage.name} gave back other bytes than were put", "Check the storage settings.")
    if not [found async for found in storage.list(key) if found.size_bytes == len(content)]:
        raise Wanting(
            f"{storage.name} does not list what was put", "Give its key the right to list; the sweep needs it."
        )
    return content


async def _large(storage: Storage, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix="narratix-doctor-") as folder:
        sent, got = Path(folder) / "sent", Path(folder) / "got"
        await asyncio.to_thread(sent.write_bytes, os.urandom(LARGE_BYTES))
        await storage.put_file(key, sent, TYPE)
        await storage.fetch_file(key, got)
        if await asyncio.to_thread(lambda: sent.read_bytes() != got.read_bytes()):
            raise Wanting(f"{storage.name} gave back another large file than was put", "Check the storage settings.")


async def _address(address: str, content: bytes) -> None:
    async with _asked("GET", address, {"Range": "bytes=10-19"}) as answer:
        if answer.status != 206 or await answer.read() != content[10:20]:
            raise Wanting(
                f"a signed address answered {answer.status} to a range",
                "Check NARRATIX_S3_ENDPOINT; addresses of a custom domain are not signed.",
            )
    async with _asked("GET", _forged(address), {}) as answer:
        if answer.status < 400:
            raise Wanting(
                f"a forged address is answered with {answer.status}", "The bucket is public: close it to the world."
            )


async def _allows(address: str, origin: str) -> bool:
    """Whether pages of `origin` may read from the address. Raises Wanting."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    async with _asked("OPTIONS", address, headers) as answer:
        allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    if allowed not in ("*", origin):
        raise Wanting(
            f"pages of {origin} may not read from the bucket",
            "Players of most browsers fetch by script: allow that origin GET, HEAD and the header Range (CORS).",
        )
    return True


def _forged(address: str) -> str:
    """The same with another signature."""
    parts = urlsplit(address)
    query = [(name, value[::-1] if "signature" in name.casefold() else value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(query)))


@contextlib.asynccontextmanager
async def _asked(method: str, address: str, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
    timeout = aiohttp.ClientTimeout(PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, address, headers=headers, allow_redirects=False) as answer,
        ):
            yield answer
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise Wanting("a signed address cannot be reached", "Check NARRATIX_S3_ENDPOINT.") from problem
