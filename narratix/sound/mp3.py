"""MP3 (ISO/IEC 11172-3) as a row of frames that can be cut and joined.

A frame that was encoded without a bit reservoir stands alone but for the overlap with its neighbours. So stretches that
were encoded each by itself, with some sound before and after, and were cut on frames, are the whole when they are joined.
"""

from __future__ import annotations

import struct
from typing import Final

from narratix.sound.grid import MP3_FRAME

DELAY: Final = 576 + 529
"""Samples by which what a decoder gives back is late: lame's own delay, and that of any decoder."""

_ENCODER_DELAY: Final = 576
_KBPS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MONO: Final = 3
_CONTENTS: Final = bytes(percent * 256 // 100 for percent in range(100))
"""Where each hundredth of the time begins, in 256ths of the bytes."""
_TAG_SIZE: Final = 156
"""Of the Info tag with lame's extension, from its name to its checksum."""


class NotMp3(ValueError):
    """These bytes are not a whole number of MPEG-1 Layer III frames at 44.1 kHz."""


def mp3_frames(data: bytes) -> list[bytes]:
    """The frames of a plain stream, without any tags. Raises NotMp3."""
    frames, at = [], 0
    lengths: dict[bytes, int] = {}  # a stream has very few different headers, as far as they tell the length
    while at < len(data):
        told = data[at : at + 3]
        length = lengths.get(told)
        if length is None:
            length = lengths[told] = _length(data[at : at + 4])
        if not length or at + length > len(data):
            raise NotMp3(f"There is no whole MP3 frame at byte {at:,} of {len(data):,}.")
        frames.append(data[at : at + length])
        at += length
    return frames


def frames_for(samples: int) -> int:
    """So many frames hold `samples` of sound, given the delay before them."""
    return -(-(samples + DELAY) // MP3_FRAME)


def info_frame(first: bytes, size_bytes: int, frames: int, samples: int) -> bytes:
    """The frame that goes before all others, in which they are described: `frames` of them, of one bit rate, together of
    `size_bytes`, that hold `samples` of sound. `first` is one of them.

    Its tag (Xing's, named Info since the bit rate is constant, with lame's extension) tells decoders what to leave out at
    both ends, so that they give back just what was mixed.
    """
    header = bytes((first[0], first[1] | 1, first[2] & ~2, first[3]))
    length = _length(header)
    at = 4 + (17 if header[3] >> 6 == _MONO else 32)
    total = length + size_bytes
    padding = frames * MP3_FRAME - samples - _ENCODER_DELAY
    tag = b"Info" + struct.pack(">III", 0x0F, frames, total) + _CONTENTS + struct.pack(">I", 0)
    tag += b"LAME3.100" + bytes((0x01, 0)) + struct.pack(">fHH", 0.0, 0, 0) + bytes((0, min(255, _kbps(header))))
    tag += ((_ENCODER_DELAY << 12) | padding).to_bytes(3, "big") + bytes(4) + struct.pack(">IH", total, 0)
    frame = header + bytes(at - 4) + tag
    frame += struct.pack(">H", _crc16(frame))
    assert len(tag) + 2 == _TAG_SIZE
    return frame + bytes(length - len(frame))


def _length(header: bytes) -> int:
    """The bytes of the frame that begins with `header`, 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xFE != 0xFA or header[2] & 0x0C:
        return 0
    kbps = _kbps(header)
    return 144_000 * kbps // 44_100 + (header[2] >> 1 & 1) if kbps else 0


def _kbps(header: bytes) -> int:
    index = header[2] >> 4
    return _KBPS[index] if index < len(_KBPS) else 0


def _crc16(data: bytes) -> int:
    """CRC-16 as lame has it: polynomial 0x8005, reflected, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
