"""Routing, claims and reports against a model in memory: whoever claims, falls silent, comes back, fails or finishes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from narratix.claims import Claim
from narratix.events.catalogue import (
    Event,
    JobCancelled,
    JobRetried,
    JobSubmitted,
    LineSpoken,
    Options,
    Usage,
)
from narratix.events.store import EventStore, Fenced, NewEvent
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.router import Router
from narratix.worker import Done, Failed, Outcome, Worker
from tests.model.machine import Ground, GroundedMachine, explore, ground
from tests.model.work_model import ATTEMPTS, LANES, LIMIT, Hand, Jobs, Key, Row

WORKERS: Final = 3
KEPT: Final = 12
"""Claims that are remembered, and reported on, however long they are lost."""

_WORK: Final = "select job_id, item, state, attempt, attempts, owner, lease_until, settled_at from work"
_IN_TURN: Final = """
select coalesce((select max(priority) from work where id = any($2::bigint[]))
                <= (select min(priority) from work where uses = $1 and state = 'ready'), true)
"""
_LEASE_ENDS: Final = "update work set lease_until = now() - interval '1 s' where job_id = $1 and item = $2"
_PAUSE_ENDS: Final = "update work set run_at = now() - interval '1 s' where job_id = $1 and item = $2"

free = st.fixed_dictionaries({}, optional={"nothing": st.integers(1, 3), "speech": st.integers(1, 5)})


async def never(_ports: Ports, _job: Job, _item: str) -> Event:
    raise AssertionError("the machine runs the work by itself")


def stage(lane: str) -> Handler:
    return Handler(
        name=f"test_{lane}",
        uses=lane,  # type: ignore[arg-type]
        wakes_on=(JobSubmitted,),
        items=lambda _job: [item for item, uses in LANES.items() if uses == lane],
        done=lambda job, item: int(item) in job.lines,
        inputs=lambda _job, item: (item,),
        run=never,
        attempts=ATTEMPTS,
        pause=3600.0,
        priority=lambda _job, item: int(item),
    )


class WorkMachine(GroundedMachine):
    """Three workers, whose every step is a rule, and a router that comes when it is called."""

    def __init__(self, ground: Ground) -> None:
        self.model = Jobs()
        self.hands: list[tuple[Hand, Claim]] = []
        self.failures: set[Hand] = set()
        self.routed = 0
        super().__init__(ground)

    async def open(self) -> None:
        self.pool = self.ground.pool
        self.store = EventStore(self.pool)
        self.holds.push_async_callback(self.store.close)
        handlers = [stage("nothing"), stage("speech")]
        self.router = Router(self.store, handlers)
        self.workers = [self._worker(handlers) for _ in range(WORKERS)]

    def _worker(self, handlers: Sequence[Handler]) -> Worker:
        nothing = cast(Any, None)  # it is not asked to listen, nor to run anything
        return Worker(
            pool=self.pool, connect=self.ground.connect, store=EventStore(self.pool), feed=nothing, handlers=handlers,
            ports=nothing, slots={}, limits={"speech": LIMIT}, lease=3600.0,
        )  # fmt: skip

    # -- people ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.history) < 4)
    @rule()
    def submit(self) -> None:
        job = uuid.uuid4()
        self.model.history[job] = []
        self.model.rows |= {(job, item): Row() for item in LANES}
        submitted = JobSubmitted(title="", text_sha256="", text_key="", characters=1, options=Options())
        self._say(job, submitted)

    @precondition(lambda self: self.model.history)
    @rule(number=st.integers(0, 3))
    def cancel_or_retry(self, number: int) -> None:
        job = list(self.model.history)[number % len(self.model.history)]
        self._say(job, JobCancelled() if self.model.status(job) == "active" else JobRetried())

    def _say(self, job: uuid.UUID, event: Event) -> None:
        expected = len(self.model.history[job])
        self.run(self.store.append([NewEvent(job, event, uuid.uuid4(), expected)]))
        self.model.history[job].append(type(event).__name__)

    # -- the router ------------------------------------------------------------------------

    @rule(at_once=st.booleans())
    def route(self, at_once: bool) -> None:
        """Everything that is new, in one batch or event by event."""
        self.run(self._route(at_once))

    async def _route(self, at_once: bool) -> None:
        events = await self.store.read_all(after=self.routed)
        for batch in [events] if at_once else [[event] for event in events]:
            async with self.pool.acquire() as connection, connection.transaction():
                await self.router.handle(connection, batch)
        for event in events:
            said = {
                name.removeprefix("LineSpoken ")
                for name in self.model.history[event.stream_id][: event.version]
                if name.startswith("LineSpoken")
            }
            self.model.route(event.stream_id, event.type, said)
            self.routed = event.position

    @rule()
    def route_again(self) -> None:
        """A router that was killed before its commit, and begins anew with nothing in mind."""
        self.router.forget()

    # -- workers ---------------------------------------------------------------------------

    @rule(worker=st.integers(0, WORKERS - 1), free=free)
    def claim(self, worker: int, free: dict[str, int]) -> None:
        claims = self.run(self._take(worker, free))
        self.model.wake()
        for lane, slots in free.items():
            taken = [claim for claim in claims if claim.uses == lane]
            assert len(taken) == self.model.room(lane, slots)
            assert self.run(self._in_turn(lane, [claim.id for claim in taken]))
        self._have(worker, claims)

    @rule(first=free, second=free)
    def claim_at_once(self, first: dict[str, int], second: dict[str, int]) -> None:
        """Two at once may get less than there is, but never the same, and no more than the limit."""

        async def both() -> list[list[Claim]]:
            return list(await asyncio.gather(self._take(0, first), self._take(1, second)))

        found = self.run(both())
        self.model.wake()
        for worker, claims in enumerate(found):
            self._have(worker, claims)
        running = [key for key, row in self.model.rows.items() if row.state == "running" and LANES[key[1]] == "speech"]
        assert len(running) <= LIMIT

    @rule(worker=st.integers(0, WORKERS - 1))
    def renew(self, worker: int) -> None:
        claims = {claim.id: hand.key for hand, claim in self.hands if hand.worker == self.workers[worker].owner}
        kept = self.run(self.workers[worker]._claims.renew(claims.keys()))
        mine = {
            id for id, key in claims.items()
            if (self.model.rows[key].state, self.model.rows[key].owner) == ("running", self.workers[worker].owner)
        }  # fmt: skip
        assert kept == mine
        for id in mine:
            self.model.rows[claims[id]].over = False

    @rule(worker=st.integers(0, WORKERS - 1), every=st.integers(1, 3))
    def release(self, worker: int, every: int) -> None:
        claims = {claim.id: hand.key for hand, claim in self.hands[::every]}
        self.run(self.workers[worker]._claims.release(claims.keys()))
        for key in claims.values():
            self.model.release(key, self.workers[worker].owner)

    @precondition(lambda self: self.hands)
    @rule(number=st.integers(0, KEPT - 1))
    def finish(self, number: int) -> None:
        """With a claim that is held, or was lost long ago."""
        hand, claim = self.hands[number % len(self.hands)]
        item = int(hand.key[1])
        usage = Usage(provider="test", model="test")
        line = LineSpoken(line=item, clip_key="clip", duration=1.0, words=(), energies=(), usage=usage)
        self._report(hand, claim, Done(line), lambda: self.model.finish(hand))

    @precondition(lambda self: self.hands)
    @rule(number=st.integers(0, KEPT - 1), permanent=st.booleans())
    def fail(self, number: int, permanent: bool) -> None:
        hand, claim = self.hands[number % len(self.hands)]
        self._report(hand, claim, Failed("It broke.", permanent), lambda: self.model.fail(hand, permanent))

    def _report(self, hand: Hand, claim: Claim, outcome: Outcome, meant: Callable[[], bool]) -> None:
        worker = next(worker for worker in self.workers if worker.owner == hand.worker)
        said = self.model.said(hand.key) if isinstance(outcome, Done) else hand in self.failures
        try:
            self.run(worker._settle(claim, outcome))
        except Fenced:
            assert not meant(), "a report of work that is held was refused"
        else:
            # a repetition is harmless, and is told so
            assert meant() or said, "a report of work that is lost was accepted"
            if isinstance(outcome, Failed):
                self.failures.add(hand)

    @precondition(lambda self: self.model.rows)
    @rule(number=st.integers(0, 100))
    def time_passes(self, number: int) -> None:
        """For one lease, or one pause."""
        rows = [(key, row) for key, row in self.model.rows.items() if row.state in ("running", "waiting")]
        if rows:
            key, row = rows[number % len(rows)]
            self.run(self.pool.execute(_LEASE_ENDS if row.state == "running" else _PAUSE_ENDS, *key))
            row.over = True

    # -- what always holds -----------------------------------------------------------------

    @invariant()
    def the_work_is_the_model(self) -> None:
        rows = {(row["job_id"], row["item"]): row for row in self.run(self.pool.fetch(_WORK))}
        for key, meant in self.model.rows.items():
            if (row := rows.get(key)) is None:
                assert (meant.state, meant.attempt) == ("cancelled", 0)
                continue
            assert (row["state"], row["attempt"], row["owner"]) == (meant.state, meant.attempt, meant.owner), key
            assert row["attempts"] == meant.attempts
            assert (row["lease_until"] is None) == (row["state"] != "running")
            assert (row["settled_at"] is None) == (row["state"] in ("ready", "waiting", "running"))

    @invariant()
    def the_histories_are_the_model(self) -> None:
        found: dict[uuid.UUID, list[str]] = {job: [] for job in self.model.history}
        for event in self.run(self.store.read_all(limit=10**6)):
            item = f" {event.data.line}" if isinstance(event.data, LineSpoken) else ""
            found[event.stream_id].append(f"{event.type}{item}")
        assert found == self.model.history

    # -- how it is done --------------------------------------------------------------------

    async def _take(self, worker: int, free: Mapping[str, int]) -> list[Claim]:
        return await self.workers[worker]._claims.take(free)

    async def _in_turn(self, lane: str, taken: list[int]) -> bool:
        """Whether nothing is left in the lane that was before what was taken from it."""
        in_turn: bool = await self.pool.fetchval(_IN_TURN, lane, taken)
        return in_turn

    def _have(self, worker: int, claims: Sequence[Claim]) -> None:
        for claim in claims:
            hand = self.model.take(self._key(claim), self.workers[worker].owner)
            assert (claim.attempt, claim.attempts) == (hand.attempt, hand.attempts)
            self.hands.append((hand, claim))
        del self.hands[:-KEPT]

    def _key(self, claim: Claim) -> Key:
        return claim.job_id, claim.item


def test_given_any_history_of_claims_and_reports_when_it_is_compared_with_a_model_then_nobody_writes_who_lost_the_work(
    postgres: str, template: str, through: str | None
) -> None:
    with ground(postgres, template, through) as given:
        explore(lambda: WorkMachine(given), examples=12, steps=40)
