"""The tables of the log, its subscriptions and the work that follows from it. Migrations are made from these."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP, UUID

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

Moment: Final = TIMESTAMP(timezone=True)

events: Final = sa.Table(
    "events",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", UUID, nullable=False, unique=True),
    sa.Column("stream_id", UUID, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("schema_version", sa.SmallInteger, nullable=False),
    # json, not jsonb: the very bytes that were hashed are kept
    sa.Column("data", JSON, nullable=False),
    sa.Column("metadata", JSON, nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("stream_id", "version"),
    sa.Index("events_skipped_idx", "position", postgresql_where=sa.text("type = 'EventSkipped'")),
    # what ends a job, and what takes it up again
    sa.Index(
        "events_endings_idx",
        "stream_id",
        "version",
        postgresql_where=sa.text("type in ('JobCompleted', 'JobFailed', 'JobCancelled', 'JobRetried', 'DramaExpired')"),
    ),
)

subscriptions: Final = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    # a projection can be built anew beside the one that serves its readers
    sa.Column("build", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("code_version", sa.Integer, nullable=False),
    sa.Column("serving", sa.Boolean, nullable=False),
    # why it stopped; null while it runs
    sa.Column("error", sa.Text),
    sa.Column("updated_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Index("subscriptions_serving_idx", "name", unique=True, postgresql_where=sa.text("serving")),
)

work: Final = sa.Table(
    "work",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("job_id", UUID, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("uses", sa.Text, nullable=False),
    # the version of the job that this follows from
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    # its place in its lane: the lowest goes first
    sa.Column("priority", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("run_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Column("lease_until", Moment),
    sa.Column("owner", sa.Text),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Column("settled_at", Moment),
    sa.CheckConstraint("state in ('ready', 'waiting', 'running', 'done', 'dead', 'cancelled')", name="state"),
    sa.Index("work_ready_idx", "uses", "priority", "id", postgresql_where=sa.text("state = 'ready'")),
    sa.Index("work_waiting_idx", "run_at", postgresql_where=sa.text("state = 'waiting'")),
    sa.Index("work_running_idx", "lease_until", postgresql_where=sa.text("state = 'running'")),
    sa.Index("work_job_idx", "job_id"),
)

lanes: Final = sa.Table(
    "lanes",
    metadata,
    # a kind of port: work that uses the same one queues up in one lane
    sa.Column("uses", sa.Text, primary_key=True),
    # the highest priority that was ever begun
    sa.Column("clock", sa.BigInteger, nullable=False, server_default="0"),
)
