"""Every recipe keeps to the level and sounds like what it is called."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt

from narratix.ports import SAMPLE_RATE, ProviderError, Sound
from narratix.providers.effects.recipes import EFFECT_RECIPES, find_recipe, natural_seconds
from narratix.providers.effects.synthesised import SynthesisedEffects, find_onset, synthesise
from narratix.script.sounds import EFFECTS as EFFECTS_OF_SCRIPTS
from narratix.sound.levels import amplitude, decibels, lufs
from narratix.sound.loudness import k_weighted, step_energies, windows

Curve = npt.NDArray[np.float64]


@lru_cache
def rendered(name: str, seed: int = 1) -> Sound:
    return synthesise(name, EFFECT_RECIPES[name].natural, seed)


def share(sound: Sound, low: float, high: float) -> float:
    """The part of the energy that lies between two frequencies."""
    power = np.square(np.abs(np.fft.rfft(sound)))
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return float(power[(frequencies >= low) & (frequencies < high)].sum() / power.sum())


def centre(sound: Sound) -> float:
    """The spectral centroid on a logarithmic scale, in Hz."""
    power = np.square(np.abs(np.fft.rfft(sound)))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 20.0))
    return float(2 ** ((power * octaves).sum() / power.sum()))


def envelope(sound: Sound, step: float = 0.01) -> Curve:
    """RMS per `step` seconds."""
    size = round(step * SAMPLE_RATE)
    blocks = sound[: len(sound) // size * size].reshape(-1, size).astype(np.float64)
    return np.asarray(np.sqrt(np.square(blocks).mean(axis=1)))


def periodicity(sound: Sound, period: float, tolerance: float = 0.12) -> float:
    """The autocorrelation of the envelope's rises near `period` seconds (1 = it repeats exactly)."""
    rises = np.maximum(0.0, np.diff(envelope(sound)))
    rises = np.convolve(rises, np.hanning(7), mode="same")
    rises -= rises.mean()
    correlation = np.correlate(rises, rises, mode="full")[len(rises) - 1 :]
    low, high = round(period * (1 - tolerance) * 100), round(period * (1 + tolerance) * 100) + 1
    return float(correlation[low:high].max() / correlation[0])


def strokes(sound: Sound, apart: float = 0.1) -> int:
    """How many separate attacks there are."""
    curve = np.concatenate(([0.0], envelope(sound)))
    peaks, _ = find_peaks(curve, height=0.25 * curve.max(), distance=round(apart * 100), prominence=0.2 * curve.max())
    return len(peaks)


