"""Anchors: what is signed and believed, and when one is written."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import msgspec
import pytest

from narratix.engines import open_storage
from narratix.events.anchoring import Anchorer, NotAnchored, anchors_in, last_anchors_in
from narratix.events.anchors import Anchor, keyring, sign
from narratix.events.audit import verify
from narratix.events.chain import GENESIS
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.ports import ProviderError
from narratix.providers.storage.directory import DirectoryStorage
from narratix.services import Role, Services
from narratix.settings import Settings
from narratix.signing import anchor_keys
from tests.events.written_log import KEYS, NOON, SECRET, tamper, write

Opened = Callable[[Role], AbstractAsyncContextManager[Services]]


@dataclass
class Led:
    elected: bool = True


@dataclass
class Anchoring:
    """A process that anchors, and what it works with."""

    pool: asyncpg.Pool
    store: EventStore
    feed: Feed
    storage: DirectoryStorage

    def process(self, leader: Led | None = None, seconds: float = 0.05) -> Anchorer:
        return Anchorer(
            pool=self.pool,
            feed=self.feed,
            storage=self.storage,
            keys=KEYS,
            seconds=seconds,
            leader=leader or Led(),
            clock=lambda: NOON,
        )

    async def stored(self, keys: Mapping[str, bytes] = KEYS) -> list[int]:
        return [anchor.position for anchor in (await anchors_in(self.storage, keys)).good]


@pytest.fixture
async def anchoring(pool: asyncpg.Pool, store: EventStore, dsn: str, tmp_path: Path) -> AsyncIterator[Anchoring]:
    feed = Feed(store, lambda: asyncpg.connect(dsn))
    await feed.start()
    yield Anchoring(pool, store, feed, DirectoryStorage(tmp_path / "objects", secret=b"", clock=lambda: 0.0))
    await feed.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


# -- what is signed ----------------------------------------------------------------------------


def test_given_an_anchor_then_its_bytes_are_the_documented_ones() -> None:
    key = hmac.digest(SECRET, b"narratix anchors 1", "sha256")
    anchor = sign(42, hashlib.sha256(b"rolling").digest(), NOON, key)
    assert anchor.stored_as == "anchors/00000000000000000042.json"
    said = f"narratix-anchor-1\n42\n42\n{hashlib.sha256(b'rolling').hexdigest()}\n2026-11-22T12:00:00Z\n"
    assert json.loads(anchor.encoded()) == {
        "position": 42,
        "events": 42,
        "rolling": hashlib.sha256(b"rolling").hexdigest(),
        "time": "2026-11-22T12:00:00Z",
        "key": hashlib.sha256(key).hexdigest()[:16],
        "signature": hmac.new(key, said.encode(), "sha256").hexdigest(),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"position": 5},
        {"events": 3},
        {"rolling": "00" * 32},
        {"time": "2026-11-22T11:59:59Z"},
        {"key": "0123456789abcdef"},
        {"signature": "00" * 32},
        {"signature": "ü"},
        {"further": 1},
        {"time": 7},
    ],
    ids=str,
)
async def test_given_an_anchor_with_any_field_changed_then_it_is_not_believed_and_named(
    anchoring: Anchoring, change: dict[str, object]
) -> None:
    await write(anchoring.store, 4)
    anchor = await anchoring.process().write()
    assert anchor is not None
    changed = msgspec.json.encode({**msgspec.to_builtins(anchor), **change})
    await anchoring.storage.put(anchor.stored_as, changed, "application/json")
    found = await anchors_in(anchoring.storage, KEYS)
    assert found.good == ()
    assert [fault.position for fault in found.faults] == [4]
    assert anchor.stored_as in found.faults[0].what
    verdict = await verify(anchoring.pool, anchors=found)
    assert (verdict.ok, verdict.problem) == (False, found.faults[0])


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'"hello"'])
async def test_given_an_object_that_is_no_anchor_then_it_is_named(anchoring: Anchoring, content: bytes) -> None:
    for name in ("anchors/00000000000000000007.json", "anchors/notes.txt"):
        await anchoring.storage.put(name, content, "application/json")
    found = await anchors_in(anchoring.storage, KEYS)
    assert [fault.position for fault in found.faults] == [7, 0]
    assert (await last_anchors_in(anchoring.storage, KEYS, 100)).faults == found.faults


async def test_given_another_signing_key_then_old_anchors_count_where_it_is_named(anchoring: Anchoring) -> None:
    await write(anchoring.store, 4)
    await anchoring.process().write()
    strange = await anchors_in(anchoring.storage, keyring(b"a new one"))
    assert strange.good == ()
    assert "NARRATIX_FORMER_SIGNING_KEYS" in strange.faults[0].what
    assert await anchoring.stored(keyring(b"a new one", SECRET)) == [4]


# -- when one is written -----------------------------------------------------------------------


async def test_given_a_log_when_anchored_then_it_is_proven_and_anchored_again_only_when_it_grew(
    anchoring: Anchoring,
) -> None:
    process = anchoring.process()
    assert await process.write() is None, "nothing to anchor yet"
    await write(anchoring.store, 5)
    first = await process.write()
    assert isinstance(first, Anchor)
    assert (first.position, first.events, first.time) == (5, 5, "2026-11-22T12:00:00Z")
    assert await process.write() is None
    await write(anchoring.store, 2)
    assert await anchoring.process().write() is not None, "another process goes on from the last one"
    found = await anchors_in(anchoring.storage, KEYS)
    verdict = await verify(anchoring.pool, anchors=found)
    assert (verdict.ok, verdict.anchored, verdict.rolling) == (True, 7, found.good[-1].rolling)
    assert [anchor.position for anchor in (await last_anchors_in(anchoring.storage, KEYS, 6)).good] == [5, 7]


async def test_given_many_processes_at_once_then_no_position_gets_two_different_anchors(anchoring: Anchoring) -> None:
    processes = [anchoring.process() for _ in range(6)]
    for _ in range(5):
        await write(anchoring.store, 3)
        before = {stored.key: await anchoring.storage.get(stored.key) async for stored in anchoring.storage.list("")}
        await asyncio.gather(*(process.write() for process in processes))
        for key, content in before.items():
            assert await anchoring.storage.get(key) == content
    await processes[0].write()
    assert (await anchoring.stored())[-1] == 15
    assert (await verify(anchoring.pool, anchors=await anchors_in(anchoring.storage, KEYS))).ok


async def test_given_an_anchor_at_this_position_that_says_something_else_then_it_stays_and_is_told(
    anchoring: Anchoring,
) -> None:
    await write(anchoring.store, 4)
    process = anchoring.process()
    assert await process.write() is not None
    await write(anchoring.store, 1)
    other = sign(5, GENESIS, NOON, KEYS[next(iter(KEYS))])
    await anchoring.storage.put(other.stored_as, other.encoded(), "application/json")
    with pytest.raises(NotAnchored, match="something else"):
        await process.write()
    assert await anchoring.storage.get(other.stored_as) == other.encoded()


@pytest.mark.parametrize(
    ("change", "said"),
    [("delete from events where position > 2", "end is missing"), ("delete from events where position = 5", "missing")],
)
async def test_given_a_log_that_lost_events_then_it_is_not_anchored(
    anchoring: Anchoring, change: str, said: str
) -> None:
    await write(anchoring.store, 4)
    await anchoring.process().write()
    await write(anchoring.store, 2)
    await tamper(anchoring.pool, change)
    with pytest.raises(NotAnchored, match=said):
        await anchoring.process().write()
    assert await anchoring.stored() == [4]


async def test_given_a_history_rewritten_behind_an_anchor_then_later_anchors_do_not_bless_it(
    anchoring: Anchoring,
) -> None:
    await write(anchoring.store, 4)
    await anchoring.process().write()
    await tamper(anchoring.pool, "update events set hash = sha256('x') where position = 2")
    await write(anchoring.store, 2)
    await anchoring.process().write()
    verdict = await verify(anchoring.pool, anchors=await anchors_in(anchoring.storage, KEYS))
    assert [fault.position for fault in verdict.problems if "anchored" in fault.what] == [1]


async def test_given_a_growing_log_then_the_one_who_leads_anchors_it_and_leaves_an_idle_database_alone(
    anchoring: Anchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    led, waiting = Led(), Led(elected=False)
    leader, other = anchoring.process(led), anchoring.process(waiting)
    running = [asyncio.create_task(one.run()) for one in (leader, other)]

    async def anchored_up_to(position: int) -> bool:
        return (await anchoring.stored())[-1:] == [position]

    for position in (3, 6, 9):
        await write(anchoring.store, 3)
        await until(partial(anchored_up_to, position))

    asked: list[object] = []
    acquire = asyncpg.Pool.acquire

    def counted(*given: object, **options: object) -> object:
        asked.append(given)
        return acquire(*given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Pool, "acquire", counted)
        await asyncio.sleep(0.5)  # ten times the interval
    assert not asked

    led.elected = False
    await write(anchoring.store, 3)
    waiting.elected = True
    await until(lambda: anchored_up_to(12))
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_given_a_shutdown_then_the_one_who_leads_writes_a_last_anchor(anchoring: Anchoring) -> None:
    await write(anchoring.store, 3)
    await anchoring.process(Led(elected=False)).close()
    assert await anchoring.stored() == []
    await anchoring.process().close()
    assert await anchoring.stored() == [3]


async def test_given_storage_that_fails_then_the_service_goes_on_and_anchors_later(
    anchoring: Anchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise ProviderError("The disk is full.")

    await write(anchoring.store, 3)
    with monkeypatch.context() as patch:
        patch.setattr(anchoring.storage, "put", refuse)
        await anchoring.process().close()
    assert await anchoring.stored() == []
    await anchoring.process().close()
    assert await anchoring.stored() == [3]


async def test_given_a_whole_narratix_when_it_is_shut_down_then_its_log_is_anchored(
    opened: Opened, settings: Settings, pool: asyncpg.Pool
) -> None:
    async with opened("all") as services:
        await services.commands.submit("The rain fell.")
        async with asyncio.timeout(20):
            while services.subscriptions is None or not services.subscriptions.elected:
                await asyncio.sleep(0.05)
    storage = open_storage(settings)
    head = await pool.fetchval("select max(position) from events")
    found = await anchors_in(storage, anchor_keys(settings))
    assert [anchor.position for anchor in found.good][-1] == head
    assert (await verify(pool, anchors=found)).anchored == head
    await storage.close()
