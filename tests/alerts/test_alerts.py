"""Alert rules against figures: what fires, when, and what is told once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from narratix.alerts import BadRules, Watch, message, rules_of
from narratix.services import Services
from narratix.settings import PROJECT
from narratix.web.metrics import Metrics

RULES = PROJECT / "deploy" / "alerts.json"


def names(watch: Watch, figures: str, now: float) -> list[str]:
    return [alert.name for alert in watch.look(figures, now)]


def test_given_a_rule_that_waits_then_it_fires_when_it_has_held_long_enough() -> None:
    watch = Watch(rules_of(RULES))
    assert names(watch, "narratix_database_up 0\n", 0) == []
    assert names(watch, "narratix_database_up 0\n", 59) == []
    assert names(watch, "narratix_database_up 0\n", 60) == ["DatabaseAway"]


def test_given_a_recovery_in_between_then_the_wait_begins_anew() -> None:
    watch = Watch(rules_of(RULES))
    watch.look("narratix_database_up 0\n", 0)
    watch.look("narratix_database_up 1\n", 30)
    assert names(watch, "narratix_database_up 0\n", 70) == []


def test_given_one_series_of_several_then_it_is_named() -> None:
    figures = 'narratix_subscription_stopped{name="router"} 0\nnarratix_subscription_stopped{name="usage"} 1\n'
    [alert] = Watch(rules_of(RULES)).look(figures, 0)
    assert (alert.name, alert.labels) == ("SubscriptionStopped", {"name": "usage"})


def test_given_labels_in_a_rule_then_other_series_do_not_fire_it() -> None:
    watch = Watch(rules_of(RULES))
    assert names(watch, 'narratix_work{state="done"} 900\n', 0) == []
    assert names(watch, 'narratix_work{state="dead"} 21\n', 0) == ["WorkDied"]


@pytest.mark.parametrize(
    "rule",
    [
        {"expr": "rate(narratix_requests_total[5m]) > 1"},
        {"expr": 'narratix_work{state=~"dead"} > 1'},
        {"expr": "narratix_work > 1", "for": "soon"},
    ],
)
def test_given_a_rule_that_this_cannot_judge_then_it_is_refused_by_name(rule: dict[str, str], tmp_path: Path) -> None:
    written = {"alert": "Odd", "labels": {}, "annotations": {}, **rule}
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "g", "rules": [written]}]}))
    with pytest.raises(BadRules, match="Odd"):
        rules_of(tmp_path / "rules.json")


async def until_subscribed(narratix: Services) -> None:
    """A service that has just started has told of none of its subscriptions yet."""
    async with asyncio.timeout(30):
        while not await narratix.pool.fetchval("select exists (select from subscriptions where serving)"):
            await asyncio.sleep(0.05)


async def test_given_the_real_figures_then_every_rule_finds_its_metric_and_none_fires(narratix: Services) -> None:
    await until_subscribed(narratix)
    figures = (await Metrics().scrape(narratix)).decode()
    rules = rules_of(RULES)

    assert [rule.name for rule in rules if f"\n{rule.metric}" not in f"\n{figures}"] == []
    assert Watch(rules).look(figures, 0) == []


def test_given_alerts_then_the_message_reads_in_a_chat() -> None:
    alerts = Watch(rules_of(RULES)).look("narratix_spend_share 0.9\n", 5)
    said = message(alerts, ["QueueIsOld"])
    assert said["text"].splitlines()[-1] == "over: QueueIsOld"
    assert "warning: SpendNearCap" in said["text"]
