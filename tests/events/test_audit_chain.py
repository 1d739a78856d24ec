"""The chains themselves: over any log, however it is cut into stretches, and whatever is done to it."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from narratix.events.anchors import Anchor, derived_key, sign
from narratix.events.chain import GENESIS, NO_HASH, Chains, Entry, Stretch, Verdict, link, roll
from narratix.events.copied import entries
from tests.events.written_log import NOON, SECRET

JOBS = [str(uuid.UUID(int=number)).encode() for number in range(4)]

Logs = st.lists(st.sampled_from(JOBS), min_size=1, max_size=30)
Cuts = st.sets(st.integers(1, 30))


def written(jobs: Sequence[bytes], forged: int = 0) -> list[Entry]:
    """A log of one event for each of `jobs`; the event at position `forged` is another one."""
    links: dict[bytes, tuple[int, bytes]] = {}
    log = []
    for position, job in enumerate(jobs, 1):
        version, previous = links.get(job, (0, b""))
        said = b"%s event %d" % (b"another" if position == forged else b"the", position)
        links[job] = version + 1, link(previous, said)
        log.append((position, job, version + 1, said, links[job][1]))
    return log


def anchor_of(log: Sequence[Entry], position: int) -> Anchor:
    return sign(position, roll(GENESIS, b"".join(entry[4] for entry in log[:position])), NOON, derived_key(SECRET))


def verified(log: Sequence[Entry], cuts: set[int], anchors: Sequence[Anchor] = ()) -> Verdict:
    """In stretches that end at the `cuts`, each beginning where its first event stands, as they are read."""
    chains, stretch = Chains(anchors=anchors), None
    for number, entry in enumerate(log, 1):
        if stretch is None:
            stretch = Stretch(entry[0] - 1)
        stretch.check([entry])
        if number in cuts or number == len(log):
            chains.add(stretch)
            stretch = None
    return chains.verdict()


@given(Logs, Cuts, st.sets(st.integers(1, 30)))
def test_given_any_log_then_it_is_whole_however_it_is_cut(jobs: list[bytes], cuts: set[int], places: set[int]) -> None:
    log = written(jobs)
    anchors = [anchor_of(log, place) for place in sorted(places) if place <= len(log)]
    verdict = verified(log, cuts, anchors)
    rolling = GENESIS
    for entry in log:
        rolling = hashlib.sha256(rolling + entry[4]).digest()
    assert (verdict.ok, verdict.events, verdict.position, verdict.rolling) == (True, *2 * [len(log)], rolling.hex())
    assert verdict.anchored == (anchors[-1].position if anchors else 0)


@given(Logs, Cuts, st.data())
def test_given_any_log_with_one_field_changed_then_its_place_is_named(
    jobs: list[bytes], cuts: set[int], data: st.DataObject
) -> None:
    log = written(jobs)
    place = data.draw(st.integers(0, len(log) - 1))
    position, job, version, content, digest = log[place]
    wrong = data.draw(
        st.sampled_from(
            [
                (position + 100, job, version, content, digest),
                (position, b"00000000-0000-0000-0000-00000000ffff", version + 5, content, digest),
                (position, job, version + 1, content, digest),
                (position, job, version - 1, content, digest),
                (position, job, version, content + b"!", digest),
                (position, job, version, content, bytes(reversed(digest))),
                (position, job, version, content, NO_HASH),
            ]
        )
    )
    verdict = verified([*log[:place], wrong, *log[place + 1 :]], cuts)
    assert verdict.problem is not None
    assert verdict.problem.position == position


@given(Logs, Cuts, st.data())
def test_given_any_log_that_lost_or_got_an_event_then_its_place_is_named(
    jobs: list[bytes], cuts: set[int], data: st.DataObject
) -> None:
    log = written(jobs)
    place = data.draw(st.integers(0, len(log) - 1))
    doubled = verified([*log[: place + 1], *log[place:]], cuts)
    assert doubled.problem is not None
    assert doubled.problem.position == place + 1
    lost = verified([*log[:place], *log[place + 1 :]], cuts, [anchor_of(log, len(log))])
    assert lost.problem is not None
    assert lost.problem.position == place + 1


@given(Logs, Cuts, st.data())
def test_given_any_log_that_was_recomputed_or_cut_off_then_the_anchors_tell(
    jobs: list[bytes], cuts: set[int], data: st.DataObject
) -> None:
    log = written(jobs)
    place = data.draw(st.integers(0, len(log) - 1))
    anchors = [anchor_of(log, position) for position in range(4, len(log) + 1, 4)]
    forged = written(jobs, place + 1)
    assert verified(forged, cuts).ok
    later = [anchor.position for anchor in anchors if anchor.position > place]
    assert [fault.position for fault in verified(forged, cuts, anchors).problems] == [at - 3 for at in later[:1]]
    shortened = verified(log[:place], cuts, anchors)
    assert [fault.position for fault in shortened.problems] == ([place + 1] if later else [])


def test_given_rows_as_they_are_copied_then_the_bytes_are_the_documented_ones() -> None:
    event, job = uuid.UUID(int=5), uuid.UUID(int=6)
    microseconds = 1_767_225_600_000_001 - 946_684_800_000_000

    def row(position: int, digest: bytes) -> bytes:
        values = [
            struct.pack(">q", position), str(event).encode(), str(job).encode(), struct.pack(">i", 3),
            struct.pack(">h", 2), struct.pack(">q", microseconds), b"Type", "{“ü”}".encode(), b"{}", digest,
        ]  # fmt: skip
        return struct.pack(">h", len(values)) + b"".join(struct.pack(">i", len(value)) + value for value in values)

    header, trailer = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    digest = hashlib.sha256(b"").digest()
    said = f"7\n{event}\n{job}\n3\nType\n2\n1767225600000001\n{{“ü”}}\n{{}}".encode()
    expected = [(7, str(job).encode(), 3, said, digest), (8, str(job).encode(), 3, b"8" + said[1:], NO_HASH)]
    rows = row(7, digest) + row(8, digest + b"\0")
    for copied in (header + rows, header + rows + trailer, rows, rows + trailer):
        assert list(entries(copied)) == expected
    assert list(entries(header)) == list(entries(header + trailer)) == list(entries(trailer)) == []


def test_given_a_chain_recomputed_over_a_gap_in_versions_then_the_gap_is_named() -> None:
    log = written([JOBS[0], JOBS[1], JOBS[0], JOBS[0]])
    for place, version in ((2, 3), (2, 1), (3, 2), (3, 9), (0, 0), (1, 2)):
        forged = [entry if number != place else (*entry[:2], version, *entry[3:]) for number, entry in enumerate(log)]
        for cuts in (set[int](), {1, 2, 3}):
            verdict = verified(forged, cuts)
            assert verdict.problem is not None
            assert verdict.problem.position == place + 1
            assert f"{version}: " in verdict.problem.what
