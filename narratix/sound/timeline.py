"""Where everything lies in time: music under the lines, effects on their words.

All of it follows from values that are on record, so that the same record gives the same timeline. Everything begins
and ends on a whole sample. Where a line was revised, the music goes on under it as it did: so an edit changes nothing but
its own surroundings.

While lines are still being spoken the timeline of the first of them can be built (`complete=False`);
it agrees with the finished one up to `settled_until`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

from narratix.events.catalogue import PlannedEffect, PlannedMusic, PlannedPlace, Segment
from narratix.ports import Cue, Timeline
from narratix.sound.envelopes import is_ambience
from narratix.sound.grid import on_a_sample
from narratix.sound.levels import lufs
from narratix.sound.lines import PlacedLine, word_begins
from narratix.sound.loudness import GATING_STEPS, SHORT_TERM_STEPS, integrated, windows
from narratix.sound.media import medium_of
from narratix.sound.profiles import PODCAST, MasteringProfile
from narratix.sound.rooms import lost_db

CROSSFADE_SECONDS = 2.0
MUSIC_FADE_SECONDS = 3.0
SPLICE_SECONDS = 1.0
"""Under a revised line, where music is ducked, it crosses over to where it was before the revision."""
SHORTEST_SPLICE_SECONDS = 0.3
"""Where less is left of that line, it begins elsewhere instead."""
BARE_TAIL_SECONDS = 1.0
CUT_FADE_SECONDS = 0.3
EARLIEST_EFFECT_SECONDS = 1.5
BED_FADE_SECONDS = 2.0
BED_SOFTER_DB = 5.0
"""What lasts under many lines is softer than what is heard under one: two beds and the music together must leave the voices
15 LU clear."""
SETTLE_SECONDS = 2.0
"""How far a later line can reach back before the end of the last one: a crossfade's half, a duck's
250 ms, an effect's onset."""

MUSIC_LUFS = -29.0
MUSIC_INTENSITY_LU = 3.0
EFFECT_MOMENTARY_LUFS = -25.0
EFFECT_SHORT_TERM_LUFS = -31.0
"""Effects leave the voices clear: 12 LU under speech over 3 s, 6 LU in their loudest moment."""
AMBIENCE_LIFT_LU = 9.0
"""Ambience is ducked by 12 dB under voices, and would else be lost there."""


@dataclass(frozen=True, slots=True)
class ComposedMusic:
    plan: PlannedMusic
    clip_key: str
    duration: float
    energies: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedEffect:
    """`onset`: seconds into the clip until it is first clearly heard."""

    plan: PlannedEffect
    clip_key: str
    duration: float
    onset: float = 0.0
    energies: tuple[float, ...] = ()


def build_timeline(
    placed: Sequence[PlacedLine],
    music: Sequence[ComposedMusic] = (),
    effects: Sequence[RenderedEffect] = (),
    *,
    tail: float,
    places: Sequence[PlannedPlace] = (),
    complete: bool = True,
    profile: MasteringProfile = PODCAST,
) -> Timeline:
    """The drama of `placed` lines. It ends `tail` seconds after the last word: music fades out over
    them, without music they are cut to one second. `complete` as for `lay_lines`.

    What people say and what happens is heard in the place of its line. Whoever tells the story is in no place; nor is what comes
    through something (`media`), nor a bed of ambience, which is the place."""
    happens = {line: place.name for place in places for line in range(place.first_line, place.last_line)}
    voices = [line for line in placed if line.spoken is not None]
    end_of_speech = voices[-1].ends if voices else (placed[-1].ends if placed else 0.0)
    under = _music_spans(placed, music)
    plays_on = bool(under) and under[-1][2] >= end_of_speech
    after = max(0.0, tail) if plays_on else min(max(0.0, tail), BARE_TAIL_SECONDS)
    duration = on_a_sample(end_of_speech + after) if complete else end_of_speech
    return Timeline(
        duration=duration,
        dialogue=tuple(
            Cue(
                key=line.spoken.clip_key,
                begins=line.begins,
                ends=line.ends,
                pan=stage_position(line.segment.speaker) if line.segment.kind == "speech" else 0.0,
                energies=line.spoken.energies,
                place=_sounds_in(line.segment, happens.get(line.line, "")),
            )
            for line in voices
            if line.spoken is not None
        ),
        music=tuple(
            piece
            for cue, (made, _, _) in zip(_music_cues(under, end_of_speech, duration, complete), under, strict=True)
            for piece in _spliced(cue, placed[made.plan.first_line :])
        ),
        effects=_effect_cues(placed, effects, duration, happens, complete=complete),
        loudness_lufs=profile.loudness_lufs,
        peak_dbtp=profile.ceiling_dbtp,
        profile=profile.name,
    )


