from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.ports import SAMPLE_RATE, Cue, Sound, Timeline
from narratix.sound.codec import Recording, from_flac, to_flac
from narratix.sound.envelopes import DUCK_DB, ducking, pan_gains
from narratix.sound.gates import Measures, judge
from narratix.sound.levels import decibels
from narratix.sound.loudness import energies, integrated, short_term
from narratix.sound.meters import (
    ClickMeter,
    LevelMeter,
    LoudnessMeter,
    PeakMeter,
    QuietMeter,
    WaveformMeter,
    dialogue_over_bed,
    joins,
    waveform,
)
from narratix.sound.mixer import Mixer, excerpt
from narratix.sound.peaks import true_peak
from narratix.sound.prediction import master_gain_db, nominal_gain_db, predicted_energies
from narratix.sound.profiles import ACX, BROADCAST, MasteringProfile
from narratix.sound.timeline import settled_until
from tests.sound.synthetic_drama import Drama


def rendered(mixer: Mixer, first: int = 0, last: int | None = None) -> Sound:
    return np.concatenate([block.sound for block in mixer.blocks(first, last)])


@pytest.fixture(scope="module")
def whole(drama: Drama) -> Sound:
    return rendered(Mixer(drama.timeline(), drama.clips.__getitem__))


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_any_stretch_alone_is_bit_for_bit_that_of_the_whole(drama: Drama, whole: Sound, data: st.DataObject) -> None:
    mixer = Mixer(drama.timeline(), drama.clips.__getitem__)
    first = data.draw(st.integers(0, len(mixer) - 1))
    last = data.draw(st.integers(first + 1, min(first + 4, len(mixer))))
    alone = rendered(mixer, first, last)
    assert np.array_equal(alone, whole[first * SAMPLE_RATE : last * SAMPLE_RATE])


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_an_excerpt_is_all_that_is_needed_of_a_timeline(drama: Drama, data: st.DataObject) -> None:
    timeline = drama.timeline()
    whole = Mixer(timeline, drama.clips.__getitem__, gain_db=3.0)
    first = data.draw(st.integers(0, whole.samples - 1))
    last = data.draw(st.integers(first + 1, min(first + 5 * SAMPLE_RATE, whole.samples)))
    some = excerpt(timeline, first, last)
    alone = Mixer(some, drama.clips.__getitem__, gain_db=3.0)
    assert np.array_equal(alone.stretch(first, last), whole.stretch(first, last))
    assert len(some.dialogue) < len(timeline.dialogue)


@pytest.mark.parametrize("lines", [9, 17])
def test_the_beginning_sounds_the_same_before_the_rest_is_spoken(drama: Drama, lines: int) -> None:
    gain = nominal_gain_db(drama.timeline())
    finished = Mixer(drama.timeline(), drama.clips.__getitem__, gain_db=gain)
    begun = Mixer(drama.timeline(lines), drama.clips.__getitem__, gain_db=gain)
    settled = int(settled_until(drama.placed(lines)) - 0.1)
    assert settled > 10
    assert np.array_equal(rendered(begun, 0, settled), rendered(finished, 0, settled))


def test_the_mix_is_as_long_and_as_loud_as_promised(drama: Drama, whole: Sound) -> None:
    timeline = drama.timeline()
    assert len(whole) == round(timeline.duration * SAMPLE_RATE)
    assert integrated(energies(whole)) == pytest.approx(-16.0, abs=0.3)
    assert decibels(true_peak(whole)) <= timeline.peak_dbtp


def test_loudness_is_predicted_before_anything_is_mixed(drama: Drama) -> None:
    timeline = replace(drama.timeline(), peak_dbtp=20.0)  # no limiting
    mix = rendered(Mixer(timeline, drama.clips.__getitem__, gain_db=0.0))
    predicted, measured = predicted_energies(timeline), np.array(energies(mix))
    assert integrated(predicted) == pytest.approx(integrated(measured), abs=0.3)
    # not only on the whole: wherever one listens
    misses = np.abs(short_term(predicted) - short_term(measured[: len(predicted)]))
    assert np.median(misses) < 0.1
    assert misses.max() < 1.0


