"""The store against a log in memory: whatever is appended, in whatever order, both must say the same."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import uuid
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from narratix.events.catalogue import Event, FeedbackGiven, JobCancelled, JobRetried
from narratix.events.feed import CHANNEL
from narratix.events.store import Appended, Conflict, EventStore, Fence, Fenced, NewEvent
from tests.model.log_model import Answer, Claimed, Entry, Held, Kind, Log, Request
from tests.model.machine import Ground, GroundedMachine, explore, ground

STREAMS: Final = [uuid.UUID(int=number) for number in (1, 2, 3)]
OWNERS: Final = ["anna", "tom"]

wanted_entries = st.lists(
    st.fixed_dictionaries(
        {
            "event": st.integers(0, 40),
            "stream": st.sampled_from(STREAMS),
            "kind": st.sampled_from(["feedback", "feedback", "feedback", "cancelled", "retried"]),
            "content": st.text(max_size=4),
            "expected": st.sampled_from(["any", "any", "right", "right", "before", "after"]),
        }
    ),
    max_size=4,
    unique_by=lambda entry: entry["event"],
)
wanted_fence = st.fixed_dictionaries(
    {
        "work": st.integers(0, 4),
        "attempt": st.sampled_from([0, 0, 0, 0, -1, 1]),
        "owner": st.sampled_from(["its", "its", "its", *OWNERS]),
        "settle": st.sampled_from(["done", "ready", "dead", "cancelled"]),
    }
)
wanted_request = st.fixed_dictionaries(
    {
        "entries": wanted_entries,
        "actor": st.text(max_size=3),
        "fence": st.none() | wanted_fence,
        "through": st.sampled_from([0, 0, 0, 1]),
    }
)


class StoreMachine(GroundedMachine):
    """Two processes' stores over one log, a few streams, and a few pieces of work."""

    def __init__(self, ground: Ground) -> None:
        self.log = Log()
        self.hints: list[int] = []
        super().__init__(ground)

    async def open(self) -> None:
        self.pool = self.ground.pool
        self.stores = [EventStore(self.pool) for _ in range(2)]
        for store in self.stores:
            self.holds.push_async_callback(store.close)
        self.listener = await self.ground.connect()
        self.holds.push_async_callback(self.listener.close)
        await self.listener.add_listener(CHANNEL, lambda *heard: self.hints.append(int(heard[-1])))

    # -- rules -----------------------------------------------------------------------------

    @rule(owner=st.sampled_from(OWNERS), attempt=st.integers(1, 3))
    def begin_work(self, owner: str, attempt: int) -> None:
        self.run(self._begin_work(owner, attempt))

    @rule(number=st.integers(0, 4), owner=st.sampled_from(OWNERS))
    def take_work_over(self, number: int, owner: str) -> None:
        if number < len(self.log.work):
            self.run(self._take_over(list(self.log.work)[number], owner))

    @rule(wanted=st.lists(wanted_request, min_size=1, max_size=3))
    def append(self, wanted: list[dict[str, Any]]) -> None:
        requests = [self._request(**one) for one in wanted]
        self._agree(requests, self.run(self._append_all(requests, [one["through"] for one in wanted])))

    @rule(number=st.integers(0, 100), fence=st.none() | wanted_fence)
    def repeat_what_stands(self, number: int, fence: dict[str, Any] | None) -> None:
        if self.log.stood:
            stood = self.log.stood[number % len(self.log.stood)]
            entry = Entry(stood.event_id, stood.stream, stood.kind, stood.content, None)
            request = Request((entry,), stood.actor, self._fence(fence))
            self._agree([request], self.run(self._append_all([request], [1])))

    @rule(wanted=wanted_request, nonsense=st.sampled_from(["half a character", "twice the same", "no event"]))
    def append_beside_what_cannot_be_written(self, wanted: dict[str, Any], nonsense: str) -> None:
        request = self._request(**wanted)
        answers, refused = self.run(self._append_beside(request, _nonsense(nonsense)))
        assert isinstance(refused, Exception), refused
        self._agree([request], answers)

    @rule(
        stream=st.sampled_from(STREAMS),
        after=st.integers(0, 10),
        count=st.integers(0, 10),
        limit=st.integers(1, 10),
    )
    def read_a_stream(self, stream: uuid.UUID, after: int, count: int, limit: int) -> None:
        found = self.run(self.stores[0].read(stream, after=after, until=after + count, limit=limit))
        versions = [event.version for event in self.log.stood if event.stream == stream]
        assert [event.version for event in found] == versions[after : after + count][:limit]
        assert {event.stream_id for event in found} <= {stream}

    @rule(stream=st.sampled_from(STREAMS))
    def read_a_type(self, stream: uuid.UUID) -> None:
        found = self.run(self.stores[1].read_types(stream, FeedbackGiven))
        meant = [event for event in self.log.stood if event.stream == stream and event.kind == "feedback"]
        assert [event.event_id for event in found] == [event.event_id for event in meant]

    @rule(after=st.integers(0, 60), limit=st.integers(1, 20))
    def read_the_log(self, after: int, limit: int) -> None:
        found = self.run(self.stores[0].read_all(after=after, limit=limit))
        meant = self.log.stood[after : after + limit]
        assert [event.event_id for event in found] == [event.event_id for event in meant]
        assert [event.position for event in found] == list(range(after + 1, after + 1 + len(meant)))

    @rule(after=st.integers(0, 60), page=st.integers(1, 7))
    def scan_the_log(self, after: int, page: int) -> None:
        async def scan() -> list[int]:
            return [event.position async for event in self.stores[1].scan(after=after, page=page)]

        assert self.run(scan()) == list(range(after + 1, len(self.log.stood) + 1))

    # -- what always holds -----------------------------------------------------------------

    @invariant()
    def the_log_is_the_model(self) -> None:
        rows = self.run(self.pool.fetch("select * from events order by position"))
        assert [row["position"] for row in rows] == list(range(1, len(self.log.stood) + 1))
        for row, stood in zip(rows, self.log.stood, strict=True):
            assert (row["event_id"], row["stream_id"], row["version"]) == (stood.event_id, stood.stream, stood.version)
        assert self.run(self.stores[0].head()) == len(self.log.stood)
        _check_chains(rows)
        for event, stood in zip(self.run(self.stores[0].read_all(limit=10**6)), self.log.stood, strict=True):
            assert event.data == _event(stood.kind, _kept(stood.content))
            assert event.metadata == f'{{"actor":{_json(_kept(stood.actor))}}}'

    @invariant()
    def the_work_is_the_model(self) -> None:
        rows = self.run(self.pool.fetch("select id, state, attempt, owner, settled_at, lease_until from work"))
        assert {row["id"]: Held(row["state"], row["attempt"], row["owner"]) for row in rows} == self.log.work
        for row in rows:
            assert (row["settled_at"] is None) == (row["state"] in ("ready", "waiting", "running"))
            assert (row["lease_until"] is None) == (row["state"] != "running")

    # -- how it is done --------------------------------------------------------------------

    async def _begin_work(self, owner: str, attempt: int) -> None:
        work: int = await self.pool.fetchval(
            "insert into work (key, job_id, stage, item, uses, priority, state, attempt, attempts, owner, lease_until)"
            " values ($1, $2, 's', '', 'nothing', 0, 'running', $3, 9, $4, now() + interval '1 h') returning id",
            uuid.uuid4().hex, uuid.uuid4(), attempt, owner,
        )  # fmt: skip
        self.log.work[work] = Held("running", attempt, owner)

    async def _take_over(self, work: int, owner: str) -> None:
        attempt: int = await self.pool.fetchval(
            "update work set state = 'running', attempt = attempt + 1, owner = $2, settled_at = null,"
            " lease_until = now() + interval '1 h' where id = $1 returning attempt", work, owner,
        )  # fmt: skip
        self.log.work[work] = Held("running", attempt, owner)

    def _request(
        self, entries: list[dict[str, Any]], actor: str, fence: dict[str, Any] | None, through: int = 0
    ) -> Request:
        return Request(tuple(self._entry(**entry) for entry in entries), actor, self._fence(fence))

    def _entry(self, event: int, stream: uuid.UUID, kind: Kind, content: str, expected: str) -> Entry:
        version = self.log.version(stream)
        meant = {"any": None, "right": version, "before": version - 1, "after": version + 1}[expected]
        return Entry(uuid.UUID(int=1000 + event), stream, kind, content, meant)

    def _fence(self, wanted: dict[str, Any] | None) -> Claimed | None:
        if wanted is None:
            return None
        ids = list(self.log.work)
        if wanted["work"] >= len(ids):  # a work row that never was
            return Claimed(10**6, 1, OWNERS[0], wanted["settle"])
        held = self.log.work[ids[wanted["work"]]]
        owner = (held.owner or OWNERS[0]) if wanted["owner"] == "its" else wanted["owner"]
        return Claimed(ids[wanted["work"]], held.attempt + wanted["attempt"], owner, wanted["settle"])

    async def _append_all(self, requests: Sequence[Request], through: Sequence[int]) -> list[Answer]:
        return list(
            await asyncio.gather(
                *(_answer(self.stores[store], request) for request, store in zip(requests, through, strict=True))
            )
        )

    async def _append_beside(self, request: Request, nonsense: list[NewEvent]) -> tuple[list[Answer], object]:
        answer, refused = await asyncio.gather(
            _answer(self.stores[0], request), self.stores[0].append(nonsense), return_exceptions=True
        )
        if isinstance(answer, BaseException):
            raise answer
        return [answer], refused

    def _agree(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None:
        """The answers are those of the model, for one order of the requests; that one is the model's from now on."""
        before = len(self.log.stood)
        for order in itertools.permutations(range(len(requests))):
            log = self.log.copy()
            meant = {number: log.apply(requests[number]) for number in order}
            if all(meant[number] == answers[number] for number in order):
                self.log = log
                self._heard(before)
                return
        first = self.log.copy()
        assert list(answers) == [first.apply(request) for request in requests]

    def _heard(self, before: int) -> None:
        """Whoever listens was told how far the log goes, if it went on, and nothing if not."""
        self.run(self.listener.execute("select 1"))  # what was sent to it has arrived with the answer
        head = len(self.log.stood)
        assert self.hints[-1:] == ([head] if head > before else [])
        self.hints.clear()


async def _answer(store: EventStore, request: Request) -> Answer:
    claim = request.fence
    fence = Fence(claim.work, claim.attempt, claim.owner, claim.settle, 60.0) if claim else None
    new = [
        NewEvent(entry.stream, _event(entry.kind, entry.content), entry.event_id, entry.expected)
        for entry in request.entries
    ]
    try:
        appended: Appended = await store.append(new, metadata={"actor": request.actor}, fence=fence)
    except Conflict as conflict:
        return "conflict", None, conflict.actual
    except Fenced:
        return "fenced", None, None
    return "duplicate" if appended.duplicate else "ok", appended.position, appended.version


def _nonsense(kind: str) -> list[NewEvent]:
    """What the log cannot hold."""
    stream, event_id = STREAMS[0], uuid.uuid4()
    match kind:
        case "half a character":
            return [NewEvent(stream, JobCancelled(reason="\ud800"), event_id)]
        case "twice the same":
            return [NewEvent(stream, FeedbackGiven(rating=n), event_id) for n in (1, 2)]
        case _:
            return [NewEvent(stream, Event(), event_id)]


def _event(kind: Kind, content: str) -> Event:
    match kind:
        case "feedback":
            return FeedbackGiven(rating=5, comment=content)
        case "cancelled":
            return JobCancelled(reason=content)
        case "retried":
            return JobRetried()


def _kept(text: str) -> str:
    """PostgreSQL has no NUL: U+FFFD stands where one was."""
    return text.replace("\0", "\ufffd")


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _check_chains(rows: Sequence[asyncpg.Record]) -> None:
    """Every hash is the one that migrations/sql/append_many_at_once.sql documents, computed here from the columns alone."""
    last: dict[uuid.UUID, tuple[int, bytes]] = {}
    for row in rows:
        version, previous = last.get(row["stream_id"], (0, b""))
        assert row["version"] == version + 1
        columns = (
            row["position"], row["event_id"], row["stream_id"], row["version"], row["type"], row["schema_version"],
            round(row["recorded_at"].timestamp() * 1_000_000), row["data"], row["metadata"],
        )  # fmt: skip
        assert row["hash"] == hashlib.sha256(previous + "\n".join(map(str, columns)).encode()).digest()
        last[row["stream_id"]] = row["version"], row["hash"]


def test_given_any_history_of_appends_when_it_is_compared_with_a_log_in_memory_then_both_say_the_same(
    postgres: str, template: str, through: str | None
) -> None:
    with ground(postgres, template, through) as given:
        explore(lambda: StoreMachine(given), examples=20, steps=30)
