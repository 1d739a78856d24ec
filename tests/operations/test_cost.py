"""A month's bill against cases that were computed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from narratix.cli import narratix
from narratix.cli.errors import run
from narratix.cost import PERFORMANCES, Bill, Footprint, Performance, Wanted, assumptions, bill, measured

DAY = date(2026, 11, 22)
Ask = Callable[..., tuple[int, str, str]]

STORY = Footprint(
    performed="local",
    engines="any",
    seconds=300,
    characters=3200,
    lines=40,
    music_clips=3,
    music_seconds=60,
    effect_clips=5,
    effect_seconds=20,
    wall_seconds=60,
    cpu_seconds=120,
    memory_gb=2,
    idle_memory_gb=0.5,
    idle_cpu_seconds_per_hour=36,
    events=100,
    database_bytes=1_000_000,
    wal_bytes=10_000_000,
    stored_bytes=100_000_000,
    storage_writes=20_000,
    storage_reads=0,
)
MONTH = Wanted(dramas=100, minutes=5, visits=3, retention_days=30)
LOCAL, ELEVENLABS, REPLICATE = PERFORMANCES


def amounts(found: Bill) -> dict[tuple[str, str], float]:
    return {(item.provider, item.what): item.usd for item in found.items}


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Ask:
    def told(*arguments: str) -> tuple[int, str, str]:
        return run(narratix, ["cost", *arguments]), *capsys.readouterr()

    return told


def test_given_a_month_then_the_platform_costs_what_was_computed_by_hand() -> None:
    found = amounts(bill(LOCAL, STORY, MONTH, DAY))
    # 200 minutes of making and 43,700 idle ones at 0.01 vCPU: 637 vCPU-minutes at $0.000463
    assert found["railway", "processor"] == pytest.approx(0.2949)
    # 100 minutes at 2 GB and 43,700 at 0.5 GB: 22,050 GB-minutes at $0.000231
    assert found["railway", "memory"] == pytest.approx(5.0936, abs=1e-4)
    # 100 times 110 MB, and 300 visits of 2 MB: 11.6 GB at $0.05
    assert found["railway", "egress"] == pytest.approx(0.58)
    # together more than the plan's $5, so nothing of it is left
    assert found["railway", "rest of the plan"] == 0
    # 6,000 s of making, 100 and 300 times 300 s until it sleeps, 300 visits of 60 s: 40 hours at 0.25 CU, at $0.106
    assert found["neon", "compute"] == pytest.approx(1.06)
    # 100 MB a month, twelve months of it, at $0.35
    assert found["neon", "storage"] == pytest.approx(0.42)
    # 1 GB of changes a month, of which a week is kept, at $0.20
    assert found["neon", "history"] == pytest.approx(0.0467, abs=1e-4)
    assert found["neon", "rest of the plan"] == pytest.approx(5 - 1.06 - 0.42 - 0.0467, abs=1e-4)
    # exactly the 10 GB that are free; two million writes, of which one is free
    assert found["r2", "storage"] == 0
    assert found["r2", "writes"] == pytest.approx(4.50)
    assert found["r2", "reads"] == 0


def test_given_local_engines_then_no_provider_is_paid_and_the_sums_add_up() -> None:
    found = bill(LOCAL, STORY, MONTH, DAY)
    assert found.sum("providers") == 0
    assert found.sum("platform") == found.usd == 15.47


def test_given_cloud_engines_then_they_cost_what_was_computed_by_hand() -> None:
    found = amounts(bill(ELEVENLABS, STORY, MONTH, DAY))
    # 320,000 characters are 100,000 tokens, read 3.5 times at $0.10 a million
    assert found["anthropic", "script, read"] == pytest.approx(0.035)
    # 70 tokens for each 90 characters, and 1,000 a story: 348,889 at $0.50 a million
    assert found["anthropic", "script, written"] == pytest.approx(0.1744, abs=1e-4)
    assert found["elevenlabs", "speech"] == pytest.approx(32.0)
    assert found["elevenlabs", "music"] == pytest.approx(60.0)
    assert found["elevenlabs", "effects"] == pytest.approx(10.0)


def test_given_replicate_then_its_computing_is_paid_by_the_second() -> None:
    found = amounts(bill(REPLICATE, STORY, MONTH, DAY))
    # 300 and 500 clips of 10 seconds at $0.000975
    assert found["replicate", "music"] == pytest.approx(2.925)
    assert found["replicate", "effects"] == pytest.approx(4.875)
    assert found["elevenlabs", "speech"] == pytest.approx(32.0)


def test_given_dramas_of_another_length_then_the_measures_are_scaled_and_the_visits_are_not() -> None:
    twice = amounts(bill(ELEVENLABS, STORY, Wanted(dramas=100, minutes=10, visits=3), DAY))
    once = amounts(bill(ELEVENLABS, STORY, MONTH, DAY))
    assert twice["elevenlabs", "speech"] == 2 * once["elevenlabs", "speech"]
    # 11 GB more to store, the visits' 0.6 GB as before
    assert twice["railway", "egress"] == pytest.approx(1.13)
    assert twice["r2", "storage"] == pytest.approx(0.15)


def test_given_an_empty_month_then_the_plans_alone_are_paid() -> None:
    found = bill(LOCAL, STORY, Wanted(dramas=0), DAY)
    # 730 hours at 0.5 GB and 0.01 vCPU cost $5.06 and $0.20, which is more than Railway's plan; Neon's is $5
    assert found.usd == pytest.approx(5.06 + 0.20 + 5, abs=0.01)


def test_given_more_than_a_month_can_hold_then_the_database_is_awake_all_of_it_and_no_longer() -> None:
    found = bill(LOCAL, STORY, Wanted(dramas=100_000), DAY)
    [compute] = [item for item in found.items if (item.provider, item.what) == ("neon", "compute")]
    assert compute.units == 182.5
    assert compute.usd == pytest.approx(19.345)


def test_given_a_use_without_a_price_then_it_is_named_and_not_free() -> None:
    unknown = Performance(name="odd", footprint="local", speech=("nobody", "m"))
    with pytest.raises(LookupError, match="characters of nobody"):
        bill(unknown, STORY, MONTH, DAY)
    with pytest.raises(LookupError, match="railway on 2020-01-01"):
        bill(LOCAL, STORY, MONTH, date(2020, 1, 1))


def test_given_what_was_measured_then_the_platform_stays_under_20_dollars(asked: Ask) -> None:
    status, printed, _ = asked("--on", "2026-11-22", "--platform-under", "20", "--json")
    told = json.loads(printed)
    assert status == 0
    assert [each["performance"] for each in told["bills"]] == [each.name for each in PERFORMANCES]
    for each in told["bills"]:
        assert 10 <= each["platform_usd"] < 20
        assert each["usd"] == pytest.approx(sum(item["usd"] for item in each["items"]), abs=0.02)
    assert told["bills"][0]["providers_usd"] == 0
    assert told["bills"][1]["providers_usd"] > 50


def test_given_a_platform_that_costs_too_much_then_the_status_and_a_sentence_say_so(asked: Ask) -> None:
    status, printed, said = asked("--on", "2026-11-22", "--platform-under", "1")
    assert status == 1
    assert "The platform costs $1.00 or more" in said
    for name in ("railway", "neon", "r2", "anthropic", "elevenlabs", "replicate", "together"):
        assert name in printed


def test_given_a_bill_then_it_says_what_it_assumes(asked: Ask) -> None:
    _, printed, _ = asked("--on", "2026-11-22")
    for sentence in assumptions(Wanted(), measured(), DAY):
        assert f"- {sentence}" in printed


def test_given_a_day_before_all_prices_then_it_fails_with_a_sentence(asked: Ask) -> None:
    status, _, said = asked("--on", "2020-01-01")
    assert (status, "has nothing for" in said) == (1, True)
