"""Speech that is heard through something."""

from __future__ import annotations

import numpy as np
import pytest

from narratix.ports import SAMPLE_RATE, Sound
from narratix.script.directions import level_of
from narratix.sound.clip import prepare_speech, speech_loudness
from narratix.sound.media import Medium, heard_through, medium_of


@pytest.fixture(scope="module")
def voice() -> Sound:
    """Two seconds of 110 Hz with all its harmonics up to 10 kHz, in syllables of a quarter of a second."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 110 * k * time + k * k) / k for k in range(1, 90))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1)
    spoken: Sound = (0.1 * np.asarray(tone) * syllables).astype(np.float32)
    return spoken


def level(sound: Sound, low: float, high: float) -> float:
    """Decibels of the power between two frequencies."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum()))


def kept(sound: Sound, medium: Medium, low: float, high: float) -> float:
    """Decibels by which a band stands out more behind the medium than before, against the middle of the voice."""
    through = heard_through(sound, medium)
    return (level(through, low, high) - level(through, 500, 2000)) - (level(sound, low, high) - level(sound, 500, 2000))


def test_given_a_telephone_when_heard_through_then_its_narrow_band_is_left(voice: Sound) -> None:
    assert kept(voice, "telephone", 60, 160) < -20
    assert kept(voice, "telephone", 5000, 9000) < -20
    assert abs(kept(voice, "telephone", 500, 2000)) < 0.1


def test_given_a_thought_when_heard_then_it_is_dark_and_close(voice: Sound) -> None:
    assert kept(voice, "thought", 5000, 9000) < -9
    assert kept(voice, "thought", 60, 300) > -5
    between = slice(round(0.13 * SAMPLE_RATE), round(0.16 * SAMPLE_RATE))  # behind a syllable
    assert np.abs(voice[between]).max() < 0.001
    assert np.abs(heard_through(voice, "thought")[between]).max() > 0.01


def test_given_a_letter_when_heard_then_it_is_a_little_thinner_in_a_room(voice: Sound) -> None:
    assert -12 < kept(voice, "letter", 60, 160) < -2
    assert -12 < kept(voice, "letter", 7000, 9000) < -2


@pytest.mark.parametrize("medium", ["", "telephone", "thought", "letter"])
def test_given_any_medium_when_heard_through_then_the_length_stays_and_nothing_is_broken(
    voice: Sound, medium: Medium
) -> None:
    through = heard_through(voice, medium)
    assert through.size == voice.size
    assert through.dtype == np.float32
    assert np.isfinite(through).all()
    assert heard_through(voice[:0], medium).size == 0
    assert heard_through(voice[:7], medium).size == 7
    if not medium:
        assert through is voice


@pytest.mark.parametrize(
    ("direction", "medium"),
    [
        ("telephoning", "telephone"),
        ("whispering, telephoning", "telephone"),
        ("tinny, on the phone", "telephone"),
        ("thinking", "thought"),
        ("inner voice", "thought"),
        ("reading", "letter"),
        ("thoughtful", ""),
        ("readily", ""),
        ("", ""),
    ],
)
def test_given_a_direction_when_asked_then_it_tells_what_a_line_is_heard_through(
    direction: str, medium: Medium
) -> None:
    assert medium_of(direction) == medium


def test_given_directions_when_clips_are_prepared_then_a_whisper_is_softer_than_a_shout(voice: Sound) -> None:
    loudness = {
        direction: speech_loudness(prepare_speech(voice, level_of(direction))[0])
        for direction in ("whispering", "", "muttering", "shouting")
    }
    assert loudness[""] == pytest.approx(-19, abs=0.1)
    assert loudness["whispering"] == pytest.approx(-22, abs=0.1)
    assert loudness["muttering"] == pytest.approx(-20.5, abs=0.1)
    assert loudness["shouting"] == pytest.approx(-17.5, abs=0.1)
