"""From a job's end to a receiver that believes it: at least once, in spite of whatever fails, and never in a drama's way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
import pytest

from narratix.commands import KeyReused
from narratix.events.catalogue import DramaExpired, Event, JobCompleted, JobFailed
from narratix.events.store import EventStore, NewEvent
from narratix.providers.calls import CALLS
from narratix.services import Services
from narratix.signing import webhook_secrets
from narratix.webhooks.deliveries import (
    NoSuchDelivery,
    NotRevived,
    Postman,
    Targets,
    dead,
    deliver_again,
    message_id,
)
from narratix.webhooks.outbound import Outbound
from narratix.webhooks.sending import Deliverer
from narratix.webhooks.signing import secret_of, written
from tests.core.built import submitted
from tests.web.web_site import TEXT, client_of
from tests.webhooks.receiver import SECRET, Receiver, receiver

SHORT = (0.01, 0.01, 0.01)
COMPLETED = JobCompleted(duration=12.5)
FAILED = JobFailed(stage="write_script", item="", reason="There is nothing to read aloud.")


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as there:
        yield there


@dataclass
class Leading:
    elected: bool = True


@dataclass
class Post:
    """A postman and deliverers over one database, worked by hand."""

    pool: asyncpg.Pool
    store: EventStore
    there: Receiver
    leading: Leading = field(default_factory=Leading)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def deliverer(self, **choices: Any) -> Deliverer:
        given: dict[str, Any] = {
            "service_url": "",
            "service_secrets": [],
            "secrets_of": lambda _actor: [secret_of(SECRET)],
            "leader": self.leading,
            "news": self.news,
            "pauses": SHORT,
        }
        return Deliverer(self.pool, Outbound(strict=False, deadline=2.0), **{**given, **choices})

    async def tell(self, job_id: uuid.UUID, *events: Event, service: bool = False) -> list[uuid.UUID]:
        """Record the events and let the postman take them, as the subscription does; their ids."""
        ids = [uuid.uuid4() for _ in events]
        await self.store.append([NewEvent(job_id, event, id) for event, id in zip(events, ids, strict=True)])
        recorded = [event for event in await self.store.read(job_id) if event.event_id in ids]
        postman = Postman(service=service, public_url="https://narratix.example", wake=self.news.set)
        async with self.pool.acquire() as connection, connection.transaction():
            await postman.handle(connection, recorded)
        postman.done()
        return ids

    async def ended(self, *events: Event, service: bool = False, url: str = "/hook") -> tuple[uuid.UUID, uuid.UUID]:
        """A job with a webhook that has ended: its id, and the last event's."""
        job_id = uuid.uuid4()
        await Targets(self.pool).name(job_id, "key:1", self.there.url + url)
        ids = await self.tell(job_id, submitted(), *(events or (COMPLETED,)), service=service)
        return job_id, ids[-1]

    async def rows(self, columns: str = "state, attempt, status, reason") -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(f"select {columns} from webhook_deliveries order by id")]

    async def until(self, *states: str) -> None:
        async with asyncio.timeout(30):
            while [row[0] for row in await self.rows("state")] != list(states):
                await asyncio.sleep(0.02)


@pytest.fixture
def post(pool: asyncpg.Pool, store: EventStore, there: Receiver) -> Post:
    return Post(pool, store, there)


@contextlib.asynccontextmanager
async def running(*deliverers: Deliverer) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(deliverer.run()) for deliverer in deliverers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def targets(pool: asyncpg.Pool) -> int:
    count: int = await pool.fetchval("select count(*) from webhook_targets")
    return count


# -- what is told ------------------------------------------------------------------------------


async def test_given_a_job_that_completes_then_its_webhook_is_told_once_and_forgotten(post: Post) -> None:
    job_id, event_id = await post.ended()
    async with running(post.deliverer()):
        await post.until("delivered")

    [(id, message)] = post.there.heard
    assert id == message_id(event_id)
    assert message["type"] == "job.completed"
    assert message["data"] == {
        "job_id": str(job_id),
        "version": 2,
        "status": "completed",
        "duration_seconds": 12.5,
        "links": {
            "status": f"https://narratix.example/api/demo/status/{job_id}",
            "result": f"https://narratix.example/api/demo/result/{job_id}",
        },
    }
    assert await targets(post.pool) == 0


