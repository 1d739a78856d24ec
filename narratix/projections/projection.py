"""How a read model is declared, and how its rows are kept in step with the log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from narratix.events.store import Recorded
from narratix.events.tables import Moment, metadata

Row = TypeVar("Row", bound=msgspec.Struct)

ROWS_KEPT: Final = 2048
"""Rows that a projector remembers, the most recently used ones: what a page of a busy log is about."""


@dataclass(frozen=True, slots=True)
class Projection(Generic[Row]):
    """A read model: rows by key, each a fold of the events that concern it.

    `code_version` goes up whenever `evolve` gives another row for the same events; the table is then built
    anew. Until then the new `evolve` goes on with the old rows, so what is new in `row` needs a default.
    `keys` names the rows that an event concerns. `evolve(row, event, key)` returns the row after the event,
    None to delete it. `rank` is the moment by which lists are sorted.
    """

    name: str
    code_version: int
    row: type[Row]
    table: sa.Table
    keys: Callable[[Recorded], Iterable[str]]
    evolve: Callable[[Row | None, Recorded, str], Row | None]
    rank: Callable[[Row], Any]


def projection_table(name: str) -> sa.Table:
    """A table for one projection: the rows of every build of it, the row itself as the JSON of its struct."""
    return sa.Table(
        name,
        metadata,
        sa.Column("build", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("rank", Moment, nullable=False),
        # json, not jsonb: a refold must give the same bytes
        sa.Column("row", JSON, nullable=False),
        sa.Index(f"{name}_rank_idx", "build", sa.text("rank desc")),
    )


class Projector(Generic[Row]):
    """Writes one build of a projection. A Subscriber (narratix.events.subscription).

    However many events a batch has, it costs one query for the rows that are not remembered and one statement that
    writes the rows as they are in the end. `table` is where, if not in the projection's own table.
    """

    pause = 0.05
    refolds = True

    def __init__(self, projection: Projection[Row], build: int = 1, *, table: str = "") -> None:
        self.projection = projection
        self.name = projection.name
        self.code_version = projection.code_version
        self.build = build
        self._kept: OrderedDict[str, Row | None] = OrderedDict()
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(projection.row).decode
        table = table or projection.table.name  # a name from our own code, never from a user
        self._load_sql = f"select key, row from {table} where build = $1 and key = any($2::text[])"  # noqa: S608
        self._save_sql = f"""
            insert into {table} (build, key, rank, row)
            select $1, key, rank, row::json from unnest($2::text[], $3::timestamptz[], $4::text[]) as new (key, rank, row)
            on conflict (build, key) do update set rank = excluded.rank, row = excluded.row
        """  # noqa: S608
        self._delete_sql = f"delete from {table} where build = $1 and key = any($2::text[])"  # noqa: S608

    async def handle(self, connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
        keys = self.projection.keys
        concerned = [(key, event) for event in events for key in keys(event)]
        if not concerned:
            return
        touched = dict.fromkeys(key for key, _ in concerned)
        await self._load(connection, touched)
        rows, evolve = self._kept, self.projection.evolve
        for key, event in concerned:
            rows[key] = evolve(rows[key], event, key)
        await self._save(connection, touched)

    def forget(self) -> None:
        self._kept.clear()

    def done(self) -> None:
        while len(self._kept) > ROWS_KEPT:
            self._kept.popitem(last=False)

    async def _load(self, connection: asyncpg.Connection, keys: Iterable[str]) -> None:
        missing = [key for key in keys if key not in self._kept]
        if missing:
            self._kept.update(dict.fromkeys(missing))
            for key, row in await connection.fetch(self._load_sql, self.build, missing):
                self._kept[key] = self._decode(row)

    async def _save(self, connection: asyncpg.Connection, keys: Iterable[str]) -> None:
        rank, encode = self.projection.rank, self._encode
        saved: list[str] = []
        ranks: list[Any] = []
        rows: list[str] = []
        gone: list[str] = []
        for key in keys:
            self._kept.move_to_end(key)
            if (row := self._kept[key]) is None:
                gone.append(key)
                continue
            saved.append(key)
            ranks.append(rank(row))
            rows.append(encode(row).decode())
        if saved:
            await connection.execute(self._save_sql, self.build, saved, ranks, rows)
        if gone:
            await connection.execute(self._delete_sql, self.build, gone)


class Reader(Generic[Row]):
    """Reads the build that serves."""

    def __init__(self, projection: Projection[Row], pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._decode = msgspec.json.Decoder(projection.row).decode
        table, name = projection.table.name, projection.name
        serving = f"build = (select build from subscriptions where name = '{name}' and serving)"  # noqa: S608
        self._get_sql = f"select row from {table} where {serving} and key = $1"  # noqa: S608
        self._list_sql = f"""
            select row from {table} where {serving} and ($1::timestamptz is null or rank < $1)
            and ($3::text is null or row->>$3 = $4) order by rank desc, key limit $2
        """  # noqa: S608

    async def get(self, key: str) -> Row | None:
        row = await self._pool.fetchval(self._get_sql, key)
        return None if row is None else self._decode(row)

    async def newest(
        self, limit: int = 50, *, before: datetime | None = None, where: tuple[str, str] | None = None
    ) -> list[Row]:
        """At most `limit` rows, the highest rank first: with rank < `before`, and with (field, its JSON text)."""
        rows = await self._pool.fetch(self._list_sql, before, limit, *(where or (None, None)))
        return [self._decode(row["row"]) for row in rows]
