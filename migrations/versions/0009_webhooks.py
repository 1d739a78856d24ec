"""Who is told that a job has ended, what is delivered, and which messages of others were heard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhook_targets",
        sa.Column("job_id", sa.UUID, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="webhook_targets_pkey"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("event_id", sa.UUID, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("job_id", sa.UUID, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, server_default="waiting", nullable=False),
        sa.Column("attempt", sa.Integer, server_default="0", nullable=False),
        sa.Column("run_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", MOMENT),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="webhook_deliveries_pkey"),
        sa.UniqueConstraint("event_id", "target", name="webhook_deliveries_event_id_target_key"),
        sa.CheckConstraint(
            "state in ('waiting', 'sending', 'delivered', 'dead')", name=op.f("webhook_deliveries_state_check")
        ),
        sa.CheckConstraint("target in ('submitter', 'service')", name=op.f("webhook_deliveries_target_check")),
    )
    op.create_index(
        "webhook_deliveries_open_idx",
        "webhook_deliveries",
        ["run_at"],
        postgresql_where=sa.text("state in ('waiting', 'sending')"),
    )
    op.create_index("webhook_deliveries_job_idx", "webhook_deliveries", ["job_id"])
    op.create_table(
        "webhooks_heard",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("heard_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="webhooks_heard_pkey"),
    )
    op.create_index("webhooks_heard_heard_at_idx", "webhooks_heard", ["heard_at"])


def downgrade() -> None:
    op.drop_table("webhooks_heard")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_targets")
