"""When the listening can begin: when whoever begins will not have to stop and wait."""

from __future__ import annotations

import uuid

from narratix.events.catalogue import (
    CastMember,
    Event,
    LineSpoken,
    MusicComposed,
    PassageMixed,
    PlannedMusic,
    ScriptWritten,
    Segment,
    SoundPlanned,
    Usage,
)
from narratix.handlers.pacing import LEAST, can_begin
from narratix.job import Job, fold

USAGE = Usage(provider="p", model="m")


def begun(*seconds: float, music: tuple[int, ...] = ()) -> tuple[Event, ...]:
    """A script with a line, and a passage, of each of these lengths, and music from each of those lines on."""
    bounds = [0]
    for second in seconds:
        bounds.append(bounds[-1] + round(15 * second))
    segments = tuple(
        Segment(start=bounds[i], end=bounds[i + 1], kind="narration", speaker="narrator") for i in range(len(seconds))
    )
    cues = tuple(
        PlannedMusic(id=f"m{n}", first_line=line, last_line=line + 1, mood="calm", intensity=0.5, prompt="", seconds=16.0, seed=1)
        for n, line in enumerate(music)
    )  # fmt: skip
    return (
        ScriptWritten(
            engine="rules", text_sha256="0" * 64, language="en", music=(), effects=(), segments=segments,
            cast=(CastMember(id="narrator", name="Narrator", narrator=True),),
        ),
        SoundPlanned(lead_in=3.0, tail=1.0, music=cues, effects=(), passages=tuple(range(len(seconds)))),
    )  # fmt: skip


def spoken(line: int, seconds: float) -> LineSpoken:
    return LineSpoken(line=line, clip_key=f"clips/{line}.flac", duration=seconds, words=(), energies=(), usage=USAGE)


def mixed(passage: int, seconds: float) -> PassageMixed:
    return PassageMixed(passage=passage, first_line=passage, lines=(0.0,), header_key="passages/aa/bb/header.mp4",
                        begins=0.0, duration=seconds, fragments=())  # fmt: skip


def begins(*events: Event) -> bool:
    return can_begin(fold(Job(id=uuid.UUID(int=1), status="running"), events))


def test_given_next_to_nothing_in_hand_then_even_quick_voices_are_waited_for() -> None:
    lines = [spoken(line, 10.0) for line in range(3)]
    assert not begins(*begun(10.0, 10.0, 10.0), *lines, mixed(0, LEAST - 1.0))
    assert begins(*begun(10.0, 10.0, 10.0), *lines, mixed(0, LEAST))


def test_given_a_long_line_next_then_as_much_is_in_hand_as_it_takes_to_speak_it() -> None:
    story = begun(8.0, 30.0, 5.0)
    assert not begins(*story, spoken(0, 8.0), mixed(0, 8.0))
    assert begins(*story, spoken(0, 30.0), mixed(0, 30.0))
    assert begins(*story, spoken(0, 8.0), spoken(1, 30.0), mixed(0, 8.0)), "it is spoken already"


def test_given_a_long_line_later_on_then_what_is_heard_before_it_gives_the_time() -> None:
    assert not begins(*begun(8.0, 2.0, 30.0), spoken(0, 8.0), mixed(0, 8.0))
    assert begins(*begun(8.0, 8.0, 8.0, 8.0, 30.0), spoken(0, 8.0), mixed(0, 8.0))


def test_given_music_that_is_not_there_yet_then_it_is_waited_for_like_a_line() -> None:
    lines = [spoken(line, 2.0) for line in range(9)]
    story = begun(*[2.0] * 9, music=(1, 2, 3))
    assert not begins(*story, *lines, mixed(0, 6.0))
    there = [MusicComposed(cue=f"m{n}", clip_key="k", duration=16.0, energies=(), usage=USAGE) for n in range(3)]
    assert begins(*story, *lines, *there, mixed(0, 6.0))
