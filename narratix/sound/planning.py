"""Which music and which effects a script gets, and where: a plan that can be made before a word is spoken."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from narratix.events.catalogue import EffectCue, MusicCue, PlannedEffect, PlannedMusic, Segment, SoundPlanned
from narratix.sound.passages import plan_passages

CHARACTERS_PER_SECOND: Final = 15.0
"""English read aloud at about 170 words a minute."""

LEAD_IN: Final = 3.0
TAIL: Final = 4.0
LOOP_SECONDS: Final = (16.0, 64.0)
"""Shortest and longest music that is composed for a cue; longer cues loop it."""

OTHER_SECONDS: Final = 2.5
"""Of an effect that an engine of another release knows."""

_SECONDS: Final[Mapping[str, float]] = {
    "applause": 5.0, "bell": 6.0, "birds": 7.0, "blizzard": 8.0, "breathing": 3.2, "carriage": 6.0, "cat": 1.3,
    "chain": 2.5, "chime": 6.5, "clock": 5.0, "coin": 1.6, "crash": 1.8, "creak": 1.6, "crickets": 8.0,
    "crowd": 8.0, "dog": 1.4, "door": 2.2, "drip": 6.0, "drum": 3.8, "engine": 6.0, "explosion": 4.0, "fire": 8.0,
    "footsteps": 3.2, "footsteps in snow": 3.4, "footsteps on gravel": 3.2, "gallop": 3.5, "glass": 1.6,
    "gunshot": 1.8, "handbell": 2.2, "heartbeat": 4.0, "horse": 4.0, "knock": 1.2, "owl": 3.4, "paper": 1.8,
    "rain": 8.0, "running": 2.6, "scuffle": 2.5, "sea": 10.0, "ship": 7.0, "siren": 6.0, "slam": 1.2,
    "splash": 1.6, "storm": 9.0, "stream": 8.0, "sword": 1.8, "telephone": 4.0, "thunder": 5.0, "train": 7.0,
    "whip": 0.9, "whistle": 3.0, "wind": 8.0, "wolf": 4.5,
}  # fmt: skip
"""How long each effect lasts by nature."""

_AMBIENT: Final = frozenset({
    "blizzard", "storm", "rain", "wind", "fire", "sea", "stream", "birds", "crickets", "crowd", "ship",
})  # fmt: skip


def plan_sound(
    segments: Sequence[Segment], music: Sequence[MusicCue], effects: Sequence[EffectCue], seed: int
) -> SoundPlanned:
    """Place cues on lines. Music lasts from the first to the last line it touches; an effect keeps its word.

    Seeds come from what a cue is, not from where it stands, so that the same mood at the same intensity is the
    same theme whenever it returns, and a change elsewhere in the text leaves it alone.
    """
    starts = [segment.start for segment in segments]

    def line_at(offset: int) -> int:
        return max(0, bisect.bisect_right(starts, offset) - 1)

    planned_music = []
    for number, cue in enumerate(music):
        first, last = line_at(cue.start), line_at(max(cue.start, cue.end - 1)) + 1
        estimate = (cue.end - cue.start) / CHARACTERS_PER_SECOND
        planned_music.append(
            PlannedMusic(
                id=f"m{number}",
                first_line=first,
                last_line=last,
                mood=cue.mood,
                intensity=cue.intensity,
                prompt=cue.prompt,
                seconds=min(max(round(estimate), LOOP_SECONDS[0]), LOOP_SECONDS[1]),
                seed=_seed(seed, cue.mood, cue.prompt),
            )
        )
    planned_effects = []
    occurrences: dict[str, int] = {}
    for number, effect in enumerate(effects):
        occurrences[effect.name] = occurrences.get(effect.name, 0) + 1
        ambient = effect.name in _AMBIENT
        planned_effects.append(
            PlannedEffect(
                id=f"e{number}",
                line=line_at(effect.start),
                start=effect.start,
                end=effect.end,
                name=effect.name,
                prompt=effect.prompt,
                seconds=_SECONDS.get(effect.name, OTHER_SECONDS),
                gain_db=-2.0 if ambient else 0.0,
                pan=0.0 if ambient else (0.35, -0.35, 0.2, -0.2)[number % 4],
                # a few variants of each effect, so that a second knock is not the first one played again
                seed=_seed(seed, effect.name, str(occurrences[effect.name] % 3)),
            )
        )
    return SoundPlanned(
        lead_in=LEAD_IN if music else 0.3,
        tail=TAIL if music else 0.5,
        music=tuple(planned_music),
        effects=tuple(planned_effects),
        passages=plan_passages(segments),
    )


def _seed(seed: int, *parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join((str(seed), *parts)).encode()).digest()[:4])
