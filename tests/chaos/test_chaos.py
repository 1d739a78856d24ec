"""Short runs of the chaos script: the long ones are `python -m tests.chaos.chaos`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.chaos import run
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
