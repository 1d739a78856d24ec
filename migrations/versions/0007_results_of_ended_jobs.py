"""Refuse what work would add to a job that has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run((SQL / "append_while_running.sql").read_text())


def downgrade() -> None:
    before = (SQL / "append_many_at_once.sql").read_text()
    _run(before[before.index("create or replace function append_many") :])
    op.execute("drop function job_has_ended")
    op.execute("drop view turning_points")
    op.drop_index("events_endings_idx", "events")


def _run(script: str) -> None:
    """Several statements at once are beyond a prepared statement, which is all that SQLAlchemy sends to asyncpg."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg: asyncpg.execute(script))
