"""Subscriptions: every event's effect once, one runner at a time, a clear state where one stops."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from narratix.events.catalogue import EventSkipped
from narratix.events.feed import Feed
from narratix.events.store import EventStore, Recorded
from narratix.events.subscription import Subscriptions
from narratix.projections.builds import NotStopped, builds, resume, skip
from tests.events.following import (
    CUT,
    SEEN,
    Connect,
    Idler,
    Recorder,
    append,
    record_raw,
    running,
    seen,
    started,
    until_at,
    until_seen,
    until_stopped,
)


@pytest.fixture
async def feed(store: EventStore, connect: Connect) -> AsyncIterator[Feed]:
    async with started(Feed(store, connect)) as feed:
        yield feed


@pytest.fixture(autouse=True)
async def quick(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await pool.execute(SEEN)
    monkeypatch.setattr("narratix.events.subscription.STOPPED_SECONDS", 0.1)
    monkeypatch.setattr("narratix.events.subscription.ELECTION_SECONDS", 0.2)


async def test_given_two_processes_when_both_subscribe_then_every_event_is_taken_once(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    first, second = (Subscriptions([Recorder()], feed, pool, connect) for _ in range(2))
    async with running(second):
        async with running(first):
            for _ in range(20):
                await append(store)
            await until_seen(pool, 20)
        for _ in range(20):
            await append(store)
        positions = await until_seen(pool, 40)
    assert positions == list(range(1, 41))


async def test_given_both_connections_cut_again_and_again_when_events_come_then_each_is_taken_once(
    store: EventStore, pool: asyncpg.Pool, dsn: str
) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings={"application_name": "cut"})

    async def cut() -> None:
        while True:
            await asyncio.sleep(0.25)
            await pool.fetch(CUT, "cut")

    async with (
        started(Feed(store, connect)) as feed,
        running(Subscriptions([Recorder()], feed, pool, connect)),
        running(Subscriptions([Recorder()], feed, pool, connect)),
    ):
        cutting = asyncio.create_task(cut())
        for _ in range(150):
            await append(store)
            await asyncio.sleep(0.01)
        cutting.cancel()
        assert await until_seen(pool, 150) == list(range(1, 151))


async def test_given_no_election_when_two_run_at_once_then_the_checkpoint_lets_each_event_in_once(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    """Behind a transaction pooler nobody can be elected."""
    feed.deaf = "LISTEN gets nothing here"
    first, second = (Subscriptions([Recorder()], feed, pool, connect) for _ in range(2))
    async with running(first), running(second):
        for _ in range(60):
            await append(store)
            await asyncio.sleep(0.005)
        assert first.elected
        assert second.elected
        assert await until_seen(pool, 60) == list(range(1, 61))


async def test_given_a_standby_when_nothing_happens_then_it_asks_nothing_and_takes_over_when_something_does(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed, dsn: str
) -> None:
    async def standing_by() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings={"application_name": "standby"})

    asked = "select query_start from pg_stat_activity where application_name = 'standby'"
    leader, standby = (
        Subscriptions([Recorder()], feed, pool, connect),
        Subscriptions([Recorder()], feed, pool, standing_by),
    )
    leading = asyncio.create_task(leader.run())
    while not leader.elected:
        await asyncio.sleep(0.02)
    async with running(standby):
        await append(store)
        await until_seen(pool, 1)
        await asyncio.sleep(1.0)
        before = await pool.fetchval(asked)
        await asyncio.sleep(1.0)
        assert await pool.fetchval(asked) == before
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        await append(store)
        assert await until_seen(pool, 2) == [1, 2]
        assert standby.elected


FROZEN = """
import asyncio, sys
import asyncpg
sys.path.insert(0, "")
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriptions
from tests.events.following import Recorder

async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1) as pool:
        feed = Feed(EventStore(pool), lambda: asyncpg.connect(dsn))
        await feed.start()
        await Subscriptions([Recorder()], feed, pool, lambda: asyncpg.connect(dsn)).run()

