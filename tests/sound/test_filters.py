import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from narratix.ports import SAMPLE_RATE
from narratix.sound.filters import Filter, butterworth
from narratix.sound.loudness import k_filter, k_weighting


def noise(*shape: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


def recursively(sections: npt.NDArray[np.float64], sound: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    filtered: npt.NDArray[Any] = sosfilt(sections, sound.astype(np.float64))
    return filtered


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 24_000])
@pytest.mark.parametrize(
    ("order", "low", "high"),
    [
        (1, 0.0, 1_000.0),
        (2, 0.0, 2_800.0),
        (1, 1_800.0, math.inf),
        (3, 300.0, math.inf),
        (2, 180.0, 1_800.0),
        (4, 300.0, 3_400.0),
    ],
)
def test_a_butterworth_filter_is_the_recursive_one(order: int, low: float, high: float, rate: int) -> None:
    kind = "low" if not low else "high" if high == math.inf else "band"
    edges = {"low": high, "high": low, "band": (low, high)}[kind]
    sound = noise(2, rate)
    expected = recursively(butter(order, edges, kind, fs=rate, output="sos"), sound)
    assert Filter(butterworth(order, low, high), rate)(sound) == pytest.approx(expected, abs=2e-6)


def test_the_filter_of_loudness_is_the_recursion_of_the_standard_even_for_the_lowest_sound() -> None:
    sound = noise(2, 3 * SAMPLE_RATE) + np.float32(0.5)
    assert k_filter()(sound) == pytest.approx(recursively(k_weighting(), sound), abs=4e-6)


@given(st.integers(0, 2 * SAMPLE_RATE), st.integers(0, SAMPLE_RATE // 2))
@settings(max_examples=25, deadline=None)
def test_a_sound_of_any_length_keeps_it_and_goes_on_where_it_was_cut(length: int, cut: int) -> None:
    weigh, sound = k_filter(), noise(length)
    whole = weigh(sound)
    assert whole.shape == sound.shape
    assert whole.dtype == np.float32
    if cut + weigh.memory <= length:
        assert weigh.settled(sound[cut:]) == pytest.approx(whole[cut + weigh.memory :], abs=4e-6)
