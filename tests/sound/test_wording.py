"""A line in other words, and a drama in which one was revised."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from narratix.events.catalogue import PlannedEffect, Word
from narratix.ports import SAMPLE_RATE, Timeline
from narratix.sound.captions import captions
from narratix.sound.clip import prepare_speech
from narratix.sound.grid import GRID, sample_at
from narratix.sound.lines import Laid, PlacedLine, lay_lines, word_begins
from narratix.sound.loudness import energies
from narratix.sound.mixer import Mixer
from narratix.sound.passages import last_bounds, passage_bounds, plan_reels, reel_digest
from narratix.sound.timeline import RenderedEffect, build_timeline
from narratix.sound.wording import Wording
from tests.sound.synthetic_drama import Drama, speech_like


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("Then the thunder rolled.", "thunder", "thunder"),
        ("At once the Thunder, it rolled!", "thunder", "Thunder"),
        ("Then it rolled.", "thunder", None),
        ("Then the thunder rolled.", "rolled", "rolled"),
        ("", "thunder", None),
    ],
)
def test_given_other_words_then_a_word_that_is_still_said_is_found_in_them(
    text: str, word: str, found: str | None
) -> None:
    source = "Then the thunder rolled."
    carried = Wording(text, source).carried(source.index(word))
    assert carried == (None if found is None else text.index(found))


def test_given_an_offset_between_words_then_the_next_word_counts() -> None:
    wording = Wording("“Come in,” she said.", "“Come in!” said she.")
    assert wording.carried(0) == 1
    assert wording.carried(len(wording.source)) is None


# -- a drama with a revised line ----------------------------------------------------------------


def revised(drama: Drama, line: int, seconds: float, text: str) -> tuple[tuple[PlacedLine, ...], Timeline]:
    """The drama with another clip for a line."""
    sound, measured = prepare_speech(speech_like(seconds, 999))
    drama.clips["clips/revised.flac"] = sound
    source = drama.text[drama.segments[line].start : drama.segments[line].end]
    words, at = [], 0
    for number, word in enumerate(text.split()):
        words.append(Word(start=at, end=at + len(word), begins=0.2 * number, ends=0.2 * number + 0.1))
        at += len(word) + 1
    before = drama.spoken[line]
    spoken = list(drama.spoken)
    spoken[line] = replace(
        before,
        clip_key="clips/revised.flac",
        duration=len(sound) / SAMPLE_RATE,
        words=tuple(words),
        energies=measured,
        wording=Wording(text, source),
        laid=Laid(before.duration, before.words),
    )
    placed = lay_lines(drama.segments, spoken, lead_in=2.5)
    return placed, build_timeline(placed, drama.music, drama.effects, tail=4.0, places=drama.places)


def reels(drama: Drama, placed: tuple[PlacedLine, ...], timeline: Timeline) -> list[str]:
    starts = plan_reels(drama.segments)
    bounds = [passage_bounds(placed, starts, number) for number in range(len(starts) - 1)]
    bounds.append(last_bounds(placed, starts, timeline))
    return [reel_digest(timeline, first, last, gain_db=3.0, made=("master.flac",)) for first, last in bounds]


@pytest.fixture(scope="module")
def long_drama() -> Drama:
    """Some minutes, with scenes of half a minute and more."""
    return Drama(90, seed=3)


@pytest.mark.parametrize("line", [0, 1, 11, 40, 41, 89])
@pytest.mark.parametrize("seconds", [0.45, 2.0, 9.7])
def test_given_a_revised_line_then_at_most_three_reels_are_others(long_drama: Drama, line: int, seconds: float) -> None:
    before = reels(long_drama, long_drama.placed(), long_drama.timeline())
    placed, timeline = revised(long_drama, line, seconds, "It is said in other words")
    after = reels(long_drama, placed, timeline)
    assert len(after) == len(before) >= 4
    assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 3


def test_given_a_revised_line_then_what_follows_sounds_as_before_but_later(long_drama: Drama) -> None:
    line = 40
    placed, timeline = revised(long_drama, line, 6.5, "Quite another thing")
    moved = sample_at(placed[line + 1].begins) - sample_at(long_drama.placed()[line + 1].begins)
    assert moved % GRID == 0
    assert placed[line].moved == pytest.approx(moved / SAMPLE_RATE)
    assert 0 <= placed[line + 1].begins - placed[line].ends <= 2.0

    before = Mixer(long_drama.timeline(), long_drama.clips.__getitem__, gain_db=3.0)
    after = Mixer(timeline, long_drama.clips.__getitem__, gain_db=3.0)
    begins = sample_at(placed[line + 1].begins) + SAMPLE_RATE
    heard, wanted = (
        after.stretch(begins, begins + 10 * SAMPLE_RATE),
        before.stretch(begins - moved, begins - moved + 10 * SAMPLE_RATE),
    )
    assert np.abs(wanted).max() > 0.1
    assert np.abs(heard - wanted).max() < 1e-5
    assert np.array_equal(
        after.stretch(0, 5 * SAMPLE_RATE), before.stretch(0, 5 * SAMPLE_RATE)
    )  # and what is before it, as it was


@pytest.mark.parametrize("word", [0, -1])
@pytest.mark.parametrize(
    "wording", ["{} and then many other words come", "So many other words and at last the {}", "{}"]
)
@pytest.mark.parametrize("seconds", [0.45, 2.0, 9.7])
def test_given_other_words_around_that_of_an_ambience_then_it_goes_on_as_before(
    long_drama: Drama, word: int, wording: str, seconds: float
) -> None:
    line = next(line.line for line in long_drama.spoken[20:] if len(line.words) >= 6)
    said = long_drama.spoken[line].words[word]
    plan = PlannedEffect(
        id="e0", line=line, start=said.start, end=said.end, name="rain", prompt="", seconds=6.0, gain_db=0.0, pan=0.0,
        seed=1, last_line=len(long_drama.segments),
    )  # fmt: skip
    rain = (np.random.default_rng(1).standard_normal(6 * SAMPLE_RATE) * 0.05).astype(np.float32)
    long_drama.clips["rain"] = rain
    drama = copy.copy(long_drama)
    drama.effects = [RenderedEffect(plan, "rain", 6.0, 0.1, energies(rain))]
    before = reels(drama, drama.placed(), drama.timeline())
    spoken = drama.text[said.start : said.end]
    placed, timeline = revised(drama, line, seconds, wording.format(spoken))
    changed = [a != b for a, b in zip(before, reels(drama, placed, timeline), strict=True)]
    assert 1 <= sum(changed) <= 3
    assert not any(changed[-2:])  # in which the rain still falls
    begins = min(cue.begins for cue in timeline.effects)
    assert begins == pytest.approx(word_begins(placed[line], said.start) - 0.1, abs=1e-4)


def test_given_a_line_revised_twice_then_the_first_length_still_counts(long_drama: Drama) -> None:
    once = reels(long_drama, *revised(long_drama, 40, 6.5, "One"))
    again = reels(long_drama, *revised(long_drama, 40, long_drama.spoken[40].duration, "Two"))
    original = reels(long_drama, long_drama.placed(), long_drama.timeline())
    assert sum(a != b for a, b in zip(once, original, strict=True)) <= 3
    assert sum(a != b for a, b in zip(again, original, strict=True)) <= 3


def test_given_other_words_then_captions_show_them_and_an_effect_on_a_lost_word_is_left_out() -> None:
    drama = Drama(9, seed=4)
    effect = drama.effects[0]
    line = effect.plan.line
    word = drama.text[effect.plan.start : effect.plan.end].rstrip(".")
    kept_placed, kept = revised(drama, line, 3.0, f"Nobody heard the {word} there")
    lost_placed, lost = revised(drama, line, 3.0, "Nobody heard a thing")
    assert [cue.key for cue in kept.effects] == [cue.key for cue in drama.timeline().effects]
    assert len(lost.effects) == len(kept.effects) - 1
    at = next(cue for cue in kept.effects if cue.key == effect.clip_key).begins + effect.onset
    assert at == pytest.approx(kept_placed[line].begins + 0.6, abs=0.001)  # the fourth word

    shown = [caption.text for caption in captions(drama.text, drama.names, lost_placed)]
    assert "Nobody heard a thing" in shown
    assert not any(f"word{line}x" in text for text in shown)
    assert any(f"word{line + 1}x0" in text for text in shown)
