"""What jobs may spend and have spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reservations",
        sa.Column("job_id", sa.UUID, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("estimate", sa.Numeric(14, 6), nullable=False),
        sa.Column("spent", sa.Numeric(14, 6), server_default="0", nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="reservations_pkey"),
    )
    op.create_index("reservations_day_idx", "reservations", ["day"])


def downgrade() -> None:
    op.drop_table("reservations")
