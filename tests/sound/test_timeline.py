from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from narratix.events.catalogue import PlannedEffect, PlannedMusic, Segment, Word
from narratix.ports import Cue
from narratix.sound.chapters import chapters
from narratix.sound.clip import SPEECH_LUFS
from narratix.sound.envelopes import is_ducked
from narratix.sound.levels import lufs
from narratix.sound.lines import SpokenLine, lay_lines
from narratix.sound.prediction import predicted_energies
from narratix.sound.timeline import (
    AMBIENCE_LIFT_LU,
    BED_SOFTER_DB,
    ComposedMusic,
    RenderedEffect,
    build_timeline,
    stage_position,
    timeline_digest,
)
from tests.sound.synthetic_drama import Drama


def segment(start: int, end: int, pause: float = 0.5, speaker: str = "narrator") -> Segment:
    return Segment(start=start, end=end, kind="narration", speaker=speaker, pause_after=pause)


def spoken(line: int, seconds: float, key: str = "k", words: tuple[Word, ...] = ()) -> SpokenLine:
    return SpokenLine(line, key if seconds else "", seconds, words, (0.01,) * int(seconds * 10))


def music(number: int, first: int, last: int) -> ComposedMusic:
    plan = PlannedMusic(
        id=f"m{number}",
        first_line=first,
        last_line=last,
        mood="calm",
        intensity=0.5,
        prompt="",
        seconds=8,
        seed=0,
    )
    return ComposedMusic(plan, f"music-{number}", 8.0, (0.001,) * 80)


def effect(line: int, start: int, *, onset: float = 0.1, seconds: float = 1.0, gain_db: float = 0.0) -> RenderedEffect:
    plan = PlannedEffect(
        id="e",
        line=line,
        start=start,
        end=start + 4,
        name="door",
        prompt="",
        seconds=seconds,
        gain_db=gain_db,
        pan=0.3,
        seed=0,
    )
    return RenderedEffect(plan, "effect", seconds, onset, (0.1,) * int(seconds * 10))


def test_lines_follow_one_another_with_their_pauses() -> None:
    placed = lay_lines([segment(0, 5, 0.5), segment(5, 9, 0.7)], [spoken(0, 2.0), spoken(1, 3.0)], lead_in=1.0)
    assert [(p.begins, p.ends) for p in placed] == [(1.0, 3.0), (3.5, 6.5)]


def test_an_unspoken_line_adds_its_pause_only_and_silences_are_capped() -> None:
    segments = [segment(0, 5, 1.5), segment(5, 8, 1.5), segment(8, 9, 9.0), segment(9, 12)]
    placed = lay_lines(segments, [spoken(0, 1.0), spoken(1, 0.0), spoken(3, 1.0)], lead_in=0.0)
    assert placed[1].spoken is None
    assert placed[2].spoken is None
    assert placed[3].begins == pytest.approx(1.0 + 2.0)


def test_an_effect_is_heard_with_its_word() -> None:
    words = (Word(start=0, end=4, begins=0.0, ends=0.4), Word(start=5, end=9, begins=1.25, ends=1.6))
    placed = lay_lines([segment(0, 10)], [spoken(0, 2.0, words=words)], lead_in=1.0)
    (cue,) = build_timeline(placed, (), [effect(0, 5)], tail=1.0).effects
    assert cue.begins + 0.1 == pytest.approx(1.0 + 1.25)
    assert cue.pan == 0.3


def test_effects_stay_under_the_voices_whatever_was_planned() -> None:
    placed = lay_lines([segment(0, 10)], [spoken(0, 5.0)], lead_in=1.0)
    loud, soft = (
        build_timeline(placed, (), [effect(0, 0, gain_db=g)], tail=1.0).effects[0].gain_db for g in (12.0, -6.0)
    )
    assert soft == pytest.approx(loud - 6.0)
    assert loud <= -14.0  # a mean square of 0.1 is -10.7 LUFS; its loudest moment is brought to -25


def test_ambience_is_planned_louder_because_it_steps_back_behind_voices() -> None:
    placed = lay_lines([segment(0, 10)], [spoken(0, 12.0)], lead_in=1.0)
    event = effect(0, 0, seconds=8.0)
    bed = replace(event, plan=msgspec.structs.replace(event.plan, last_line=1))
    once, lasting = (build_timeline(placed, (), [one], tail=1.0).effects[0] for one in (event, bed))
    assert (is_ducked(once), is_ducked(lasting)) == (False, True)
    assert lasting.gain_db == pytest.approx(once.gain_db + AMBIENCE_LIFT_LU - BED_SOFTER_DB)


def test_a_bell_that_rings_on_after_the_last_word_is_not_louder_then_than_the_voice() -> None:
    words = (Word(start=0, end=4, begins=0.0, ends=0.4), Word(start=5, end=9, begins=2.0, ends=2.4))
    placed = lay_lines([segment(0, 10)], [spoken(0, 3.0, words=words)], lead_in=1.0)
    bell = effect(0, 5, seconds=6.0)
    timeline = build_timeline(placed, (), [bell], tail=6.0)
    loudest = float(np.max(predicted_energies(timeline)[45:]))
    assert lufs(loudest) < SPEECH_LUFS - 5.0


def test_an_effect_of_an_unspoken_line_is_left_out() -> None:
    placed = lay_lines([segment(0, 3), segment(3, 9)], [spoken(0, 1.0), spoken(1, 0.0)], lead_in=0.0)
    assert build_timeline(placed, (), [effect(1, 3)], tail=1.0).effects == ()


