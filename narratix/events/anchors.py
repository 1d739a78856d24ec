"""Anchors: signed statements of how the log stood, kept where whoever writes the database cannot write.

A chain can be computed anew by whoever can write the table, and cut off at its end without a trace. An anchor says,
outside of the database, that the log had a rolling hash at a position; docs/audit.md has its exact bytes. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

PREFIX: Final = "anchors/"
_LABEL: Final = b"narratix anchors 1"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, a sentence, and where: the job is None where it cannot be told."""

    position: int
    job_id: UUID | None
    what: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log's first `events` events, up to `position`, had the rolling hash `rolling` (hex) at `time` (ISO 8601,
    UTC). `key` names the key of the signature."""

    position: int
    events: int
    rolling: str
    time: str
    key: str
    signature: str

    @property
    def stored_as(self) -> str:
        """Its key in object storage; keys sort by position."""
        return f"{PREFIX}{self.position:020}.json"

    def encoded(self) -> bytes:
        return msgspec.json.encode(self) + b"\n"


@dataclass(frozen=True, slots=True)
class Anchors:
    """Those that are signed as they should be, by position, and what is wrong with others."""

    good: tuple[Anchor, ...] = ()
    faults: tuple[Fault, ...] = ()


def derived_key(secret: bytes) -> bytes:
    """The key that signs anchors, from the service's signing key, which it does not give away."""
    return hmac.digest(secret, _LABEL, "sha256")


def name_of(key: bytes) -> str:
    """How a derived key is called in the anchors that it signed."""
    return hashlib.sha256(key).hexdigest()[:16]


def keyring(*secrets: bytes) -> dict[str, bytes]:
    """Name -> derived key of every signing key, the current one first."""
    keys = [derived_key(secret) for secret in secrets]
    return {name_of(key): key for key in keys}


def sign(position: int, rolling: bytes, time: datetime, key: bytes) -> Anchor:
    """The anchor of a log whose last event stands at `position`."""
    said = f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    signature = _signature(position, position, rolling.hex(), said, key)
    return Anchor(
        position=position, events=position, rolling=rolling.hex(), time=said, key=name_of(key), signature=signature
    )


def _signature(position: int, events: int, rolling: str, time: str, key: bytes) -> str:
    said = f"narratix-anchor-1\n{position}\n{events}\n{rolling}\n{time}\n"
    return hmac.new(key, said.encode(), "sha256").hexdigest()


def read(stored_as: str, data: bytes, keys: Mapping[str, bytes]) -> Anchor | Fault:
    """The anchor, or what keeps it from being believed."""
    digits = stored_as.removeprefix(PREFIX).removesuffix(".json")
    position = int(digits) if digits.isdecimal() else 0
    try:
        anchor = msgspec.json.decode(data, type=Anchor)
    except msgspec.MsgspecError as problem:
        return distrusted(position, stored_as, f"cannot be read ({problem}): it was altered, or is none")
    if anchor.stored_as != stored_as or anchor.events != anchor.position:
        return distrusted(position, stored_as, f"speaks of position {anchor.position}: it was moved or altered")
    key = keys.get(anchor.key)
    if key is None:
        return distrusted(
            position,
            stored_as,
            f"was signed with another key, {anchor.key}. If that was ours once, name it in NARRATIX_FORMER_SIGNING_KEYS",
        )
    wanted = _signature(anchor.position, anchor.events, anchor.rolling, anchor.time, key)
    if not hmac.compare_digest(wanted.encode(), anchor.signature.encode()):
        return distrusted(position, stored_as, "does not have the right signature: it was altered or forged")
    return anchor


def distrusted(position: int, stored_as: str, what: str) -> Fault:
    """An anchor that is not believed."""
    return Fault(position=position, job_id=None, what=f"The anchor {stored_as} {what}.")
