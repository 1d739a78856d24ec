"""The drama, one second at a time.

Every block is a function of the timeline and its own position on a fixed grid of seconds; the limiter
looks at the neighbouring blocks and no further. So any stretch rendered alone is bit for bit that of
the whole, and an edit needs only the blocks that it touches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from narratix.ports import SAMPLE_RATE, Cue, Sound, Timeline
from narratix.sound.codec import Recording
from narratix.sound.envelopes import Gain, ducking, fade_gain, is_ducked, pan_gains
from narratix.sound.grid import sample_at
from narratix.sound.levels import amplitude
from narratix.sound.limiter import limit_block
from narratix.sound.prediction import master_gain_db
from narratix.sound.rooms import echo_of, heard_until
from narratix.sound.takes import Clips, Load, Take, overlap

BLOCK = SAMPLE_RATE
CEILING_MARGIN_DB = 0.05
"""The limiter's gain moves a little between two samples; so does the peak between them."""

_EXCERPT_SECONDS = 8.0
"""By how much an excerpt is longer than what is mixed of it: whole seconds, their neighbours, and the ducking of those."""


def excerpt(timeline: Timeline, first: int, last: int) -> Timeline:
    """What of `timeline` is needed to mix samples [first, last) of it with a given gain, bit for bit: a whole drama is
    much to hand over to another process."""
    low, high = first / SAMPLE_RATE - _EXCERPT_SECONDS, last / SAMPLE_RATE + _EXCERPT_SECONDS

    def near(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        return tuple(cue for cue in cues if cue.begins < high and heard_until(cue) > low)

    return replace(
        timeline,
        dialogue=tuple(replace(cue, energies=()) for cue in near(timeline.dialogue)),
        music=tuple(replace(cue, energies=()) for cue in near(timeline.music)),
        effects=near(timeline.effects),
    )


@dataclass(frozen=True, slots=True)
class Block:
    """One second of the drama (the last may be shorter). `sound` (n, 2) is what is heard. `stems` are dialogue, music and
    effects, each (n, 2), whose sum is the mix before the limiter; `dialogue` (n,) is the first without pans and rooms."""

    index: int
    sound: Sound
    dialogue: Sound
    stems: tuple[Sound, Sound, Sound]

    @property
    def bed(self) -> Sound:
        """Music and effects, (n, 2)."""
        _, music, effects = self.stems
        return music + effects


class Mixer:
    """Renders a timeline block by block. `load` gives the clip of a cue's key: mono for dialogue and
    effects, stereo (or mono) for music. `gain_db` replaces the predicted master gain, for a timeline
    whose end is not known yet.

    Keeps the clips of the current block, and of those used before it at most `spare_bytes`.
    """

    def __init__(
        self, timeline: Timeline, load: Load, *, gain_db: float | None = None, spare_bytes: int = 2_000_000
    ) -> None:
        self.timeline = timeline
        self.samples = sample_at(timeline.duration)
        self.gain_db = master_gain_db(timeline) if gain_db is None else gain_db
        self._clips = Clips(load, spare_bytes)
        self._duck = ducking(timeline.dialogue)
        self._dialogue = _Lane(timeline.dialogue, Take.plain)
        self._music = _Lane(timeline.music, Take.plain)
        self._effects = _Lane(timeline.effects, Take.sounding)
        self._voices_ring = _Lane(_echoes(timeline.dialogue, timeline.duration), Take.ringing)
        self._effects_ring = _Lane(_echoes(timeline.effects, timeline.duration), Take.ringing)

    def __len__(self) -> int:
        """The number of blocks."""
        return math.ceil(self.samples / BLOCK)

    def blocks(self, first: int = 0, last: int | None = None) -> Iterator[Block]:
        """The blocks [first, last) of the drama; each is the same whatever the range."""
        last = len(self) if last is None else min(last, len(self))
        if first >= last:
            return
        ceiling = amplitude(self.timeline.peak_dbtp - CEILING_MARGIN_DB)
        before, block = self._unlimited(first - 1).sound, self._unlimited(first)
        for index in range(first, last):
            after = self._unlimited(index + 1)
            count = min(BLOCK, self.samples - index * BLOCK)
            sound = limit_block(before, block.sound, after.sound, ceiling)
            voices, music, effects = block.stems
            yield Block(index, sound[:count], block.dialogue[:count], (voices[:count], music[:count], effects[:count]))
            before, block = block.sound, after

    def stretch(self, first: int, last: int) -> Sound:
        """Samples [first, last) of the drama, (n, 2), bit for bit as in the whole; silence beyond its ends."""
        sound = np.zeros((last - first, 2), dtype=np.float32)
        for block in self.blocks(max(0, first // BLOCK), math.ceil(last / BLOCK)):
            begins = block.index * BLOCK
            low, high = max(first, begins), min(last, begins + len(block.sound))
            if low < high:
                sound[low - first : high - first] = block.sound[low - begins : high - begins]
        return sound

    def _unlimited(self, index: int) -> Block:
        """A whole second, silent beyond the ends of the drama."""
        dialogue = np.zeros(BLOCK, dtype=np.float32)
        voices, music, effects = (np.zeros((BLOCK, 2), dtype=np.float32) for _ in range(3))
        start = index * BLOCK
        if 0 <= index < len(self):
            lanes = (self._dialogue, self._music, self._effects, self._voices_ring, self._effects_ring)
            heard = [lane.between(start, start + BLOCK) for lane in lanes]
            spoken, played, sounding, voices_ringing, effects_ringing = heard
            duck = (
                self._duck.gain(index, index + 1, BLOCK) if any(is_ducked(cue) for cue, _ in played + sounding) else 1.0
            )
            for cue, take in spoken:
                self._add_mono(cue, take, start, 1.0, voices, dialogue)
            for cue, take in played:
                self._add_stereo(cue, take, start, duck, music)
            for cue, take in sounding:
                self._add_mono(cue, take, start, duck if is_ducked(cue) else 1.0, effects, None)
            for ringing, out in ((voices_ringing, voices), (effects_ringing, effects)):
                for cue, take in ringing:
                    self._add_stereo(cue, take, start, 1.0, out)
            self._clips.keep(take for cues in heard for _, take in cues)
        master = np.float32(amplitude(self.gain_db))
        for sound in (dialogue, voices, music, effects):
            sound *= master
        return Block(index, voices + (music + effects), dialogue, (voices, music, effects))

    def _add_mono(self, cue: Cue, take: Take, start: int, duck: Gain | float, out: Sound, stem: Sound | None) -> None:
        clip = self._clips[take]
        if clip.ndim != 1:
            raise ValueError(f"The clip {cue.key!r} has {clip.shape[1]} channels; speech and effects are mono.")
        part = _Part.of(cue, start, None if cue.loops else len(clip))
        if part is None:
            return
        sound = _scaled(part.read(clip, overlap(clip) if take.bed else 0), part.gain(cue, duck))
        if stem is not None:
            stem[part.inside] += sound
        left, right = pan_gains(cue.pan)
        out[part.inside, 0] += sound * np.float32(left)
        out[part.inside, 1] += sound * np.float32(right)

    def _add_stereo(self, cue: Cue, take: Take, start: int, duck: Gain | float, out: Sound) -> None:
        clip = self._clips[take]
        part = _Part.of(cue, start, None if cue.loops else len(clip))
        if part is None:
            return
        sound = part.read(clip)
        gain = part.gain(cue, duck)
        out[part.inside] += _scaled(sound if sound.ndim == 2 else sound[:, None], gain)


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a cue falls into a block: samples [first, last) of the drama."""

    clip_begins: int
    first: int
    last: int
    block_begins: int

    @classmethod
    def of(cls, cue: Cue, start: int, length: int | None) -> _Part | None:
        begins, ends = sample_at(cue.begins), sample_at(cue.ends)
        clip_begins = begins - sample_at(cue.offset)
        if length is not None:
            ends = min(ends, clip_begins + length)
        first, last = max(start, begins), min(start + BLOCK, ends)
        return cls(clip_begins, first, last, start) if first < last else None

    @property
    def inside(self) -> slice:
        return slice(self.first - self.block_begins, self.last - self.block_begins)

    def read(self, clip: Sound | Recording, again: int = 0) -> Sound:
        """The clip's samples, from sample `again` on whenever it ends."""
        begin, left = self.first - self.clip_begins, self.last - self.first
        if not 0 <= begin < again:
            begin = again + (begin - again) % (len(clip) - again)
        pieces = []
        while left:
            piece = clip[begin : begin + left]
            pieces.append(piece)
            begin, left = again, left - len(piece)
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def gain(self, cue: Cue, duck: Gain | float) -> Gain | float:
        level: Gain | float = amplitude(cue.gain_db)
        level = level * (duck if isinstance(duck, float) else duck[self.inside])
        fade = fade_gain(cue, np.arange(self.first, self.last))
        return level if fade is None else level * fade


def _scaled(sound: Sound, gain: Gain | float) -> Sound:
    if isinstance(gain, float):
        return sound * np.float32(gain)
    factor = gain.astype(np.float32, copy=False)
    return sound * (factor if sound.ndim == 1 else factor[:, None])


class _Lane:
    """The cues of a stem and what each plays, found by time."""

    def __init__(self, cues: tuple[Cue, ...], take: Callable[[Cue], Take]) -> None:
        self._cues = [(cue, take(cue)) for cue in cues]
        self._begins: npt.NDArray[np.int64] = np.array([sample_at(cue.begins) for cue in cues], dtype=np.int64)
        self._ends: npt.NDArray[np.int64] = np.array([sample_at(cue.ends) for cue in cues], dtype=np.int64)

    def between(self, first: int, last: int) -> list[tuple[Cue, Take]]:
        return [self._cues[i] for i in np.flatnonzero((self._begins < last) & (self._ends > first))]


def _echoes(cues: tuple[Cue, ...], duration: float) -> tuple[Cue, ...]:
    return tuple(echo for cue in cues if (echo := echo_of(cue, duration)) is not None)
