"""Whose database this is: staging and production share nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installations",
        sa.Column("one", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("one", name="installations_one_check"),
        sa.PrimaryKeyConstraint("one", name="installations_pkey"),
    )


def downgrade() -> None:
    op.drop_table("installations")
