"""What the plan knows of effects is what the engines make and the script hears."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from narratix.events.catalogue import (
    EffectCue,
    JobSubmitted,
    MusicCue,
    Options,
    PlannedPlace,
    ScriptWritten,
    Segment,
    SoundPlanned,
)
from narratix.handlers.handler import Ports
from narratix.handlers.plan_sound import PLAN_SOUND
from narratix.handlers.texts import Texts
from narratix.job import Job, fold
from narratix.providers.effects.recipes import EFFECT_RECIPES, natural_seconds
from narratix.providers.storage.directory import DirectoryStorage
from narratix.script.engine import write_script
from narratix.script.sounds import EFFECTS
from narratix.sound.planning import _AMBIENT, _SECONDS, STINGER, Setting, plan_sound


def test_given_every_effect_then_the_plan_gives_it_its_natural_length() -> None:
    assert {name: natural_seconds(name) for name in EFFECT_RECIPES} == _SECONDS


def test_given_sounds_that_last_then_the_plan_lays_them_behind_the_voices() -> None:
    assert {name for name, effect in EFFECTS.items() if effect.lasting} == _AMBIENT


# -- where they lie ------------------------------------------------------------------------------

LINES = tuple(
    Segment(start=150 * n, end=150 * n + 150, kind="speech" if n % 2 else "narration", speaker="narrator")
    for n in range(40)
)


def effect(name: str, line: int, rank: int = 1) -> EffectCue:
    return EffectCue(start=150 * line + 10, end=150 * line + 14, name=name, prompt=name, rank=rank)


def music(first: int, last: int, mood: str, intensity: float = 0.7) -> MusicCue:
    prompt = f"{mood.title()} underscore, in D minor, strong intensity"
    return MusicCue(start=150 * first, end=150 * last, mood=mood, intensity=intensity, prompt=prompt)


def test_given_an_ambience_then_it_lasts_until_the_scene_ends_or_the_place_is_another() -> None:
    setting = Setting(
        scenes=(0, 20), places=(PlannedPlace(first_line=8, last_line=30, name="room"),), distances={150 * 3 + 10: 40.0}
    )
    plan = plan_sound(
        LINES, (), (effect("birds", 3), effect("knock", 5), effect("fire", 9), effect("stream", 25)), 0, setting
    )
    assert [(one.name, one.last_line, one.distance) for one in plan.effects] == [
        ("birds", 8, 40.0), ("knock", 0, 1.0), ("fire", 20, 1.0), ("stream", 40, 1.0),
    ]  # fmt: skip
    assert plan.places == setting.places


def test_given_weather_then_it_is_the_same_wherever_people_go_until_it_is_over() -> None:
    places = tuple(PlannedPlace(first_line=n, last_line=n + 5, name="room") for n in (5, 20))
    setting = Setting(scenes=(0, 30), places=places, weather=("rain", "wind"), lulls={"rain": (2, 17)})
    plan = plan_sound(LINES, (), (effect("rain", 3), effect("wind", 4), effect("rain", 18)), 0, setting)
    assert [(one.name, one.last_line) for one in plan.effects] == [("rain", 17), ("wind", 30), ("rain", 30)]


async def test_given_a_story_told_in_two_places_then_its_rain_is_heard_in_both(tmp_path: Path) -> None:
    text = (
        "They sat in the kitchen, and rain drummed on the roof.\n\n“Come,” said Ann.\n\n"
        "They crept into the dark cave behind the house. It was cold.\n\n“Hush,” said Ann."
    )
    texts = Texts(DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0))
    sha256, script = await texts.put(text), write_script(text)
    events = (
        JobSubmitted(title="t", text_sha256=sha256, text_key="t", characters=len(text), options=Options()),
        ScriptWritten(
            engine=script.engine, text_sha256=sha256, language=script.language, segments=script.segments,
            cast=script.cast, music=script.music, effects=script.effects,
        ),
    )  # fmt: skip
    plan = await PLAN_SOUND.run(cast(Ports, SimpleNamespace(texts=texts)), fold(Job(id=UUID(int=1)), events), "")
    assert isinstance(plan, SoundPlanned)
    assert [place.name for place in plan.places] == ["room", "cave"]
    assert [(one.name, one.last_line) for one in plan.effects] == [("rain", len(script.segments))]


def test_given_many_ambiences_then_two_at_most_are_heard_at_once() -> None:
    plan = plan_sound(LINES, (), (effect("rain", 1), effect("fire", 5), effect("wind", 9), effect("crowd", 12)), 0)
    assert [(one.name, one.last_line) for one in plan.effects] == [
        ("rain", 9),
        ("fire", 12),
        ("wind", 40),
        ("crowd", 40),
    ]


def test_given_a_turn_of_the_music_then_a_stinger_is_on_its_first_word() -> None:
    cues = (music(0, 10, "calm"), music(10, 20, "tense"), music(20, 25, "dark"), music(25, 40, "cheerful"))
    plan = plan_sound(LINES, cues, (effect("knock", 30),), 0)
    assert [(one.name, one.line, one.start) for one in plan.effects if one.name.startswith(STINGER)] == [
        ("stinger dark", 10, 1500), ("stinger bright", 25, 3750),
    ]  # fmt: skip
    assert all("in D minor" in one.prompt for one in plan.effects if one.name.startswith(STINGER))
    assert len({one.id for one in plan.effects}) == len(plan.effects)
    assert plan_sound(LINES, cues, (), 0).effects == ()  # who wants no effects wants no stingers


def test_given_a_long_soft_scene_then_its_music_leaves_and_comes_back_with_the_next() -> None:
    soft, loud = music(0, 20, "calm", 0.4), music(20, 40, "tense", 0.8)
    first, second = plan_sound(LINES, (soft, loud), (), 0).music
    assert 10 <= first.last_line <= 16
    assert LINES[first.last_line].kind == "speech"
    assert (second.first_line, second.last_line) == (20, 40)
    # strong music stays, so does the last, which leads out, and short music is not cut
    kept = plan_sound(LINES, (music(0, 20, "tense", 0.8), music(20, 40, "calm", 0.4)), (), 0).music
    assert [cue.last_line for cue in kept] == [20, 40]
    assert plan_sound(LINES, (music(0, 12, "calm", 0.4), music(12, 40, "calm", 0.4)), (), 0).music[0].last_line == 12
