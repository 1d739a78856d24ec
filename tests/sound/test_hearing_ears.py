"""The parts of `benchmarks.hearing` that judge: what they say of sounds and words that are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from benchmarks._hearing_aligner import pieces
from benchmarks._hearing_ear import RATE, Heard, HeardWord, quietest, stretches
from benchmarks._hearing_onsets import onset, out_of_silence, out_of_silences, speech_begins
from benchmarks._hearing_words import compare, plain_words, sentences, source_words
from benchmarks.hearing import Distance, unheard


def sounding(*spans: tuple[float, float], seconds: float) -> Heard:
    """Noise in `spans`, silence around them."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    noise = np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32) * np.float32(0.1)
    for begins, ends in spans:
        sound[round(begins * RATE) : round(ends * RATE)] = noise[round(begins * RATE) : round(ends * RATE)]
    return sound


def test_given_a_sound_that_begins_when_its_onset_is_asked_then_it_is_within_one_step() -> None:
    assert onset(sounding((0.5, 1.0), seconds=2.0)) == pytest.approx(0.5, abs=0.011)
    assert onset(np.zeros(RATE, np.float32)) is None


def test_given_speech_after_a_pause_when_its_beginning_is_asked_then_it_is_found_near_and_only_there() -> None:
    sound = sounding((0.2, 1.0), (1.5, 2.0), seconds=3.0)
    assert speech_begins(sound, 1.45) == pytest.approx(1.5, abs=0.011)
    assert speech_begins(sound, 0.8) is None


def test_given_a_word_that_is_said_to_begin_in_a_silence_when_asked_then_it_begins_where_the_silence_ends() -> None:
    sound = sounding((0.2, 1.0), (1.5, 2.0), seconds=4.0)
    assert out_of_silence(sound, 1.1) == pytest.approx(1.5, abs=0.011)
    assert out_of_silence(sound, 0.6) == 0.6
    assert out_of_silence(sound, 2.5) == 2.5


def test_given_a_short_word_that_is_put_into_the_rest_behind_it_when_settled_then_it_goes_back_to_its_sound() -> None:
    sound = sounding((0.2, 1.0), (1.2, 1.5), (2.0, 3.0), seconds=4.0)
    settled = out_of_silences(sound, [0.2, 1.6, 1.98])  # the second word's sound is over when it is said to begin
    assert settled == pytest.approx([0.2, 1.2, 2.0], abs=0.011)
    assert out_of_silences(sound, [1.2, 1.6, 1.98])[1] is None  # another word stands there
    assert out_of_silences(sound, [0.2, 1.1, 2.5]) == pytest.approx([0.2, 1.2, 2.5], abs=0.011)


def test_given_a_long_sound_when_cut_then_the_cuts_lie_in_its_pauses_and_nothing_is_lost() -> None:
    spoken = [(1.3 * i, 1.3 * i + 1.0) for i in range(40)]
    sound = sounding(*spoken, seconds=53.0)
    cut = list(stretches(sound, 10.0))
    assert [first for first, _ in cut][1:] == [last for _, last in cut][:-1]
    assert (cut[0][0], cut[-1][1]) == (0, len(sound))
    assert all(last - first <= 10 * RATE for first, last in cut)
    assert not any(begins < first / RATE < ends for first, _ in cut[1:] for begins, ends in spoken)
    assert 1.0 < quietest(sound, 0, 2 * RATE) / RATE < 1.3


def test_given_words_that_were_misheard_when_compared_then_each_error_is_counted_once() -> None:
    found = compare(plain_words("The old man’s boat sank."), plain_words("the cold man's boat has"))
    assert (found.substituted, found.deleted, found.inserted) == (2, 0, 0)
    assert found.error_rate == pytest.approx(0.4)
    assert found.same == (True, False, True, True, False)


def test_given_a_sentence_that_is_missing_when_heard_then_it_is_named() -> None:
    text = "It rained. “Sh!” she said. Nobody came to the door. It snowed."
    source = source_words(text)
    assert [text[source[a].start : source[b - 1].end] for a, b in sentences(text, source)] == [
        "It rained", "Sh", "she said", "Nobody came to the door", "It snowed",
    ]  # fmt: skip
    told = [word.plain for word in source]
    missing = unheard(text, source, compare(told, plain_words("it rained shh she said it snowed")))
    assert [text[source[a].start : source[b - 1].end] for a, b in missing] == ["Nobody came to the door"]
    assert unheard(text, source, compare(told, told)) == []


def test_given_words_that_were_heard_when_a_sound_is_cut_for_the_aligner_then_it_is_cut_between_them() -> None:
    spoken = [(0.6 * i, 0.6 * i + 0.4) for i in range(30)]
    words = [f"w{i}" for i in range(30)]
    heard = [HeardWord(word, *span) for word, span in zip(words, spoken, strict=True)]
    cut = pieces(sounding(*spoken, seconds=18.2), heard, compare(words, words))
    assert len(cut) == 4
    assert (cut[0].first, cut[-1].last) == (0, 30)
    for before, after in pairwise(cut):
        assert (before.last, before.ends) == (after.first, after.begins)
        assert spoken[after.first - 1][1] < after.begins / RATE < spoken[after.first][0]


def test_given_two_ears_when_one_is_far_off_then_only_both_together_find_a_fault() -> None:
    assert Distance("cue", 1.0, 0.2, 0.19).outside(0.15)
    assert Distance("cue", 1.0, 0.2, None).outside(0.15)
    assert not Distance("cue", 1.0, 0.2, 0.02).outside(0.15)
    assert not Distance("cue", 1.0, -0.1, 0.3).outside(0.15)
    assert not Distance("cue", 1.0, 0.45, -0.3).outside(0.15)
