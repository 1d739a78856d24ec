"""Append a whole call's events by one insert, and refuse what work would add to a job that has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run((SQL / "append_many_at_once.sql").read_text())


def downgrade() -> None:
    op.execute("drop function append_many")
    op.execute("drop function job_has_ended")
    op.execute("drop view turning_points")
    op.drop_index("events_endings_idx", "events")
    op.execute("drop aggregate chain(bytea, text)")
    op.execute("drop function link")
    op.execute("drop function is_storable")
    _run((SQL / "append_many.sql").read_text())


def _run(script: str) -> None:
    """Several statements at once are beyond a prepared statement, which is all that SQLAlchemy sends to asyncpg."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg: asyncpg.execute(script))
