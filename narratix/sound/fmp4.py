"""AAC in fragmented MP4 (ISO/IEC 14496-12, 14496-14): what HLS and Media Source Extensions play.

A fragment carries the time at which it is decoded, so that it can be made, stored and fetched alone.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from narratix.ports import SAMPLE_RATE

HEADER: Final = "header.mp4"
SUFFIX: Final = ".m4s"
FACTS: Final = "passage.json"
"""What the files of a passage are called: the header, and beside it `0.m4s`, `1.m4s` ..."""
CONTENT_TYPE: Final = "audio/mp4"

FRAME: Final = 1024
_UNITY: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_AAC_LC_44100_STEREO: Final = bytes((0x12, 0x10))  # AudioSpecificConfig (14496-3, 1.6.2.1)
_SYNC_SAMPLE: Final = 0x02000000


class NotAdts(ValueError):
    """These bytes are not a whole number of ADTS frames."""


def adts_frames(data: bytes, *, headers: bool = False) -> list[bytes]:
    """The raw AAC frames of an ADTS stream (14496-3, 1.A.2.2), with or without their headers. Raises NotAdts."""
    frames, at = [], 0
    while at < len(data):
        header = data[at : at + 7]
        if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
            raise NotAdts(f"There is no ADTS frame at byte {at:,} of {len(data):,}.")
        length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        body = 7 if header[1] & 1 else 9
        if length < body or at + length > len(data):
            raise NotAdts(f"The ADTS frame at byte {at:,} of {len(data):,} is not whole.")
        frames.append(data[at if headers else at + body : at + length])
        at += length
    return frames


def header() -> bytes:
    """The initialisation segment: one track of stereo AAC-LC at 44.1 kHz, in ticks of one sample."""
    return _box(b"ftyp", b"iso6", _u32(0), b"iso6mp41") + _box(
        b"moov",
        _full(b"mvhd", 0, 0, _u32(0, 0, SAMPLE_RATE, 0, 0x10000), struct.pack(">HH8x", 0x100, 0), _UNITY, bytes(24), _u32(2)),
        _box(
            b"trak",
            _full(b"tkhd", 0, 7, _u32(0, 0, 1, 0, 0), bytes(8), struct.pack(">hhHH", 0, 0, 0x100, 0), _UNITY, _u32(0, 0)),
            _box(
                b"mdia",
                _full(b"mdhd", 0, 0, _u32(0, 0, SAMPLE_RATE, 0), struct.pack(">HH", 0x55C4, 0)),  # "und"
                _full(b"hdlr", 0, 0, _u32(0), b"soun", bytes(12), b"sound\0"),
                _box(
                    b"minf",
                    _full(b"smhd", 0, 0, bytes(4)),
                    _box(b"dinf", _full(b"dref", 0, 0, _u32(1), _full(b"url ", 0, 1))),
                    _box(
                        b"stbl",
                        _full(b"stsd", 0, 0, _u32(1), _sample_entry()),
                        _full(b"stts", 0, 0, _u32(0)),
                        _full(b"stsc", 0, 0, _u32(0)),
                        _full(b"stsz", 0, 0, _u32(0, 0)),
                        _full(b"stco", 0, 0, _u32(0)),
                    ),
                ),
            ),
        ),
        _box(b"mvex", _full(b"trex", 0, 0, _u32(1, 1, FRAME, 0, _SYNC_SAMPLE))),
    )  # fmt: skip


def fragment(frames: Sequence[bytes], decode_time: int) -> bytes:
    """A media segment of AAC frames that begins at sample `decode_time`, a multiple of 1,024."""

    def moof(data_offset: int) -> bytes:
        sizes = _u32(*(len(frame) for frame in frames))
        return _box(
            b"moof",
            _full(b"mfhd", 0, 0, _u32(decode_time // FRAME + 1)),
            _box(
                b"traf",
                _full(b"tfhd", 0, 0x020000, _u32(1)),  # offsets count from the start of this box
                _full(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
                _full(b"trun", 0, 0x000201, _u32(len(frames), data_offset), sizes),
            ),
        )

    return moof(len(moof(0)) + 8) + _box(b"mdat", *frames)


def _sample_entry() -> bytes:
    config = _descriptor(5, _AAC_LC_44100_STEREO)
    decoder = _descriptor(4, bytes((0x40, 0x15, 0, 0, 0)), _u32(128_000, 128_000), config)
    stream = _descriptor(3, struct.pack(">HB", 1, 0), decoder, _descriptor(6, b"\x02"))
    entry = bytes(6) + struct.pack(">H8xHHHHI", 1, 2, 16, 0, 0, SAMPLE_RATE << 16)
    return _box(b"mp4a", entry, _full(b"esds", 0, 0, stream))


def _descriptor(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes((tag, len(body))) + body


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *content)


def _u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)
