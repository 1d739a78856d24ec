"""When music is composed: as the voices come near the scene that it is for."""

from __future__ import annotations

import uuid

from narratix.events.catalogue import Event, LineSpoken, MusicComposed, PlannedMusic, SoundPlanned, Usage
from narratix.handlers.compose_music import AHEAD, COMPOSE_MUSIC
from narratix.job import Job, fold

USAGE = Usage(provider="p", model="m")
LAST = AHEAD + 6


def cue(number: int, first_line: int) -> PlannedMusic:
    return PlannedMusic(
        id=f"m{number}", first_line=first_line, last_line=first_line + 2, mood="calm", intensity=0.5, prompt="",
        seconds=16.0, seed=number,
    )  # fmt: skip


def spoken(line: int) -> LineSpoken:
    return LineSpoken(line=line, clip_key=f"clips/{line}.flac", duration=4.0, words=(), energies=(), usage=USAGE)


def due(*events: Event) -> list[str]:
    plan = SoundPlanned(lead_in=3.0, tail=1.0, music=(cue(0, 0), cue(1, LAST)), effects=(), passages=(0,))
    job = fold(Job(id=uuid.UUID(int=1), status="queued"), (plan, *events))
    return [work.item for work in COMPOSE_MUSIC.work(job)]


def test_given_a_scene_that_is_far_then_its_music_waits_until_the_voices_come_near() -> None:
    assert due() == ["m0"]
    assert due(*map(spoken, range(LAST - AHEAD - 1))) == ["m0"]
    assert due(*map(spoken, range(LAST - AHEAD))) == ["m0", "m1"]


def test_given_lines_that_were_spoken_out_of_turn_then_only_those_without_a_gap_bring_it_nearer() -> None:
    assert due(*map(spoken, range(1, LAST))) == ["m0"]


def test_given_music_that_is_there_then_it_is_composed_no_more() -> None:
    there = MusicComposed(cue="m0", clip_key="clips/m0.flac", duration=16.0, energies=(), usage=USAGE)
    assert due(there, *map(spoken, range(LAST))) == ["m1"]
