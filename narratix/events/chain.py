"""The hash chains of the log: which bytes are hashed, and what is wrong with events that do not fit. Pure.

docs/audit.md says the same for whoever recomputes them without Narratix.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from narratix.events.anchors import Anchor, Fault

Entry = tuple[int, bytes, int, bytes, bytes]
"""An event: position, job id, version, the bytes that are hashed after the hash before it, and its hash."""

Link = tuple[int, bytes]
"""Where a job stands: the version and the hash of its last event."""

GENESIS: Final = bytes(32)
"""The rolling hash of an empty log."""

HASH_BYTES: Final = 32

NO_HASH: Final = bytes(HASH_BYTES)
"""For what stands in the place of a hash and cannot be one; no event fits it."""

FAULTS_TOLD: Final = 100

_NOTHING: Final[Link] = (0, b"")
_new: Final = hashlib.sha256().copy  # a copy of an unused one spares OpenSSL 3 half of what a short hash costs


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a verification. `events` is how many were recomputed, those above position `since`.

    `problems` are the first hundred in the order of the log, `problem` is the first of them. `position` and `rolling`
    are the end of the log and its rolling hash (None for one job, and where the order is broken), for whoever wants to
    write them down; `anchored` is the position of the last anchor that the log was held against.
    """

    ok: bool
    events: int
    problem: Fault | None = None
    problems: tuple[Fault, ...] = ()
    since: int = 0
    position: int = 0
    rolling: str | None = None
    anchored: int = 0


def link(previous: bytes, content: bytes) -> bytes:
    """The hash of an event: SHA-256 over the hash before it in its job, if any, and its content."""
    hasher = _new()
    hasher.update(previous + content)
    return hasher.digest()


def roll(rolling: bytes, hashes: bytes) -> bytes:
    """The rolling hash after further events, whose hashes follow each other: SHA-256 over the one before and a hash."""
    new = _new
    for start in range(0, len(hashes), HASH_BYTES):
        hasher = new()
        hasher.update(rolling + hashes[start : start + HASH_BYTES])
        rolling = hasher.digest()
    return rolling


class Stretch:
    """Events one after the other, checked as far as that goes without knowing what comes before them.

    `openings` are the first events of each job here, whose links hang on earlier ones; `links` say where each job
    stands at the end; `hashes` are those of all `events`. Positions follow `after`, without gaps where `gapless`;
    `in_order` is how many events come before the first that does not.
    """

    def __init__(self, after: int, *, gapless: bool = True) -> None:
        self.after = self.last = after
        self.openings: list[Entry] = []
        self.links: dict[bytes, Link] = {}
        self.events = 0
        self.hashes = bytearray()
        self.faults: list[Fault] = []
        self._gapless = gapless
        self._in_order: int | None = None

    def check(self, entries: Iterable[Entry]) -> None:
        last, links, hashes, events = self.last, self.links, self.hashes, self.events
        new = _new
        for entry in entries:
            position, job, version, content, digest = entry
            if position != last + 1 and (self._gapless or position <= last):
                self._tell(misplaced(last, position, job))
                self._in_order = events if self._in_order is None else self._in_order
            last = position
            known = links.get(job)
            if known is None:
                self.openings.append(entry)
            else:
                hasher = new()
                hasher.update(known[1] + content)  # `link`, without the cost of a call
                if version != known[0] + 1 or hasher.digest() != digest:
                    self._tell(misfit(entry, known))
            links[job] = (version, digest)
            hashes += digest
            events += 1
        self.last = last
        self.events = events

    @property
    def in_order(self) -> int:
        return self.events if self._in_order is None else self._in_order

    def _tell(self, fault: Fault | None) -> None:
        if fault is not None and len(self.faults) < FAULTS_TOLD:
            self.faults.append(fault)


