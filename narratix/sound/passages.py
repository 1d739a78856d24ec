"""Passages: stretches of neighbouring lines, mixed and encoded as soon as their sound is settled.

Where a passage begins and ends follows from the script alone, so that it stays when a line is spoken anew. In time a
passage begins a little before its first line, by as much as a line can reach back (a crossfade, an effect, a duck),
so that a passage is settled when its own lines are spoken, whatever follows. All bounds lie on a grid that is a whole
number of frames for AAC and for MP3: the encoded passages, put one after another, are the encoded drama.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from narratix.events.catalogue import Segment
from narratix.ports import SAMPLE_RATE, Cue, Timeline
from narratix.sound.envelopes import ducking, is_ducked
from narratix.sound.grid import AAC_FRAME, GRID, sample_at
from narratix.sound.limiter import CONTEXT
from narratix.sound.lines import PlacedLine
from narratix.sound.rooms import ACOUSTICS, heard_until

LAP: Final = 12 * GRID
"""Samples (2.5 s) by which a passage begins before its first line. A pause is at most 2 s, the end of an effect fades
over 0.3 s: so much of the last line before it is settled too."""
PREROLL: Final = 8 * AAC_FRAME
"""Samples before a passage that its encoder hears first, so that it goes on as if it had encoded all of the drama."""
POSTROLL: Final = 3 * AAC_FRAME
REEL_ROLL: Final = GRID
"""The same around a reel, which is also encoded as MP3."""

FIRST_SECONDS: Final = (2.0, 5.0)
"""The first passages are short: somebody waits for them."""
USUAL_SECONDS: Final = 9.0
REEL_SECONDS: Final = 60.0
CHARACTERS_PER_SECOND: Final = 15.0
"""English read aloud at about 170 words a minute."""

MIXING: Final = 3
"""To be raised when the same timeline sounds different, so that no stored passage is taken for its new self."""
REELS: Final = 1
"""To be raised when a reel's files are made differently."""


def plan_passages(segments: Sequence[Segment]) -> tuple[int, ...]:
    """The first line of each passage; the first one is 0. A passage lasts about 9 seconds or one line."""
    return _cut(segments, FIRST_SECONDS, USUAL_SECONDS)


def plan_reels(segments: Sequence[Segment]) -> tuple[int, ...]:
    """The first line of each reel: passages of about a minute, of which the finished drama is made."""
    return _cut(segments, (), REEL_SECONDS)


def _cut(segments: Sequence[Segment], first: Sequence[float], usual: float) -> tuple[int, ...]:
    starts: list[int] = []
    seconds, wanted = 0.0, 0.0
    for line, segment in enumerate(segments):
        if seconds >= wanted:
            wanted = first[len(starts)] if len(starts) < len(first) else usual
            starts.append(line)
            seconds = 0.0
        seconds += (segment.end - segment.start) / CHARACTERS_PER_SECOND + segment.pause_after
    return tuple(starts)


def passage_bounds(placed: Sequence[PlacedLine], starts: Sequence[int], passage: int) -> tuple[int, int]:
    """Samples [first, last) of a passage that is not the last one; the line after it is placed or could be next."""
    return _bound(placed, starts[passage]), _bound(placed, starts[passage + 1])


def last_bounds(placed: Sequence[PlacedLine], starts: Sequence[int], timeline: Timeline) -> tuple[int, int]:
    """Samples [first, last) of the last passage: it ends with the drama, filled up to a whole AAC frame."""
    first = _bound(placed, starts[-1])
    return first, first + -(-(sample_at(timeline.duration) - first) // AAC_FRAME) * AAC_FRAME


def _bound(placed: Sequence[PlacedLine], line: int) -> int:
    """Where the passage that begins with `line` begins."""
    if line == 0:
        return 0
    return max(0, (sample_at(_line_begins(placed, line)) - LAP) // GRID * GRID)


def _line_begins(placed: Sequence[PlacedLine], line: int) -> float:
    if line < len(placed):
        return placed[line].begins
    return placed[-1].follows


def passage_digest(timeline: Timeline, first: int, last: int, *, begins: int, gain_db: float) -> str:
    """What names the sound of samples [first, last) of a timeline, encoded for a stream in which they begin at
    sample `begins`: a SHA-256 over all that can be heard in them, told from `first` on. The same stretch of another
    timeline, or at another time of this one, has the same name."""
    return _digest(_told_stretch(timeline, first, last, PREROLL, POSTROLL, gain_db) | {"begins": begins})


def reel_digest(timeline: Timeline, first: int, last: int, *, gain_db: float, made: Sequence[str]) -> str:
    """As `passage_digest`, for a reel of which the files `made` were made for the timeline's profile."""
    told = _told_stretch(timeline, first, last, REEL_ROLL, REEL_ROLL, gain_db)
    return _digest(told | {"made": sorted(made), "profile": timeline.profile, "reel": REELS})


def _digest(told: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _told_stretch(
    timeline: Timeline, first: int, last: int, preroll: int, postroll: int, gain_db: float
) -> dict[str, object]:
    low, high = first - preroll - CONTEXT - SAMPLE_RATE // 100, last + postroll + CONTEXT + SAMPLE_RATE // 100
    low = max(low, 0)
    return {
        "mixing": MIXING,
        "length": last - first,
        "low": low - first,
        "gain_db": round(gain_db, 4),
        "peak_dbtp": timeline.peak_dbtp,
        "acoustics": ACOUSTICS,
        "end": min(sample_at(timeline.duration), high) - first,
        "duck": _told_ducking(timeline, low, high, first),
        "cues": [
            [
                _told(cue, low, high, first)
                for cue in cues
                if sample_at(cue.begins) < high and sample_at(heard_until(cue)) > low
            ]
            for cues in (timeline.dialogue, timeline.music, timeline.effects)
        ],
    }


def _told(cue: Cue, low: int, high: int, first: int) -> list[object]:
    """A cue as far as it is heard in [low, high): ends and fades beyond are left out."""
    begins, ends = sample_at(cue.begins), sample_at(cue.ends)
    rise, fall = sample_at(cue.fade_in), sample_at(cue.fade_out)
    return [
        cue.key,
        first - begins + sample_at(cue.offset),
        [begins - first, rise] if begins + rise > low else None,
        [ends - first, fall] if ends - fall < high else None,
        round(cue.gain_db, 4),
        round(cue.pan, 4),
        cue.loops,
        is_ducked(cue),
        cue.place,
        round(cue.distance, 2),
    ]


def _told_ducking(timeline: Timeline, low: int, high: int, first: int) -> list[tuple[int, float]]:
    """The points of the ducking in [low, high), and the level at both ends."""
    duck = ducking(timeline.dialogue)
    inside = [
        (sample_at(second) - first, float(level))
        for second, level in zip(duck.seconds, duck.db, strict=True)
        if low / SAMPLE_RATE < second < high / SAMPLE_RATE
    ]
    return [(low - first, _level(timeline, low)), *inside, (high - first, _level(timeline, high))]


def _level(timeline: Timeline, sample: int) -> float:
    gain = ducking(timeline.dialogue).gain(sample / SAMPLE_RATE, (sample + 1) / SAMPLE_RATE, 1)
    return round(float(gain if isinstance(gain, float) else gain[0]), 4)
