"""Rendering: SoundFont excerpts, the loop's seam, loudness, and the room left for speech."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from narratix.ports import SAMPLE_RATE, ProviderError, Sound
from narratix.providers.music.characters import CHARACTERS
from narratix.providers.music.composed import perform
from narratix.providers.music.composition import compose
from narratix.providers.music.contents import SOUNDFONT
from narratix.providers.music.mixing import mix
from narratix.providers.music.rendering import GRID, render_stems
from narratix.providers.music.soundfont import SoundFont
from narratix.sound.loudness import integrated, k_weighted, step_energies

FONT = Path(__file__).parents[2] / "node_modules" / SOUNDFONT
MOODS = list(CHARACTERS)

Bends = npt.NDArray[np.float64]

with_font = pytest.mark.skipif(not FONT.exists(), reason="the SoundFont is not installed: npm ci --ignore-scripts")


@lru_cache
def performed(mood: str) -> Sound:
    return perform(FONT, mood, 0.6, "", 10.0, 3)


def band(sound: Sound, low: float, high: float) -> float:
    power = np.square(np.abs(np.fft.rfft(sound.mean(axis=1))))
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return float(power[(frequencies >= low) & (frequencies < high)].sum() / power.sum())


@with_font
@pytest.mark.parametrize("mood", MOODS)
def test_given_any_mood_when_performed_then_it_is_level_and_leaves_room_for_speech(mood: str) -> None:
    sound = performed(mood)

    assert integrated(step_energies(k_weighted(np.concatenate((sound, sound))))) == pytest.approx(-23.0, abs=0.5)
    assert np.abs(sound).max() < 0.85
    assert band(sound, 1000.0, 4000.0) < 0.22
    assert band(sound, 0.0, 30.0) < 0.01
    assert abs(np.square(sound[:, 0]).mean() / np.square(sound[:, 1]).mean() - 1.0) < 0.05


@with_font
@pytest.mark.parametrize("mood", MOODS)
def test_given_any_mood_when_its_loop_repeats_then_the_seam_is_as_smooth_as_the_rest(mood: str) -> None:
    sound = performed(mood).astype(np.float64)
    bends: Bends = np.asarray(np.abs(np.diff(np.roll(sound, SAMPLE_RATE, axis=0), n=2, axis=0)).max(axis=1))
    near = bends[SAMPLE_RATE - 132 : SAMPLE_RATE + 132].max()
    elsewhere = bends[: 2 * SAMPLE_RATE].reshape(-1, 252).max(axis=1)

    assert near <= np.quantile(elsewhere, 0.99) * 1.5


@with_font
def test_given_a_loop_when_it_is_written_out_twice_then_both_times_sound_like_the_folded_one() -> None:
    """Folding the tail is no approximation: it is what endless repetition sounds like."""
    piece = compose("tender", 0.3, "", 6.0, 1)
    once = replace(piece, bar_samples=piece.bar_samples // GRID * GRID)
    seconds = once.samples / SAMPLE_RATE
    later = tuple(replace(note, time=note.time + seconds) for note in once.notes)
    twice = replace(once, bars=2 * once.bars, notes=once.notes + later)
    font = SoundFont(FONT)

    for folded, written_out in zip(render_stems(once, font), render_stems(twice, font), strict=True):
        loud = np.abs(folded).max()
        assert np.abs(written_out[: once.samples] - folded).max() < 0.02 * loud
        assert np.abs(written_out[once.samples :] - folded).max() < 0.02 * loud


@with_font
def test_given_the_moods_when_heard_then_dark_is_darker_than_cheerful() -> None:
    def brightness(mood: str) -> float:
        return band(performed(mood), 600.0, 16_000.0)

    assert brightness("dark") < brightness("cheerful")
    assert brightness("sad") < brightness("cheerful")
    assert brightness("dark") < 0.1


@with_font
def test_given_a_hall_when_mixed_then_left_and_right_differ_and_yet_belong_together() -> None:
    sound = performed("calm")

    assert 0.1 < float(np.asarray(np.corrcoef(sound.T))[0, 1]) < 0.98


@with_font
def test_given_an_excerpt_when_loaded_then_its_presets_sound_as_in_the_whole_font() -> None:
    import tinysoundfont

    font = SoundFont(FONT)
    presets = [(0, 46), (0, 71)]
    excerpt = font.excerpt(presets)

    def play(font_bytes: bytes, program: int) -> Sound:
        synth = tinysoundfont.Synth()
        number = synth.sfload(font_bytes)
        synth.program_select(0, number, 0, program)
        synth.noteon(0, 64, 90)
        return np.frombuffer(synth.generate_simple(8192), np.float32)

    other = font.excerpt([(0, 46), (0, 71), (0, 48)])
    for _, program in presets:
        heard = play(excerpt, program)
        assert np.abs(heard).max() > 0.01
        assert np.abs(heard - play(other, program)).max() < 1e-5


@with_font
def test_given_a_preset_that_is_not_there_when_excerpted_then_the_error_says_so() -> None:
    with pytest.raises(ProviderError, match=r"no preset \(3, 99\)"):
        SoundFont(FONT).excerpt([(3, 99)])


@with_font
def test_given_every_instrument_of_every_mood_when_sought_then_the_font_has_it() -> None:
    font = SoundFont(FONT)
    wanted = {
        (0, program)
        for mood in CHARACTERS.values()
        for group in (mood.melody, mood.pad, mood.figure, mood.bass)
        for program in group
    }

    assert wanted <= set(font.presets)


def test_given_no_soundfont_when_opened_then_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="npm ci") as refused:
        SoundFont(tmp_path / "missing.sf3")

    assert refused.value.permanent


@pytest.mark.parametrize("content", [b"", b"RIFF\x04\x00\x00\x00sfbk", b"not a font at all", b"RIFF" + b"\xff" * 40])
def test_given_a_broken_soundfont_when_opened_then_the_error_names_the_file(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.sf3"
    broken.write_bytes(content)

    with pytest.raises(ProviderError, match=r"broken\.sf3 is not a complete SoundFont"):
        SoundFont(broken)


@with_font
def test_given_no_synthesiser_when_rendered_then_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    piece = compose("calm", 0.5, "", 5.0, 1)

    with pytest.raises(ProviderError, match="pip install --no-deps tinysoundfont") as refused:
        mix(piece, render_stems(piece, SoundFont(FONT)))

    assert refused.value.permanent