def _sounds_in(segment: Segment, place: str) -> str:
    return place if segment.kind == "speech" and not medium_of(segment.direction) else ""


def settled_until(placed: Sequence[PlacedLine]) -> float:
    """The second up to which a timeline of these first lines sounds exactly as the finished one will,
    once the music and the effects of its lines are there too."""
    return max((line.ends for line in placed if line.spoken is not None), default=0.0) - SETTLE_SECONDS


def stage_position(speaker: str) -> float:
    """Where somebody stands, -1..1: the narrator in the middle, the cast (`c1`, `c2`, ...) to the left
    and right in turn. Close enough to the middle to be heard well on one speaker."""
    number = re.fullmatch(r"c(\d+)", speaker)
    if number is None:
        return 0.0
    index = int(number[1]) - 1
    return round((-1.0 if index % 2 == 0 else 1.0) * (0.15 + 0.07 * (index // 2 % 4)), 2)


def timeline_digest(timeline: Timeline) -> str:
    """SHA-256 over the timeline as canonical JSON: sorted keys, no blanks, shortest round-trip floats."""
    text = json.dumps(asdict(timeline), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _music_spans(
    placed: Sequence[PlacedLine], music: Sequence[ComposedMusic]
) -> list[tuple[ComposedMusic, float, float]]:
    """The cues that have begun, each with its first line's start (0 for the opening one) and its last line's end."""
    spans = []
    for cue in sorted(music, key=lambda c: c.plan.first_line):
        lines = placed[cue.plan.first_line : cue.plan.last_line]
        if cue.clip_key and cue.duration > 0.0 and lines:
            begins = 0.0 if cue.plan.first_line == 0 else lines[0].begins
            spans.append((cue, begins, lines[-1].ends))
    return spans


def _music_cues(
    spans: Sequence[tuple[ComposedMusic, float, float]], end_of_speech: float, duration: float, complete: bool
) -> tuple[Cue, ...]:
    """Neighbours cross over 2 s around the later one's first line; others fade in and out by themselves."""
    cues: list[Cue] = []
    meets = [earlier[0].plan.last_line >= later[0].plan.first_line for earlier, later in pairwise(spans)]
    for index, (music, begins, ends) in enumerate(spans):
        from_neighbour = index > 0 and meets[index - 1]
        to_neighbour = index < len(spans) - 1 and meets[index]
        half = CROSSFADE_SECONDS / 2.0
        starts = max(0.0, begins - half) if from_neighbour else begins
        fade_in = CROSSFADE_SECONDS if from_neighbour else min(CROSSFADE_SECONDS, 0.25 + begins)
        if to_neighbour:
            stops, fade_out = spans[index + 1][1] + half, CROSSFADE_SECONDS
        elif index == len(spans) - 1 and ends >= end_of_speech:
            stops = duration
            fade_out = max(CUT_FADE_SECONDS, min(MUSIC_FADE_SECONDS, duration - end_of_speech)) if complete else 0.0
        else:
            stops = min(ends + MUSIC_FADE_SECONDS, duration)
            fade_out = MUSIC_FADE_SECONDS
        loudness = MUSIC_LUFS + MUSIC_INTENSITY_LU * min(1.0, max(0.0, music.plan.intensity))
        cues.append(
            Cue(
                key=music.clip_key,
                begins=starts,
                ends=stops,
                gain_db=_gain_to(loudness, integrated(music.energies)),
                fade_in=fade_in,
                fade_out=min(fade_out, max(0.0, stops - starts)),
                loops=True,
                energies=music.energies,
            )
        )
    return tuple(cues)


def _spliced(cue: Cue, placed: Sequence[PlacedLine]) -> Iterator[Cue]:
    """A cue that goes on under `placed`, in pieces: after a revised line each goes on as if that line had never changed
    its length."""
    for line in placed:
        if not line.moved:
            continue
        length = min(SPLICE_SECONDS, line.ends - line.begins)
        begins = on_a_sample(max((line.begins + line.ends - length) / 2.0, cue.begins + cue.fade_in))
        ends = on_a_sample(min(begins + length, line.ends))
        if ends > cue.ends - cue.fade_out:
            break
        if ends - begins < min(length, SHORTEST_SPLICE_SECONDS):  # it has hardly begun: let it begin elsewhere
            risen = max(cue.fade_in, SHORTEST_SPLICE_SECONDS)
            cue = replace(cue, offset=on_a_sample(cue.offset - line.moved), fade_in=risen)
            continue
        yield replace(cue, ends=ends, fade_out=ends - begins)
        since = begins - cue.begins + cue.offset - line.moved
        cue = replace(cue, begins=begins, offset=on_a_sample(since), fade_in=ends - begins)
    yield cue


def _effect_cues(
    placed: Sequence[PlacedLine],
    effects: Sequence[RenderedEffect],
    duration: float,
    happens: Mapping[int, str],
    *,
    complete: bool,
) -> tuple[Cue, ...]:
    lines = {line.line: line for line in placed}
    cues: list[Cue] = []
    for effect in effects:
        line = lines.get(effect.plan.line)
        if line is None or line.spoken is None or not effect.clip_key or effect.duration <= 0.0:
            continue
        if line.wording is not None and line.wording.carried(effect.plan.start - line.segment.start) is None:
            continue  # its word is said no more
        begins = _effect_begins(effect, line)
        if effect.plan.last_line:
            cues += _bed(effect, placed, begins, duration, complete=complete)
            continue
        ends = min(begins + effect.duration, duration)
        cut = begins + effect.duration > duration
        cues.append(
            Cue(
                key=effect.clip_key,
                begins=begins,
                ends=ends,
                gain_db=_effect_gain(effect),
                pan=effect.plan.pan,
                fade_out=CUT_FADE_SECONDS if cut else 0.005,
                energies=effect.energies,
                place="" if is_ambience(effect.duration, effect.energies) else happens.get(effect.plan.line, ""),
                distance=effect.plan.distance,
            )
        )
    return tuple(sorted(cues, key=lambda c: (c.begins, c.key)))


def _bed(
    effect: RenderedEffect, placed: Sequence[PlacedLine], begins: float, duration: float, *, complete: bool
) -> Iterator[Cue]:
    """An effect that goes on until its last line, as if no line had been revised, its own neither: it begins on its word,
    and is then where it would be."""
    plan = effect.plan
    ends, fade = placed[min(plan.last_line, len(placed)) - 1].ends + BED_FADE_SECONDS, BED_FADE_SECONDS
    if complete and ends > duration:
        ends, fade = duration, max(CUT_FADE_SECONDS, BED_FADE_SECONDS - (ends - duration))
    elif len(placed) < plan.last_line:  # nobody knows yet where it ends
        ends, fade = max(duration, ends), 0.0
    cue = Cue(
        key=effect.clip_key,
        begins=begins,
        ends=ends,
        gain_db=round(_effect_gain(effect) - BED_SOFTER_DB, 2),
        pan=plan.pan,
        fade_out=fade,
        loops=True,
        energies=effect.energies,
        distance=plan.distance,
    )
    own = placed[plan.line]
    if own.spoken is not None and own.spoken.laid is not None:
        laid = replace(own, spoken=replace(own.spoken, words=own.spoken.laid.words, wording=None))
        own = replace(own, moved=own.moved + _effect_begins(effect, laid) - begins)
    return _spliced(cue, (own, *placed[plan.line + 1 :]))


def _effect_begins(effect: RenderedEffect, line: PlacedLine) -> float:
    """The second of the drama from which it plays, so that it is heard when its word is said."""
    after_line = word_begins(line, effect.plan.start) - line.begins - effect.onset
    return max(0.0, line.begins + on_a_sample(max(-EARLIEST_EFFECT_SECONDS, after_line)))


def _effect_gain(effect: RenderedEffect) -> float:
    """The planned gain on an effect of normal loudness, bounded so that the words stay clear."""
    padded = (0.0,) * (SHORT_TERM_STEPS - 1) + effect.energies + (0.0,) * (SHORT_TERM_STEPS - 1)
    momentary = lufs(max(windows(padded, GATING_STEPS), default=0.0))
    over_3_s = lufs(max(windows(padded, SHORT_TERM_STEPS), default=0.0))
    lift = AMBIENCE_LIFT_LU if effect.plan.last_line else 0.0
    normal = min(
        _gain_to(EFFECT_MOMENTARY_LUFS + lift, momentary),
        _gain_to(EFFECT_SHORT_TERM_LUFS + lift, over_3_s),
    )
    return round(normal + min(0.0, effect.plan.gain_db) - lost_db(effect.plan.distance), 2)


def _gain_to(target: float, loudness: float) -> float:
    """The gain in dB to `target` LUFS, within what a clip can bear."""
    return round(min(24.0, max(-40.0, target - loudness)), 2) if loudness > -70.0 else 0.0
