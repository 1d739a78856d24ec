"""What may be spent: a reservation per job, kept in Postgres for all processes together.

A job reserves its estimate before it is accepted, under one lock, so that a cap holds exactly however many submit at
once. What it really costs is taken from its events; when it ends, the rest of its estimate is free again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import asyncpg
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import UUID

from narratix.events.catalogue import (
    EffectRendered,
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    LineSpoken,
    MusicComposed,
    ScriptWritten,
    VoicesCast,
)
from narratix.events.store import Recorded
from narratix.events.tables import Moment, metadata

log = structlog.get_logger(__name__)

LOCK: Final = 72374634
ALERTS: Final = (0.5, 0.8, 1.0)
"""Shares of a cap at which people are told."""

ORPHAN_SECONDS: Final = 3600.0
"""A reservation whose job never came on record counts no longer than this."""

reservations: Final = sa.Table(
    "reservations",
    metadata,
    sa.Column("job_id", UUID, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    # US dollars
    sa.Column("estimate", sa.Numeric(14, 6), nullable=False),
    sa.Column("spent", sa.Numeric(14, 6), nullable=False, server_default="0"),
    # whether the job may still spend
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Index("reservations_day_idx", "day"),
)

_COMMITTED: Final = """
with counted as (
    select day, actor, case when not r.open then r.spent else greatest(r.estimate, r.spent) end as usd
    from reservations r
    where day >= date_trunc('month', $1::date)::date and job_id <> $2
      and (not r.open or r.created_at > now() - make_interval(secs => $4)
           or exists (select 1 from events e where e.stream_id = r.job_id))
)
select coalesce(sum(usd) filter (where actor = $3 and day = $1), 0) as actor,
       coalesce(sum(usd) filter (where day = $1), 0) as day,
       coalesce(sum(usd), 0) as month
