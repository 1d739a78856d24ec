"""The server itself: told when it is ready, stopped without cutting anybody off."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx2
import pytest

from narratix.app import Database
from narratix.services import Services
from narratix.web.serve import CannotListen, PortInUse, serve
from tests.web.event_stream import messages
from tests.web.process import address, start
from tests.web.web_site import Story


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_given_open_streams_when_it_is_told_to_stop_then_they_end_whole_and_it_closes_all_it_opened(
    server: Database, story: Story, tmp_path: Path, number: signal.Signals
) -> None:
    process = await start(server, tmp_path / "home")
    url = await address(process)
    async with (
        httpx2.AsyncClient(base_url=url) as client,
        client.stream("GET", f"/api/demo/events/{story.id}") as one,
        client.stream("GET", f"/api/demo/events/{story.id}") as two,
    ):
        streams = [messages(one), messages(two)]
        assert [(await anext(stream)).id for stream in streams] == [1, 1]
        process.send_signal(number)
        # a stream that were cut would raise here
        assert [[message async for message in stream] for stream in streams] == [[], []]
        assert await process.wait() == 0
    assert process.stdout is not None
    assert (await process.stdout.read()) == b"closed\n"


async def test_given_a_port_that_is_taken_then_a_sentence_says_so(services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"Port {port} on 127.0.0.1 is in use"):
            await serve(services, "127.0.0.1", port, announce=print)


async def test_given_an_address_that_is_not_ours_then_a_sentence_says_so(services: Services) -> None:
    with pytest.raises(CannotListen, match=r"Cannot listen on 192\.0\.2\.1"):
        await serve(services, "192.0.2.1", 0, announce=print)
