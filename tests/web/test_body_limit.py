"""Bodies that are too large: refused at the byte that is too much, by a real server, over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratix.services import Services
from narratix.web.bodies import LongestString
from tests.web.web_site import serving

LIMIT = 50 * 1024
OPENING = b'{"text": "'
HEAD = b"POST /api/demo/submit HTTP/1.1\r\nHost: narratix\r\nContent-Type: application/json\r\n"
NOTHING_SECONDS = 0.3

Socket = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def socket(services: Services) -> AsyncIterator[Socket]:
    async with serving(services) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        yield reader, writer
        writer.close()


async def refused(reader: asyncio.StreamReader) -> None:
    """The answer is a 413, and the connection is closed with it."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in head
    assert b"connection: close" in head.lower()


async def nothing(reader: asyncio.StreamReader) -> None:
    """No answer yet."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), NOTHING_SECONDS)


async def test_given_a_story_of_a_byte_too_much_then_it_is_refused_at_that_byte_though_more_was_announced(
    socket: Socket,
) -> None:
    reader, writer = socket
    writer.write(HEAD + b"Content-Length: 200000\r\n\r\n" + OPENING + b"x" * LIMIT)
    await nothing(reader)
    writer.write(b"x")
    await refused(reader)


async def test_given_a_body_that_never_ends_then_it_is_refused_at_the_same_byte(socket: Socket) -> None:
    reader, writer = socket
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(OPENING))
    for _ in range(LIMIT // 1024):
        writer.write(chunked(b"x" * 1024))
    await nothing(reader)
    writer.write(chunked(b"x"))
    await refused(reader)


async def test_given_a_length_that_no_story_has_then_not_a_byte_of_the_body_is_asked_for(socket: Socket) -> None:
    reader, writer = socket
    writer.write(HEAD + b"Content-Length: 400000\r\nExpect: 100-continue\r\n\r\n")
    await refused(reader)


async def test_given_a_body_without_any_string_then_it_is_refused_once_it_is_longer_than_any_story(
    socket: Socket,
) -> None:
    reader, writer = socket
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    sent = 0
    while reader.at_eof() is False and sent < 50_000_000:
        writer.write(chunked(b" " * 10_000))
        sent += 10_000
        try:
            await asyncio.wait_for(writer.drain(), 30)
        except ConnectionError:
            break
        await asyncio.sleep(0)
    assert sent < 50_000_000


async def test_given_a_story_of_the_limit_however_it_is_written_then_it_is_taken(services: Services) -> None:
    async with serving(services) as url:
        host, port = url.removeprefix("http://").split(":")
        for text in ("é" * (LIMIT // 2), "\n" * (LIMIT - 1) + "x", "\U0001f40d" * (LIMIT // 4 - 1) + "text"):
            body = json.dumps({"text": text}).encode()  # with every such character as an escape
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 202 ")
            writer.close()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(texts | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner))


def strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [one for inner in value for one in strings(inner)]
        case dict():
            return [one for key, inner in value.items() for one in (key, *strings(inner))]
        case _:
            return []


@given(values, st.booleans(), st.lists(st.integers(0, 400)))
def test_given_any_json_in_any_chunks_then_its_longest_string_is_known(
    value: Any, ascii: bool, cuts: list[int]
) -> None:
    body = json.dumps(value, ensure_ascii=ascii).encode()
    longest, edges = LongestString(), sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        longest.read(body[start:end])
    assert longest.size == max((len(one.encode()) for one in strings(value)), default=0)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_given_bytes_that_are_no_json_then_reading_them_in_two_is_as_reading_them_at_once(
    data: bytes, cut: int
) -> None:
    whole, halves = LongestString(), LongestString()
    whole.read(data)
    halves.read(data[:cut])
    halves.read(data[cut:])
    whole.read(b"....")
    halves.read(b"....")
    assert whole.size == halves.size <= len(data) + 4