def test_the_gain_of_an_unfinished_drama_is_near_that_of_the_whole(drama: Drama) -> None:
    timeline = drama.timeline()
    assert nominal_gain_db(timeline) == pytest.approx(master_gain_db(timeline), abs=0.5)


def test_the_ceiling_holds_even_when_everything_is_far_too_loud(drama: Drama) -> None:
    loud = Mixer(drama.timeline(), drama.clips.__getitem__, gain_db=18.0)
    assert decibels(true_peak(rendered(loud, 5, 12))) <= -2.0 + 0.03


def test_clips_are_loaded_once_when_played_in_order_and_few_are_kept(drama: Drama) -> None:
    loads: Counter[str] = Counter()

    def load(key: str) -> Sound:
        loads[key] += 1
        return drama.clips[key]

    mixer = Mixer(drama.timeline(), load, spare_bytes=0)
    most = 0
    for _ in mixer.blocks():
        most = max(most, len(mixer._clips._clips))
    assert set(loads.values()) == {1}
    assert most <= 8


def test_nothing_clicks_where_cues_begin_and_end(drama: Drama, whole: Sound) -> None:
    cues = drama.timeline().cues
    meter = ClickMeter(round(s * SAMPLE_RATE) for cue in cues for s in (cue.begins, cue.ends))
    for at in range(0, len(whole), 50_000):
        meter.add(whole[at : at + 50_000])
    meter.finish()
    assert meter.worst_db < 6.0


def test_a_hard_cut_is_found() -> None:
    t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 180 * t)
    tone[SAMPLE_RATE + 100 :] *= 0.2  # anywhere but where the tone is zero
    meter = ClickMeter([SAMPLE_RATE + 100])
    meter.add(np.stack([tone, tone], axis=1).astype(np.float32))
    meter.finish()
    assert meter.worst_db > 20.0


def test_a_cue_that_has_died_away_cannot_click() -> None:
    half = 0.5 + 0.1 / SAMPLE_RATE

    def edges(*energies: float, begins: float = 1.0, ends: float = 1.0 + half, **changes: Any) -> list[float]:
        cue = Cue("clip", begins, ends, energies=energies, **changes)
        return [round(join / SAMPLE_RATE, 3) for join in joins(Timeline(9.0, (), (), (cue,)))]

    assert edges(0.01, 0.01, 0.01, 0.01, 0.01) == [1.0, 1.5]
    assert edges(0.01, 0.01, 0.01, 0.0, 0.0) == [1.0]
    # inaudible, but not if a single sample had all the energy, or much gain
    assert edges(0.0, 0.01, 0.01, 0.01, 1e-10) == [1.5]
    assert edges(0.0, 0.01, 0.01, 0.01, 1e-14) == []
    assert edges(0.0, 0.01, 0.01, 0.01, 1e-14, gain_db=40.0) == [1.5]
    # what is left in the last 3 ms counts, though they lie in two steps
    assert edges(0.01, 0.01, 0.01, 0.01, 0.01, 0.0, ends=1.501) == [1.0, 1.501]
    assert edges(0.01, 0.01, 0.01, 0.01, 0.01, 0.0, ends=1.504) == [1.0]
    # a part of a clip, a clip that goes round, one that nobody has measured
    assert edges(0.0, 0.0, 0.01, 0.0, 0.0, offset=0.2, ends=1.1) == [1.0, 1.1]
    assert edges(0.0, 0.0, 0.0, loops=True) == [1.0, 1.5]
    assert edges() == [1.0, 1.5]


def test_voices_stand_clear_of_the_bed(drama: Drama) -> None:
    voice, bed = LoudnessMeter(channels=1), LoudnessMeter()
    for block in Mixer(drama.timeline(), drama.clips.__getitem__).blocks():
        voice.add(block.dialogue)
        bed.add(block.bed)
    median, low = dialogue_over_bed(voice.energies, bed.energies)
    assert median >= 15.0
    assert low <= median


