"""The figures of the service, and the dashboard that shows them: neither without the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from narratix.ports import ProviderError
from narratix.providers.calls import Calls
from narratix.services import Services
from narratix.settings import PROJECT
from narratix.timings import Timings
from narratix.web.metrics import Metrics, Tallies

DASHBOARD: dict[str, Any] = json.loads((PROJECT / "deploy" / "grafana.json").read_text(encoding="utf-8"))
STORY = "The rain fell on the old house.\n\n“Who is there?” whispered Anna.\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


async def figures_of(narratix: Services) -> str:
    """After one drama, so that every figure has been taken at least once."""
    job_id = await narratix.commands.submit(STORY)
    async with asyncio.timeout(60):
        while (await narratix.commands.load(job_id)).status != "completed":
            await asyncio.sleep(0.05)
    metrics = Metrics()
    metrics.answered("GET", "/", 200, 0.1)
    return (await metrics.scrape(narratix)).decode()


async def test_given_the_real_figures_then_every_query_names_one_and_every_one_is_shown(narratix: Services) -> None:
    text = await figures_of(narratix)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    published = {
        part
        for name, kind in kinds.items()
        for part in ([f"{name}_bucket", f"{name}_sum", f"{name}_count"] if kind == "histogram" else [name])
    }
    asked = {name for query in queries() for name in re.findall(r"narratix_\w+", query)}

    assert asked - published == set()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert {name for name in kinds if not name.endswith("_created")} - families == set()


async def test_given_the_real_figures_then_every_label_of_a_query_is_one_of_theirs(narratix: Services) -> None:
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(await figures_of(narratix)):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    for query in queries():
        for name in re.findall(r"narratix_\w+", query):
            # no provider was called
            known = {"provider", "model", "outcome"} if "provider" in name else labels[name]
            grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
            picked = set(re.findall(r"[{,]\s*(\w+)=", query))
            assert grouped | picked <= known, query


async def test_given_a_drama_then_its_stages_are_timed(narratix: Services) -> None:
    text = await figures_of(narratix)
    for stage in ("write_script", "speak_line", "mix_drama", "publish_drama"):
        assert re.search(rf'narratix_stage_seconds_count{{outcome="done",stage="{stage}"}} [1-9]', text), stage


def test_given_runs_of_a_stage_then_they_are_counted_in_their_spans_by_how_they_ended() -> None:
    clock = Clock()
    timings = Timings(clock)
    for seconds in (0.0625, 0.09375, 7.0, 4000.0):
        with timings.of("speak_line"):
            clock.now += seconds
    for ending in (ValueError, asyncio.CancelledError):
        with contextlib.suppress(ending), timings.of("speak_line"):
            raise ending
    text = scraped(Calls(), timings)
    counts = dict(re.findall(r'_bucket\{le="([^"]+)",outcome="done",stage="speak_line"\} (\S+)', text))
    assert (counts["0.1"], counts["5.0"], counts["10.0"], counts["1800.0"], counts["+Inf"]) == (
        "2.0",
        "2.0",
        "3.0",
        "3.0",
        "4.0",
    )
    assert 'narratix_stage_seconds_sum{outcome="done",stage="speak_line"} 4007.15625' in text
    assert 'narratix_stage_seconds_count{outcome="failed",stage="speak_line"} 1.0' in text
    assert 'narratix_stage_seconds_count{outcome="cancelled",stage="speak_line"} 1.0' in text


def test_given_calls_of_a_provider_then_their_number_time_and_cost_are_published() -> None:
    clock = Clock()
    calls = Calls(clock)
    with calls.of("elevenlabs", "m1") as call:
        clock.now += 2
        call.usd = 0.25
    with pytest.raises(ProviderError), calls.of("elevenlabs", "m1"):
        raise ProviderError("Busy.")
    text = scraped(calls, Timings())
    assert 'narratix_provider_calls_total{model="m1",outcome="ok",provider="elevenlabs"} 1.0' in text
    assert 'narratix_provider_seconds_total{model="m1",outcome="ok",provider="elevenlabs"} 2.0' in text
    assert 'narratix_provider_usd_total{model="m1",outcome="ok",provider="elevenlabs"} 0.25' in text
    assert 'narratix_provider_calls_total{model="m1",outcome="passing",provider="elevenlabs"} 1.0' in text


def scraped(calls: Calls, timings: Timings) -> str:
    registry = CollectorRegistry()
    registry.register(Tallies(calls, timings))
    return generate_latest(registry).decode()


async def test_given_a_sweep_then_the_size_of_the_storage_is_known(narratix: Services) -> None:
    await narratix.ports.storage.put("clips/ab/abc.flac", b"x" * 1000, "audio/flac")
    await narratix.retention.sweep(delete=False)
    assert "narratix_storage_bytes 1000.0" in (await Metrics().scrape(narratix)).decode()


def test_given_the_dashboard_then_panels_have_places_of_their_own_and_ask_the_source_that_is_chosen() -> None:
    places: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & places, panel["title"]
        places |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
