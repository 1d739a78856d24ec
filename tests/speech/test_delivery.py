"""How directions colour a voice."""

from __future__ import annotations

import numpy as np
import pytest

from narratix.ports import Sound
from narratix.providers.speech.delivery import NEUTRAL, colour, delivery
from narratix.script.directions import DIRECTIONS

RATE = 24_000


@pytest.fixture
def voice() -> Sound:
    """A second of 120 Hz with 40 harmonics, falling by 12 dB an octave."""
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 120 * k * time) / k**2 for k in range(1, 41))
    return (0.3 * np.asarray(tone)).astype(np.float32)


def harmonicity(sound: Sound) -> float:
    """Correlation with itself one period (1/120 s) later: 1 for a voice, about 0 for breath."""
    return float(np.corrcoef(sound[: -RATE // 120], sound[RATE // 120 :])[0, 1])


def brightness(sound: Sound) -> float:
    """Share of the power above 2 kHz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(power[2000:].sum() / power.sum())


@pytest.mark.parametrize("direction", sorted(set(DIRECTIONS) - {""}))
def test_given_a_direction_of_a_script_when_looked_up_then_it_changes_the_delivery(direction: str) -> None:
    assert delivery(direction) != NEUTRAL


@pytest.mark.parametrize("direction", ["", "in French", "to the horse"])
def test_given_other_words_when_looked_up_then_the_delivery_is_neutral(direction: str) -> None:
    assert delivery(direction) == NEUTRAL


def test_given_every_direction_at_once_when_looked_up_then_it_stays_within_reason() -> None:
    asked = delivery("whispering, sobbing, screaming, quickly, hoarse, laughing, terrified")
    assert 0.7 <= asked.pace <= 1.35
    assert asked.breath <= 0.9
    assert asked.drive <= 0.8


def test_given_a_voice_when_it_whispers_then_it_is_breath(voice: Sound) -> None:
    whisper = colour(voice, RATE, delivery("whispering"))
    assert harmonicity(voice) > 0.99
    assert harmonicity(whisper) < 0.5
    assert whisper.shape == voice.shape


def test_given_a_voice_when_it_shouts_then_it_is_brighter(voice: Sound) -> None:
    assert brightness(colour(voice, RATE, delivery("shouting"))) > 3 * brightness(voice)


def test_given_a_voice_when_it_is_quiet_then_it_is_duller(voice: Sound) -> None:
    assert brightness(colour(voice, RATE, delivery("sad"))) < brightness(voice)


def test_given_no_direction_when_coloured_then_the_voice_is_untouched(voice: Sound) -> None:
    assert np.array_equal(colour(voice, RATE, NEUTRAL), voice)
