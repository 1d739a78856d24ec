"""What an archive of a job is: a tar file with `events.ndjson`, an `objects/KEY` for each object, and `manifest.json`.

docs/audit.md says the same for whoever reads one without Narratix. Nothing in an archive is believed before it was
checked, and nothing of it is ever extracted by its own name.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import msgspec

from narratix.events import codec
from narratix.events.catalogue import (
    DramaMixed,
    DramaPublished,
    EffectRendered,
    Event,
    JobSubmitted,
    LineRevised,
    LineSpoken,
    MusicComposed,
    PassageMixed,
)
from narratix.events.chain import link
from narratix.retention import stem

FORMAT: Final = "narratix-job-1"
EVENTS: Final = "events.ndjson"
MANIFEST: Final = "manifest.json"
OBJECTS: Final = "objects/"
CHUNK_BYTES: Final = 1 << 20
LONGEST_MANIFEST: Final = 64 << 20

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Spoiled(Exception):
    """An archive that is not as it was written. Its text is a sentence for people."""


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the archive: its size in bytes and the SHA-256 of its bytes, in hexadecimal digits."""

    size: int
    sha256: str
    content_type: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`objects` by their keys in storage; `missing` are stems of keys that events name and storage no longer had."""

    format: str
    job_id: UUID
    versions: int
    events: Member
    objects: dict[str, Member]
    missing: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event as the log had it; `data` and `metadata` are the stored bytes."""

    position: int
    event_id: UUID
    job_id: UUID
    version: int
    type: str
    schema_version: int
    recorded_at: datetime
    data: msgspec.Raw
    metadata: msgspec.Raw
    hash: str

    @property
    def hashed(self) -> bytes:
        """What its hash covers, after the hash before it."""
        microseconds = (self.recorded_at - _EPOCH) // _MICROSECOND
        head = (self.position, self.event_id, self.job_id, self.version, self.type, self.schema_version, microseconds)
        return "\n".join(map(str, head)).encode() + b"\n" + bytes(self.data) + b"\n" + bytes(self.metadata)

    @property
    def event(self) -> Event:
        """Raises Spoiled where it does not have the shape that its type and version promise."""
        try:
            return codec.decode(self.type, self.schema_version, bytes(self.data).decode())
        except (codec.Unreadable, UnicodeDecodeError) as problem:
            raise Spoiled(f"Event {self.version} cannot be read: {problem}") from problem


_lines: Final = msgspec.json.Decoder(Line)


def read_lines(written: Iterable[bytes], job_id: UUID) -> Iterator[Line]:
    """The job's events, each held against the chain of the log that they come from. Raises Spoiled."""
    previous = b""
    for version, text in enumerate(written, 1):
        try:
            line = _lines.decode(text)
            digest = bytes.fromhex(line.hash)
        except (msgspec.MsgspecError, ValueError) as problem:
            raise Spoiled(f"Line {version} of {EVENTS} is no event: {problem}") from problem
        if line.job_id != job_id or line.version != version:
            raise Spoiled(f"Line {version} of {EVENTS} is not event {version} of job {job_id}.")
        if link(previous, line.hashed) != digest:
            raise Spoiled(
                f"Event {version} does not have the hash of its content and of the event before it: one was altered."
            )
        previous = digest
        yield line


def stems(event: Event) -> Sequence[str]:
    """What an event names in storage: whole keys, and of clips, passages and reels what all their keys begin with."""
    match event:
        case JobSubmitted() | LineRevised():
            return [event.text_key]
        case LineSpoken() | MusicComposed() | EffectRendered():
            return [stem(event.clip_key)]
        case PassageMixed():
            return [stem(event.header_key)]
        case DramaMixed():
            return [*map(stem, event.master), event.file.key]
        case DramaPublished():
            return [file.key for file in (*event.files, *event.captions, *event.stems)] + [event.peaks_key]
        case _:
            return []


class Reader:
    """An archive on disk, opened for reading. Raises Spoiled for whatever is not as `container` says."""

    def __init__(self, path: Path) -> None:
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115 - until `close`
        except (tarfile.TarError, EOFError) as problem:
            raise Spoiled(f"{path.name} is no archive of a job, or is cut off: {problem}") from problem
        try:
            self._members = self._known_members(path.name)
            self.manifest = self._manifest()
            wanted = {MANIFEST, EVENTS, *(OBJECTS + key for key in self.manifest.objects)}
            if unwanted := set(self._members) ^ wanted:
                raise Spoiled(f"The manifest and the archive do not have the same files: {min(unwanted)!r}.")
        except BaseException:
            self._tar.close()
            raise

    def _known_members(self, archive: str) -> dict[str, tarfile.TarInfo]:
        try:
            members = self._tar.getmembers()
        except (tarfile.TarError, EOFError) as problem:
            raise Spoiled(f"{archive} is cut off: {problem}") from problem
        for member in members:
            if not member.isreg() or member.issparse():
                raise Spoiled(f"{member.name!r} is no plain file; nothing else belongs into an archive.")
        found = {member.name: member for member in members}
        if len(found) != len(members):
            raise Spoiled("A file is in the archive twice.")
        return found

    def close(self) -> None:
        self._tar.close()

    def lines(self) -> Iterator[bytes]:
        return (text.rstrip(b"\n") for text in self._file(EVENTS))

    def chunks(self, key: str) -> Iterator[bytes]:
        """The bytes of an object."""
        return self._chunks(OBJECTS + key)

    def check(self) -> None:
        """Hold every file against the manifest."""
        self._check(EVENTS, self.manifest.events)
        for key, member in self.manifest.objects.items():
            self._check(OBJECTS + key, member)

    def _manifest(self) -> Manifest:
        if MANIFEST not in self._members or self._members[MANIFEST].size > LONGEST_MANIFEST:
            raise Spoiled(f"There is no {MANIFEST} in it: it is no archive of a job.")
        try:
            manifest = msgspec.json.decode(b"".join(self._chunks(MANIFEST)), type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise Spoiled(f"Its {MANIFEST} cannot be read: {problem}") from problem
        if manifest.format != FORMAT:
            raise Spoiled(f"It is of the format {manifest.format!r}; this release reads {FORMAT!r}.")
        return manifest

    def _check(self, name: str, member: Member) -> None:
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(name):
            digest.update(chunk)
            size += len(chunk)
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            raise Spoiled(f"{name!r} does not have the size and the hash that the manifest says: it was altered.")

    def _chunks(self, name: str) -> Iterator[bytes]:
        file = self._file(name)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk

    def _file(self, name: str) -> IO[bytes]:
        file = self._tar.extractfile(self._members[name])
        assert file is not None  # plain files have content
        return file
