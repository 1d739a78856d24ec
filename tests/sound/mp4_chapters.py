"""The chapters and the cover of an MP4 file, read from its boxes by nothing but their description: ISO/IEC 14496-12 for the boxes and
sample tables, Apple's QuickTime File Format for chapter tracks, 3GPP TS 26.245 for their text."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadChapter:
    title: str
    begins: float
    ends: float


def read_chapters(file: bytes) -> list[ReadChapter]:
    """The chapters that the sound's track points to, as players show them. ValueError where it points to none."""
    moov = _child(memoryview(file), "moov")
    tracks = {_track_id(box): box for kind, box in _boxes(moov) if kind == "trak"}
    for track in tracks.values():
        if _handler(track) == "soun":
            (chapters,) = struct.unpack(">I", _child(_child(track, "tref"), "chap")[:4])
            return list(_samples(memoryview(file), tracks[chapters]))
    raise ValueError("There is no track with sound.")


def read_cover(file: bytes) -> bytes:
    """The picture in iTunes' metadata (`moov/udta/meta/ilst/covr/data`). ValueError where there is none, or no PNG."""
    metadata = _child(_child(_child(memoryview(file), "moov"), "udta"), "meta")[4:]  # a full box: version and flags
    data = _child(_child(_child(metadata, "ilst"), "covr"), "data")
    (kind,) = struct.unpack(">I", data[:4])
    if kind != 14:
        raise ValueError(f"The cover is of type {kind}; a PNG is of type 14.")
    return bytes(data[8:])


def read_tag(file: bytes, name: str) -> str:
    """A text in iTunes' metadata, such as `©nam`."""
    metadata = _child(_child(_child(memoryview(file), "moov"), "udta"), "meta")[4:]
    return bytes(_child(_child(_child(metadata, "ilst"), name), "data")[8:]).decode()


def _samples(file: memoryview, track: memoryview) -> Iterator[ReadChapter]:
    media = _child(track, "mdia")
    header = _child(media, "mdhd")
    (timescale,) = struct.unpack(">I", header[20:24] if header[0] == 1 else header[12:16])
    table = _child(_child(media, "minf"), "stbl")
    now = 0
    for place, length in zip(_places(table), _durations(table), strict=True):
        (size,) = struct.unpack(">H", file[place : place + 2])
        title = bytes(file[place + 2 : place + 2 + size]).decode("utf-8")
        yield ReadChapter(title, now / timescale, (now + length) / timescale)
        now += length


def _places(table: memoryview) -> list[int]:
    """Where each sample lies in the file."""
    sizes = _child(table, "stsz")
    same, count = struct.unpack(">II", sizes[4:12])
    size_of = [same or struct.unpack(">I", sizes[12 + 4 * i : 16 + 4 * i])[0] for i in range(count)]
    boxes = dict(_boxes(table))
    wide = "co64" in boxes
    offsets = boxes["co64" if wide else "stco"]
    (chunks,) = struct.unpack(">I", offsets[4:8])
    starts = struct.unpack(f">{chunks}{'Q' if wide else 'I'}", offsets[8 : 8 + chunks * (8 if wide else 4)])
    runs = _child(table, "stsc")
    (entries,) = struct.unpack(">I", runs[4:8])
    told = [struct.unpack(">III", runs[8 + 12 * i : 20 + 12 * i]) for i in range(entries)]
    places: list[int] = []
    for chunk, start in enumerate(starts, start=1):
        at = start
        for _ in range(next(per for first, per, _ in reversed(told) if first <= chunk)):
            places.append(at)
            at += size_of[len(places) - 1]
    return places


def _durations(table: memoryview) -> list[int]:
    times = _child(table, "stts")
    (entries,) = struct.unpack(">I", times[4:8])
    runs = (struct.unpack(">II", times[8 + 8 * i : 16 + 8 * i]) for i in range(entries))
    return [length for count, length in runs for _ in range(count)]


def _track_id(track: memoryview) -> int:
    header = _child(track, "tkhd")
    return int(struct.unpack(">I", header[20:24] if header[0] == 1 else header[12:16])[0])


def _handler(track: memoryview) -> str:
    return bytes(_child(_child(track, "mdia"), "hdlr")[8:12]).decode("latin-1")


def _child(box: memoryview, wanted: str) -> memoryview:
    for kind, content in _boxes(box):
        if kind == wanted:
            return content
    raise ValueError(f"There is no box {wanted!r}.")


def _boxes(inside: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Each box's type and content."""
    at = 0
    while at + 8 <= len(inside):
        size, kind = struct.unpack(">I4s", inside[at : at + 8])
        begins = at + 8
        if size == 1:
            (size,) = struct.unpack(">Q", inside[at + 8 : at + 16])
            begins = at + 16
        ends = at + size if size else len(inside)
        if ends > len(inside) or ends < begins:
            raise ValueError(f"The box at byte {at} does not fit into what holds it.")
        yield kind.decode("latin-1"), inside[begins:ends]
        at = ends
