"""Feed, subscriptions and rebuilds against a sentence: every event's effect is there once, in order, up to the checkpoint.

A read model that keeps the positions it was shown makes that visible. Runners come and go, some of them unelected as
after a freeze, connections are cut, events are poisonous, and builds are made anew and swapped, some after a kill.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from structlog.testing import capture_logs

from narratix.events.catalogue import FeedbackGiven
from narratix.events.feed import Feed
from narratix.events.store import UNREACHABLE, EventStore, NewEvent, Recorded
from narratix.events.subscription import Subscription, Subscriptions
from narratix.projections.builds import resume, skip
from narratix.projections.projection import Projection, Projector, Reader
from narratix.projections.rebuild import RebuildStopped, Rebuilt, rebuild
from narratix.projections.verify import verify
from tests.model.machine import Ground, GroundedMachine, explore, ground

STREAMS: Final = [uuid.UUID(int=number) for number in (1, 2, 3)]

_SERVING: Final = """
select position, error, (select coalesce(json_object_agg(key, row->'positions'), '{}') from shown where build = s.build)
from subscriptions s where name = 'shown' and serving
"""
_CUT: Final = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and query ~* 'listen|pg_notify|advisory'
"""


async def _again(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` sees, by a connection that was not cut just then."""
    while True:
        try:
            return await look()
        except UNREACHABLE:
            await asyncio.sleep(0.01)


class Shown(msgspec.Struct):
    last_at: datetime
    positions: list[int] = []


class Killed(Exception):
    """What a rebuild meets halfway, by our doing."""


class FeedMachine(GroundedMachine):
    """Two processes' worth of feed and runners, one read model."""

    def __init__(self, ground: Ground) -> None:
        self.log: list[uuid.UUID] = []  # whose event stands at position 1, 2, ...
        self.poison: set[int] = set()
        self.passed_over: set[int] = set()
        self.seen: dict[str, list[int]] = {}
        self.runners: dict[str, asyncio.Task[None]] = {}
        self.projection = Projection(
            name="shown",
            code_version=1,
            row=Shown,
            table=sa.Table("shown", sa.MetaData()),
            keys=lambda event: (str(event.stream_id),),
            evolve=self._evolve,
            rank=lambda row: row.last_at,
        )
        super().__init__(ground)

    async def open(self) -> None:
        self.pool = self.ground.pool
        self.store = EventStore(self.pool)
        self.holds.push_async_callback(self.store.close)
        self.feeds = [Feed(self.store, self.ground.connect) for _ in range(2)]
        for feed in self.feeds:
            await feed.start()
            self.holds.push_async_callback(feed.close)
        self.holds.push_async_callback(self._stop_all)

    def _evolve(self, row: Shown | None, event: Recorded, _key: str) -> Shown:
        row = row or Shown(event.recorded_at)
        row.positions.append(event.position)  # in place: what is rolled back must be forgotten
        row.last_at = event.recorded_at
        if event.position in self.poison:
            raise ValueError("this event is poisonous")
        return row

    # -- rules -----------------------------------------------------------------------------

    @rule(streams=st.lists(st.sampled_from(STREAMS), min_size=1, max_size=6), together=st.booleans())
    def append(self, streams: list[uuid.UUID], together: bool) -> None:
        self.run(self._append(streams, together))

    @rule(stream=st.sampled_from(STREAMS), before=st.integers(0, 2), after=st.integers(0, 2))
    def append_poison(self, stream: uuid.UUID, before: int, after: int) -> None:
        self.poison.add(len(self.log) + before + 1)
        self.run(self._append([stream] * (before + 1 + after), True))

    @rule(process=st.integers(0, 1))
    def start_a_runner(self, process: int) -> None:
        runner = Subscriptions([Projector(self.projection)], self.feeds[process], self.pool, self.ground.connect)
        self._start(f"elected {process}", runner)

    @rule(process=st.integers(0, 1))
    def start_an_unelected_runner(self, process: int) -> None:
        self._start(f"unelected {process}", Subscription(Projector(self.projection), self.feeds[process], self.pool))

    @precondition(lambda self: self.runners)
    @rule(number=st.integers(0, 3))
    def stop_a_runner(self, number: int) -> None:
        self.run(self._stop(list(self.runners)[number % len(self.runners)]))

    @rule()
    def cut_listeners_and_elections(self) -> None:
        self.run(_again(partial(self.pool.execute, _CUT)))  # the cut before may have hit this connection, too

    @rule(milliseconds=st.integers(0, 30))
    def let_time_pass(self, milliseconds: int) -> None:
        self.run(asyncio.sleep(milliseconds / 1000))

    @rule(streams=st.lists(st.sampled_from(STREAMS), max_size=5), page=st.integers(1, 10))
    def rebuild(self, streams: list[uuid.UUID], page: int) -> None:
        """While others append."""
        self.run(self._rebuild(streams, page))

    @rule(pages=st.integers(0, 3))
    def rebuild_and_be_killed(self, pages: int) -> None:
        self.run(self._rebuild_until_killed(pages))

    @rule(mended=st.booleans())
    def settle(self, mended: bool) -> None:
        """Everything is taken, or what cannot be taken has stopped it; then somebody mends that, or passes over it."""
        self.run(self._settle())
        if self.poison:
            self.run(self._mend() if mended else self._skip())
            self.run(self._settle())

    @precondition(lambda self: self.log)
    @rule(stream=st.sampled_from(STREAMS))
    def read(self, stream: uuid.UUID) -> None:
        """Nobody who reads twice is shown less the second time."""
        row = self.run(_again(partial(Reader(self.projection, self.pool).get, str(stream))))
        found = row.positions if row else []
        before = self.seen.get(str(stream), [])
        assert found[: len(before)] == before
        self.seen[str(stream)] = found

    # -- what always holds -----------------------------------------------------------------

    @invariant()
    def every_effect_is_there_once_up_to_the_checkpoint(self) -> None:
        self._check(self.run(_again(partial(self.pool.fetchrow, _SERVING))))

    def _check(self, serving: Any) -> None:
        if serving is None:
            return
        position, error, rows = serving
        folded: dict[str, list[int]] = defaultdict(list)
        for place, stream in enumerate(self.log[:position], 1):
            if place not in self.passed_over:
                folded[str(stream)].append(place)
        assert msgspec.json.decode(rows) == folded
        open_poison = self.poison - self.passed_over
        assert not [place for place in open_poison if place <= position]
        assert error is None or position + 1 in open_poison, error

    # -- how it is done --------------------------------------------------------------------

    async def _append(self, streams: list[uuid.UUID], together: bool) -> None:
        events = [NewEvent(stream, FeedbackGiven(rating=1), uuid.uuid4()) for stream in streams]
        self.log += streams
        if together:
            await self.store.append(events)
        else:
            for event in events:
                await self.store.append([event])

    def _start(self, name: str, runner: Subscriptions | Subscription) -> None:
        async def start() -> None:
            if name not in self.runners:
                self.runners[name] = asyncio.create_task(runner.run(), name=name)

        self.run(start())

    async def _stop(self, name: str) -> None:
        task = self.runners.pop(name)
        assert not task.done(), task
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _stop_all(self) -> None:
        for name in list(self.runners):
            await self._stop(name)

    async def _settle(self) -> None:
        if not self.runners:
            runner = Subscriptions([Projector(self.projection)], self.feeds[0], self.pool, self.ground.connect)
            self.runners["elected 0"] = asyncio.create_task(runner.run())
        async with asyncio.timeout(50):
            while (serving := await self.pool.fetchrow(_SERVING)) is None or not (
                serving["error"] or serving["position"] == len(self.log)
            ):
                await asyncio.sleep(0.01)
        self._check(serving)
        if self.poison:
            assert serving["error"], "it passed over a poisonous event"
        else:
            verified = await verify(self.pool, self.store, self.projection, lambda *_: None)
            assert verified.difference is None, verified

    async def _mend(self) -> None:
        self.poison.clear()
        await resume(self.pool, "shown")

    async def _skip(self) -> None:
        """Pass over one event after the other that cannot be taken."""
        while self.poison:
            place = min(self.poison)
            stream = self.log[place - 1]
            self.poison.discard(place)  # it stays poisonous, but is never shown again
            self.passed_over.add(place)
            self.log.append(stream)
            assert await skip(self.pool, self.store, "shown", place, reason="nonsense", actor="test") == stream
            await self._settle()

    async def _rebuild(self, streams: list[uuid.UUID], page: int) -> None:
        if await self.pool.fetchrow(_SERVING) is None:
            return
        try:
            rebuilt, _ = await asyncio.gather(
                rebuild(self.pool, self.store, self.projection, lambda *_: None, page=page),
                self._append(streams, False),
            )
        except RebuildStopped:
            assert self.poison
            return
        assert isinstance(rebuilt, Rebuilt)
        assert rebuilt.position < min(self.poison, default=2**31)

    async def _rebuild_until_killed(self, pages: int) -> None:
        left = pages

        def progress(_done: int, _total: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        if await self.pool.fetchrow(_SERVING) is not None:
            with contextlib.suppress(Killed, RebuildStopped):
                await rebuild(self.pool, self.store, self.projection, progress, page=3)


def test_given_any_history_of_breakdowns_when_a_read_model_is_compared_with_its_log_then_each_event_is_in_it_once(
    postgres: str, template: str, through: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ELECTION_SECONDS", "STOPPED_SECONDS"):
        monkeypatch.setattr(f"narratix.events.subscription.{name}", 0.02)
    monkeypatch.setattr("narratix.projections.rebuild.NEARLY", 2)
    with capture_logs(), ground(postgres, template, through) as given:  # thousands of breakdowns, each with its trace
        given.run(given.pool.execute("create table shown (like library including all)"))
        explore(lambda: FeedMachine(given), examples=8, steps=25)
