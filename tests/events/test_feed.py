"""The feed: nothing skipped, nothing twice, whatever breaks; and nothing asked while nothing happens."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from narratix.app import connection_pool
from narratix.events.codec import Damaged, Unknown
from narratix.events.feed import Feed, NotificationsLost
from narratix.events.store import EventStore, Recorded
from tests.chaos.pooler import PROGRAM, pgbouncer
from tests.events.following import CUT, Connect, append, record_raw, started, take


@pytest.fixture
def quick_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narratix.events.feed.POLL_SECONDS", 0.02)


@pytest.fixture
async def feed(store: EventStore, connect: Connect) -> AsyncIterator[Feed]:
    async with started(Feed(store, connect)) as feed:
        yield feed


async def test_given_a_follower_when_events_are_appended_then_each_arrives_once_and_in_order(
    feed: Feed, store: EventStore
) -> None:
    following = asyncio.create_task(take(feed, 0, 50))
    await asyncio.gather(*(append(store) for _ in range(50)))
    assert await following == list(range(1, 51))


async def test_given_a_follower_that_is_far_behind_when_it_reads_then_the_log_fills_in_what_memory_has_not(
    store: EventStore, connect: Connect
) -> None:
    for _ in range(5):
        await append(store)
    async with started(Feed(store, connect)) as feed:  # begins at the end of the log
        await append(store)
        assert await take(feed, 0, 6) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("bound", ["KEPT", "KEPT_CHARACTERS"])
async def test_given_more_events_than_memory_keeps_when_somebody_is_slow_then_it_misses_nothing_and_delays_nobody(
    feed: Feed, store: EventStore, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(f"narratix.events.feed.{bound}", 4)

    async def slow() -> list[int]:
        positions: list[int] = []
        async for events in feed.follow(0, limit=3):
            await asyncio.sleep(0.05)
            positions += [event.position for event in events]
            if len(positions) >= 40:
                break
        return positions

    slowly = asyncio.create_task(slow())
    quickly = asyncio.create_task(take(feed, 0, 40))
    for _ in range(40):
        await append(store)
    assert await quickly == list(range(1, 41))
    assert not slowly.done()
    assert await slowly == list(range(1, 41))


async def test_given_a_listener_cut_again_and_again_when_events_keep_coming_then_none_is_missed_and_none_comes_twice(
    store: EventStore, pool: asyncpg.Pool, dsn: str
) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings={"application_name": "listener"})

    async def cut() -> int:
        count = 0
        while True:
            await asyncio.sleep(0.15)
            count += len(await pool.fetch(CUT, "listener"))
            if count >= 12:
                return count

    async with started(Feed(store, connect)) as feed:
        following = [asyncio.create_task(take(feed, 0, 400)) for _ in range(3)]
        cutting = asyncio.create_task(cut())
        for _ in range(200):
            await asyncio.gather(append(store), append(store))
            await asyncio.sleep(0.01)
        assert await cutting >= 12
        for positions in following:
            assert await positions == list(range(1, 401))


async def test_given_a_listener_cut_during_its_probe_when_nothing_else_wakes_the_feed_then_it_listens_anew(
    store: EventStore, dsn: str
) -> None:
    opened: list[asyncpg.Connection] = []

    async def connect() -> asyncpg.Connection:
        opened.append(await asyncpg.connect(dsn))
        if len(opened) == 2:  # the probe's: it ends the listener, whose farewell arrives before the probe's hint
            [listener, other] = opened
            await other.execute("select pg_terminate_backend($1)", listener.get_server_pid())
            while not listener.is_closed():
                await asyncio.sleep(0.01)
        return opened[-1]

    async with started(Feed(store, connect)) as feed:
        await append(store)
        async with asyncio.timeout(60):
            assert await take(feed, 0, 1) == [1]


async def test_given_a_feed_without_news_when_time_passes_then_it_asks_the_database_nothing(
    quick_to_look: None, feed: Feed, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(store)
    await take(feed, 0, 1)
    await asyncio.sleep(0.05)
    asked, open_work = 0, False
    read_all = store.read_all

    async def counted(*, after: int = 0, limit: int = 1000) -> list[Recorded]:
        nonlocal asked
        asked += 1
        return await read_all(after=after, limit=limit)

    monkeypatch.setattr(store, "read_all", counted)
    feed.poll_while(lambda: open_work)
    await asyncio.sleep(0.3)
    assert asked == 0

    open_work = True
    await asyncio.sleep(0.3)
    assert asked >= 3


async def test_given_a_lost_hint_when_work_is_open_then_the_event_is_found_all_the_same(
    quick_to_look: None, feed: Feed, pool: asyncpg.Pool
) -> None:
    feed.poll_while(lambda: True)
    following = asyncio.create_task(take(feed, 0, 1))
    await pool.execute(
        """
        insert into events (position, event_id, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
        values (1, gen_random_uuid(), gen_random_uuid(), 1, 'FeedbackGiven', 1, '{"rating":5,"comment":""}', '{}', now(), '')
        """
    )
    assert await following == [1]


async def test_given_events_of_a_newer_release_and_damaged_ones_when_the_feed_meets_them_then_it_carries_both(
    feed: Feed, store: EventStore, pool: asyncpg.Pool
) -> None:
    await record_raw(pool, "DramaTranslated", '{"language":"fr"}')
    await record_raw(pool, "JobCancelled", '{"why":"later"}', schema_version=99)
    await record_raw(pool, "LineSpoken", '{"line":"many"}')
    await append(store)
    await take(feed, 0, 4)
    translated, newer, damaged, sound = await feed.next_batch(0)

    assert translated.data == Unknown(type="DramaTranslated", data={"language": "fr"})
    assert newer.data == Unknown(type="JobCancelled", data={"why": "later"})
    assert isinstance(damaged.data, Damaged)
    assert "LineSpoken" in damaged.data.problem
    assert damaged.raw == '{"line":"many"}'
    assert sound.position == 4


async def test_given_a_pooler_that_drops_listen_when_the_feed_starts_then_it_says_so_and_polls(
    store: EventStore, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hard(asyncpg.Connection):  # type: ignore[misc]
        async def add_listener(self, *_: object) -> None:
            """Hard of hearing: what LISTEN through a transaction pooler comes to."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, connection_class=Hard)

    monkeypatch.setattr("narratix.events.feed.PROBE_SECONDS", 0.2)
    feed = Feed(store, connect)
    with pytest.raises(NotificationsLost, match="direct address"):
        async with feed._listening():
            pass
    async with started(feed):
        following = asyncio.create_task(take(feed, 0, 1))
        await append(store)
        assert await following == [1]
        assert not feed.connected
        assert "direct address" in feed.deaf


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
async def test_given_pgbouncer_in_transaction_mode_when_only_it_is_known_then_the_feed_says_so_and_misses_nothing(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratix.events.feed.PROBE_SECONDS", 0.5)
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narratix-")))
        home.chmod(0o755)  # or, as root, the pooler's user could not enter
        pooled = stack.enter_context(pgbouncer(dsn, home))
        async with connection_pool(pooled, pooled=True) as pool:
            store = EventStore(pool)
            async with started(Feed(store, lambda: asyncpg.connect(pooled, statement_cache_size=0))) as feed:
                following = asyncio.create_task(take(feed, 0, 20))
                for _ in range(20):
                    await append(store)
                assert await following == list(range(1, 21))
                deaf = feed.deaf
            await store.close()
    assert "direct address" in deaf
