"""What places add to a sound: how long, how loud, and nothing where nothing rings."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from narratix.events.catalogue import PlannedEffect, PlannedPlace, Segment
from narratix.ports import SAMPLE_RATE, Cue
from narratix.script.places import PLACES
from narratix.sound.lines import SpokenLine, lay_lines
from narratix.sound.loudness import overall
from narratix.sound.mixer import Mixer
from narratix.sound.prediction import predicted_energies
from narratix.sound.rooms import ROOMS, echo_of, from_afar, heard_until, lost_db, reverberation, tail_samples
from narratix.sound.timeline import RenderedEffect, build_timeline
from tests.sound.synthetic_drama import Drama, speech_like

CLICK = np.concatenate((np.ones(1, np.float32), np.zeros(SAMPLE_RATE // 10, np.float32)))


def decay_seconds(place: str) -> float:
    """Until the energy that is left has fallen by 60 dB, from its fall between -5 and -25 dB (ISO 3382-1, T20)."""
    energy = np.square(reverberation(CLICK, place).astype(np.float64)).sum(axis=1)
    left = 10.0 * np.log10(np.maximum(np.cumsum(energy[::-1])[::-1] / energy.sum(), 1e-12))
    return float(np.argmax(left < -25.0) - np.argmax(left < -5.0)) / SAMPLE_RATE * 3.0


def test_every_place_of_the_script_rings_or_is_the_open() -> None:
    assert set(ROOMS) == set(PLACES) - {"open"}


@pytest.mark.parametrize("place", list(ROOMS))
def test_a_place_dies_away_as_it_is_asked_to(place: str) -> None:
    room = ROOMS[place]
    assert 0.6 * room.treble_seconds < decay_seconds(place) < 1.1 * room.seconds
    assert tail_samples(place) < 2.5 * SAMPLE_RATE  # a passage begins no later before its first line


def test_larger_places_ring_longer_and_none_drowns_the_voice() -> None:
    assert decay_seconds("cabin") < decay_seconds("room") < decay_seconds("vault") < decay_seconds("church")
    voice = speech_like(3.0, 1)
    for place, room in ROOMS.items():
        wet = reverberation(voice, place)
        assert wet.shape == (len(voice) + tail_samples(place), 2)
        assert wet.dtype == np.float32
        assert overall(wet) + room.wet_db < overall(voice) - 6.0, place


@pytest.mark.parametrize("place", ["cabin", "hall", "church"])
def test_a_long_speech_rings_as_one_sound_though_it_is_made_in_parts(place: str) -> None:
    speech = (np.random.default_rng(0).standard_normal(13 * SAMPLE_RATE) * 0.1).astype(np.float32)
    response = reverberation(np.ones(1, np.float32), place)
    expected = scipy.signal.fftconvolve(speech[:, None], response[: tail_samples(place) + 1], axes=0)
    assert np.abs(reverberation(speech, place) - expected).max() < 1e-5 * np.abs(expected).max()


def test_in_the_open_and_nowhere_nothing_rings() -> None:
    for place in ("", "open"):
        cue = Cue("a", 1.0, 2.0, place=place)
        assert echo_of(cue, 10.0) is None
        assert heard_until(cue) == 2.0


def test_an_echo_ends_with_the_drama() -> None:
    echo = echo_of(Cue("a", 1.0, 2.0, place="church"), 2.5)
    assert echo is not None
    assert echo.ends == 2.5
    assert echo.fade_out > 0.1


def test_what_is_far_is_softer_and_duller_but_echoes_alike() -> None:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)

    def treble(metres: float) -> float:
        power = np.square(np.abs(np.fft.rfft(from_afar(noise, metres))))
        return float(power[4_000:].sum() / power[100:1_000].sum())

    assert from_afar(noise, 1.0) is noise
    assert treble(1.0) > 2 * treble(8.0) > 4 * treble(40.0)
    assert lost_db(1.0) == 0.0 < lost_db(8.0) < lost_db(40.0) == 9.0
    near, far = (Cue("a", 0.0, 1.0, gain_db=-lost_db(m), place="hall", distance=m) for m in (1.0, 40.0))
    echoes = [echo_of(cue, 9.0) for cue in (near, far)]
    assert echoes[0] is not None
    assert echoes[1] is not None
    assert echoes[0].gain_db == pytest.approx(echoes[1].gain_db)


def test_only_people_in_a_place_are_heard_there() -> None:
    spoken = [SpokenLine(line, f"clip-{line}", 1.0) for line in range(4)]
    segments = [
        Segment(start=0, end=1, kind="narration", speaker="narrator"),
        Segment(start=1, end=2, kind="speech", speaker="c1"),
        Segment(start=2, end=3, kind="speech", speaker="c1", direction="thinking"),
        Segment(start=3, end=4, kind="speech", speaker="c2", direction="telephoning"),
    ]
    cave = PlannedPlace(first_line=0, last_line=4, name="cave")
    timeline = build_timeline(lay_lines(segments, spoken, lead_in=0.5), tail=1.0, places=[cave])
    assert [cue.place for cue in timeline.dialogue] == ["", "cave", "", ""]


def test_an_echo_is_heard_after_its_voice_and_counted_in_the_loudness(drama: Drama) -> None:
    dry = Cue("voice", 0.2, 1.2, energies=(0.01,) * 10)
    clips = {"voice": speech_like(1.0, 3)}
    from narratix.ports import Timeline

    def mixed(cue: Cue) -> tuple[float, float]:
        mixer = Mixer(Timeline(3.0, (cue,), (), ()), clips.__getitem__, gain_db=0.0)
        sound = np.concatenate([block.sound for block in mixer.blocks()])
        return float(np.square(sound[: round(1.2 * SAMPLE_RATE)]).sum()), float(
            np.square(sound[round(1.25 * SAMPLE_RATE) :]).sum()
        )

    in_cave = Cue("voice", 0.2, 1.2, energies=(0.01,) * 10, place="cave")
    assert mixed(dry)[1] == 0.0 < mixed(in_cave)[1] < 0.1 * mixed(in_cave)[0]
    energies = [predicted_energies(Timeline(3.0, (cue,), (), ())).sum() for cue in (dry, in_cave)]
    assert 1.0 < energies[1] / energies[0] < 1.3


# -- beds ---------------------------------------------------------------------------------------


def bed(last_line: int) -> RenderedEffect:
    plan = PlannedEffect(
        id="e0", line=1, start=10, end=14, name="rain", prompt="", seconds=6.0, gain_db=0.0, pan=0.0, seed=1,
        last_line=last_line,
    )  # fmt: skip
    return RenderedEffect(plan, "rain", 6.0, 0.0, (0.01,) * 60)


def test_an_ambience_lasts_until_its_scene_ends_and_no_seam_is_heard() -> None:
    segments = [Segment(start=10 * n, end=10 * n + 10, kind="narration", speaker="narrator") for n in range(12)]
    placed = lay_lines(segments, [SpokenLine(n, "voice", 3.0) for n in range(12)], lead_in=0.5)
    timeline = build_timeline(placed, (), [bed(8)], tail=1.0)
    (cue,) = timeline.effects
    assert cue.begins == pytest.approx(placed[1].begins)
    assert cue.ends - cue.fade_out == pytest.approx(placed[7].ends)
    rain = np.random.default_rng(1).standard_normal(6 * SAMPLE_RATE).astype(np.float32) * 0.05
    from dataclasses import replace

    alone = replace(timeline, dialogue=())
    mixer = Mixer(alone, {"rain": rain}.__getitem__, gain_db=0.0)
    sound = np.concatenate([block.sound for block in mixer.blocks()])[:, 0]
    begins, ends = round(cue.begins * SAMPLE_RATE) + 400, round((cue.ends - cue.fade_out) * SAMPLE_RATE)
    windows = sound[begins : begins + (ends - begins) // 2_205 * 2_205].reshape(-1, 2_205)
    levels = 10.0 * np.log10(np.square(windows).mean(axis=1))
    assert levels.max() - levels.min() < 2.0  # noise that goes on for ever


def test_an_ambience_whose_end_is_not_known_yet_sounds_as_it_will() -> None:
    segments = [Segment(start=10 * n, end=10 * n + 10, kind="narration", speaker="narrator") for n in range(12)]
    spoken = [SpokenLine(n, "voice", 3.0) for n in range(12)]
    whole = build_timeline(lay_lines(segments, spoken, lead_in=0.5), (), [bed(8)], tail=1.0)
    begun = build_timeline(
        lay_lines(segments, spoken[:5], lead_in=0.5, complete=False), (), [bed(8)], tail=1.0, complete=False
    )
    (now,), (then,) = begun.effects, whole.effects
    assert (now.begins, now.offset, now.gain_db, now.fade_in) == (then.begins, then.offset, then.gain_db, then.fade_in)
    assert now.ends - now.fade_out >= begun.duration
