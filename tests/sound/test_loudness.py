import numpy as np
import pyebur128
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.levels import SILENCE_LUFS
from narratix.sound.loudness import STEP, energies, integrated, k_weighting, short_term
from narratix.sound.peaks import true_peak


def noise(seconds: float, channels: int, seed: int, level: float = 0.1) -> Sound:
    """Noise that gets louder and softer, down to where the gates bite."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    swell = 10.0 ** (-2.5 * np.abs(np.sin(np.arange(n) / SAMPLE_RATE * 0.8)))
    return (rng.standard_normal((n, channels)) * level * swell[:, None]).astype(np.float32)


def ebur128(sound: Sound) -> tuple[float, float]:
    mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
    channels = sound.shape[1]
    state = pyebur128.R128State(channels, SAMPLE_RATE, mode)
    state.add_frames(np.ascontiguousarray(sound).reshape(-1), len(sound))
    peak = max(pyebur128.get_true_peak(state, c) for c in range(channels))
    return pyebur128.get_loudness_global(state), peak


def test_k_weighting_at_48_khz_is_the_table_of_the_standard() -> None:
    shelf, high_pass = k_weighting(48_000)
    assert shelf == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585], abs=1e-8
    )
    assert high_pass == pytest.approx([1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621], abs=1e-8)


@pytest.mark.parametrize("channels", [1, 2])
def test_integrated_loudness_agrees_with_two_other_meters(channels: int) -> None:
    sound = noise(12.3, channels, seed=channels)
    measured = integrated(energies(sound))
    assert measured == pytest.approx(ebur128(sound)[0], abs=0.02)
    meter = pyloudnorm.Meter(SAMPLE_RATE, filter_class="DeMan")
    assert measured == pytest.approx(meter.integrated_loudness(sound), abs=0.1)


def test_a_sine_of_997_hz_at_full_scale_reads_minus_3_lufs() -> None:
    t = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    sine = np.sin(2 * np.pi * 997 * t).astype(np.float32)
    assert integrated(energies(sine)) == pytest.approx(-3.01, abs=0.05)
    assert short_term(energies(sine)) == pytest.approx(-3.01, abs=0.05)


def test_silence_reads_as_the_absolute_gate() -> None:
    assert integrated(energies(np.zeros(SAMPLE_RATE, dtype=np.float32))) == SILENCE_LUFS
    assert integrated(()) == SILENCE_LUFS
    assert energies(np.zeros(0, dtype=np.float32)) == ()


@given(st.integers(1, 3 * STEP))
@settings(max_examples=20, deadline=None)
def test_a_partial_step_counts_so_that_energy_is_never_lost(length: int) -> None:
    sound = noise(0.5, 1, seed=3)[:length, 0]
    steps = energies(sound)
    assert len(steps) == -(-length // STEP)
    padded = np.concatenate((sound, np.zeros(-length % STEP, dtype=np.float32)))
    # the weighting filter rings a little into the padding
    assert sum(steps) == pytest.approx(sum(energies(padded)), rel=0.3, abs=1e-9)


@given(st.integers(0, 1000), st.floats(0.02, 1.2))
@settings(max_examples=15, deadline=None)
def test_true_peak_agrees_with_a_meter_that_oversamples_everything(seed: int, level: float) -> None:
    sound = noise(0.7, 2, seed, level)
    assert true_peak(sound) == pytest.approx(ebur128(sound)[1], rel=0.003)


def test_a_peak_between_samples_is_found() -> None:
    t = np.arange(4096)
    tone = np.sin(np.pi / 2 * t + np.pi / 4).astype(np.float32)  # its samples stay at 0.707
    assert np.abs(tone).max() < 0.71
    assert true_peak(tone) == pytest.approx(1.0, abs=0.02)
