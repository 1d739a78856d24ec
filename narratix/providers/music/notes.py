"""A piece of music as data: what a composer writes and a synthesiser plays."""

from __future__ import annotations

from dataclasses import dataclass

from narratix.providers.music.soundfont import Preset


@dataclass(frozen=True, slots=True)
class Note:
    """`time` and `duration` in seconds, `pitch` a MIDI number (60 = middle C), `velocity` 1..127,
    `channel` the index of its part. A note may begin before 0 or ring past the end: the piece is a loop."""

    time: float
    duration: float
    pitch: int
    velocity: int
    channel: int


@dataclass(frozen=True, slots=True)
class Part:
    """An instrument's place in the mix. `level` in LU relative to the other parts, `pan` -1..1, `room` 0..1
    is how much of it is heard through the hall."""

    role: str
    preset: Preset
    level: float
    pan: float
    room: float


@dataclass(frozen=True, slots=True)
class Composition:
    """A loop of `bars` whole bars, each `bar_samples` at 44.1 kHz; `tempo` in beats per minute;
    `reverberation` is the hall's RT60 in seconds, `brightness` a tilt in dB per octave above 500 Hz."""

    key: str
    mode: str
    tempo: float
    beats: int
    bars: int
    bar_samples: int
    progression: tuple[str, ...]
    parts: tuple[Part, ...]
    notes: tuple[Note, ...]
    reverberation: float
    brightness: float

    @property
    def samples(self) -> int:
        return self.bars * self.bar_samples
