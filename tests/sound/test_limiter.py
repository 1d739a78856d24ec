from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.clip import SPEECH_LUFS, fade_edges, prepare_speech, speech_loudness
from narratix.sound.codec import NotDecodable, Recording, from_flac, to_flac
from narratix.sound.levels import amplitude, decibels
from narratix.sound.limiter import CONTEXT, limit_block, limit_samples
from narratix.sound.loudness import energies
from narratix.sound.peaks import true_peak


def bursts(n: int, seed: int, level: float) -> Sound:
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((n, 2)) * 0.05
    for at in rng.integers(0, n, 6):
        sound[at : at + 200] *= level
    return sound.astype(np.float32)


@given(st.integers(0, 500), st.floats(1.0, 80.0), st.floats(-12.0, -0.5))
@settings(max_examples=25, deadline=None)
def test_no_true_peak_passes_the_ceiling(seed: int, level: float, ceiling_db: float) -> None:
    n = 6000
    whole = bursts(3 * n, seed, level)
    ceiling = amplitude(ceiling_db)
    limited = limit_block(whole[:n], whole[n : 2 * n], whole[2 * n :], ceiling)
    assert decibels(true_peak(limited)) <= ceiling_db + 0.1
    assert np.abs(limited).max() <= ceiling * 1.0001


def test_what_stays_under_the_ceiling_is_not_touched() -> None:
    whole = bursts(9000, 1, 1.0)
    limited = limit_block(whole[:3000], whole[3000:6000], whole[6000:], 0.9)
    assert limited is whole[3000:6000] or np.array_equal(limited, whole[3000:6000])


def test_nothing_beyond_the_context_has_any_influence() -> None:
    n = CONTEXT + 500
    whole = bursts(3 * n, 7, 40.0)
    near = limit_block(whole[n - CONTEXT : n], whole[n : 2 * n], whole[2 * n : 2 * n + CONTEXT], 0.3)
    assert np.array_equal(near, limit_block(whole[:n], whole[n : 2 * n], whole[2 * n :], 0.3))


def test_the_gain_moves_without_clicks() -> None:
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 200 * t)
    tone[20_000:20_400] *= 4.0 * np.hanning(400) + 1.0
    limited = limit_samples(tone.astype(np.float32), 1.0)
    bend = np.abs(np.diff(limited, n=2))
    away = np.r_[bend[:19_900], bend[20_500:]]  # beyond the loud moment itself
    assert limited[19_500:19_990].max() < 0.95  # the gain is already on its way down
    assert away.max() < 1.2 * np.abs(np.diff(tone[:19_000], n=2)).max()


@given(st.floats(0.05, 3.0), st.floats(0.03, 2.5), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_speech_of_any_level_and_length_comes_out_at_minus_19_lufs(seconds: float, level: float, seed: int) -> None:
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    rng = np.random.default_rng(seed)
    raw = np.sin(2 * np.pi * 150 * t) + 0.3 * rng.standard_normal(n)
    sound, measured = prepare_speech((raw * level * np.abs(np.sin(9 * t))).astype(np.float32))
    assert len(sound) == n
    assert np.abs(sound).max() <= amplitude(-3.0)
    assert speech_loudness(sound) == pytest.approx(SPEECH_LUFS, abs=0.3)
    assert measured == energies(sound)
    assert abs(sound[0]) < 0.01
    assert abs(sound[-1]) < 0.01


def test_silence_and_nothing_are_not_amplified() -> None:
    nothing, none = prepare_speech(np.zeros(0, dtype=np.float32))
    assert len(nothing) == 0
    assert none == ()
    hum = (np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 1e-6).astype(np.float32)
    quiet, _ = prepare_speech(hum)
    assert np.abs(quiet).max() < 1e-4


def test_edges_fade_for_five_milliseconds_only() -> None:
    faded = fade_edges(np.ones(4410, dtype=np.float32))
    assert faded[0] < 0.01
    assert np.all(np.diff(faded[:220]) > 0)
    assert np.all(faded[221:-221] == 1.0)


@pytest.mark.parametrize("shape", [(5000,), (5000, 2)])
def test_flac_gives_back_what_it_was_given(shape: tuple[int, ...]) -> None:
    sound = (np.random.default_rng(0).standard_normal(shape) * 0.2).astype(np.float32)
    again = from_flac(to_flac(sound))
    assert again.shape == shape
    assert np.abs(again - np.clip(sound, -1, 1)).max() < 2e-5
    assert np.abs(from_flac(to_flac(sound * 0.5, bits=24)) - sound * 0.5).max() < 2e-7


def test_a_sound_past_full_scale_is_clipped_not_wrapped() -> None:
    assert from_flac(to_flac(np.full(100, 1.7, dtype=np.float32))).min() > 0.99


def test_bytes_that_are_no_sound_are_refused_in_words() -> None:
    with pytest.raises(NotDecodable, match="cannot be read as sound"):
        from_flac(b"not a sound at all")


@pytest.mark.parametrize("shape", [(50_000,), (50_000, 2)])
def test_a_recording_is_read_bit_for_bit_wherever_it_is_asked(tmp_path: Path, shape: tuple[int, ...]) -> None:
    file = tmp_path / "clip.flac"
    file.write_bytes(to_flac((np.random.default_rng(0).standard_normal(shape) * 0.2).astype(np.float32)))
    whole, recording = from_flac(file), Recording(file)
    assert (len(recording), recording.ndim, recording.shape) == (len(whole), whole.ndim, whole.shape)
    for where in (
        slice(0, 4000),
        slice(4000, 8001),
        slice(30_000, 50_000),
        slice(49_999, 60_000),
        slice(17, 17),
        slice(3, 9),
    ):
        assert np.array_equal(recording[where], whole[where])
    assert np.array_equal(recording[:], whole)


def test_a_recording_that_breaks_off_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "clip.flac"
    noise = (np.random.default_rng(0).standard_normal((200_000, 2)) * 0.2).astype(np.float32)
    file.write_bytes(to_flac(noise)[:300_000])
    recording = Recording(file)
    assert len(recording[:4000]) == 4000
    with pytest.raises(NotDecodable, match=r"clip\.flac"):
        recording[150_000:]
    soundfile.write(tmp_path / "slow.wav", noise[:100], 8000)
    with pytest.raises(NotDecodable, match="sample rate of 8,000"):
        Recording(tmp_path / "slow.wav")