from counted
"""
_HELD: Final = "select open from reservations where job_id = $1"
_RESERVE: Final = """
insert into reservations as held (job_id, actor, day, estimate, open) values ($1, $2, $3, $4, true)
on conflict (job_id) do update set open = true, estimate = greatest(held.estimate, excluded.estimate)
"""
_SPEND: Final = """
insert into reservations as held (job_id, actor, day, estimate, spent, open)
select job_id, '', day, 0, usd, true from unnest($1::uuid[], $2::date[], $3::numeric[]) as paid (job_id, day, usd)
on conflict (job_id) do update set spent = held.spent + excluded.spent
"""
_CLOSE: Final = "update reservations set open = false, spent = $2 where job_id = $1"
_SETTLE: Final = "update reservations set open = $2 where job_id = any($1::uuid[])"


class OverBudget(Exception):
    """Accepting the job could break a cap. Its text is a sentence for people; `seconds` until the cap is a new one,
    None where it never is."""

    def __init__(self, sentence: str, seconds: float | None) -> None:
        super().__init__(sentence)
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """US dollars: for one job, for one client in a day, for all in a day and in a month (UTC)."""

    job: float
    client: float
    day: float
    month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """US dollars spent or reserved: by one client today, by all today and this month; and the share of the tightest cap."""

    client: float
    day: float
    month: float
    share: float


class Budget:
    """Grants reservations within the caps."""

    def __init__(self, pool: asyncpg.Pool, caps: Caps) -> None:
        self._pool = pool
        self.caps = caps
        self._told: tuple[date, float] = (date.min, 0.0)

    async def reserve(self, job_id: uuid.UUID, actor: str, usd: float, *, reopen: bool = False) -> bool:
        """Reserve `usd` for a job; whether that is new. The same job again changes nothing; with `reopen`, one that was
        over may spend again. Raises OverBudget."""
        if usd <= 0:
            return False
        if usd > self.caps.job:
            raise OverBudget(
                f"This story would cost about {_dollars(usd)}, and one story may cost {_dollars(self.caps.job)}. "
                "Shorten it, or choose the local voices, which cost nothing.",
                None,
            )
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            still_open = await connection.fetchval(_HELD, job_id)
            if still_open or (still_open is not None and not reopen):
                return False
            now: datetime = await connection.fetchval("select now()")
            day = now.astimezone(UTC).date()
            committed = await connection.fetchrow(_COMMITTED, day, job_id, actor, ORPHAN_SECONDS)
            self._check(committed, usd, now.astimezone(UTC))
            await connection.execute(_RESERVE, job_id, actor, day, Decimal(str(round(usd, 6))))
        self._tell(day, float(committed["day"]) + usd, float(committed["month"]) + usd)
        return True

    async def settle(self, job_id: uuid.UUID, usd: float) -> None:
        """Close a reservation whose costs stand in no event: `usd` were really paid."""
        await self._pool.execute(_CLOSE, job_id, Decimal(str(round(usd, 6))))

    async def committed(self, actor: str = "") -> Committed:
        """What is spent or reserved now; the client is `actor`."""
        day = datetime.now(UTC).date()
        row = await self._pool.fetchrow(_COMMITTED, day, uuid.UUID(int=0), actor, ORPHAN_SECONDS)
        client, today, month = (float(row[whose]) for whose in ("actor", "day", "month"))
        return Committed(client=client, day=today, month=month, share=self._share(today, month))

    def _check(self, committed: Mapping[str, Decimal], usd: float, now: datetime) -> None:
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1) if midnight.day != 1 else midnight
        for scope, cap, whose, until in (
            ("actor", self.caps.client, "your stories of today", midnight),
            ("day", self.caps.day, "all stories of today", midnight),
            ("month", self.caps.month, "all stories of this month", next_month),
        ):
            if committed[scope] + Decimal(str(usd)) > Decimal(str(cap)):
                raise OverBudget(
                    f"The limit of {_dollars(cap)} for {whose} would be exceeded: this one would cost about "
                    f"{_dollars(usd)}. Try again later, or choose the local voices, which cost nothing.",
                    (until - now).total_seconds(),
                )

    def _share(self, day: float, month: float) -> float:
        return max(day / self.caps.day if self.caps.day else 0.0, month / self.caps.month if self.caps.month else 0.0)

    def _tell(self, day: date, today: float, month: float) -> None:
        """Say once a day, for each of ALERTS, that this share of a cap is committed."""
        share = self._share(today, month)
        passed = max((alert for alert in ALERTS if share >= alert), default=0.0)
        if (self._told[0] != day and passed) or passed > self._told[1]:
            log.warning("spend_alert", share=round(share, 3), day_usd=round(today, 4), month_usd=round(month, 4))
            self._told = (day, passed)


class Ledger:
    """A subscriber: what jobs really cost, from the events that were paid for. What came in an archive was paid when it
    was made, and belongs to no cap of today."""

    name = "spend"
    build = 1
    code_version = 2
    pause = 0.0
    refolds = False

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        paid: dict[uuid.UUID, tuple[date, Decimal]] = {}
        still: dict[uuid.UUID, bool] = {}
        for event in events:
            if (usd := cost_of(event.data)) and not event.restored:
                day, sum_ = paid.get(event.stream_id, (event.recorded_at.astimezone(UTC).date(), Decimal(0)))
                paid[event.stream_id] = (day, sum_ + Decimal(str(round(usd, 6))))
            if isinstance(event.data, JobCompleted | JobFailed | JobCancelled):
                still[event.stream_id] = False
            elif isinstance(event.data, JobRetried):
                still[event.stream_id] = True
        if paid:
            days, sums = zip(*paid.values(), strict=True)
            await connection.execute(_SPEND, list(paid), list(days), list(sums))
        for opens in (True, False):
            if ids := [job_id for job_id, state in still.items() if state is opens]:
                await connection.execute(_SETTLE, ids, opens)

    def forget(self) -> None:
        """Nothing is remembered between batches."""

    def done(self) -> None:
        """Nothing is remembered between batches."""


def cost_of(event: Event) -> float:
    """US dollars that led to an event."""
    match event:
        case LineSpoken() | MusicComposed() | EffectRendered():
            return event.usage.cost_usd
        case ScriptWritten() | VoicesCast():
            return sum(usage.cost_usd for usage in event.usage)
        case _:
            return 0.0


def _dollars(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.01 else f"${usd:.4f}"
