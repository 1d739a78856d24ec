"""What is heard of a clip: the clip itself, or what distance, endless repetition or a place make of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from narratix.ports import Cue, Sound
from narratix.sound.codec import Recording
from narratix.sound.envelopes import BED_OVERLAP_SECONDS, fade_in_curve
from narratix.sound.grid import sample_at
from narratix.sound.rooms import from_afar, reverberation

Load = Callable[[str], Sound | Recording]
"""The clip of a key; of a long one its `Recording`."""


@dataclass(frozen=True, slots=True)
class Take:
    """A clip as it is heard: as it is, from afar, made to go on for ever (`bed`), or as what a place adds to it."""

    key: str
    distance: float = 1.0
    bed: bool = False
    place: str = ""

    @classmethod
    def plain(cls, cue: Cue) -> Take:
        return cls(cue.key)

    @classmethod
    def sounding(cls, effect: Cue) -> Take:
        return cls(effect.key, effect.distance, effect.loops)

    @classmethod
    def ringing(cls, echo: Cue) -> Take:
        return cls(echo.key, echo.distance, place=echo.place)

    def made(self, clip: Sound) -> Sound:
        sound = clip if self.distance == 1.0 else from_afar(clip, self.distance)
        if self.bed:
            sound = _unending(sound)
        return reverberation(sound, self.place) if self.place else sound


def overlap(clip: Sound | Recording) -> int:
    """So many samples at the end of a bed lead into those after its beginning."""
    return min(sample_at(BED_OVERLAP_SECONDS), len(clip) // 3)


def _unending(clip: Sound) -> Sound:
    """A mono clip whose end leads, at equal power, into what is `overlap` after its beginning."""
    length = overlap(clip)
    if not length:
        return clip
    made = clip.copy()
    rise = fade_in_curve(np.arange(length), length)
    made[-length:] = made[-length:] * rise[::-1] + clip[:length] * rise
    return made


class Clips:
    """Decoded clips: those in use, and the most recent of the others."""

    def __init__(self, load: Load, spare_bytes: int) -> None:
        self._load = load
        self._spare_bytes = spare_bytes
        self._clips: OrderedDict[Take, Sound | Recording] = OrderedDict()

    def __getitem__(self, take: Take) -> Sound | Recording:
        if take not in self._clips:
            plain = Take(take.key)
            clip = self._load(take.key) if take == plain else take.made(self[plain][:])
            if not len(clip):
                raise ValueError(f"The clip {take.key!r} is empty, yet the timeline plays it.")
            self._clips[take] = clip
        self._clips.move_to_end(take)
        return self._clips[take]

    def keep(self, takes: Iterable[Take]) -> None:
        """Let go of what is not in use, nor needed to make what is."""
        in_use = {each for take in takes for each in (take, Take(take.key))}
        spare = 0
        for take in reversed(tuple(self._clips)):
            if take not in in_use:
                spare += self._clips[take].nbytes
                if spare > self._spare_bytes:
                    del self._clips[take]