def test_music_steps_back_before_a_voice_and_returns_after_it() -> None:
    duck = ducking([Cue("a", 2.0, 4.0), Cue("b", 5.0, 6.0), Cue("c", 9.0, 10.0)])

    def level(second: float) -> float:
        gain = duck.gain(second, second + 1e-6, 1)
        return decibels(float(gain if isinstance(gain, float) else gain[0]))

    assert level(1.7) == 0.0
    assert level(1.875) == pytest.approx(DUCK_DB / 2, abs=0.01)
    assert [level(s) for s in (2.0, 3.9, 4.5, 5.5)] == pytest.approx([DUCK_DB] * 4, abs=0.01)  # b follows soon
    assert level(6.3) == pytest.approx(DUCK_DB / 2, abs=0.01)
    assert level(7.5) == 0.0
    assert level(20.0) == 0.0


@given(st.floats(-1.0, 1.0))
@settings(deadline=None)
def test_a_pan_keeps_the_power(pan: float) -> None:
    left, right = pan_gains(pan)
    assert left**2 + right**2 == pytest.approx(1.0)
    assert (left >= right) == (pan <= 0.0) or left == pytest.approx(right)


def test_music_loops_and_crosses_without_a_dip(drama: Drama) -> None:
    tone = (np.random.default_rng(0).standard_normal((2 * SAMPLE_RATE, 2)) * 0.05).astype(np.float32)
    other = (np.random.default_rng(1).standard_normal((3 * SAMPLE_RATE, 2)) * 0.05).astype(np.float32)
    measured = (energies(tone), energies(other))
    timeline = Timeline(
        duration=20.0,
        dialogue=(),
        music=(
            Cue("a", 0.0, 11.0, loops=True, fade_in=0.0, fade_out=2.0, energies=measured[0]),
            Cue("b", 9.0, 20.0, loops=True, fade_in=2.0, fade_out=0.0, energies=measured[1]),
        ),
        effects=(),
        peak_dbtp=0.0,
    )
    mix = rendered(Mixer(timeline, {"a": tone, "b": other}.__getitem__, gain_db=0.0))
    steps = 10 * np.log10(np.array(energies(mix))[1:])
    assert steps.max() - steps.min() < 1.0
    assert np.array_equal(mix[5 * SAMPLE_RATE : 5 * SAMPLE_RATE + 50], tone[SAMPLE_RATE : SAMPLE_RATE + 50])


def test_music_sounds_the_same_when_it_is_read_while_it_plays(drama: Drama, tmp_path: Path) -> None:
    timeline = drama.timeline()
    clips: dict[str, Sound | Recording] = {}
    for key, clip in drama.clips.items():
        file = tmp_path / Path(key).name
        file.write_bytes(to_flac(clip))
        clips[key] = Recording(file) if clip.ndim == 2 else from_flac(file)
    assert any(isinstance(clip, Recording) for clip in clips.values())
    loaded = {key: clip[:] for key, clip in clips.items()}
    streamed = rendered(Mixer(timeline, clips.__getitem__))
    assert np.array_equal(streamed, rendered(Mixer(timeline, loaded.__getitem__)))


def test_a_silent_timeline_is_not_amplified() -> None:
    silent = Timeline(duration=3.0, dialogue=(), music=(), effects=())
    assert master_gain_db(silent) == 0.0
    nothing: dict[str, Sound] = {}
    assert not rendered(Mixer(silent, nothing.__getitem__)).any()


def test_a_stereo_clip_of_speech_is_refused_by_name() -> None:
    timeline = Timeline(duration=1.0, dialogue=(Cue("clips/odd", 0.0, 1.0),), music=(), effects=())
    mixer = Mixer(timeline, {"clips/odd": np.zeros((100, 2), dtype=np.float32)}.__getitem__)
    with pytest.raises(ValueError, match="clips/odd"):
        next(mixer.blocks())


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_meters_do_not_depend_on_how_the_sound_is_cut(cuts: list[int]) -> None:
    rng = np.random.default_rng(4)
    sound = (rng.standard_normal((90_000, 2)) * np.linspace(0.0, 0.4, 90_000)[:, None]).astype(np.float32)
    loudness, peak, quiet, clicks = LoudnessMeter(), PeakMeter(), QuietMeter(), ClickMeter([20_000, 60_000, 89_990])
    whole = LoudnessMeter(), PeakMeter(), QuietMeter(), ClickMeter([20_000, 60_000, 89_990])
    at = 0
    for cut in (*cuts, len(sound)):
        for meter in (loudness, peak, quiet, clicks):
            meter.add(sound[at : at + cut])
        at = min(at + cut, len(sound))
    for meter in whole:
        meter.add(sound)
    for meter in (clicks, whole[3]):
        meter.finish()
    assert loudness.energies == pytest.approx(whole[0].energies)
    assert peak.dbtp == pytest.approx(whole[1].dbtp)
    assert quiet.seconds == whole[2].seconds
    assert clicks.worst_db == pytest.approx(whole[3].worst_db)