async def test_given_a_job_that_fails_and_then_completes_then_both_ends_are_told(post: Post) -> None:
    job_id, _ = await post.ended(FAILED)
    async with running(post.deliverer()):
        await post.until("delivered")
        assert await targets(post.pool) == 1  # it may be retried
        await post.tell(job_id, COMPLETED)
        post.news.set()
        await post.until("delivered", "delivered")

    assert [message["type"] for _, message in post.there.heard] == ["job.failed", "job.completed"]
    assert post.there.heard[0][1]["data"]["error"] == FAILED.reason
    assert len({id for id, _ in post.there.heard}) == 2


async def test_given_a_webhook_of_the_service_then_it_is_told_of_every_job_with_its_own_secret(post: Post) -> None:
    await post.tell(uuid.uuid4(), submitted(), COMPLETED, service=True)
    await post.tell(uuid.uuid4(), submitted(), FAILED, service=True)
    async with running(post.deliverer(service_url=f"{post.there.url}/hook", service_secrets=[secret_of(SECRET)])):
        await post.until("delivered", "delivered")
    assert {message["type"] for _, message in post.there.heard} == {"job.completed", "job.failed"}


async def test_given_a_job_without_a_webhook_then_nobody_is_told(post: Post) -> None:
    await post.tell(uuid.uuid4(), submitted(), COMPLETED)
    assert await post.rows() == []
    assert not post.news.is_set()


async def test_given_an_event_that_is_taken_twice_then_there_is_one_delivery(post: Post) -> None:
    job_id, _ = await post.ended()
    postman = Postman(service=False, public_url="", wake=lambda: None)
    async with post.pool.acquire() as connection, connection.transaction():
        await postman.handle(connection, await post.store.read(job_id))
    assert len(await post.rows()) == 1


async def test_given_a_drama_that_expires_then_address_and_deliveries_are_deleted(post: Post) -> None:
    job_id, _ = await post.ended(FAILED)
    await post.tell(job_id, DramaExpired())
    assert (await post.rows(), await targets(post.pool)) == ([], 0)


# -- what can go wrong -------------------------------------------------------------------------


async def test_given_a_receiver_that_fails_then_the_same_bytes_come_again_under_the_same_id(post: Post) -> None:
    await post.ended()
    post.there.answers = [500, 503, "redirect"]
    async with running(post.deliverer()):
        await post.until("delivered")

    assert len(post.there.heard) == 4
    assert len({id for id, _ in post.there.heard}) == 1
    assert len(set(post.there.bodies)) == 1
    assert await post.rows() == [("delivered", 4, 204, None)]


async def test_given_a_receiver_that_never_takes_it_then_it_is_dead_after_all_attempts_and_says_why(
    post: Post,
) -> None:
    await post.ended()
    post.there.answers = [500] * 9
    before = sum(figures.calls for called, figures in CALLS.figures().items() if called.provider == "webhook")
    async with running(post.deliverer()):
        await post.until("dead")

    assert await post.rows() == [("dead", len(SHORT) + 1, 500, "It answered 500.")]
    assert len(post.there.heard) == len(SHORT) + 1
    after = sum(figures.calls for called, figures in CALLS.figures().items() if called.provider == "webhook")
    assert after - before == len(SHORT) + 1


@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [([410], "dead", "410"), (["stall"], "waiting", "no answer within"), ([401], "waiting", "401")],
)
async def test_given_an_answer_then_it_is_known_whether_to_come_again(
    post: Post, answers: list[int | str], state: str, reason: str
) -> None:
    await post.ended()
    post.there.answers = answers
    deliverer = post.deliverer()
    deliverer._outbound = Outbound(strict=False, deadline=0.3)
    [delivery] = await deliverer.claim(1)
    outcome = await deliverer.send(delivery)
    await deliverer._outbound.close()

    assert outcome.state == state
    assert reason in (outcome.reason or "")


