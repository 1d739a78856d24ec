"""What a month costs: so many dramas, by the table of prices and by what making one was measured to take.

The measures are of one real story (`footprint.toml`, written by benchmarks/footprint.py) and grow with a drama's length.
Where something had to be assumed it is a constant here, and every bill says it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from narratix.estimate import CHARACTERS_PER_LINE, CHARACTERS_PER_TOKEN, READINGS
from narratix.providers.language.labels import TOKENS_PER_LABEL
from narratix.providers.prices import entry_of

FOOTPRINT: Final = Path(__file__).parent / "footprint.toml"
MULTIPART_BYTES: Final = 8 << 20
"""Parts of this size go to S3, each a call (providers/storage/s3.py)."""

MONTH_HOURS: Final = 730.0
MONTH_DAYS: Final = 30.0

# -- assumed -----------------------------------------------------------------------------------

COMPUTE_UNITS: Final = 0.25
"""Neon's smallest compute, which this workload does not fill."""
SUSPEND_SECONDS: Final = 300.0
"""Neon stops a compute that got no query for so long."""
VISIT_SECONDS: Final = 60.0
"""For which a visit to a page keeps asking the database now and then."""
HISTORY_DAYS: Final = 7.0
"""Of changes that Neon keeps for a restore."""
LOG_MONTHS: Final = 12.0
"""The log is kept for ever; the bill is of the month after so many alike."""
PAGE_MB: Final = 2.0
"""That leave Railway for a visit: page, libraries, stream of events. Sound comes from R2."""
CLIP_COMPUTING_SECONDS: Final = 10.0
"""Of a GPU on Replicate for a clip of music or effects."""
CACHED_SHARE: Final = 0.0
"""Of a month's music and effects that an earlier drama has made already. None, to be safe."""

Group = Literal["platform", "providers"]


