"""Work queues up in lanes, fairly; what waits for its next attempt is kept apart from what can begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.create_table(
        "lanes",
        sa.Column("uses", sa.Text, nullable=False),
        sa.Column("clock", sa.BigInteger, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("uses", name="lanes_pkey"),
    )
    op.alter_column("work", "priority", type_=sa.BigInteger)
    op.add_column("work", sa.Column("version", sa.Integer, server_default="0", nullable=False))
    op.drop_constraint("work_state_check", "work", type_="check")
    op.create_check_constraint(
        op.f("work_state_check"), "work", "state in ('ready', 'waiting', 'running', 'done', 'dead', 'cancelled')"
    )
    op.create_index("work_waiting_idx", "work", ["run_at"], postgresql_where=sa.text("state = 'waiting'"))
    _run(SQL / "claim_work.sql")


def _run(script: Path) -> None:
    """Several statements at once are beyond a prepared statement, which is all that SQLAlchemy sends to asyncpg."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg: asyncpg.execute(script.read_text()))


def downgrade() -> None:
    op.execute("drop function claim_work")
    op.execute("update work set state = 'ready' where state = 'waiting'")
    op.drop_index("work_waiting_idx", "work")
    op.drop_constraint(op.f("work_state_check"), "work", type_="check")
    op.create_check_constraint("work_state_check", "work", "state in ('ready', 'running', 'done', 'dead', 'cancelled')")
    op.drop_column("work", "version")
    op.alter_column("work", "priority", type_=sa.Integer)
    op.drop_table("lanes")
