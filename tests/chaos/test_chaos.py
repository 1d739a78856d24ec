"""Short runs of the chaos script: the long ones are `python -m tests.chaos.chaos`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.chaos import run
from tests.chaos.moments import Taken
from tests.chaos.pooler import PROGRAM


async def test_given_dramas_in_the_making_when_processes_are_struck_then_nothing_is_lost_doubled_or_paid_twice(
    tmp_path: Path,
) -> None:
    tally = await run(tmp_path, seed=7, moments=9, mean_pause=1.2, jobs=3)
    assert not tally.faults, tally
    assert tally.struck.total() == 9


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
async def test_given_a_pooler_and_listeners_that_are_cut_when_processes_are_struck_then_it_holds_as_well(
    tmp_path: Path,
) -> None:
    tally = await run(tmp_path, seed=8, moments=3, mean_pause=1.2, jobs=1, pooled=True, cut_listeners=1.0)
    assert not tally.faults, tally
    assert tally.listeners_cut > 0


LEASE_ENDS = datetime(2026, 1, 1, tzinfo=UTC)
LATER = LEASE_ENDS + timedelta(seconds=3)


def struck(at: float) -> Taken:
    return Taken(1, 1, at, "worker freeze", process=7, wakes=2, lease_until=LEASE_ENDS)


def test_given_frozen_work_when_its_worker_wakes_and_renews_its_lease_then_there_is_nothing_to_take_over() -> None:
    taken = struck(at=10.0)
    taken.see(1, "running", LATER, wakes=3, now=12.5)
    assert (taken.freed, taken.seconds, taken.kept) == (2.5, 2.5, True)


def test_given_struck_work_when_only_a_renewal_under_way_arrives_then_it_still_has_to_be_freed_and_taken_over() -> None:
    taken = struck(at=10.0)
    taken.see(1, "running", LATER, wakes=2, now=10.1)
    assert (taken.freed, taken.seconds) == (None, None)
    taken.see(1, "running", LATER, wakes=3, now=12.5)  # it wakes, but renews nothing
    assert (taken.freed, taken.seconds) == (None, None)
    taken.see(1, "ready", None, wakes=3, now=13.0)
    assert (taken.freed, taken.seconds) == (3.0, None)
    taken.see(2, "running", LATER + timedelta(seconds=3), wakes=3, now=14.0)
    assert (taken.freed, taken.seconds, taken.kept) == (3.0, 4.0, False)