async def test_given_a_receiver_that_asks_to_wait_then_it_is_waited_but_not_for_ever(post: Post) -> None:
    await post.ended()
    post.there.answers, post.there.headers = [429, 429], {"Retry-After": "120"}
    deliverer = post.deliverer(pauses=(5.0, 600.0))
    [delivery] = await deliverer.claim(1)
    assert (await deliverer.send(delivery)).pause == 120.0
    post.there.headers = {"Retry-After": "999999"}
    assert (await deliverer.send(delivery)).pause == 600.0
    await deliverer._outbound.close()


async def test_given_a_private_address_outside_development_then_it_is_dead_at_once_and_nobody_was_called(
    post: Post,
) -> None:
    await post.ended()
    await post.pool.execute("update webhook_targets set url = $1", f"https://127.0.0.1:{post.there.port}/hook")
    deliverer = post.deliverer()
    deliverer._outbound = Outbound(strict=True)
    async with running(deliverer):
        await post.until("dead")
    assert "public internet" in (await post.rows())[0][3]
    assert post.there.hosts == []


async def test_given_a_process_that_dies_while_it_sends_then_another_sends_it_again_and_the_dead_one_changes_nothing(
    post: Post,
) -> None:
    await post.ended()
    first, second = post.deliverer(), post.deliverer()
    [lost] = await first.claim(1)
    outcome = await first.send(lost)
    assert await second.claim(1) == []  # it is leased
    await post.pool.execute("update webhook_deliveries set lease_until = now() - interval '1 second'")
    [taken] = await second.claim(1)

    assert not await first.settle(lost, outcome)
    assert await post.rows("state") == [("sending",)]
    assert await second.settle(taken, await second.send(taken))
    assert len({id for id, _ in post.there.heard}) == 1
    assert await post.rows("state, attempt") == [("delivered", 2)]
    for deliverer in (first, second):
        await deliverer._outbound.close()


async def test_given_a_process_that_does_not_lead_then_it_sends_nothing_until_it_does(post: Post) -> None:
    await post.ended()
    post.leading.elected = False
    async with running(post.deliverer()):
        post.news.set()
        await asyncio.sleep(0.1)
        assert post.there.heard == []
        post.leading.elected = True
        await post.until("delivered")


async def test_given_deliverers_of_several_processes_then_each_message_is_sent_once(post: Post) -> None:
    for _ in range(24):
        await post.ended()
    async with running(*(post.deliverer() for _ in range(3))):
        await post.until(*["delivered"] * 24)
    assert len(post.there.heard) == 24


async def test_given_a_dead_receiver_then_the_others_are_told_meanwhile(post: Post) -> None:
    await post.ended(url="/nowhere")
    await post.ended()
    async with running(post.deliverer(pauses=(3600.0,))):
        await post.until("waiting", "delivered")


# -- what was given up, and is taken up again --------------------------------------------------


async def given_up(post: Post) -> int:
    """A delivery that is dead, since its receiver was gone; its number."""
    await post.ended(FAILED)
    post.there.answers = [410]
    async with running(post.deliverer()):
        await post.until("dead")
    [(id,)] = await post.rows("id")
    return int(id)


async def test_given_a_dead_delivery_when_it_is_revived_then_the_same_message_comes_again_with_all_its_attempts(
    post: Post,
) -> None:
    id = await given_up(post)
    assert list(await dead(post.pool)) == [id]
    post.there.answers = [500, 500]
    await deliver_again(post.pool, id, service=False)
    async with running(post.deliverer()):
        await post.until("delivered")

    assert len({id for id, _ in post.there.heard}) == 1
    assert len(set(post.there.bodies)) == 1
    assert await post.rows() == [("delivered", 3, 204, None)]
    assert list(await dead(post.pool)) == []


