"""Alert rules without a Prometheus: the same file of rules, looked at now and then, told to a webhook.

A rule's expression is of the form `metric{label="value"} > number`, which is all that ours need; any other is refused
when the file is read, not when it would have mattered.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

_EXPRESSION: Final = re.compile(
    r"(?P<metric>[a-z_:][a-z0-9_:]*)(?:\{(?P<labels>[^}]*)\})?\s*(?P<operator>==|!=|>=|<=|>|<)\s*(?P<value>-?\d+(?:\.\d+)?)",
)
_LABEL: Final = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class BadRules(ValueError):
    """The file of rules cannot be used. Its text says which rule and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when any series of `metric` with these labels holds against `value` for `seconds` on end."""

    name: str
    metric: str
    labels: tuple[tuple[str, str], ...]
    holds: Callable[[float, float], bool]
    value: float
    seconds: float
    severity: str
    summary: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that fires for a series, since `since` (seconds on the caller's clock)."""

    name: str
    severity: str
    summary: str
    labels: dict[str, str]
    value: float
    since: float


class _Rule(msgspec.Struct, frozen=True):
    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    for_: str = msgspec.field(name="for", default="0s")


class _Group(msgspec.Struct, frozen=True):
    name: str
    rules: tuple[_Rule, ...]


class _File(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...]


def rules_of(path: Path) -> list[Rule]:
    """The rules of a file in Prometheus's format, written as JSON. Raises BadRules."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except (msgspec.MsgspecError, OSError) as problem:
        raise BadRules(f"{path} cannot be read as alert rules: {problem}") from problem
    return [_rule(rule) for group in file.groups for rule in group.rules]


def _rule(rule: _Rule) -> Rule:
    found = _EXPRESSION.fullmatch(rule.expr)
    lasts = re.fullmatch(r"(\d+)([smh])", rule.for_)
    if found is None or lasts is None:
        raise BadRules(
            f'The rule {rule.alert} is not of the form metric{{label="value"}} > number, for 5m: {rule.expr}'
        )
    labels = [] if not found["labels"] else [_LABEL.fullmatch(part) for part in found["labels"].split(",")]
    if None in labels:
        raise BadRules(f"The labels of the rule {rule.alert} cannot be read: {found['labels']}")
    return Rule(
        name=rule.alert,
        metric=found["metric"],
        labels=tuple((label[1], label[2]) for label in labels if label is not None),
        holds=_OPERATORS[found["operator"]],
        value=float(found["value"]),
        seconds=float(lasts[1]) * _SECONDS[lasts[2]],
        severity=rule.labels.get("severity", "warning"),
        summary=rule.annotations.get("summary", ""),
    )


class Watch:
    """Looks at figures again and again, and remembers since when each rule holds."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._since: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def look(self, figures: str, now: float) -> list[Alert]:
        """The alerts that fire, by the text of a /metrics answer taken at `now`, in seconds."""
        series: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in text_string_to_metric_families(figures):
            for sample in family.samples:
                series.setdefault(sample.name, []).append((sample.labels, sample.value))
        held: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        firing: list[Alert] = []
        for rule in self._rules:
            for labels, value in series.get(rule.metric, ()):
                if not (set(rule.labels) <= set(labels.items()) and rule.holds(value, rule.value)):
                    continue
                key = (rule.name, tuple(sorted(labels.items())))
                held[key] = self._since.get(key, now)
                if now - held[key] >= rule.seconds:
                    firing.append(
                        Alert(
                            name=rule.name,
                            severity=rule.severity,
                            summary=rule.summary,
                            labels=dict(labels),
                            value=value,
                            since=held[key],
                        )
                    )
        self._since = held
        return firing


def unreachable(address: str, now: float) -> Alert:
    """What is told when there are no figures at all."""
    summary = f"{address} does not answer. The service may be down."
    return Alert(name="ServiceAway", severity="critical", summary=summary, labels={}, value=0.0, since=now)


def message(alerts: Sequence[Alert], resolved: Sequence[str]) -> dict[str, Any]:
    """What is sent to a webhook: `text` for chats, the rest for programs."""
    lines = [f"{alert.severity}: {alert.name}: {alert.summary}" for alert in alerts]
    lines += [f"over: {name}" for name in resolved]
    return {"text": "\n".join(lines), "alerts": alerts, "resolved": list(resolved)}
