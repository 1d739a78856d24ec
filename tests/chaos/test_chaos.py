"""A short run of the chaos script: the long one is `python -m tests.chaos.chaos`."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.chaos import run


async def test_given_dramas_in_the_making_when_processes_are_struck_then_nothing_is_lost_doubled_or_paid_twice(
    tmp_path: Path,
) -> None:
    tally = await run(seed=7, moments=5, jobs=4, processes=2, home=tmp_path)
    assert tally.good, tally
    assert sum(tally.struck.values()) == 5