def test_a_silence_is_measured_and_a_waveform_drawn() -> None:
    sound = np.full((4 * SAMPLE_RATE, 2), 0.25, dtype=np.float32)
    sound[SAMPLE_RATE : 3 * SAMPLE_RATE + 500] = 0.001
    quiet, drawn, level = QuietMeter(), WaveformMeter(), LevelMeter()
    for piece in np.array_split(sound, 7):
        quiet.add(piece)
        drawn.add(piece)
        level.add(piece)
    assert quiet.seconds == pytest.approx(2.0, abs=0.06)
    assert level.rms_dbfs == pytest.approx(-15.05, abs=0.1)  # half of it is at -12 dB
    assert level.floor_dbfs == pytest.approx(-60.0, abs=0.01)
    assert len(drawn.maxima) == 400
    peaks = waveform(drawn.maxima, 100)
    assert len(peaks) == 100
    assert peaks[0] == 0.25
    assert peaks[50] == 0.001
    assert len(waveform(drawn.maxima, 10_000)) == 400
    assert waveform(WaveformMeter().maxima) == ()


GOOD = Measures(-16.2, -1.4, 2.0, (18.0, 11.0), 1.5, 100.4)


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, []),
        ({"loudness_lufs": -17.2}, ["integrated loudness, LUFS"]),
        ({"loudness_lufs": -14.9}, ["integrated loudness, LUFS"]),
        ({"true_peak_dbtp": -0.9}, ["true peak, dBTP"]),
        ({"click_db": 6.1}, ["clicks at joins, dB"]),
        ({"over_bed": (14.0, 9.0)}, ["dialogue over bed, median, LU", "dialogue over bed, 5th percentile, LU"]),
        ({"quiet_seconds": 2.6}, ["longest silence, s"]),
        ({"duration": 98.9}, ["duration, s"]),
    ],
)
def test_each_gate_fails_for_its_own_reason(change: dict[str, float], failed: list[str]) -> None:
    gates = judge(replace(GOOD, **change), duration=100.0)  # type: ignore[arg-type]
    assert [gate.name for gate in gates if not gate.passed] == failed


@pytest.mark.parametrize(
    ("profile", "change", "failed"),
    [
        (ACX, {"true_peak_dbtp": -3.2}, []),
        (ACX, {"true_peak_dbtp": -2.9}, ["true peak, dBTP"]),
        (ACX, {"true_peak_dbtp": -3.2, "rms_dbfs": -23.1}, ["RMS, dBFS"]),
        (ACX, {"true_peak_dbtp": -3.2, "rms_dbfs": -17.9}, ["RMS, dBFS"]),
        (ACX, {"true_peak_dbtp": -3.2, "floor_dbfs": -59.0}, ["noise floor of the dialogue, dBFS"]),
        (BROADCAST, {"loudness_lufs": -23.4}, []),
        (BROADCAST, {"loudness_lufs": -22.4}, ["integrated loudness, LUFS"]),
        (BROADCAST, {"loudness_lufs": -16.0}, ["integrated loudness, LUFS"]),
    ],
)
def test_each_profile_has_its_own_gates(profile: MasteringProfile, change: dict[str, float], failed: list[str]) -> None:
    measures = replace(GOOD, **{"rms_dbfs": -20.0, "floor_dbfs": -70.0, **change})  # type: ignore[arg-type]
    gates = judge(measures, duration=100.0, profile=profile)
    assert [gate.name for gate in gates if not gate.passed] == failed