def test_music_runs_from_zero_to_the_end_and_neighbours_cross() -> None:
    lines = [spoken(i, 6.0, f"k{i}") for i in range(4)]
    placed = lay_lines([segment(i, i + 1) for i in range(4)], lines, lead_in=2.0)
    timeline = build_timeline(placed, [music(1, 2, 4), music(0, 0, 2)], tail=3.5)
    first, second = timeline.music
    assert first.begins == 0.0
    assert first.ends - second.begins == pytest.approx(first.fade_out) == pytest.approx(second.fade_in)
    assert 1.5 <= second.fade_in <= 2.5
    assert (first.ends + second.begins) / 2 == pytest.approx(placed[2].begins)
    assert second.ends == timeline.duration == pytest.approx(placed[-1].ends + 3.5)
    assert second.fade_out == 3.0


def test_music_that_ends_before_the_next_one_fades_by_itself() -> None:
    lines = [spoken(i, 6.0, f"k{i}") for i in range(4)]
    placed = lay_lines([segment(i, i + 1) for i in range(4)], lines, lead_in=1.0)
    first, second = build_timeline(placed, [music(0, 0, 1), music(1, 3, 4)], tail=3.0).music
    assert first.ends == pytest.approx(placed[0].ends + 3.0)
    assert second.begins == placed[3].begins


def test_without_music_the_end_is_no_long_silence() -> None:
    placed = lay_lines([segment(0, 1)], [spoken(0, 2.0)], lead_in=0.5)
    assert build_timeline(placed, tail=6.0).duration == pytest.approx(2.5 + 1.0)


def test_a_text_without_anything_to_say_still_gives_a_timeline() -> None:
    placed = lay_lines([segment(0, 3)], [spoken(0, 0.0)], lead_in=1.0)
    timeline = build_timeline(placed, [music(0, 0, 1)], tail=4.0)
    assert timeline.dialogue == ()
    assert timeline.duration > 0


def test_the_digest_names_the_timeline(drama: Drama) -> None:
    timeline = drama.timeline()
    assert timeline_digest(timeline) == timeline_digest(drama.timeline())
    cue: Cue = timeline.dialogue[3]
    moved = (*timeline.dialogue[:3], replace(cue, begins=cue.begins + 1e-6), *timeline.dialogue[4:])
    assert timeline_digest(replace(timeline, dialogue=moved)) != timeline_digest(timeline)


def test_the_narrator_stands_in_the_middle_and_others_apart() -> None:
    assert stage_position("narrator") == 0.0
    places = [stage_position(f"c{i}") for i in range(1, 7)]
    assert len(set(places)) == 6
    assert max(map(abs, places)) <= 0.4


TEXT = "Before.\nChapter One: The Door\nIt was dark. More.\n\nCHAPTER TWO\n\nThe end of it."


def placed_words(text: str) -> tuple[list[Segment], list[SpokenLine]]:
    """A line per line of text, a second per word."""
    segments, lines, at = [], [], 0
    for number, part in enumerate(text.splitlines(keepends=True)):
        words, offset = [], 0
        for index, word in enumerate(part.split()):
            offset = part.index(word, offset)
            words.append(Word(start=at + offset, end=at + offset + len(word), begins=float(index), ends=index + 0.8))
            offset += len(word)
        speakable = [w for w in words if any(c.isalnum() for c in text[w.start : w.end])]
        segments.append(segment(at, at + len(part)))
        lines.append(spoken(number, float(len(speakable)), f"k{number}", tuple(speakable)))
        at += len(part)
    return segments, lines


def test_chapters_are_those_of_the_text_and_cover_the_drama() -> None:
    segments, lines = placed_words("A long time before all. " + TEXT)
    placed = lay_lines(segments, lines, lead_in=1.0)
    made = chapters("A long time before all. " + TEXT, placed, [], duration=60.0)
    assert [c.title for c in made] == ["Opening", "Chapter One: The Door", "CHAPTER TWO"]
    assert made[1].begins == placed[1].begins
    assert made[0].begins == 0.0
    assert made[-1].ends == 60.0
    assert all(a.ends == b.begins for a, b in pairwise(made))


def test_without_headings_scene_breaks_or_else_the_music_make_chapters() -> None:
    text = "One two three four.\n* * *\nFive six seven eight.\n"
    segments, lines = placed_words(text)
    placed = lay_lines(segments, lines, lead_in=1.0)
    made = chapters(text, placed, [], duration=12.0)
    assert [c.title for c in made] == ["Chapter 1", "Chapter 2"]
    assert made[1].begins == placed[2].begins

    flat = text.replace("* * *\n", "or so\n")
    segments, lines = placed_words(flat)
    placed = lay_lines(segments, lines, lead_in=1.0)
    cues = [music(0, 0, 2).plan, music(1, 2, 3).plan]
    assert [c.begins for c in chapters(flat, placed, cues, duration=14.0)] == [0.0, placed[2].begins]
    assert len(chapters(flat, placed, [], duration=14.0)) == 1
    # what leads in to the first word is no chapter of its own
    led_in = lay_lines([segment(i, i + 1) for i in range(4)], [spoken(i, 3.0, f"k{i}") for i in range(4)], lead_in=3.0)
    cues = [music(0, 0, 2).plan, music(1, 2, 4).plan]
    assert [c.begins for c in chapters(flat, led_in, cues, duration=17.0)] == [0.0, led_in[2].begins]


def test_a_sentence_that_only_mentions_a_chapter_is_no_heading() -> None:
    text = "Chapter and verse were quoted.\nPart of him knew it all along.\n"
    segments, lines = placed_words(text)
    placed = lay_lines(segments, lines, lead_in=1.0)
    assert len(chapters(text, placed, [], duration=20.0)) == 1
