"""How often each client asked within the last minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("calls", postgresql.ARRAY(MOMENT), nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("seen_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("client", name="rate_limits_pkey"),
    )
    op.create_index("rate_limits_seen_at_idx", "rate_limits", ["seen_at"])


def downgrade() -> None:
    op.drop_table("rate_limits")
