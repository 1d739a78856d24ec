"""What a stream does when its client does not: stops reading, goes away, stays for ever. And when the server stops."""

from __future__ import annotations

import asyncio
import gc
import socket
import uuid
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from narratix.events.store import NewEvent, Recorded
from narratix.projections.job_status import JobStatus, evolve
from narratix.services import Services
from narratix.web.broadcaster import Broadcaster, Times
from narratix.web.channel import CHUNK_BYTES
from narratix.web.metrics import Metrics
from narratix.web.problems import Problem
from narratix.web.seats import Seats
from narratix.web.serve import Connection
from narratix.web.streams import begin, open_stream
from tests.web.event_stream import Listener, open_streams
from tests.web.web_site import Story, serving

QUICK = Times(lifetime=60, tick=60, stalled=0.3, grace=0.1)


@pytest.fixture
async def shared(services: Services) -> AsyncIterator[Broadcaster]:
    shared = Broadcaster(services.feed, services.store, QUICK)
    yield shared
    await shared.close()


async def test_given_a_reader_that_stops_for_a_moment_then_others_do_not_wait_and_it_gets_everything(
    shared: Broadcaster, story: Story
) -> None:
    slow, quick = Listener(), Listener()
    listening = [asyncio.create_task(one.listen(shared, story.id)) for one in (slow, quick)]
    await asyncio.gather(slow.until(1), quick.until(1))
    slow.stop_reading()
    await story.record(*story.begun)
    await quick.until(4)
    slow.read_on()
    await slow.until(4)
    await story.record(story.ended)
    await asyncio.gather(*listening)
    assert slow.versions == quick.versions == [1, 2, 3, 4, 5]
    assert slow.ended
    assert quick.ended


async def test_given_a_reader_that_never_reads_on_then_it_is_dropped_and_leaves_nothing(
    shared: Broadcaster, story: Story
) -> None:
    metrics, listener = Metrics(), Listener()
    seats = Seats(1, metrics)
    listening = asyncio.create_task(listener.listen(shared, story.id, seats=seats))
    await listener.until(1)
    assert open_streams(metrics) == 1
    listener.stop_reading()
    with capture_logs() as logs:
        await story.record(*story.begun)
        await listening
    assert listener.dropped
    assert not listener.ended
    assert [entry["event"] for entry in logs] == ["reader_stalled"]
    assert (open_streams(metrics), shared.watched) == (0, 0)
    seats.take("192.0.2.1")


