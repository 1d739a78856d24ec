"""What is asked of the log and how it is answered: `append_many`'s arguments and results (migrations/sql)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal, get_args

import asyncpg
import msgspec

from narratix.events import codec
from narratix.events.catalogue import Event

Settlement = Literal["done", "ready", "waiting", "dead", "cancelled"]


class StoreError(Exception):
    """Base of what an append can be refused for."""


class Conflict(StoreError):
    """The stream moved on since it was read: read it again and decide again."""

    def __init__(self, actual: int) -> None:
        super().__init__(f"the stream is at version {actual} by now")
        self.actual = actual


class Fenced(StoreError):
    """The work that this append would settle belongs to somebody else by now."""


class Unstorable(StoreError):
    """The log cannot hold this: it is not JSON, or holds an event twice."""


class Unreachable(StoreError):
    """The database did not answer within the time that an append may take."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The claim under which work was done, and what becomes of the work row with this append. `delay`: seconds
    until it may run again."""

    work_id: int
    attempt: int
    owner: str
    settle: Settlement = "done"
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.settle not in get_args(Settlement) or not 0 <= self.delay < 1e9:
            raise ValueError(f"work cannot be settled as {self.settle!r} after {self.delay} s")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `expected` is the stream's version before this request, None for any."""

    stream_id: uuid.UUID
    event: Event
    event_id: uuid.UUID
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the last event of a request stands. `duplicate`: it stood there before."""

    position: int | None
    version: int | None
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Request:
    """Events as rows of append_many's arguments, to be written together or not at all, and a fence to settle."""

    rows: Sequence[tuple[uuid.UUID, uuid.UUID, int | None, str, int, str, str]]
    fence: tuple[int, int, str, str, float] | None
    size: int

    @classmethod
    def of(cls, events: Sequence[NewEvent], metadata: Mapping[str, Any] | None, fence: Fence | None) -> Request:
        """Raises what is wrong with it, before it can do harm to the requests that share its statement: TypeError for
        events that are not in the catalogue, ValueError for ids that come twice and numbers that are out of range."""
        about = _without_nul(_json.encode(metadata).decode()) if metadata else "{}"
        rows = []
        for new in events:
            name, schema_version, data = codec.encode(new.event)
            data = _without_nul(data)
            rows.append((new.event_id, new.stream_id, new.expected, name, schema_version, data, about))
        if len(rows) > 1 and len({row[0] for row in rows}) < len(rows):
            raise ValueError("an append holds an event id twice")
        settled = None
        if fence is not None:
            settled = (fence.work_id, fence.attempt, fence.owner, fence.settle, fence.delay)
        return cls(rows, settled, sum(len(row[5]) + len(about) for row in rows))


_json: Final = msgspec.json.Encoder()
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _without_nul(json: str) -> str:
    """PostgreSQL has no NUL: a query for the text that holds one fails. U+FFFD stands where one was."""
    return _NUL.sub(r"\1\\ufffd", json) if "\\u0000" in json else json


APPEND: Final = """
select outcome, last_position, last_version
from append_many($1, $2::int[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::smallint[], $8::text[], $9::text[],
                 $10::int[], $11::bigint[], $12::int[], $13::text[], $14::text[], $15::float8[])
"""


def arguments(batch: Sequence[Request]) -> tuple[Any, ...]:
    """Of APPEND."""
    events = [number for number, request in enumerate(batch, 1) for _ in request.rows]
    columns = list(zip(*chain.from_iterable(request.rows for request in batch), strict=True)) or [()] * 7
    fenced = [(number, *request.fence) for number, request in enumerate(batch, 1) if request.fence is not None]
    fences = list(zip(*fenced, strict=True)) or [()] * 6
    return (len(batch), events, *columns, *fences)


def answer(row: asyncpg.Record) -> Appended | StoreError:
    """What append_many says of one request."""
    outcome, position, version = row
    match outcome:
        case "ok" | "duplicate":
            return Appended(position, version, outcome == "duplicate")
        case "conflict":
            return Conflict(version)
        case "fenced":
            return Fenced("this work was taken over, cancelled or settled")
        case _:
            return Unstorable("the log cannot hold this: it is not JSON, or holds an event twice")
