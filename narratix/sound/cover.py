"""The picture on a drama's cover: the drama itself, once round the clock from twelve.

A ray is a moment, as long as it is loud, in the colour of the music's mood; dots outside of the rays are the effects.
There is no lettering: players show the title, in whatever script it is.
"""

from __future__ import annotations

import colorsys
import itertools
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from narratix.ports import Timeline
from narratix.sound.prediction import predicted_energies

PIXELS: Final = 512
_RAYS: Final = 240
_INNER, _OUTER, _DOTS = 0.27, 0.78, 0.87
"""Radii, where the picture's edge is 1."""
_QUIET_DB, _LOUD_DB = -34.0, -15.0
_SMOOTH: Final = 1.6 / PIXELS

_HUES: Final[Mapping[str, tuple[float, float]]] = {
    "calm": (0.52, 0.45), "tender": (0.95, 0.45), "cheerful": (0.13, 0.75), "playful": (0.30, 0.60),
    "wistful": (0.62, 0.40), "sad": (0.60, 0.55), "tense": (0.03, 0.80), "eerie": (0.45, 0.55), "dark": (0.98, 0.65),
    "grand": (0.11, 0.85), "adventurous": (0.07, 0.80), "mysterious": (0.76, 0.55),
}  # fmt: skip
"""Hue and saturation of each mood, 0..1."""
_PLAIN: Final = (0.56, 0.15)

Picture = npt.NDArray[np.uint8]


def cover(timeline: Timeline, moods: Sequence[tuple[float, str]]) -> Picture:
    """A square picture, (512, 512, 3). `moods` are the seconds at which the music's moods begin."""
    across = (np.arange(PIXELS) + 0.5) / PIXELS * 2.0 - 1.0
    x, y = np.meshgrid(across, across)
    radius = np.hypot(x, y)
    turn = np.arctan2(x, -y) / (2.0 * np.pi) % 1.0
    ray = np.minimum((turn * _RAYS).astype(int), _RAYS - 1)

    loudness, colours = _loudness(timeline), _colours(timeline, moods)
    reach = _INNER + (_OUTER - _INNER) * loudness[ray]
    aside = np.abs(turn * _RAYS % 1.0 - 0.5) * 2.0 * np.pi * radius / _RAYS  # from the ray's middle line
    width = 0.32 * 2.0 * np.pi * radius / _RAYS
    lit = _within(width - aside) * _within(reach - radius) * _within(radius - _INNER)
    glow = 0.35 * np.exp(-np.square((radius - _INNER) / 0.30)) + 0.12 * np.exp(-np.square(radius / 1.1))

    colour = colours[ray]
    mean = colours.mean(axis=0)
    picture = mean * 0.10 + glow[..., None] * mean * 0.55
    picture = picture * (1.0 - lit[..., None]) + lit[..., None] * colour * (0.65 + 0.35 * radius[..., None] / _OUTER)
    for cue in timeline.effects:
        at = 2.0 * np.pi * min(0.999, cue.begins / max(0.1, timeline.duration))
        spot = _within(0.013 - np.hypot(x - _DOTS * np.sin(at), y + _DOTS * np.cos(at)))[..., None]
        picture = picture * (1.0 - spot) + spot * 0.92
    return np.asarray(np.clip(picture, 0.0, 1.0) * 255.0 + 0.5, dtype=np.uint8)


def to_png(picture: Picture) -> bytes:
    """The picture as PNG (ISO/IEC 15948): 8 bits, true colour, each row filtered by the one above it."""
    height, width, _ = picture.shape
    rows = picture.reshape(height, width * 3)
    filtered = np.empty((height, 1 + width * 3), dtype=np.uint8)
    filtered[:, 0] = 2  # the filter "Up"
    filtered[:, 1:] = rows
    filtered[1:, 1:] -= rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _within(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1 inside, 0 outside, over about a pixel."""
    return np.clip(distance / _SMOOTH + 0.5, 0.0, 1.0)


def _loudness(timeline: Timeline) -> npt.NDArray[np.float64]:
    """Of every ray, 0..1."""
    steps = predicted_energies(timeline)
    if not len(steps):
        return np.zeros(_RAYS)
    bounds = np.linspace(0, len(steps), _RAYS + 1).astype(int)
    mean = np.array([steps[a : max(a + 1, b)].mean() if a < len(steps) else 0.0 for a, b in itertools.pairwise(bounds)])
    level = 10.0 * np.log10(np.maximum(mean, 1e-9))
    loud: npt.NDArray[np.float64] = np.clip((level - _QUIET_DB) / (_LOUD_DB - _QUIET_DB), 0.04, 1.0)
    return loud


def _colours(timeline: Timeline, moods: Sequence[tuple[float, str]]) -> npt.NDArray[np.float64]:
    """Of every ray, red, green and blue; where a mood changes they cross over."""
    seconds = (np.arange(_RAYS) + 0.5) / _RAYS * timeline.duration
    begins = np.array([begin for begin, _ in moods] or [0.0])
    rgb = np.array([colorsys.hsv_to_rgb(*_HUES.get(mood, _PLAIN), 0.95) for _, mood in moods or [(0.0, "")]])
    index = np.maximum(0, np.searchsorted(begins, seconds, side="right") - 1)
    plain = rgb[index]
    padded = np.concatenate((plain[:1], plain[:1], plain, plain[-1:], plain[-1:]))
    return np.stack([np.convolve(padded[:, c], np.full(5, 0.2), mode="valid") for c in range(3)], axis=1)
