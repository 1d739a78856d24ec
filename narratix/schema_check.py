"""`python -m narratix.schema_check`: whether the migrations lead to the tables that the code declares."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic.util.exc import CommandError

from narratix.embedded.postgres import EmbeddedPostgres, PostgresUnavailable
from narratix.schema import check, head, migrate


def main() -> int:
    """Migrate an empty database of its own and compare. The exit status: 0 in step, 1 not."""
    try:
        with tempfile.TemporaryDirectory(prefix="narratix-schema-") as home, EmbeddedPostgres(Path(home)) as dsn:
            asyncio.run(migrate(dsn))
            asyncio.run(check(dsn))
    except (CommandError, PostgresUnavailable) as problem:
        print(f"The migrations are not in step with the code: {problem}", file=sys.stderr)
        return 1
    print(f"The migrations lead to the tables of the code (head {head()}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
