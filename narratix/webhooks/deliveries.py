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
from urllib.parse import urlsplit

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

REVIVED: Final = "narratix_webhooks"
"""The channel on which it is notified that a dead delivery waits again."""

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


_AGAIN: Final = """
with revived as (
    update webhook_deliveries d set state = 'waiting', attempt = 0, run_at = now(), settled_at = null
    where id = $1 and state = 'dead'
      and case target when 'service' then $2 else exists (select from webhook_targets t where t.job_id = d.job_id) end
    returning pg_notify($3, '')
)
select state, (select count(*) from revived) from webhook_deliveries where id = $1
"""
_DELIVERIES: Final = """
select d.id, d.job_id, d.type, d.target, d.state, d.attempt, d.status, d.reason,
       case d.state when 'waiting' then d.run_at end as next_attempt_at, d.created_at, d.settled_at, t.url
from webhook_deliveries d
left join webhook_targets t on t.job_id = d.job_id and d.target = 'submitter'
where ($1::uuid is null or d.job_id = $1) and ($2::text is null or d.state = $2) and ($3::bigint is null or d.id = $3)
order by d.id desc limit $4
"""
_DEAD: Final = "select id from webhook_deliveries where state = 'dead' order by id"


class OtherTarget(Exception):
    """The job is on record with another webhook."""


class NoSuchDelivery(Exception):
    """No delivery has this number."""


class NotRevived(Exception):
    """The delivery cannot be tried again. Its text is a sentence for people."""


class Targets:
    """Who is to be told of a job's end."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def name(self, job_id: uuid.UUID, actor: str, url: str) -> None:
        """Let `url` be told. To be called before the job is on record. Raises OtherTarget."""
        if await self._pool.fetchval(_NAME, job_id, actor, url) != url:
            raise OtherTarget


class Postman:
    """A subscriber: for every job that ends, what is to be delivered to whom. It sends nothing itself. An end that came in
    an archive was told when it happened.

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
        over = [event for event in events if isinstance(event.data, JobCompleted | JobFailed) and not event.restored]
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


async def deliver_again(pool: asyncpg.Pool, id: int, *, service: bool) -> None:
    """Let a dead delivery be tried from the beginning, under the same message id and with the same bytes, at once, whatever
    process delivers. `service`: whether the service has a webhook of its own now. Raises NoSuchDelivery, NotRevived."""
    row = await pool.fetchrow(_AGAIN, id, service, REVIVED)
    if row is None:
        raise NoSuchDelivery
    state, revived = row
    if revived:
        return
    if state != "dead":
        raise NotRevived(f"Delivery {id} is not dead but {state}.")
    raise NotRevived(f"Nobody is named any more to whom delivery {id} could be made.")


async def deliveries(
    pool: asyncpg.Pool,
    *,
    id: int | None = None,
    job_id: uuid.UUID | None = None,
    state: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The newest first. Of an address there is only the `host`: the rest may be a secret of its owner."""
    found = []
    for row in await pool.fetch(_DELIVERIES, job_id, state, id, limit):
        url = row["url"]
        found.append({**dict(row), "host": urlsplit(url).hostname if url else None})
        del found[-1]["url"]
    return found


async def dead(pool: asyncpg.Pool) -> Sequence[int]:
    """The deliveries that were given up, the oldest first."""
    return [id for (id,) in await pool.fetch(_DEAD)]


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