class Footprint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a story took that became `seconds` of drama. `cpu_seconds` and `memory_gb` (mean) are those of the service,
    the idle ones of a service that rests; storage counts as R2 does."""

    performed: str
    engines: str
    seconds: float
    characters: int
    lines: int
    music_clips: int
    music_seconds: float
    effect_clips: int
    effect_seconds: float
    wall_seconds: float
    cpu_seconds: float
    memory_gb: float
    idle_memory_gb: float
    idle_cpu_seconds_per_hour: float
    events: int
    database_bytes: int
    wal_bytes: int
    stored_bytes: int
    storage_writes: int
    storage_reads: int


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of measures: when, of which story, on which machine."""

    measured: date
    story: str
    machine: str
    footprint: tuple[Footprint, ...]

    def of(self, performed: str) -> Footprint:
        return next(each for each in self.footprint if each.performed == performed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A month: so many dramas of so many minutes, each visited so often, its files kept for `retention_days`."""

    dramas: int = 300
    minutes: float = 5.0
    visits: float = 3.0
    retention_days: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Who performs: whose footprint is what remains with us, and the models that are paid for (None: local, free)."""

    name: str
    footprint: str
    language: tuple[str, str] | None = None
    speech: tuple[str, str] | None = None
    music: tuple[str, str] | None = None
    effects: tuple[str, str] | None = None


_CLAUDE: Final = ("anthropic", "claude-haiku-5-5")
_VOICES: Final = ("elevenlabs", "eleven_multilingual_v2")

PERFORMANCES: Final = (
    Performance(name="local", footprint="local"),
    Performance(
        name="cloud: ElevenLabs",
        footprint="cloud",
        language=_CLAUDE,
        speech=_VOICES,
        music=("elevenlabs", "music_v1"),
        effects=("elevenlabs", "sound-generation"),
    ),
    Performance(
        name="cloud: Replicate",
        footprint="cloud",
        language=_CLAUDE,
        speech=_VOICES,
        music=("replicate", "*"),
        effects=("replicate", "*"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of a bill. `units` are all that is used, `usd` what is paid after what is free."""

    group: Group
    provider: str
    what: str
    units: float
    unit: str
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A month's, in US dollars."""

    performance: str
    items: tuple[Item, ...]

    def sum(self, group: Group) -> float:
        return round(sum(item.usd for item in self.items if item.group == group), 2)

    @property
    def usd(self) -> float:
        return round(self.sum("platform") + self.sum("providers"), 2)


@cache
def measured(path: Path = FOOTPRINT) -> Measured:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Measured)


def bill(performance: Performance, footprint: Footprint, wanted: Wanted, on: date) -> Bill:
    """A month's bill at the prices of that day. Raises LookupError for a use that the table has no price for."""
    times = wanted.dramas * wanted.minutes * 60 / footprint.seconds
    """How often the measured story's length is made in a month."""
    items = [
        *_with_plan("railway", list(_railway(footprint, wanted, times, on)), on),
        *_with_plan("neon", list(_neon(footprint, wanted, times, on)), on),
        *_r2(footprint, wanted, times, on),
        *_providers(performance, footprint, times, on),
    ]
    return Bill(performance=performance.name, items=tuple(items))


def _railway(footprint: Footprint, wanted: Wanted, times: float, on: date) -> Iterator[Item]:
    busy_minutes = min(times * footprint.wall_seconds / 60, MONTH_HOURS * 60)
    idle_minutes = MONTH_HOURS * 60 - busy_minutes
    idle_cpu = footprint.idle_cpu_seconds_per_hour * idle_minutes / 60 / 60
    cpu = times * footprint.cpu_seconds / 60 + idle_cpu
    memory = busy_minutes * footprint.memory_gb + idle_minutes * footprint.idle_memory_gb
    leaving = times * (footprint.stored_bytes + footprint.wal_bytes) / 1e9
    leaving += wanted.dramas * wanted.visits * PAGE_MB / 1e3
    yield _item("platform", "railway", "processor", cpu, "vCPU-minutes", on)
    yield _item("platform", "railway", "memory", memory, "GB-minutes of memory", on)
    yield _item("platform", "railway", "egress", leaving, "GB of egress", on)


def _neon(footprint: Footprint, wanted: Wanted, times: float, on: date) -> Iterator[Item]:
    awake = times * footprint.wall_seconds + wanted.dramas * SUSPEND_SECONDS
    awake += wanted.dramas * wanted.visits * (VISIT_SECONDS + SUSPEND_SECONDS)
    hours = min(awake / 3600, MONTH_HOURS)
    stored = times * footprint.database_bytes / 1e9 * LOG_MONTHS
    history = times * footprint.wal_bytes / 1e9 * HISTORY_DAYS / MONTH_DAYS
    yield _item("platform", "neon", "compute", hours * COMPUTE_UNITS, "CU-hours", on)
    yield _item("platform", "neon", "storage", stored, "GB-months", on)
    yield _item("platform", "neon", "history", history, "GB-months of history", on)


def _r2(footprint: Footprint, wanted: Wanted, times: float, on: date) -> Iterator[Item]:
    kept = times * footprint.stored_bytes / 1e9 * wanted.retention_days / MONTH_DAYS
    # each visit reads a file or two of each kind; what is listened to is fetched from R2 by its address
    reads = times * footprint.storage_reads + wanted.dramas * wanted.visits * (wanted.minutes * 60 / 4 + 10)
    yield _item("platform", "r2", "storage", kept, "GB-months", on)
    yield _item("platform", "r2", "writes", times * footprint.storage_writes, "class A operations", on)
    yield _item("platform", "r2", "reads", reads, "class B operations", on)


def _with_plan(provider: str, items: list[Item], on: date) -> list[Item]:
    """With what is missing to the plan's minimum."""
    plan = entry_of(provider, "*", "plan", on)
    missing = 0.0 if plan is None else max(0.0, plan.usd - sum(item.usd for item in items))
    rest = Item(
        group="platform", provider=provider, what="rest of the plan", units=1, unit="plan", usd=round(missing, 4)
    )
    return [*items, rest]


def _providers(performance: Performance, footprint: Footprint, times: float, on: date) -> Iterator[Item]:
    characters = footprint.characters * times
    if performance.language is not None:
        provider, model = performance.language
        asked = characters / CHARACTERS_PER_TOKEN * READINGS
        answered = characters / CHARACTERS_PER_LINE * TOKENS_PER_LABEL + 1000 * times
        yield _item("providers", provider, "script, read", asked, "input tokens", on, model)
        yield _item("providers", provider, "script, written", answered, "output tokens", on, model)
    if performance.speech is not None:
        provider, model = performance.speech
        yield _item("providers", provider, "speech", characters, "characters", on, model)
    sounds = (
        ("music", performance.music, footprint.music_seconds, footprint.music_clips),
        ("effects", performance.effects, footprint.effect_seconds, footprint.effect_clips),
    )
    for what, engine, seconds, clips in sounds:
        if engine is None:
            continue
        provider, model = engine
        new = times * (1 - CACHED_SHARE)
        if provider == "replicate":
            computing = clips * CLIP_COMPUTING_SECONDS * new
            yield _item("providers", provider, what, computing, "computing seconds", on, model)
        else:
            yield _item("providers", provider, what, seconds * new, "seconds", on, model)


def _item(group: Group, provider: str, what: str, units: float, unit: str, on: date, model: str = "*") -> Item:
    price = entry_of(provider, model, unit, on)
    if price is None:
        raise LookupError(f"The table of prices has nothing for {unit} of {provider} on {on}.")
    usd = max(0.0, units - price.free) * price.usd / price.per
    return Item(group=group, provider=provider, what=what, units=round(units, 3), unit=unit, usd=round(usd, 4))


def assumptions(wanted: Wanted, found: Measured, on: date) -> Sequence[str]:
    """What the bills rest on, in sentences."""
    local = found.of("local")
    return (
        f"Prices are those of {on}, with their sources, in narratix/providers/prices.toml.",
        f"Measured on {found.measured} ({found.machine}): {found.story!r}, {local.characters:,} characters, became "
        f"{local.seconds:.0f} s of drama; everything is scaled by length. The processors of Railway may be slower.",
        "What the service itself takes with cloud engines was measured with stand-ins in their place; their answers' "
        "waiting time is not in it, and nothing was paid.",
        f"One service, always on; when nobody calls it holds {local.idle_memory_gb:.2f} GB. No drama overlaps another.",
        f"Each drama is visited {wanted.visits:g} times, each time when the database sleeps: Neon at {COMPUTE_UNITS} CU "
        f"runs {VISIT_SECONDS:.0f} s for a visit, and {SUSPEND_SECONDS:.0f} s after every last query.",
        f"Railway sends {PAGE_MB:g} MB for a visit, and what goes to storage and database; sound is fetched from R2.",
        f"Files are kept for {wanted.retention_days:g} days, the log for ever: this is the month after {LOG_MONTHS:.0f} "
        f"such months. Neon keeps {HISTORY_DAYS:.0f} days of changes.",
        f"Claude reads a text {READINGS:g} times at {CHARACTERS_PER_TOKEN:g} characters a token and writes "
        f"{TOKENS_PER_LABEL} tokens a line, without what its cache spares: the upper side that the spend caps rest on.",
        f"Music and effects are made anew for every drama; Replicate computes {CLIP_COMPUTING_SECONDS:g} s for a clip.",
        "No tax, no free plan of Neon's, no other environment; staging costs its own.",
    )
