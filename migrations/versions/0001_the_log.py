"""The log, its subscriptions, the work, and the first read models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.UUID, nullable=False),
        sa.Column("stream_id", sa.UUID, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        sa.Column("data", postgresql.JSON, nullable=False),
        sa.Column("metadata", postgresql.JSON, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("position", name="events_pkey"),
        sa.UniqueConstraint("event_id", name="events_event_id_key"),
        sa.UniqueConstraint("stream_id", "version", name="events_stream_id_version_key"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("build", sa.Integer, nullable=False),
        sa.Column("position", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("code_version", sa.Integer, nullable=False),
        sa.Column("serving", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", "build", name="subscriptions_pkey"),
    )
    op.create_index(
        "subscriptions_serving_idx", "subscriptions", ["name"], unique=True, postgresql_where=sa.text("serving")
    )
    op.create_table(
        "work",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("job_id", sa.UUID, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("uses", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("owner", sa.Text),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="work_pkey"),
        sa.UniqueConstraint("key", name="work_key_key"),
        sa.CheckConstraint("state in ('ready', 'running', 'done', 'dead', 'cancelled')", name="work_state_check"),
    )
    ready, running = sa.text("state = 'ready'"), sa.text("state = 'running'")
    op.create_index("work_ready_idx", "work", ["uses", "priority", "id"], postgresql_where=ready)
    op.create_index("work_running_idx", "work", ["lease_until"], postgresql_where=running)
    op.create_index("work_job_idx", "work", ["job_id"])
    for name in ("job_status", "library", "usage"):
        op.create_table(
            name,
            sa.Column("build", sa.Integer, nullable=False),
            sa.Column("key", sa.Text, nullable=False),
            sa.Column("rank", MOMENT, nullable=False),
            sa.Column("row", postgresql.JSON, nullable=False),
            sa.PrimaryKeyConstraint("build", "key", name=f"{name}_pkey"),
        )
        op.create_index(f"{name}_rank_idx", name, ["build", sa.text("rank desc")])
    for script in ("append_many.sql", "events_are_immutable.sql"):
        _run(SQL / script)


def _run(script: Path) -> None:
    """Several statements at once are beyond a prepared statement, which is all that SQLAlchemy sends to asyncpg."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg: asyncpg.execute(script.read_text()))


def downgrade() -> None:
    op.execute("drop function append_many")
    for name in ("job_status", "library", "usage", "work", "subscriptions", "events"):
        op.drop_table(name)
    op.execute("drop function events_are_immutable")
