"""usage: what providers were used for and what it cost, by day (UTC), provider and model."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from narratix.events.catalogue import EffectRendered, LineSpoken, MusicComposed, ScriptWritten, Usage, VoicesCast
from narratix.events.store import Recorded
from narratix.projections.projection import Projection, projection_table


class DailyUsage(msgspec.Struct, kw_only=True, gc=False):
    day: str
    provider: str
    model: str
    unit: str
    calls: int = 0
    cached: int = 0
    units: float = 0.0
    cost_usd: float = 0.0
    last_at: datetime


def _usages(recorded: Recorded) -> tuple[Usage, ...]:
    match recorded.data:
        case LineSpoken() | MusicComposed() | EffectRendered() as made:
            return (made.usage,)
        case ScriptWritten() | VoicesCast() as several:
            return several.usage
        case _:
            return ()


def _key(recorded: Recorded, usage: Usage) -> str:
    return f"{recorded.recorded_at:%Y-%m-%d}/{usage.provider}/{usage.model}/{usage.unit}"


def evolve(row: DailyUsage | None, recorded: Recorded, key: str) -> DailyUsage | None:
    for usage in _usages(recorded):
        if _key(recorded, usage) != key:
            continue
        if row is None:
            row = DailyUsage(
                day=f"{recorded.recorded_at:%Y-%m-%d}",
                provider=usage.provider,
                model=usage.model,
                unit=usage.unit,
                last_at=recorded.recorded_at,
            )
        row.last_at = recorded.recorded_at
        if usage.cached:
            row.cached += 1
        else:
            row.calls += 1
            row.units = round(row.units + usage.units, 6)
            row.cost_usd = round(row.cost_usd + usage.cost_usd, 6)
    return row


USAGE: Final = Projection(
    name="usage",
    code_version=2,
    row=DailyUsage,
    table=projection_table("usage"),
    keys=lambda event: dict.fromkeys(_key(event, usage) for usage in _usages(event)),
    evolve=evolve,
    rank=lambda row: row.last_at,
)