async def test_given_a_delivery_that_is_not_dead_or_is_none_or_whose_address_is_forgotten_then_it_is_not_revived(
    post: Post,
) -> None:
    id = await given_up(post)
    with pytest.raises(NoSuchDelivery):
        await deliver_again(post.pool, id + 1, service=False)
    await post.pool.execute("delete from webhook_targets")
    with pytest.raises(NotRevived, match="Nobody is named any more"):
        await deliver_again(post.pool, id, service=True)
    await post.pool.execute("update webhook_deliveries set target = 'service'")
    with pytest.raises(NotRevived, match="Nobody is named any more"):
        await deliver_again(post.pool, id, service=False)
    await deliver_again(post.pool, id, service=True)
    with pytest.raises(NotRevived, match="is not dead but waiting"):
        await deliver_again(post.pool, id, service=True)


async def test_given_an_end_that_came_in_an_archive_then_nobody_is_told_of_it(post: Post) -> None:
    job_id, restored = uuid.uuid4(), '{"restored":{"position":7}}'
    await Targets(post.pool).name(job_id, "key:1", post.there.url + "/hook")
    for event in (submitted(), FAILED):
        await post.store.append([NewEvent(job_id, event, uuid.uuid4())])
    postman = Postman(service=True, public_url="", wake=post.news.set)
    async with post.pool.acquire() as connection, connection.transaction():
        past = [msgspec.structs.replace(event, metadata=restored) for event in await post.store.read(job_id)]
        await postman.handle(connection, past)
    postman.done()
    assert (await post.rows(), post.news.is_set()) == ([], False)

    await post.tell(job_id, COMPLETED, service=True)  # what happens from here on is told
    assert await post.rows("target, type") == [("submitter", "job.completed"), ("service", "job.completed")]


# -- the whole ---------------------------------------------------------------------------------


async def listed(narratix: Services, job_id: uuid.UUID) -> Sequence[dict[str, Any]]:
    async with client_of(narratix) as client:
        answer = await client.get("/api/webhooks/deliveries", params={"job_id": str(job_id)})
    entries: list[dict[str, Any]] = answer.json()["deliveries"]
    return entries


async def test_given_a_story_with_a_webhook_then_its_end_is_told_and_no_event_holds_the_address(
    narratix: Services, there: Receiver
) -> None:
    address = f"{there.url}/hook?token=hunter2"
    async with client_of(narratix) as client:
        there.secret = (await client.get("/api/webhooks/secret")).json()["secret"]
        answer = await client.post("/api/demo/submit", json={"text": TEXT, "webhook": address})
    job_id = uuid.UUID(answer.json()["job_id"])
    await there.until(1)

    assert there.heard[0][1]["data"]["job_id"] == str(job_id)
    assert there.forged == 0
    async with asyncio.timeout(30):
        while (entries := await listed(narratix, job_id))[0]["state"] != "delivered":
            await asyncio.sleep(0.02)
    history = "".join(event.raw + event.metadata for event in await narratix.store.read(job_id))
    assert "hunter2" not in history + json.dumps(entries)
    assert (entries[0]["type"], entries[0]["status"]) == ("job.completed", 204)


async def test_given_a_receiver_that_is_down_then_the_drama_is_finished_all_the_same(
    narratix: Services, there: Receiver
) -> None:
    there.answers = ["stall"]
    there.secret = written(webhook_secrets(narratix.settings, "anonymous")[0])
    job_id = await narratix.commands.submit(TEXT, webhook=f"{there.url}/hook")
    await there.until(1)  # it hangs now
    assert (await narratix.commands.load(job_id)).status == "completed"
    again = await narratix.commands.submit(TEXT + " Again.")
    async with asyncio.timeout(30):
        while (await narratix.commands.load(again)).status != "completed":
            await asyncio.sleep(0.05)
    assert (await listed(narratix, job_id))[0]["state"] == "sending"


async def test_given_the_same_idempotency_key_with_another_webhook_then_it_is_refused(narratix: Services) -> None:
    first = await narratix.commands.submit(TEXT, idempotency_key="1", webhook="http://127.0.0.1:9/a")
    assert await narratix.commands.submit(TEXT, idempotency_key="1", webhook="http://127.0.0.1:9/a") == first
    with pytest.raises(KeyReused, match="another webhook"):
        await narratix.commands.submit(TEXT, idempotency_key="1", webhook="http://127.0.0.1:9/b")