async def test_given_a_slow_reader_that_gets_on_with_it_then_its_time_begins_anew_with_every_chunk(
    services: Services, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.web.channel.CHUNK_BYTES", 1)
    await story.record(*story.begun)
    shared = Broadcaster(services.feed, services.store, Times(stalled=600))
    listener = Listener()
    listener.stop_reading()
    stream = await open_stream(shared, Seats(1, Metrics()), "192.0.2.1", story.id, 0, with_events=False)
    assert stream is not None
    listening = asyncio.create_task(listener.follow(stream))
    given = []
    for version in range(1, 5):
        await listener.until(version)
        await asyncio.sleep(0.01)
        assert stream._leash is not None
        given.append(stream._leash.when() or 0.0)
        listener.read_on()
        listener.stop_reading()
    assert given == sorted(set(given))
    listener.read_on()
    await story.record(story.ended)
    await listening
    assert listener.versions == [1, 2, 3, 4, 5]
    assert stream._leash is None
    await shared.close()


async def test_given_a_client_that_leaves_then_its_seat_is_free(shared: Broadcaster, story: Story) -> None:
    seats = Seats(1, Metrics())
    listener = Listener()
    listening = asyncio.create_task(listener.listen(shared, story.id, seats=seats))
    await listener.until(1)
    with pytest.raises(Problem, match="1 streams may be open"):
        await Listener().listen(shared, story.id, seats=seats)
    listener.leave()
    await listening
    await open_stream(shared, seats, "192.0.2.1", story.id, None, with_events=False)


async def test_given_nothing_happens_then_comments_keep_all_connections(services: Services, story: Story) -> None:
    shared = Broadcaster(services.feed, services.store, Times(tick=0.02))
    listeners = [Listener() for _ in range(300)]
    listening = [asyncio.create_task(one.listen(shared, story.id)) for one in listeners]
    async with asyncio.timeout(60):
        while not all(one.received.endswith(b"\n\n: still here\n\n: still here\n\n") for one in listeners):
            await asyncio.sleep(0.01)
    assert all(one.versions == [1] for one in listeners)
    shared.end_streams()
    await asyncio.gather(*listening)
    await shared.close()


async def test_given_a_job_that_goes_on_when_streams_are_old_then_they_end_by_themselves(
    services: Services, story: Story
) -> None:
    shared = Broadcaster(services.feed, services.store, Times(lifetime=0.1, tick=0.02))
    listeners = [Listener() for _ in range(300)]
    await asyncio.gather(*(one.listen(shared, story.id) for one in listeners))
    assert all(one.ended and one.versions == [1] for one in listeners)
    assert shared.watched == 0
    await shared.close()


async def test_given_a_broken_channel_then_its_streams_end_and_clients_come_back_to_a_whole_one(
    shared: Broadcaster, story: Story
) -> None:
    first, second = Listener(), Listener()
    listening = asyncio.create_task(first.listen(shared, story.id))
    await first.until(1)
    channel = await shared.open(story.id)
    await story.record(*story.begun)
    skipped = (await story.services.store.read(story.id))[3]
    channel.version = 2  # as if an event had not come
    channel.take(skipped)
    assert channel.broken
    await listening
    shared.leave(channel)
    listening = asyncio.create_task(second.listen(shared, story.id, 1))
    await second.until(4)
    assert second.versions == [2, 3, 4]
    second.leave()
    await listening


async def test_given_an_event_that_cannot_be_shown_then_its_job_alone_loses_its_streams(
    services: Services, shared: Broadcaster, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Story(services, await services.commands.submit("Another story."))
    first, second = Listener(), Listener()
    listening = [
        asyncio.create_task(first.listen(shared, story.id)),
        asyncio.create_task(second.listen(shared, other.id)),
    ]
    await asyncio.gather(first.until(1), second.until(1))

    def choosy(row: JobStatus | None, recorded: Recorded) -> JobStatus | None:
        if recorded.stream_id == story.id:
            raise ValueError("this cannot be folded")
        return evolve(row, recorded)

    monkeypatch.setattr("narratix.web.channel.evolve", choosy)
    with capture_logs() as logs:
        await story.record(*story.begun)
        await listening[0]
        await other.record(*other.begun)
        await second.until(4)
    assert [entry["event"] for entry in logs] == ["channel_broken"]
    assert first.ended
    second.leave()
    await listening[1]


async def test_given_the_server_stops_when_a_reader_has_stalled_then_it_waits_for_it_no_longer_than_its_grace(
    services: Services, story: Story
) -> None:
    shared = Broadcaster(services.feed, services.store, Times(stalled=600, grace=0.1))
    stalled, well = Listener(), Listener()
    listening = [asyncio.create_task(one.listen(shared, story.id)) for one in (stalled, well)]
    await asyncio.gather(stalled.until(1), well.until(1))
    stalled.stop_reading()
    await story.record(*story.begun)
    await well.until(4)
    shared.end_streams()
    async with asyncio.timeout(60):
        await asyncio.gather(*listening)
    assert (well.ended, stalled.ended, stalled.dropped) == (True, False, True)
    await shared.close()


async def test_given_a_reader_that_stops_when_much_happens_then_no_more_than_a_chunk_is_sent_after_it(
    services: Services, story: Story
) -> None:
    shared = Broadcaster(services.feed, services.store, Times(stalled=600))
    listener = Listener()
    listening = asyncio.create_task(listener.listen(shared, story.id, with_events=True))
    await listener.until(1)
    listener.stop_reading()
    sent = len(listener.received)
    channel = await shared.open(story.id)
    await story.record(*story.begun, *(story.line(number % 3) for number in range(200)))
    while channel.version < 204:
        await asyncio.sleep(0.01)
    assert len(listener.received) - sent < CHUNK_BYTES
    listener.read_on()
    await listener.until(204)
    assert listener.versions == list(range(1, 205))
    listener.leave()
    await listening
    await shared.close()


async def test_given_a_socket_that_is_never_read_then_little_is_held_for_it_and_its_seat_comes_free(
    services: Services, story: Story
) -> None:
    services.settings.max_streams_per_address = 1
    await story.record(*story.begun, *(story.line(number % 3) for number in range(100)))
    async with serving(services, times=Times(stalled=1)) as url:
        host, port = url.removeprefix("http://").split(":")
        request = f"GET /api/demo/events/{story.id}?after=0&include=events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        with socket.socket() as deaf, capture_logs() as logs:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            deaf.sendall(request)
            while not (found := connections()):
                await asyncio.sleep(0.01)
            transport = found[0].transport
            held = []

            async def watch() -> None:
                while not transport.is_closing():
                    held.append(transport.get_write_buffer_size())
                    await asyncio.sleep(0.02)

            watching = asyncio.create_task(watch())
            while not watching.done():
                await services.store.append([NewEvent(story.id, story.line(0), uuid.uuid4()) for _ in range(200)])
            assert [entry["event"] for entry in logs] == ["reader_stalled"]
        assert 0 < max(held) < 3 * CHUNK_BYTES
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        assert await asyncio.wait_for(reader.readline(), 60) == b"HTTP/1.1 200 OK\r\n"
        writer.close()


def connections() -> list[Connection]:
    """Those that this process has open."""
    return [one for one in gc.get_objects() if type(one) is Connection and not one.transport.is_closing()]


def test_given_a_coroutine_that_need_not_wait_when_begun_then_nothing_is_left() -> None:
    async def at_once() -> None:
        pass

    assert begin(at_once()) is None


async def test_given_one_that_has_to_wait_then_the_rest_runs_on_and_takes_errors_and_cancellation() -> None:
    seen: list[str] = []

    async def slow(gate: asyncio.Future[None]) -> None:
        seen.append("begun")
        try:
            await gate
            await asyncio.sleep(0)
        except (ValueError, asyncio.CancelledError) as thrown:
            seen.append(type(thrown).__name__)
            await asyncio.sleep(0)
            raise
        seen.append("done")

    loop = asyncio.get_running_loop()
    for spoil in (None, ValueError, asyncio.CancelledError):
        gate: asyncio.Future[None] = loop.create_future()
        rest = begin(slow(gate))
        assert rest is not None

        async def awaits(rest: object = rest) -> None:
            await rest  # type: ignore[misc]

        task = asyncio.create_task(awaits())
        await asyncio.sleep(0)
        if spoil is None:
            gate.set_result(None)
        elif spoil is ValueError:
            gate.set_exception(ValueError())
        else:
            task.cancel()
        (found,) = await asyncio.gather(task, return_exceptions=True)
        assert found is None if spoil is None else isinstance(found, spoil)
    assert seen == ["begun", "done", "begun", "ValueError", "begun", "CancelledError"]
