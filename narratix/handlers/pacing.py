"""What a drama needs soon, while somebody listens: what is due, and when the listening can begin.

All of it follows from the job's events; how long things take is estimated as on a small machine with two cores, where it
matters most. Times are seconds.
"""

from __future__ import annotations

from typing import Final

from narratix.job import Job
from narratix.sound.passages import CHARACTERS_PER_SECOND

AHEAD: Final = 30.0
"""So long before it is heard music or an effect is due. Even a quick voice takes longer to speak that than a composer to
compose; the music of a scene that is far would only take a core from the voices."""
AHEAD_AT_FIRST: Final = 12.0
"""The same while nobody can listen yet: what is not needed for that waits."""
LEAST: Final = 6.0
"""No less is there when a stream opens: a player looks for more after the 4 s of a fragment."""
PLENTY: Final = 40.0
"""Beyond so much in hand nothing is foreseen: voices that are quicker than what they speak stay ahead."""

_VOICES: Final = 2
_SPEAKING: Final = 0.8
"""To speak a second: what Kokoro takes on one core while the other one speaks too (0.56), with something to spare."""
_COMPOSING: Final = 4.0
_MIXING: Final = 1.0


def near(job: Job, line: int) -> bool:
    """Whether the voices have come so near to `line` that what is heard there must be made."""
    if job.script is None:
        return False
    segments = job.script.segments
    if job.spoken >= line:
        return True
    ahead = AHEAD if job.opened is not None or job.plan is None or not job.plan.passages else AHEAD_AT_FIRST
    return (segments[line].start - segments[job.spoken].start) / CHARACTERS_PER_SECOND <= ahead


def can_begin(job: Job) -> bool:
    """Whether whoever begins to listen now will not have to stop and wait: each of the next passages is foreseen to be there
    before it is heard."""
    assert job.script is not None
    assert job.plan is not None
    segments, starts = job.script.segments, (*job.plan.passages, len(job.script.segments))
    in_hand = sum(job.passages[passage].duration for passage in range(job.heard))
    if in_hand < LEAST:
        return False
    voices, composer, mixer = [0.0] * _VOICES, 0.0, 0.0
    for passage in range(job.heard, len(job.plan.passages)):
        first, follows = starts[passage], starts[passage + 1]
        lasts = 0.0
        for line in range(first, follows):
            segment = segments[line]
            seconds = (segment.end - segment.start) / CHARACTERS_PER_SECOND
            if line in job.lines:
                seconds = job.lines[line].duration
            else:
                voice = voices.index(min(voices))
                voices[voice] += seconds * _SPEAKING
                mixer = max(mixer, voices[voice])
            lasts += seconds + segment.pause_after
        for cue in job.plan.music:
            if first <= cue.first_line < follows and _awaited(job, cue.id):
                composer += _COMPOSING
                mixer = max(mixer, composer)
        mixer += _MIXING
        if mixer > in_hand:
            return False
        in_hand += lasts
        if in_hand - mixer > PLENTY:
            return True
    return True


def _awaited(job: Job, cue: str) -> bool:
    return cue not in job.music and f"compose_music {cue}" not in job.missing
