"""Who is to be told that a job has ended, and what is to be delivered: kept in tables of their own.

An address of a webhook often holds a secret (a token in its path), and belongs to its owner. Events are public to
auditors and last for ever, so the address is not in them: it lies in `webhook_targets`, which nobody reads out, and is
deleted with its last use. A delivery is work for a job that has ended, which the log lets nobody add to; so it is
claimed, fenced and settled here in the same way, in no lane in which a drama's work could wait behind it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from narratix.events.catalogue import DramaExpired, JobCompleted, JobFailed
from narratix.events.store import Recorded
from narratix.events.tables import Moment, metadata

Target = Literal["submitter", "service"]
State = Literal["waiting", "sending", "delivered", "dead"]

OLDEST: Final = timedelta(days=1)
"""The service's own webhook is not told of what ended longer ago: a new subscription begins at the log's beginning."""

ORPHAN_SECONDS: Final = 24 * 3600.0
"""A target whose job never came on record is kept no longer."""

webhook_targets: Final = sa.Table(
    "webhook_targets",
    metadata,
    sa.Column("job_id", UUID, primary_key=True),
    # who named it, and signs for
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.text("now()")),
)

webhook_deliveries: Final = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    # of the event that is told: the message's id comes from it
    sa.Column("event_id", UUID, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("job_id", UUID, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    # the very bytes that are sent at every attempt
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("run_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", Moment),
    # what came of the last attempt
    sa.Column("status", sa.Integer),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Column("settled_at", Moment),
    sa.UniqueConstraint("event_id", "target"),
    sa.CheckConstraint("state in ('waiting', 'sending', 'delivered', 'dead')", name="state"),
    sa.CheckConstraint("target in ('submitter', 'service')", name="target"),
    sa.Index("webhook_deliveries_open_idx", "run_at", postgresql_where=sa.text("state in ('waiting', 'sending')")),
    sa.Index("webhook_deliveries_job_idx", "job_id"),
)

_NAME: Final = """
insert into webhook_targets (job_id, actor, url) values ($1, $2, $3)
on conflict (job_id) do update set job_id = excluded.job_id returning url
"""
_TARGETS: Final = "select job_id from webhook_targets where job_id = any($1::uuid[])"
_DELIVER: Final = """
insert into webhook_deliveries (event_id, target, job_id, type, body)
select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[])
on conflict (event_id, target) do nothing
"""
_FORGET: Final = """
with gone as (delete from webhook_deliveries where job_id = any($1::uuid[]))
delete from webhook_targets t where job_id = any($1::uuid[])
or (created_at < now() - make_interval(secs => $2) and not exists (select from events e where e.stream_id = t.job_id))
"""


class OtherTarget(Exception):
    """The job is on record with another webhook."""


class Targets:
    """Who is to be told of a job's end."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def name(self, job_id: uuid.UUID, actor: str, url: str) -> None:
        """Let `url` be told. To be called before the job is on record. Raises OtherTarget."""
        if await self._pool.fetchval(_NAME, job_id, actor, url) != url:
            raise OtherTarget


class Postman:
    """A subscriber: for every job that ends, what is to be delivered to whom. It sends nothing itself.

    `service`: whether the service has a webhook of its own; `public_url` is the beginning of the links, empty for
    relative ones; `wake` is called when there is something new.
    """

    name = "webhooks"
    build = 1
    code_version = 1
    pause = 0.0
    refolds = False

    def __init__(
        self,
        *,
        service: bool,
        public_url: str,
        wake: Callable[[], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service = service
        self._public_url = public_url
        self._wake = wake
        self._clock = clock
        self._new = False

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        over = [event for event in events if isinstance(event.data, JobCompleted | JobFailed)]
        if over:
            named = {job_id for (job_id,) in await connection.fetch(_TARGETS, [event.stream_id for event in over])}
            rows = [
                (event.event_id, target, event.stream_id, *message(event, self._public_url))
                for event in over
                for target in self._targets(event, named)
            ]
            if rows:
                await connection.execute(_DELIVER, *zip(*rows, strict=True))
                self._new = True
        if expired := [event.stream_id for event in events if isinstance(event.data, DramaExpired)]:
            await connection.execute(_FORGET, expired, ORPHAN_SECONDS)

    def _targets(self, event: Recorded, named: set[uuid.UUID]) -> list[Target]:
        targets: list[Target] = ["submitter"] if event.stream_id in named else []
        if self._service and event.recorded_at > self._clock() - OLDEST:
            targets.append("service")
        return targets

    def forget(self) -> None:
        self._new = False

    def done(self) -> None:
        if self._new:
            self._new = False
            self._wake()


def message(event: Recorded, public_url: str) -> tuple[str, str]:
    """The type and the body of what is told of a job's end: enough to know what to fetch, and nothing of the story."""
    data: dict[str, Any] = {"job_id": str(event.stream_id), "version": event.version}
    links = {"status": f"{public_url.rstrip('/')}/api/demo/status/{event.stream_id}"}
    match event.data:
        case JobCompleted(duration=duration):
            type = "job.completed"
            links["result"] = f"{public_url.rstrip('/')}/api/demo/result/{event.stream_id}"
            data |= {"status": "completed", "duration_seconds": duration}
        case JobFailed(stage=stage, reason=reason):
            type = "job.failed"
            data |= {"status": "failed", "stage": stage, "error": reason}
        case other:
            raise TypeError(f"{other.__class__.__name__} is nothing that a webhook tells of")
    at = event.recorded_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": type, "timestamp": at, "data": {**data, "links": links}}
    return type, msgspec.json.encode(body).decode()


def message_id(event_id: uuid.UUID) -> str:
    """The same at every attempt, and for every receiver of this end of this job."""
    return f"msg_{event_id.hex}"
