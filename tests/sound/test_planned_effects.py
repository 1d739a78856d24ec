"""What the plan knows of effects is what the engines make and the script hears."""

from __future__ import annotations

from narratix.providers.effects import EFFECT_RECIPES, natural_seconds
from narratix.script.sounds import EFFECTS
from narratix.sound.planning import _AMBIENT, _SECONDS


def test_given_every_effect_then_the_plan_gives_it_its_natural_length() -> None:
    assert {name: natural_seconds(name) for name in EFFECT_RECIPES} == _SECONDS


def test_given_sounds_that_last_then_the_plan_lays_them_behind_the_voices() -> None:
    assert {name for name, effect in EFFECTS.items() if effect.lasting} == _AMBIENT
