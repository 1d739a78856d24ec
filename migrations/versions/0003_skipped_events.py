"""Find the decisions to pass over an event without reading the whole log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("events_skipped_idx", "events", ["position"], postgresql_where=sa.text("type = 'EventSkipped'"))


def downgrade() -> None:
    op.drop_index("events_skipped_idx", "events")
