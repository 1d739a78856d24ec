"""A job's stream: every version once, in order, whatever happens to the connection or the server."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from narratix.events.catalogue import FeedbackGiven, JobFailed, JobRetried
from narratix.services import Services
from narratix.web import channel
from narratix.web.broadcaster import Broadcaster
from tests.web.event_stream import Listener, Sent, messages, take
from tests.web.web_site import Opened, Story, client_of, serving

STREAM = "/api/demo/events/{}"


def versions(sent: list[Sent], event: str = "status") -> list[int]:
    return [message.data["version"] for message in sent if message.event == event]


async def test_given_a_running_job_when_somebody_joins_then_the_current_status_comes_first_and_each_version_after(
    services: Services, story: Story
) -> None:
    await story.record(*story.begun)
    async with (
        serving(services) as url,
        httpx2.AsyncClient(base_url=url) as client,
        client.stream("GET", STREAM.format(story.id)) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        sent = messages(answer)
        first = await anext(sent)
        assert (first.event, first.id, first.data["status"]) == ("status", 4, "running")
        await story.record(story.line(0), story.line(1), story.line(2), story.ended)
        rest = [message async for message in sent]
    assert [message.id for message in rest] == [5, 6, 7, 8]
    assert rest[-1].data["status"] == "completed"
    assert rest[-1].data["progress"] == 100


async def test_given_events_are_included_then_each_precedes_its_status_and_only_the_status_carries_the_id(
    client: httpx2.AsyncClient, story: Story
) -> None:
    await story.record(*story.begun, story.line(0), story.ended)
    sent = await take(client, STREAM.format(story.id), params={"include": "events"})
    assert [message.event for message in sent] == ["recorded", "status"] * 6
    assert [message.id for message in sent] == [None, 1, None, 2, None, 3, None, 4, None, 5, None, 6]
    assert versions(sent) == versions(sent, "recorded") == [1, 2, 3, 4, 5, 6]
    history = (await client.get(f"/api/jobs/{story.id}/events")).json()
    assert [message.data for message in sent if message.event == "recorded"] == history


async def test_given_a_client_that_resumes_then_nothing_is_missing_or_doubled_and_the_header_wins(
    client: httpx2.AsyncClient, story: Story
) -> None:
    await story.record(*story.begun, story.line(0), story.ended)
    address = STREAM.format(story.id)
    assert versions(await take(client, address, params={"after": 0})) == [1, 2, 3, 4, 5, 6]
    assert versions(await take(client, address, params={"after": 3})) == [4, 5, 6]
    headers = {"Last-Event-ID": "5"}
    assert versions(await take(client, address, params={"after": 3}, headers=headers)) == [6]


async def test_given_all_was_delivered_when_asked_again_then_204(client: httpx2.AsyncClient, story: Story) -> None:
    await story.record(*story.begun, story.ended)
    address = STREAM.format(story.id)
    assert (await client.get(address, params={"after": 5})).status_code == 204
    assert (await client.get(address, headers={"Last-Event-ID": "9"})).status_code == 204
    assert versions(await take(client, address, params={"after": 4})) == [5]
    assert versions(await take(client, address)) == [5]


async def test_given_a_failed_job_that_is_retried_then_it_streams_again(
    client: httpx2.AsyncClient, story: Story
) -> None:
    await story.record(*story.begun, JobFailed(stage="speak_line", item="0", reason="The engine is gone."))
    address = STREAM.format(story.id)
    failed = await take(client, address, params={"after": 4})
    assert (versions(failed), failed[0].data["error"]) == ([5], "The engine is gone.")
    assert (await client.get(address, params={"after": 5})).status_code == 204
    await story.record(JobRetried(), story.line(0), story.ended)
    assert versions(await take(client, address, params={"after": 5})) == [6, 7, 8]


async def test_given_an_ended_job_when_something_is_added_then_a_resuming_client_gets_it(
    client: httpx2.AsyncClient, story: Story
) -> None:
    await story.record(*story.begun, story.ended, FeedbackGiven(rating=5))
    sent = await take(client, STREAM.format(story.id), params={"after": 5})
    assert [(message.id, message.data["status"]) for message in sent] == [(6, "completed")]


async def test_given_a_server_that_is_restarted_when_a_client_resumes_then_it_sees_every_version_once(
    opened: Opened,
) -> None:
    seen: list[int] = []

    async def listen(url: str, count: int) -> None:
        async with httpx2.AsyncClient(base_url=url) as client:
            params = {"after": seen[-1] if seen else 0}
            seen.extend(versions(await take(client, STREAM.format(story.id), count, params=params)))

    async with opened("web") as services, serving(services) as url:
        story = Story(services, await services.commands.submit("Once upon a time."))
        await story.record(*story.begun)
        await listen(url, 3)
    async with opened("web") as services, serving(services) as url:
        story = Story(services, story.id)
        listening = asyncio.create_task(listen(url, 3))
        await story.record(story.line(0), story.line(1), story.line(2))
        await listening
    async with opened("web") as services, serving(services) as url:
        await Story(services, story.id).record(story.ended)
        await listen(url, 100)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_given_many_listeners_when_events_arrive_then_all_get_the_same_bytes_and_the_channel_goes_with_them(
    services: Services, story: Story
) -> None:
    await story.record(*story.begun)
    shared = Broadcaster(services.feed, services.store)
    listeners = [Listener() for _ in range(200)]
    listening = [asyncio.create_task(one.listen(shared, story.id, 0, with_events=True)) for one in listeners]
    await asyncio.gather(*(one.until(4) for one in listeners))
    assert shared.watched == 1
    await story.record(story.line(0), story.line(1), story.ended)
    await asyncio.gather(*listening)
    assert len({one.received for one in listeners}) == 1
    heard = listeners[0].received
    assert heard.count(b"event: recorded\n") == heard.count(b"event: status\n") == 7
    assert shared.watched == 0
    await shared.close()


async def test_given_a_channel_that_keeps_little_when_a_client_is_far_behind_then_it_reads_the_log(
    services: Services, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "KEPT_BYTES", 1)
    monkeypatch.setattr(channel, "PAGE", 3)
    await story.record(*story.begun, *(story.line(number % 3) for number in range(10)))
    shared = Broadcaster(services.feed, services.store)
    listener = Listener()
    listening = asyncio.create_task(listener.listen(shared, story.id, 2))
    await listener.until(14)
    await story.record(story.ended)
    await listening
    assert listener.versions == list(range(3, 16))
    await shared.close()


async def test_given_too_many_streams_of_one_address_when_one_more_is_asked_for_then_429(
    opened: Opened, services: Services, story: Story
) -> None:
    services.settings.max_streams_per_address = 2
    address = STREAM.format(story.id)
    async with serving(services) as url, httpx2.AsyncClient(base_url=url) as client:
        async with client.stream("GET", address) as one, client.stream("GET", address) as two:
            assert one.status_code == two.status_code == 200
            refused = await client.get(address)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert "narratix_streams 2.0" in (await client.get("/metrics")).text
        while "narratix_streams 0.0" not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.05)
        assert len(await take(client, address, 1)) == 1


async def test_given_an_unknown_job_when_its_stream_is_asked_for_then_404(client: httpx2.AsyncClient) -> None:
    answer = await client.get(STREAM.format("3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_given_a_wrong_cursor_then_422_names_it(client: httpx2.AsyncClient, story: Story) -> None:
    answer = await client.get(STREAM.format(story.id), params={"after": "x"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["after"]


async def test_given_head_when_asked_for_a_stream_then_headers_come_and_nothing_stays_open(
    services: Services, story: Story
) -> None:
    async with client_of(services) as client:
        answer = await client.head(STREAM.format(story.id))
        assert (answer.status_code, answer.content) == (200, b"")
        assert "narratix_streams 0.0" in (await client.get("/metrics")).text
