"""Sounds on the words that make them, music under the scenes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from narratix.script.effects import EFFECTS
from narratix.script.engine import write_script
from narratix.script.moods import MOODS


def heard(text: str) -> list[str]:
    return [cue.name for cue in write_script(text).effects]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("There was a loud clap of thunder.", "thunder"),
        ("All night the rain beat on the roof.", "rain"),
        ("The wind howled about the house.", "wind"),
        ("He opened the door and went in.", "door"),
        ("Then the door flew\nopen.", "door"),
        ("There came a knock at the door.", "knock"),
        ("She knocked softly on the door.", "knock"),
        ("The clock struck twelve.", "clock"),
        ("A shot rang out in the street.", "gunshot"),
        ("The window shattered.", "glass"),
        ("A dog barked in the yard.", "dog"),
        ("An owl hooted.", "owl"),
        ("They heard footsteps on the stair.", "footsteps"),
        ("The waves broke upon the beach.", "sea"),
        ("The fire crackled in the grate.", "fire"),
        ("The crowd roared.", "crowd"),
        ("The train whistled.", "train"),
        ("The bell rang.", "bell"),
        ("The birds sang in the trees.", "birds"),
    ],
)
def test_given_a_sound_that_happens_when_read_then_it_is_heard_on_its_words(text: str, name: str) -> None:
    (cue,) = write_script(text).effects
    assert cue.name == name
    assert cue.rank == 1
    assert text[cue.start : cue.end].strip() == text[cue.start : cue.end]
    assert cue.prompt == EFFECTS[name].prompt


@pytest.mark.parametrize(
    "text",
    [
        "There was no clap of thunder.",
        "No rain fell that night.",
        "The bell never rang.",
        "The dog did not bark, nor had the clock struck twelve.",
        "His voice was like a clap of thunder.",
        "It was as if the door opened.",
        "There was a thunder of applause, a storm of protest and a rain of blows.",
        "He remembered how the rain fell in the old days.",
        "If the bell rang, they would run.",
        "She dreamed that the wind howled.",
        "He waited for a knock at the door.",
        "“The rain fell all night,” said Tom.",
        "The rain had stopped.",
        "He had a train of thought, and rang with laughter.",
        "The doorman was a clockmaker.",
    ],
)
def test_given_a_sound_denied_compared_or_imagined_when_read_then_it_is_silent(text: str) -> None:
    assert heard(text) == []


def test_given_many_sounds_when_read_then_they_keep_their_distance_and_the_weightiest_stay() -> None:
    text = "The birds sang. A shot rang out. The dog barked. " * 60
    cues = write_script(text).effects
    assert all(after.start - before.start >= 180 for before, after in pairwise(cues))
    assert sorted(cue.rank for cue in cues) == list(range(1, len(cues) + 1))
    assert next(cue for cue in cues if cue.rank == 1).name == "gunshot"


def test_given_scenes_when_read_then_music_follows_them_on_segment_bounds() -> None:
    dark = "Death and horror filled the dark dungeon, and the murdered men lay in black blood. " * 20
    bright = "The merry children laughed in the sunshine and everybody was happy and gay. " * 20
    text = f"Chapter I\n\n{dark}\n\nChapter II\n\n{bright}\n\n* * *\n\n{dark}"
    script = write_script(text)
    assert [cue.mood for cue in script.music] == ["dark", "cheerful", "dark"]
    assert text[script.music[1].start :].startswith("Chapter II")
    assert all(cue.mood in MOODS and 0 <= cue.intensity <= 1 and cue.prompt for cue in script.music)


def test_given_a_long_scene_when_its_mood_turns_then_the_music_does_at_a_paragraph() -> None:
    dark = "Death and horror filled the dark dungeon, and murder was in the air. " * 5
    bright = "The merry children laughed in the sunshine, happy and gay. " * 5
    text = "\n\n".join([dark] * 10 + [bright] * 12)
    cues = write_script(text).music
    assert [cue.mood for cue in cues] == ["dark", "cheerful"]
    assert text[cues[1].start :].startswith(("Death", "The merry"))
