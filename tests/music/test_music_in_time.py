"""When music and effects are made: as the voices come near the place that they are for."""

from __future__ import annotations

import uuid

import pytest

from narratix.events.catalogue import (
    CastMember,
    Event,
    LineSpoken,
    MusicComposed,
    PlannedEffect,
    PlannedMusic,
    ScriptWritten,
    Segment,
    SoundPlanned,
    StreamOpened,
    Usage,
)
from narratix.handlers.compose_music import COMPOSE_MUSIC
from narratix.handlers.handler import Handler
from narratix.handlers.pacing import AHEAD, AHEAD_AT_FIRST
from narratix.handlers.render_effect import RENDER_EFFECT
from narratix.job import Job, fold

USAGE = Usage(provider="p", model="m")
LINE_SECONDS = 2.0
LAST = 40
SCRIPT = ScriptWritten(
    engine="rules", text_sha256="0" * 64, language="en", music=(), effects=(),
    segments=tuple(Segment(start=i * 30, end=i * 30 + 30, kind="narration", speaker="narrator") for i in range(LAST + 2)),
    cast=(CastMember(id="narrator", name="Narrator", narrator=True),),
)  # fmt: skip


def cue(number: int, first_line: int) -> PlannedMusic:
    return PlannedMusic(
        id=f"m{number}", first_line=first_line, last_line=first_line + 2, mood="calm", intensity=0.5, prompt="",
        seconds=16.0, seed=number,
    )  # fmt: skip


def effect(number: int, line: int) -> PlannedEffect:
    return PlannedEffect(id=f"e{number}", line=line, start=line * 30, end=line * 30 + 4, name="door", prompt="",
                         seconds=1.0, gain_db=0.0, pan=0.0, seed=number)  # fmt: skip


def spoken(line: int) -> LineSpoken:
    return LineSpoken(line=line, clip_key=f"clips/{line}.flac", duration=2.0, words=(), energies=(), usage=USAGE)


def due(handler: Handler, *events: Event, passages: tuple[int, ...] = ()) -> list[str]:
    plan = SoundPlanned(lead_in=3.0, tail=1.0, music=(cue(0, 0), cue(1, LAST)), effects=(effect(0, 0), effect(1, LAST)),
                        passages=passages)  # fmt: skip
    job = fold(Job(id=uuid.UUID(int=1), status="queued"), (SCRIPT, plan, *events))
    return [work.item for work in handler.work(job)]


@pytest.mark.parametrize(("handler", "first", "last"), [(COMPOSE_MUSIC, "m0", "m1"), (RENDER_EFFECT, "e0", "e1")])
def test_given_a_place_that_is_far_then_its_sound_waits_until_the_voices_come_near(
    handler: Handler, first: str, last: str
) -> None:
    lines = round(AHEAD / LINE_SECONDS)
    assert due(handler) == [first]
    assert due(handler, *map(spoken, range(LAST - lines - 1))) == [first]
    assert due(handler, *map(spoken, range(LAST - lines))) == [first, last]


def test_given_a_stream_that_is_not_open_yet_then_what_comes_later_waits_longer() -> None:
    at_first, later = (round(ahead / LINE_SECONDS) for ahead in (AHEAD_AT_FIRST, AHEAD))
    near = [spoken(line) for line in range(LAST - later)]
    assert due(COMPOSE_MUSIC, *near, passages=(0,)) == ["m0"]
    assert due(COMPOSE_MUSIC, *near, StreamOpened(duration=9.0), passages=(0,)) == ["m0", "m1"]
    assert due(COMPOSE_MUSIC, *map(spoken, range(LAST - at_first)), passages=(0,)) == ["m0", "m1"]


def test_given_lines_that_were_spoken_out_of_turn_then_only_those_without_a_gap_bring_it_nearer() -> None:
    assert due(COMPOSE_MUSIC, *map(spoken, range(1, LAST))) == ["m0"]


def test_given_every_line_spoken_then_nothing_waits_any_more() -> None:
    there = MusicComposed(cue="m0", clip_key="clips/m0.flac", duration=16.0, energies=(), usage=USAGE)
    everything = [there, *map(spoken, range(LAST + 2))]
    assert due(COMPOSE_MUSIC, *everything, passages=(0,)) == ["m1"]
    assert due(RENDER_EFFECT, *everything, passages=(0,)) == ["e0", "e1"]
