"""Which music and which effects a script gets, and where: a plan that can be made before a word is spoken."""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import msgspec

from narratix.events.catalogue import (
    EffectCue,
    MusicCue,
    PlannedEffect,
    PlannedMusic,
    PlannedPlace,
    Segment,
    SoundPlanned,
)
from narratix.sound.passages import CHARACTERS_PER_SECOND, plan_passages

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
    "splash": 1.6, "stinger bright": 4.0, "stinger dark": 4.0, "storm": 9.0, "stream": 8.0, "sword": 1.8, "telephone": 4.0, "thunder": 5.0, "train": 7.0,
    "whip": 0.9, "whistle": 3.0, "wind": 8.0, "wolf": 4.5,
}  # fmt: skip
"""How long each effect lasts by nature."""

_AMBIENT: Final = frozenset({
    "blizzard", "storm", "rain", "wind", "fire", "sea", "stream", "birds", "crickets", "crowd", "ship",
})  # fmt: skip

STINGER: Final = "stinger"
"""The name of what is heard where a story takes a turn."""
_THREATS: Final = frozenset({"tense", "dark", "eerie"})
_RELIEFS: Final = frozenset({"cheerful", "tender", "grand", "adventurous", "calm"})
_MOST_BEDS: Final = 2
"""So many ambiences are heard at once."""
_RESTS_AFTER_SECONDS: Final = 100.0
_LEAST_REST_SECONDS: Final = 40.0
_RESTS_UNDER: Final = 0.55
"""A soft mood that lasts is felt longer than it is played: its music leaves, and the voices are alone until the next."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a story happens: the first lines of its `scenes`, its `places`, the `distances` in metres of the effects on
    the words that begin at these characters, which ambiences are `weather`, and by their names the lines with which it is
    over (`lulls`)."""

    scenes: Sequence[int] = (0,)
    places: Sequence[PlannedPlace] = ()
    distances: Mapping[int, float] = field(default_factory=dict)
    weather: Collection[str] = ()
    lulls: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def until(self, name: str, line: int, lines: int) -> int:
        """The line before which an ambience that begins on `line` of so many ends: weather is the same wherever people go."""
        places = () if name in self.weather else (place.first_line for place in self.places)
        ends: set[int] = {*self.scenes, *places, *self.lulls.get(name, ()), lines}
        return min(end for end in ends if end > line)


def plan_sound(
    segments: Sequence[Segment],
    music: Sequence[MusicCue],
    effects: Sequence[EffectCue],
    seed: int,
    setting: Setting = Setting(),
) -> SoundPlanned:
    """Place cues on lines. Music lasts from the first to the last line it touches, unless it leaves the voices alone for a
    while; an effect keeps its word, and an ambience lasts until its scene ends or the place is another; weather until the
    scene ends or the story says that it is over.

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
                last_line=last if number + 1 == len(music) else _rest(segments, first, last, cue),
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
        line = line_at(effect.start)
        planned_effects.append(
            PlannedEffect(
                id=f"e{number}",
                line=line,
                start=effect.start,
                end=effect.end,
                name=effect.name,
                prompt=effect.prompt,
                seconds=_SECONDS.get(effect.name, OTHER_SECONDS),
                gain_db=-2.0 if ambient else 0.0,
                pan=0.0 if ambient else (0.35, -0.35, 0.2, -0.2)[number % 4],
                # a few variants of each effect, so that a second knock is not the first one played again
                seed=_seed(seed, effect.name, str(occurrences[effect.name] % 3)),
                distance=setting.distances.get(effect.start, 1.0),
                last_line=setting.until(effect.name, line, len(segments)) if ambient else 0,
            )
        )
    planned_effects = _fewer_beds(planned_effects)
    if effects:
        planned_effects += _stingers(segments, planned_music, seed)
    return SoundPlanned(
        lead_in=LEAD_IN if music else 0.3,
        tail=TAIL if music else 0.5,
        music=tuple(planned_music),
        effects=tuple(planned_effects),
        passages=plan_passages(segments),
        places=tuple(setting.places),
    )


def _rest(segments: Sequence[Segment], first: int, last: int, cue: MusicCue) -> int:
    """The line before which the music of a cue on lines [first, last) ends."""
    seconds = 0.0
    if cue.intensity >= _RESTS_UNDER:
        return last
    for line in range(first, last):
        rest = (cue.end - segments[line].start) / CHARACTERS_PER_SECOND
        if seconds >= _RESTS_AFTER_SECONDS and rest >= _LEAST_REST_SECONDS and segments[line].kind == "speech":
            return line
        seconds += (segments[line].end - segments[line].start) / CHARACTERS_PER_SECOND
    return last


def _fewer_beds(planned: Sequence[PlannedEffect]) -> list[PlannedEffect]:
    """Where another ambience begins, the first of those before it ends, as soon as they would be too many."""
    kept = list(planned)
    for number, bed in enumerate(planned):
        if not bed.last_line:
            continue
        under_way = [i for i in range(number) if kept[i].last_line > bed.line]
        for i in under_way[: max(0, len(under_way) + 1 - _MOST_BEDS)]:
            kept[i] = msgspec.structs.replace(kept[i], last_line=max(kept[i].line + 1, bed.line))
    return kept


def _stingers(segments: Sequence[Segment], music: Sequence[PlannedMusic], seed: int) -> list[PlannedEffect]:
    """Short sounds of the orchestra where the music turns to threat, or out of it, on the first word of the turn."""
    found = []
    for before, after in pairwise(music):
        threat = after.mood in _THREATS and before.mood not in _THREATS
        relief = after.mood in _RELIEFS and before.mood in _THREATS
        segment = segments[after.first_line]
        if threat or relief:
            feeling = "dark" if threat else "bright"
            found.append(
                PlannedEffect(
                    id=f"s{after.id}",
                    line=after.first_line,
                    start=segment.start,
                    end=segment.start + 1,
                    name=f"{STINGER} {feeling}",
                    prompt=f"a short {feeling} orchestral stinger, {_key_of(after.prompt)}, no melody, no voices",
                    seconds=_SECONDS[f"{STINGER} {feeling}"],
                    gain_db=-1.0,
                    pan=0.0,
                    seed=_seed(seed, STINGER, feeling, after.id),
                )
            )
    return found


def _key_of(prompt: str) -> str:
    """ "in D minor", as the prompt for its music has it."""
    found = re.search(r"\bin [A-G](?:-(?:flat|sharp))? (?:major|minor)\b", prompt)
    return found[0] if found else "in D minor"


def _seed(seed: int, *parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join((str(seed), *parts)).encode()).digest()[:4])
