"""What names a piece of work, and with it the events that end it: the same names however often, and wherever, it is done."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

_NAMESPACE: Final = UUID("6f1d4e0a-51c7-4d6b-9a39-7c2f3b1f9e55")


class Work(msgspec.Struct, frozen=True):
    """A piece of work that a job needs. Its key names the job, the stage, the item and, as `revision`, a digest of
    the inputs: when an input changes, it is other work, and only that is done again."""

    job_id: UUID
    stage: str
    item: str
    revision: str

    @property
    def key(self) -> str:
        return f"{self.job_id}/{self.stage}/{self.item}@{self.revision}"


def conclusion_id(key: str, ordinal: int) -> UUID:
    """The id of the n-th event that concludes the work with this key: the same however often it is concluded."""
    return uuid5(_NAMESPACE, f"{key}#{ordinal}")


def failure_id(key: str, attempt: int, ordinal: int) -> UUID:
    """The id of the n-th event that says how this attempt failed."""
    return uuid5(_NAMESPACE, f"{key}!{attempt}#{ordinal}")


def revision(*inputs: Any) -> str:
    """A short digest of whatever a piece of work is made from."""
    return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()[:16]
