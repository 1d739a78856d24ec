"""Work as it should be, in memory: who holds what, what a report comes to, and what the router makes of a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

ATTEMPTS: Final = 3
FORGIVEN: Final = 20
LANES: Final = {"0": "nothing", "1": "nothing", "2": "speech", "3": "speech", "4": "speech", "5": "speech"}
"""What every job needs: items, and the kind of port that each uses."""

LIMIT: Final = 4
"""How many items may use `speech` at once, over all jobs and workers."""

Key = tuple[UUID, str]


@dataclass(slots=True)
class Row:
    """A piece of work. `over`: its lease has run out, or its pause."""

    state: Literal["ready", "waiting", "running", "done", "dead", "cancelled"] = "cancelled"
    attempt: int = 0
    attempts: int = ATTEMPTS
    owner: str | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """A claim as its worker remembers it, whatever became of it."""

    worker: str
    key: Key
    attempt: int
    attempts: int


@dataclass(slots=True)
class Jobs:
    """`history` has the types of a job's events, with the item behind the name. Work that was never wanted and work
    that was put aside before anybody began it are the same."""

    history: dict[UUID, list[str]] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)

    # -- jobs ------------------------------------------------------------------------------

    def status(self, job: UUID) -> str:
        turns = {"JobSubmitted": "active", "JobRetried": "active", "JobCancelled": "cancelled", "JobFailed": "failed"}
        return next(turns[name] for name in reversed(self.history[job]) if name in turns)

    def said(self, key: Key) -> bool:
        return f"LineSpoken {key[1]}" in self.history[key[0]]

    def route(self, job: UUID, event: str, said_until_then: set[str]) -> None:
        """What the router makes of an event; `said_until_then` are the items that were there before it."""
        if event in ("JobFailed", "JobCancelled", "JobRetried"):
            for key, row in self.rows.items():
                if key[0] == job and row.state in ("ready", "waiting", "running"):
                    row.state, row.owner = "cancelled", None
        if event in ("JobSubmitted", "JobRetried"):
            for item in LANES.keys() - said_until_then:
                row = self.rows[job, item]
                if row.state in ("dead", "cancelled"):
                    row.state, row.attempts, row.over = "ready", row.attempt + ATTEMPTS, False

    # -- leases ----------------------------------------------------------------------------

    def held(self, hand: Hand) -> bool:
        row = self.rows[hand.key]
        return (row.state, row.attempt, row.owner) == ("running", hand.attempt, hand.worker)

    def wake(self) -> None:
        """What whoever claims does first: free what is over."""
        for row in self.rows.values():
            if row.state in ("running", "waiting") and row.over:
                if row.state == "running" and row.attempt < FORGIVEN:  # a worker's death costs no attempt
                    row.attempts += 1
                row.state, row.owner, row.over = "ready", None, False

    def room(self, lane: str, slots: int) -> int:
        """How much of a lane a claim for `slots` gets."""
        of_lane = [row for key, row in self.rows.items() if LANES[key[1]] == lane]
        ready, running = (sum(row.state == state for row in of_lane) for state in ("ready", "running"))
        return min(slots, ready, max(0, LIMIT - running) if lane == "speech" else ready)

    def take(self, key: Key, worker: str) -> Hand:
        row = self.rows[key]
        assert row.state == "ready", (key, row)
        row.state, row.owner, row.over, row.attempt = "running", worker, False, row.attempt + 1
        return Hand(worker, key, row.attempt, row.attempts)

    def release(self, key: Key, worker: str) -> None:
        row = self.rows[key]
        if (row.state, row.owner) == ("running", worker):
            row.state, row.owner, row.over, row.attempt = "ready", None, False, row.attempt - 1

    # -- endings ---------------------------------------------------------------------------

    def finish(self, hand: Hand) -> bool:
        """Whether a result is accepted."""
        return self._settle(hand, [f"LineSpoken {hand.key[1]}"], "done")

    def fail(self, hand: Hand, permanent: bool) -> bool:
        last = permanent or hand.attempt >= hand.attempts
        return self._settle(hand, ["AttemptFailed"] + ["JobFailed"] * last, "dead" if last else "waiting")

    def _settle(self, hand: Hand, events: list[str], state: Literal["done", "dead", "waiting"]) -> bool:
        if not self.held(hand):
            return False
        row = self.rows[hand.key]
        row.owner = None
        if self.status(hand.key[0]) == "active":
            self.history[hand.key[0]] += events
            row.state = state
        else:
            row.state = "cancelled"
        return True
