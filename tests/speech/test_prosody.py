"""Rests, clauses and directions, measured in the sound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.ports import SAMPLE_RATE, Sound
from narratix.providers.speech import hibari
from narratix.providers.speech.delivery import NEUTRAL
from narratix.providers.speech.line import Line, speak_line
from narratix.providers.speech.phonemes import PHRASE_LIMIT, SILENT, Phrase
from narratix.providers.speech.words import source_words
from narratix.script.directions import speed_of

RATE = 24_000
FRAME = 600


def tone(symbols: str, pace: float) -> tuple[Sound, npt.NDArray[np.float32]]:
    """A network that sings one loud note without ever stopping: 0.1 s a letter, 0.025 s a mark."""
    frames = np.array([1.0, *(1.0 if symbol in " ,.—…" else 4.0 for symbol in symbols), 1.0], np.float32)
    time = np.arange(int(frames.sum()) * FRAME) / RATE
    return (0.5 * np.sin(2 * np.pi * 200 * time)).astype(np.float32), frames


def phrase(symbols: str, pause: float = 0.1) -> Phrase:
    """Each letter is a word."""
    letters = iter(range(99))
    return Phrase(symbols, tuple(next(letters) if symbol.isalpha() else SILENT for symbol in symbols), pause)


def said(symbols: str) -> Line:
    words = source_words(" ".join(symbol for symbol in symbols if symbol.isalpha()))
    return speak_line(words, [phrase(symbols)], tone, NEUTRAL, 1.0, 1.0)


@pytest.mark.parametrize(("mark", "seconds"), [(" ", 0.025), (", ", 0.14), ("— ", 0.24), ("… ", 0.45), (". ", 0.38)])
def test_given_a_mark_that_is_hurried_over_when_spoken_then_there_is_a_rest(mark: str, seconds: float) -> None:
    line = said(f"b{mark}d")
    first, second = line.words
    assert second.begins - first.ends == pytest.approx(seconds, abs=0.005)
    if mark != " ":
        assert longest_silence(line.sound) > seconds - 0.06


def longest_silence(sound: Sound) -> float:
    heard = np.flatnonzero(np.abs(sound) > 1e-3)
    return float(np.diff(heard).max()) / SAMPLE_RATE


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="bd, —.", min_size=1, max_size=14).filter(lambda text: any(map(str.isalpha, text))))
def test_given_any_marks_when_spoken_then_words_keep_their_order_and_no_joint_clicks(symbols: str) -> None:
    line = said(symbols)
    times = [time for word in line.words for time in (word.begins, word.ends)]
    assert times == sorted(times)
    assert times[-1] <= line.sound.size / SAMPLE_RATE + 1e-6
    # the note bends by at most (2 pi f / rate)^2 from sample to sample; a fade over 4 ms adds little, a click much
    bend = np.abs(np.diff(line.sound, 2)).max() if line.sound.size > 2 else 0.0
    assert bend < 12 * 0.5 * (2 * np.pi * 200 / SAMPLE_RATE) ** 2


# -- with the fast voices ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def voice() -> None:
    hibari.load()


def spoken(text: str, direction: str = "", speed: float = 1.0) -> Line:
    return hibari.speak(text, "heart", direction, speed)


def gap(text: str, word: int) -> float:
    """Seconds of silence before a word."""
    words = spoken(text).words
    return words[word].begins - words[word - 1].ends


@pytest.mark.voices
@pytest.mark.usefixtures("voice")
def test_given_marks_of_growing_weight_when_spoken_then_the_rests_grow_with_them() -> None:
    gaps = [
        gap(text, 5)
        for text in (
            "When the rain had stopped he went.",
            "When the rain had stopped, he went.",
            "When the rain had stopped— he went.",
            "When the rain had stopped. He went.",
            "When the rain had stopped.\n\nHe went.",
        )
    ]
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.08
    assert 0.12 < gaps[1] < 0.2
    assert 0.22 < gaps[2] < 0.3
    assert 0.36 < gaps[3] < 0.45
    assert 0.55 < gaps[4] < 0.7


@pytest.mark.voices
@pytest.mark.usefixtures("voice")
def test_given_a_line_without_an_end_when_spoken_then_it_is_cut_at_clauses_and_no_word_is_lost() -> None:
    clause = "and when the rain had stopped at last over the old grey roofs of the town, "
    text = clause * 14 + "he went."
    assert hibari._model is not None
    phrases = hibari._model.phonemiser.phrases(source_words(text))
    assert len(phrases) > 2
    assert all(len(each.symbols) <= PHRASE_LIMIT for each in phrases)
    assert all(each.symbols.rstrip().endswith((",", ".")) for each in phrases)
    line = spoken(text)
    assert [text[word.start : word.end] for word in line.words] == text.split()
    assert all(word.ends - word.begins > 0.02 for word in line.words)
    loud = np.abs(line.sound)
    bends = np.abs(np.diff(line.sound.astype(np.float64), 2))
    silent = np.convolve(loud, np.ones(441) / 441, "same")[1:-1] < 1e-4
    assert bends[silent].max() < np.quantile(bends[~silent], 0.999), "a joint clicks"


@pytest.mark.voices
@pytest.mark.usefixtures("voice")
def test_given_directions_when_spoken_then_their_pace_is_heard() -> None:
    line = "The rain had stopped, and nobody said a word."
    plain = spoken(line).sound.size
    lasts = {each: spoken(line, each, speed_of(each)).sound.size / plain for each in ("urgent", "weary", "shouting")}
    assert 0.8 < lasts["urgent"] < 0.95
    assert 0.9 < lasts["shouting"] < 1.02
    assert 1.08 < lasts["weary"] < 1.3


@pytest.mark.voices
@pytest.mark.usefixtures("voice")
def test_given_a_whisper_and_a_shout_when_spoken_then_one_is_breath_and_the_other_bright() -> None:
    line = "The rain had stopped, and nobody said a word."
    plain, whisper, shout = (spoken(line, each).sound for each in ("", "whispering", "shouting"))
    assert voicing(plain) > 0.6
    assert voicing(whisper) < 0.45
    assert voicing(shout) > 0.6
    assert brightness(shout) > brightness(plain) + 3
    assert brightness(whisper) > brightness(plain) + 3


def voicing(sound: Sound) -> float:
    """Median of the best autocorrelation of 40 ms frames at lags of a voice's pitch, over the loud ones."""
    size = SAMPLE_RATE // 25
    frames = [sound[at : at + size].astype(np.float64) for at in range(0, sound.size - size, size)]
    loud = np.median([np.mean(frame**2) for frame in frames])
    best = []
    for frame in frames:
        if np.mean(frame**2) > loud:
            spectrum = np.abs(np.fft.rfft(frame - frame.mean(), 2 * size)) ** 2
            spectrum[round(2 * size * 1000 / SAMPLE_RATE) :] = 0
            like = np.fft.irfft(spectrum)[:size]
            best.append(like[SAMPLE_RATE // 350 : SAMPLE_RATE // 90].max() / like[0])
    return float(np.median(best))


def brightness(sound: Sound) -> float:
    """Decibels of the power above 2 kHz over that below."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    edge = round(2000 * sound.size / SAMPLE_RATE)
    return float(10 * np.log10(power[edge:].sum() / power[:edge].sum()))
