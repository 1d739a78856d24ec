"""MP3 frames, cut and joined."""

from __future__ import annotations

import struct

import pytest

from narratix.sound.grid import MP3_FRAME
from narratix.sound.mp3 import DELAY, NotMp3, frames_for, info_frame, mp3_frames

STEREO_128 = bytes((0xFF, 0xFB, 0x90, 0x64))
MONO_192 = bytes((0xFF, 0xFB, 0xB0, 0xC4))


def frame(header: bytes, *, padded: bool = False) -> bytes:
    header = bytes((header[0], header[1], header[2] | 2 * padded, header[3]))
    length = {0x90: 417, 0xB0: 626}[header[2] & 0xF0] + padded
    return header + bytes(length - 4)


def test_given_frames_of_two_lengths_then_they_are_told_apart() -> None:
    frames = [frame(STEREO_128), frame(STEREO_128, padded=True), frame(STEREO_128)]
    assert mp3_frames(b"".join(frames)) == frames


@pytest.mark.parametrize("data", [b"no frames at all", frame(STEREO_128)[:-1], frame(STEREO_128) + b"\xff"])
def test_given_something_else_then_its_place_is_told(data: bytes) -> None:
    with pytest.raises(NotMp3, match="at byte"):
        mp3_frames(data)


@pytest.mark.parametrize(("header", "side_information"), [(STEREO_128, 32), (MONO_192, 17)])
def test_given_a_drama_then_its_first_frame_tells_what_to_leave_out(header: bytes, side_information: int) -> None:
    samples = 44_100
    frames = frames_for(samples)
    info = info_frame(frame(header, padded=True), 1_000, frames, samples)
    assert mp3_frames(info) == [info]
    tag = info[4 + side_information :]
    assert tag[:4] == b"Info"
    assert struct.unpack(">III", tag[4:16]) == (0x0F, frames, 1_000 + len(info))
    lame = tag[120:]
    assert lame[:9] == b"LAME3.100"
    packed = int.from_bytes(lame[21:24], "big")
    delay, padding = packed >> 12, packed & 0xFFF
    assert delay + 529 == DELAY
    assert frames * MP3_FRAME - delay - padding == samples


def test_given_any_length_then_its_frames_hold_it_and_the_delay() -> None:
    for samples in (1, 47, MP3_FRAME, 44_100, 100 * MP3_FRAME - DELAY, 100 * MP3_FRAME - DELAY + 1):
        frames = frames_for(samples)
        assert (frames - 1) * MP3_FRAME < samples + DELAY <= frames * MP3_FRAME