# -- every recipe ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(EFFECT_RECIPES))
def test_given_any_effect_when_synthesised_then_it_is_level_and_clean(name: str) -> None:
    sound = rendered(name)
    padded = np.pad(sound, (0, SAMPLE_RATE // 2))
    loudest = lufs(float(windows(step_energies(k_weighted(padded)), 4).max()))
    peak = decibels(float(np.abs(sound).max()))

    assert np.isfinite(sound).all()
    assert loudest <= -19.5
    assert peak <= -2.99
    assert loudest >= -21.5 or peak >= -3.1, "neither its loudness nor its peak reaches the level"
    assert abs(float(sound.mean())) < 1e-3
    assert abs(float(sound[0])) < 0.02
    assert abs(float(sound[-1])) < 0.02


@pytest.mark.parametrize("name", list(EFFECT_RECIPES))
def test_given_any_effect_when_synthesised_again_then_the_same_and_with_another_seed_not(name: str) -> None:
    again = synthesise(name, 0.5, seed=5)

    assert np.array_equal(again, synthesise(name, 0.5, seed=5))
    assert not np.array_equal(again, synthesise(name, 0.5, seed=6))


@pytest.mark.parametrize("name", list(EFFECT_RECIPES))
def test_given_the_shortest_length_when_synthesised_then_it_is_kept_and_something_sounds(name: str) -> None:
    sound = synthesise(name, 0.2, seed=2)

    assert len(sound) == round(0.2 * SAMPLE_RATE)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() > 0.01


@pytest.mark.parametrize("name", [name for name, recipe in EFFECT_RECIPES.items() if recipe.lasting])
def test_given_a_lasting_effect_when_synthesised_then_it_fades_in_and_out(name: str) -> None:
    curve = envelope(rendered(name), 0.05)
    loud = float(np.median(curve))

    assert curve[0] < 0.25 * max(loud, float(curve.max()) * 0.3)
    assert curve[-1] < 0.25 * max(loud, float(curve.max()) * 0.3)


@pytest.mark.parametrize("name", ["knock", "slam", "gunshot", "glass", "splash", "sword", "bell", "telephone"])
def test_given_an_effect_that_strikes_when_synthesised_then_it_is_heard_at_once(name: str) -> None:
    assert find_onset(rendered(name)) <= 0.05


@pytest.mark.parametrize("name", [name for name, recipe in EFFECT_RECIPES.items() if not recipe.lasting])
def test_given_an_effect_on_a_word_when_synthesised_then_its_beginning_is_plain(name: str) -> None:
    """Near or far, in a room or not: what a listener takes for its beginning hardly moves with how loud that must be."""
    for seed in range(4):
        curve = envelope(rendered(name, seed))
        quiet, loud = (float(np.argmax(curve >= curve.max() * amplitude(-under))) / 100 for under in (18.0, 12.0))
        assert loud - quiet <= 0.11, seed


def test_given_silence_before_a_sound_when_its_onset_is_measured_then_it_is_where_the_sound_begins() -> None:
    sound = np.zeros(SAMPLE_RATE, np.float32)
    sound[22_050:] = 0.5 * np.sin(np.arange(22_050) * 0.1)

    assert find_onset(sound) == pytest.approx(0.5, abs=0.011)


# -- what they sound like ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "low", "high", "least"),
    [
        ("thunder", 20, 250, 0.75),
        ("explosion", 20, 300, 0.7),
        ("heartbeat", 40, 250, 0.9),
        ("rain", 1000, 12000, 0.75),
        ("birds", 2000, 8000, 0.95),
        ("crickets", 3800, 5200, 0.9),
        ("owl", 330, 470, 0.75),
        ("glass", 2000, 16000, 0.8),
        ("coin", 3000, 12000, 0.9),
        ("sword", 900, 12000, 0.9),
        ("chain", 1000, 12000, 0.9),
        ("paper", 1200, 12000, 0.85),
        ("sea", 40, 1500, 0.75),
        ("slam", 40, 500, 0.8),
        ("crowd", 120, 3500, 0.9),
    ],
)
def test_given_an_effect_when_its_spectrum_is_measured_then_it_lies_where_it_belongs(
    name: str, low: float, high: float, least: float
) -> None:
    assert share(rendered(name), low, high) >= least


def test_given_effects_from_dark_to_bright_when_measured_then_they_keep_that_order() -> None:
    order = ("thunder", "knock", "owl", "stream", "rain", "birds", "glass")
    centres = [centre(rendered(name)) for name in order]

    assert centres == sorted(centres)


@pytest.mark.parametrize(
    ("name", "period", "least"),
    [
        ("clock", 0.5, 0.8),
        ("footsteps", 0.54, 0.5),
        ("running", 0.31, 0.5),
        ("footsteps in snow", 0.62, 0.25),
        ("heartbeat", 0.86, 0.7),
        ("bell", 2.3, 0.4),
        ("drum", 0.9, 0.6),
        ("horse", 0.31, 0.4),
        ("train", 0.27, 0.3),
    ],
)
def test_given_an_effect_with_a_beat_when_measured_then_it_repeats(name: str, period: float, least: float) -> None:
    sound = rendered(name)
    assert periodicity(sound[len(sound) // 2 :] if name == "train" else sound, period) >= least  # after its whistle


@pytest.mark.parametrize("name", ["rain", "wind", "fire", "stream", "applause"])
def test_given_an_effect_without_a_beat_when_measured_then_it_does_not_repeat(name: str) -> None:
    assert max(periodicity(rendered(name), period) for period in (0.3, 0.5, 0.9)) < 0.35


def test_given_a_knock_when_counted_then_there_are_three() -> None:
    assert strokes(rendered("knock"), apart=0.12) == 3


def test_given_a_tick_when_two_are_compared_then_tick_differs_from_tock() -> None:
    sound = rendered("clock")
    tick, tock = sound[882 : 882 + 4410], sound[882 + 22_050 : 882 + 26_460]

    assert centre(tick) > 1.05 * centre(tock)


@pytest.mark.parametrize("name", ["glass", "gunshot", "slam", "splash", "thunder", "explosion", "bell"])
def test_given_something_that_breaks_or_booms_when_measured_then_it_dies_away(name: str) -> None:
    curve = envelope(rendered(name), 0.1)

    assert curve[-3:].mean() < 0.4 * curve[:4].max()


def test_given_thunder_when_it_dies_then_it_darkens() -> None:
    sound = rendered("thunder")

    assert centre(sound[: SAMPLE_RATE // 3]) > 1.3 * centre(sound[2 * SAMPLE_RATE :])


def test_given_fire_when_measured_then_it_crackles() -> None:
    """Crackles are what sticks out of the treble: far more than noise of the same band would."""
    treble = sosfiltfilt(butter(4, 2000, "highpass", fs=SAMPLE_RATE, output="sos"), rendered("fire"))
    kurtosis = float(np.mean(treble**4) / np.mean(treble**2) ** 2)

    assert kurtosis > 15.0


def test_given_a_bell_when_its_partials_are_measured_then_there_is_a_minor_third() -> None:
    """A church bell is known by its tierce, a minor third above the prime (Rossing, "Science of Percussion")."""
    sound = rendered("bell")[: 2 * SAMPLE_RATE] * np.hanning(2 * SAMPLE_RATE)
    power = np.abs(np.fft.rfft(sound))
    peaks, _ = find_peaks(power, height=0.05 * power.max(), distance=40)
    partials = peaks / 2.0
    ratios = {round(float(b / a), 2) for a in partials for b in partials if b > a}

    assert any(abs(ratio - 1.19) <= 0.01 for ratio in ratios)
    assert any(abs(ratio - 2.0) <= 0.02 for ratio in ratios)


def test_given_a_siren_when_followed_then_its_pitch_rises_and_falls() -> None:
    sound = rendered("siren")
    pitches = [centre(sound[round(at * SAMPLE_RATE) : round((at + 0.3) * SAMPLE_RATE)]) for at in (1.0, 2.4, 4.2)]

    assert pitches[1] > 1.2 * pitches[0]
    assert pitches[1] > 1.2 * pitches[2]


def test_given_the_sea_when_followed_then_it_comes_in_waves() -> None:
    curve = envelope(synthesise("sea", 24.0, 1), 0.25)[8:-8]

    assert curve.max() > 2.0 * np.quantile(curve, 0.1)


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "prompt", "found"),
    [
        ("door", "an oak door", "door"),
        ("Door", "", "door"),
        ("door_slam", "", "slam"),
        ("footsteps", "boots crunching in deep snow", "footsteps in snow"),
        ("footsteps", "along the gravel path", "footsteps on gravel"),
        ("footsteps", "in the hall", "footsteps"),
        ("hooves", "", "horse"),
        ("ocean", "", "sea"),
        ("thunderclap", "", "thunder"),
        ("church bell", "far away", "bell"),
        ("weapon", "two swords clash", "sword"),
        ("ambience", "waves on the shore", "sea"),
        ("pistol", "", "gunshot"),
        ("flames", "a crackling hearth", "fire"),
    ],
)
def test_given_a_name_or_words_when_a_recipe_is_sought_then_the_nearest_is_found(
    name: str, prompt: str, found: str
) -> None:
    assert find_recipe(name, prompt) == found


async def test_given_what_no_recipe_is_near_to_when_rendered_then_the_error_lists_the_choices() -> None:
    with pytest.raises(ProviderError, match=r"'zzyzx'; choose one of: rain, wind") as refused:
        await SynthesisedEffects().render("zzyzx", "qwerty", 1.0, seed=0)

    assert refused.value.permanent


def test_given_a_name_when_asked_how_long_it_lasts_then_single_events_are_shorter_than_weather() -> None:
    assert natural_seconds("knock") < natural_seconds("footsteps") < natural_seconds("rain")
    assert all(0.5 <= recipe.natural <= 12.0 for recipe in EFFECT_RECIPES.values())


@pytest.mark.parametrize("name", list(EFFECTS_OF_SCRIPTS))
def test_given_an_effect_that_a_script_may_name_when_sought_then_a_recipe_is_found(name: str) -> None:
    assert find_recipe(name, EFFECTS_OF_SCRIPTS[name].prompt) in EFFECT_RECIPES
