"""Events as COPY sends them in its binary form, cut into the entries of a chain. Pure.

Layout: https://www.postgresql.org/docs/current/sql-copy.html, section "Binary Format". The fields of a fixed size come
first, so that one unpacking takes them all: at 200,000 events a second every call counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from narratix.events.chain import HASH_BYTES, NO_HASH, Entry

NIL: Final = "00000000-0000-0000-0000-000000000000"

COLUMNS: Final = f"""
position, coalesce(event_id::text, '{NIL}'), coalesce(stream_id::text, '{NIL}'), coalesce(version, 0),
coalesce(schema_version, 0::smallint), coalesce(recorded_at, 'epoch'),
coalesce(type, ''), coalesce(data::text, ''), coalesce(metadata::text, ''), coalesce(hash, '')
"""
"""What to select for `entries`. No column can be null, but whoever takes a constraint away must be found out too."""

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_HEADER_BYTES: Final = len(_SIGNATURE) + 8
_TRAILER_BYTES: Final = 2
_POSTGRES_EPOCH: Final = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""

_FIXED: Final = struct.Struct(">6x q 4x 36s 4x 36s 4x i 4x h 4x q i")
"""Position, event id, job id, version, schema version, time, size of the type; without the sizes that are known."""

_SIZE: Final = struct.Struct(">i")


def entries(rows: bytes) -> Iterator[Entry]:
    """The events of whole rows, as a server sends them: one row to a message, after a header in the first."""
    at = _HEADER_BYTES if rows.startswith(_SIGNATURE) else 0
    end = len(rows) - _TRAILER_BYTES
    fixed, size_of, fixed_bytes = _FIXED.unpack_from, _SIZE.unpack_from, _FIXED.size
    while at < end:
        position, event, job, version, schema, recorded, size = fixed(rows, at)
        at += fixed_bytes
        type_ = rows[at : (at := at + size)]
        (size,) = size_of(rows, at)
        data = rows[(at := at + 4) : (at := at + size)]
        (size,) = size_of(rows, at)
        metadata = rows[(at := at + 4) : (at := at + size)]
        (size,) = size_of(rows, at)
        digest = rows[(at := at + 4) : (at := at + size)]
        if size != HASH_BYTES:
            digest = NO_HASH
        fields = (position, event, job, version, type_, schema, recorded + _POSTGRES_EPOCH, data, metadata)
        yield position, job, version, b"%d\n%b\n%b\n%d\n%b\n%d\n%d\n%b\n%b" % fields, digest