class Chains:
    """Puts stretches of the log together, in its order, and holds the whole against the anchors.

    Remembers one link per job. Begins after the anchor `since`, where one is given: then `learn` must tell the links
    of `unknown` jobs, as the log has them, before their stretch is added.
    """

    def __init__(self, *, anchors: Sequence[Anchor] = (), since: Anchor | None = None, whole_log: bool = True) -> None:
        self.events = 0
        self.position = self._since = since.position if since else 0
        self._rolling: bytes | None = (bytes.fromhex(since.rolling) if since else GENESIS) if whole_log else None
        self._whole_log = whole_log
        self._anchors = deque(anchor for anchor in anchors if anchor.position > self.position)
        self._anchored = self.position
        self._links: dict[bytes, Link] = {}
        self._faults: list[Fault] = []

    def unknown(self, stretch: Stretch) -> list[tuple[bytes, int]]:
        """Jobs that go on in this stretch without having begun since the anchor: the version that must be known."""
        if not self._since:
            return []
        return [(entry[1], entry[2] - 1) for entry in stretch.openings if entry[2] > 1 and entry[1] not in self._links]

    def learn(self, links: Mapping[bytes, Link]) -> None:
        self._links.update(links)

    def add(self, stretch: Stretch) -> None:
        found = list(stretch.faults)
        if self._whole_log and stretch.after != self.position:
            found += filter(None, [misplaced(self.position, stretch.after + 1, stretch.openings[0][1])])
        for entry in stretch.openings:
            fault = misfit(entry, self._links.get(entry[1], _NOTHING))
            if fault is not None:
                found.append(fault)
        self._links.update(stretch.links)
        self.events += stretch.events
        found += self._roll_on(stretch)
        self.position = stretch.last
        self._faults += sorted(found, key=lambda fault: fault.position)

    def verdict(self, further: Sequence[Fault] = ()) -> Verdict:
        """What all stretches came to. `further` are faults of the anchors themselves."""
        problems = [*self._faults, *further]
        if self._whole_log and self._anchors and (anchor := self._anchors[-1]).position > self.position:
            problems.append(truncated(self.position, anchor))
        told = tuple(sorted(problems, key=lambda fault: fault.position)[:FAULTS_TOLD])
        return Verdict(
            ok=not told,
            events=self.events,
            problem=told[0] if told else None,
            problems=told,
            since=self._since,
            position=self.position,
            rolling=self._rolling.hex() if self._rolling is not None else None,
            anchored=self._anchored,
        )

    def _roll_on(self, stretch: Stretch) -> list[Fault]:
        """Move the rolling hash, and hold it against every anchor on its way. Where the order is broken no later anchor
        can fit, so that none is asked; and of several that do not fit, the first tells."""
        if self._rolling is None or stretch.after != self.position:
            self._rolling = None
            return []
        start, end = stretch.after, stretch.after + stretch.in_order
        while self._anchors and self._anchors[0].position <= end:
            anchor = self._anchors.popleft()
            self._rolling = roll(self._rolling, _between(stretch, start, anchor.position))
            start = anchor.position
            if self._rolling.hex() != anchor.rolling:
                self._rolling = None
                return [recomputed(self._anchored, anchor)]
            self._anchored = start
        whole = stretch.in_order == stretch.events
        self._rolling = roll(self._rolling, _between(stretch, start, end)) if whole else None
        return []


def _between(stretch: Stretch, start: int, end: int) -> bytes:
    """The hashes of the events after one position and up to another."""
    return bytes(stretch.hashes[(start - stretch.after) * HASH_BYTES : (end - stretch.after) * HASH_BYTES])


# -- faults ------------------------------------------------------------------------------------


def misplaced(last: int, position: int, job: bytes) -> Fault | None:
    """What is wrong with the position of an event that comes after position `last`; None when nothing is."""
    last = max(last, 0)
    if position == last + 1:
        return None
    if position <= last:
        what = f"It stands at position {position}, after {last}: it was put in, or the order was altered."
        return Fault(position=position, job_id=UUID(job.decode()), what=what)
    which = "This event is" if position == last + 2 else f"Events {last + 1} to {position - 1} are"
    return Fault(
        position=last + 1, job_id=None, what=f"{which} missing: the log goes from position {last} to {position}."
    )


def misfit(entry: Entry, known: Link) -> Fault | None:
    """What is wrong with an event that follows the link `known` of its job; None when nothing is."""
    position, job, version, content, digest = entry
    last, previous = known
    if version > last + 1:
        what = f"The job goes from version {last} to {version}: events are missing."
    elif version <= last:
        what = f"The job goes from version {last} back to {version}: it was put in, or the order was altered."
    elif link(previous, content) != digest:
        what = "Its hash is not that of its content and of the event before it in its job: one of the two was altered."
    else:
        return None
    return Fault(position=position, job_id=UUID(job.decode()), what=what)


def recomputed(good: int, anchor: Anchor) -> Fault:
    where = (
        f"position {anchor.position}" if anchor.position == good + 1 else f"positions {good + 1} to {anchor.position}"
    )
    what = f"The hashes at {where} are not those that were anchored at {anchor.time}: the chain was computed anew."
    return Fault(position=good + 1, job_id=None, what=what)


def truncated(position: int, anchor: Anchor) -> Fault:
    what = (
        f"The log ends at position {position}, and an anchor of {anchor.time} has its first {anchor.position} events: "
        "its end is missing."
    )
    return Fault(position=position + 1, job_id=None, what=what)
