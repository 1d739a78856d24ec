"""Events to and from their stored form, and old shapes to new ones.

Stored data is compact JSON with the fields in the order of their declaration; the store keeps these
bytes exactly, because they are what the hash chain covers.

How a shape changes: the class in the catalogue, an upcaster here from the version before, a fixture of the new
version in tests/events/written. Read models and the router whose answer the change touches get a higher
`code_version`, so that an older process, to which the new shape is `Unknown`, leaves their checkpoints alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from narratix.events.catalogue import EVENTS, Event

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Pure: the data of one version as the next version has it."""


class Unreadable(Exception):
    """A stored event does not have the shape that its type and schema version promise."""


class Unknown(Event, frozen=True, kw_only=True):
    """An event of a type, or of a schema version, that this release does not know: carried and shown, never
    interpreted."""

    type: str
    data: Any


class Damaged(Event, frozen=True, kw_only=True):
    """An event that cannot be read. It is carried, so that it stops those who need what it said and nobody else;
    whoever folds it raises Unreadable(problem)."""

    type: str
    problem: str


UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {
    # every drama could be heard while it was made, no word was pronounced by wish, and there was one way to master it
    ("JobSubmitted", 1): lambda data: {
        **data,
        "options": {**data["options"], "stream": True, "pronunciations": {}, "profile": "podcast", "stems": False},
    },
    # no voice was made for a drama
    ("VoicesCast", 1): lambda data: {**data, "usage": []},
    # a drama that was planned before there were passages is mixed in one piece
    ("SoundPlanned", 1): lambda data: {**data, "passages": []},
    # no place was heard; every effect was near and lasted as long as it lasts
    ("SoundPlanned", 2): lambda data: {
        **data,
        "effects": [{**effect, "distance": 1.0, "last_line": 0} for effect in data["effects"]],
        "places": [],
    },
    # lines could not be revised
    ("LineSpoken", 1): lambda data: {**data, "revision": 0},
    ("PassageMixed", 1): lambda data: {**data, "revision": 0},
    # a drama was mixed in one piece
    ("DramaMixed", 1): lambda data: {
        **{name: value for name, value in data.items() if name != "master_key"},
        **{"master": [data["master_key"]], "reels": 1, "remixed": 1, "profile": "podcast", "revision": 0},
    },
    ("DramaPublished", 1): lambda data: {**data, "stems": [], "revision": 0},
}
"""(type, from version) -> the data as the next version has it."""


class Codec:
    """Writes events of the catalogue at their newest version, reads every version there ever was."""

    def __init__(
        self, events: Iterable[type[Event]] = EVENTS, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
    ) -> None:
        self._types = {event.__name__: event for event in events}
        self._upcasters = dict(upcasters)
        self._decoders = {name: msgspec.json.Decoder(event) for name, event in self._types.items()}
        self._encode = msgspec.json.Encoder().encode
        self.versions: Mapping[str, int] = {name: self._newest(name) for name in self._types}
        """The schema version that each type is written at."""

    def _newest(self, name: str) -> int:
        known = sorted(version for upcast, version in self._upcasters if upcast == name)
        if known != list(range(1, len(known) + 1)):
            raise ValueError(f"the upcasters of {name} leave a version out: they start from {known}")
        return len(known) + 1

    def encode(self, event: Event) -> tuple[str, int, str]:
        """(type, schema version, JSON text) of an event of the catalogue."""
        name = type(event).__name__
        if self._types.get(name) is not type(event):
            raise TypeError(f"{name} is not in the catalogue of events")
        return name, self.versions[name], self._encode(event).decode()

    def decode(self, name: str, schema_version: int, data: str) -> Event:
        """The event that was stored, brought up to the newest version. Raises Unreadable."""
        decoder = self._decoders.get(name)
        newest = self.versions.get(name, 0)
        try:
            if decoder is not None and schema_version == newest:
                return decoder.decode(data)
            raw = msgspec.json.decode(data)
            if decoder is None or schema_version > newest:
                return Unknown(type=name, data=raw)
            for version in range(schema_version, newest):
                raw = self._upcasters[name, version](raw)
            return msgspec.convert(raw, self._types[name])
        except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Unreadable(
                f"The stored {name} (schema version {schema_version}) cannot be read: {problem}"
            ) from problem

    def carry(self, name: str, schema_version: int, data: str) -> Event:
        """As `decode`, but an event that cannot be read is Damaged."""
        try:
            return self.decode(name, schema_version, data)
        except Unreadable as problem:
            return Damaged(type=name, problem=str(problem))


CATALOGUE: Final = Codec()
SCHEMA_VERSIONS: Final = CATALOGUE.versions
encode: Final = CATALOGUE.encode
decode: Final = CATALOGUE.decode
carry: Final = CATALOGUE.carry
