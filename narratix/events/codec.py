"""Events to and from their stored form, and old shapes to new ones.

Stored data is compact JSON with the fields in the order of their declaration; the store keeps these
bytes exactly, because they are what the hash chain covers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from narratix.events.catalogue import EVENTS, Event

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Unreadable(Exception):
    """A stored event does not have the shape that its type and schema version promise."""


class Unknown(Event, frozen=True, kw_only=True):
    """An event of a type that this release does not know: carried and shown, never interpreted."""

    type: str
    data: dict[str, Any]


UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
"""(type, from version) -> the data as the next version has it."""

SCHEMA_VERSIONS: Final[Mapping[str, int]] = {
    event.__name__: 1 + max((version for name, version in UPCASTERS if name == event.__name__), default=0)
    for event in EVENTS
}

_types: Final = {event.__name__: event for event in EVENTS}
_decoders: Final = {event.__name__: msgspec.json.Decoder(event) for event in EVENTS}
_encoder: Final = msgspec.json.Encoder()


def encode(event: Event) -> tuple[str, int, str]:
    """(type, schema version, JSON text) of an event of the catalogue."""
    name = type(event).__name__
    if name not in _types:
        raise TypeError(f"{name} is not in the catalogue of events")
    return name, SCHEMA_VERSIONS[name], _encoder.encode(event).decode()


def decode(name: str, schema_version: int, data: str) -> Event:
    """The event that was stored, brought up to the current schema. Raises Unreadable."""
    decoder = _decoders.get(name)
    current = SCHEMA_VERSIONS.get(name, 0)
    try:
        if decoder is not None and schema_version == current:
            return decoder.decode(data)
        raw = msgspec.json.decode(data)
        if decoder is None or schema_version > current:
            return Unknown(type=name, data=raw)
        for version in range(schema_version, current):
            raw = UPCASTERS[name, version](raw)
        return msgspec.convert(raw, _types[name])
    except (msgspec.MsgspecError, KeyError) as problem:
        raise Unreadable(f"The stored {name} (schema version {schema_version}) cannot be read: {problem}") from problem