asyncio.run(main(sys.argv[1]))
"""


async def test_given_a_frozen_leader_when_events_lie_untaken_then_another_takes_its_place_and_it_does_no_harm(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed, dsn: str
) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FROZEN, dsn)
    try:
        await append(store)
        await until_seen(pool, 1)
        os.kill(process.pid, signal.SIGSTOP)
        async with running(Subscriptions([Recorder()], feed, pool, connect, patience=0.5)):
            for _ in range(10):
                await append(store)
            await until_seen(pool, 11)
            os.kill(process.pid, signal.SIGCONT)
            for _ in range(10):
                await append(store)
                await asyncio.sleep(0.05)
            assert await until_seen(pool, 21) == list(range(1, 22))
    finally:
        process.kill()
        await process.wait()


async def test_given_a_slow_subscriber_when_events_come_then_the_others_do_not_wait(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    class Slow(Idler):
        name = "slow"

        async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
            await connection.execute("select pg_sleep(30)")

    async with running(Subscriptions([Slow(), Recorder()], feed, pool, connect)):
        for _ in range(50):
            await append(store)
        assert await until_seen(pool, 50) == list(range(1, 51))
        assert await pool.fetchval("select position from subscriptions where name = 'slow'") == 0


async def test_given_a_pause_when_a_burst_comes_then_it_is_taken_in_few_batches(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    class Patient(Idler):
        name = "patient"
        pause = 0.2
        batches = 0

        async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
            self.batches += 1

    patient = Patient()
    async with running(Subscriptions([patient], feed, pool, connect)):
        for _ in range(100):
            await append(store)
        await until_at(pool, "patient", 100)
    assert patient.batches < 50


async def test_given_rows_of_a_newer_release_when_an_older_one_is_elected_then_it_leaves_them_alone(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    await pool.execute("insert into subscriptions (name, build, code_version, serving) values ('recorder', 1, 2, true)")
    subscriptions = Subscriptions([Recorder(), Idler()], feed, pool, connect)
    async with running(subscriptions):
        await append(store)
        await until_at(pool, "other", 1)
        await asyncio.sleep(0.3)
    assert await seen(pool) == []


async def test_given_a_subscriber_that_does_not_fold_when_its_code_is_newer_then_it_says_so_and_goes_on(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    class Newer(Recorder):
        code_version = 2
        refolds = False

    await pool.execute("insert into subscriptions (name, build, code_version, serving) values ('recorder', 1, 1, true)")
    async with running(Subscriptions([Newer()], feed, pool, connect)):
        await append(store)
        await until_seen(pool, 1)
    assert await pool.fetchval("select code_version from subscriptions where name = 'recorder'") == 2


# -- poison ------------------------------------------------------------------------------------


async def test_given_a_poisonous_event_when_it_is_met_then_that_subscription_alone_stops_and_says_why(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    async with running(Subscriptions([Recorder(poison=3), Idler()], feed, pool, connect)):
        for _ in range(5):
            await append(store)
        assert (
            await until_stopped(pool, "recorder") == "FeedbackGiven at position 3: ValueError: this event is poisonous"
        )
        await until_at(pool, "other", 5)
    assert await pool.fetchval("select position from subscriptions where name = 'recorder'") == 2
    assert await seen(pool) == [1, 2]


async def test_given_a_damaged_event_when_it_is_met_then_who_needs_it_stops_and_what_was_before_is_taken(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    await append(store)
    await record_raw(pool, "LineSpoken", '{"line":"many"}')
    await append(store)
    async with running(Subscriptions([Recorder()], feed, pool, connect)):
        assert "LineSpoken at position 2: Unreadable" in await until_stopped(pool, "recorder")
        assert await seen(pool) == [1]


async def test_given_an_unknown_event_when_it_is_met_then_it_is_taken_like_any_other(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    await record_raw(pool, "DramaTranslated", '{"language":"fr"}')
    await append(store)
    async with running(Subscriptions([Recorder()], feed, pool, connect)):
        assert await until_seen(pool, 2) == [1, 2]


async def test_given_a_stopped_subscription_when_somebody_skips_the_event_then_it_goes_on_and_who_and_why_is_on_record(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    async with running(Subscriptions([Recorder(poison=3)], feed, pool, connect)):
        for _ in range(5):
            await append(store)
        problem = await until_stopped(pool, "recorder")
        job_id = await skip(pool, store, "recorder", 3, reason="a test's own poison", actor="cli:anna")
        assert await until_seen(pool, 6) == [1, 2, 4, 5, 6]

    skipped = (await store.read(job_id))[-1]
    assert skipped.data == EventSkipped(
        subscription="recorder", position=3, reason="a test's own poison", problem=problem
    )
    assert skipped.metadata == '{"actor":"cli:anna"}'
    assert skipped.position == 6


async def test_given_a_decision_to_skip_when_it_is_repeated_after_a_crash_then_it_is_recorded_once(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    for _ in range(2):
        await append(store)
    stopped = "insert into subscriptions values ('recorder', 1, 0, 1, true, 'FeedbackGiven at position 1: x')"
    await pool.execute(stopped)
    await skip(pool, store, "recorder", 1, reason="once", actor="cli:anna")
    await pool.execute("update subscriptions set error = 'FeedbackGiven at position 1: x'")  # as if it had not gone on
    await skip(pool, store, "recorder", 1, reason="twice", actor="cli:anna")

    decisions = [event for event in await store.read_all() if isinstance(event.data, EventSkipped)]
    assert [event.data.reason for event in decisions if isinstance(event.data, EventSkipped)] == ["once"]


async def test_given_mended_code_when_a_stopped_subscription_is_resumed_then_it_takes_everything(
    store: EventStore, pool: asyncpg.Pool, connect: Connect, feed: Feed
) -> None:
    recorder = Recorder(poison=3)
    async with running(Subscriptions([recorder], feed, pool, connect)):
        for _ in range(5):
            await append(store)
        await until_stopped(pool, "recorder")
        [build] = await builds(pool, {})
        assert build.stopped
        assert build.state.startswith("stopped: FeedbackGiven at position 3")
        recorder.poison = None
        assert await resume(pool, "recorder") == 3
        assert await until_seen(pool, 5) == [1, 2, 3, 4, 5]


async def test_given_nothing_stopped_when_somebody_skips_or_resumes_then_it_is_refused_in_a_sentence(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    with pytest.raises(NotStopped, match="There is no subscription called 'recorder'; these are there: none"):
        await resume(pool, "recorder")
    await pool.execute("insert into subscriptions values ('recorder', 1, 0, 1, true, null)")
    with pytest.raises(NotStopped, match="has not stopped"):
        await skip(pool, store, "recorder", 1, reason="x", actor="x")
    await append(store)
    await pool.execute("update subscriptions set error = 'FeedbackGiven at position 1: x'")
    with pytest.raises(NotStopped, match="did not stop at position 7 but at 1: FeedbackGiven"):
        await skip(pool, store, "recorder", 7, reason="x", actor="x")
    assert await pool.fetchval("select count(*) from events") == 1
    assert uuid.UUID(str((await store.read_all())[0].stream_id))
