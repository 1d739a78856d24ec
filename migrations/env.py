"""Alembic's entry: the connection is handed in by narratix.schema, under its lock."""

from __future__ import annotations

from alembic import context

from narratix.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
