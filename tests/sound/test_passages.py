"""Passages: settled before the rest is spoken, named by their sound, joined without a seam."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from narratix.events.catalogue import Segment
from narratix.ports import SAMPLE_RATE, Mastering, Sound, Timeline
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.sound.codec import to_flac
from narratix.sound.fmp4 import FRAME, NotAdts, adts_frames, fragment, header
from narratix.sound.grid import AAC_FRAME, GRID, MP3_FRAME
from narratix.sound.hls import TARGET_SECONDS, Part, playlist
from narratix.sound.meters import ClickMeter
from narratix.sound.mixer import Mixer
from narratix.sound.passages import POSTROLL, PREROLL, last_bounds, passage_bounds, passage_digest, plan_passages
from narratix.sound.prediction import GAIN_STEP_DB, master_gain_db, nominal_gain_db, steady_gain_db
from narratix.sound.profiles import BROADCAST
from narratix.sound.timeline import build_timeline
from tests.sound.synthetic_drama import Drama


def bounds(drama: Drama) -> list[tuple[int, int]]:
    """Of every passage, each found when just its own lines are spoken."""
    starts = plan_passages(drama.segments)
    found = [passage_bounds(drama.placed(follows), starts, number) for number, follows in enumerate(starts[1:])]
    return [*found, last_bounds(drama.placed(), starts, drama.timeline())]


def line(seconds: float, pause: float = 0.3) -> Segment:
    return Segment(start=0, end=round(seconds * 15), kind="narration", speaker="narrator", pause_after=pause)


# -- where they lie ----------------------------------------------------------------------------


def test_given_a_script_when_passages_are_planned_then_the_first_are_short_and_a_long_line_is_one_of_its_own() -> None:
    lines = [line(2.5), line(1.0), line(5.0), line(4.0), line(6.0), line(20.0), line(1.0), line(2.0)]
    assert plan_passages(lines) == (0, 1, 3, 5, 6)
    assert plan_passages(lines[:1]) == (0,)
    assert plan_passages([]) == ()


def test_given_passages_then_they_tile_the_drama_on_a_grid_of_whole_frames(drama: Drama) -> None:
    found = bounds(drama)
    assert found[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(first % GRID == 0 for first, _ in found)
    assert GRID % AAC_FRAME == GRID % MP3_FRAME == 0
    length = round(drama.timeline().duration * SAMPLE_RATE)
    assert 0 <= found[-1][1] - length < AAC_FRAME


def test_given_only_its_own_lines_when_a_passage_is_mixed_then_it_is_that_of_the_finished_drama(drama: Drama) -> None:
    starts, timeline = plan_passages(drama.segments), drama.timeline()
    gain = nominal_gain_db(timeline)
    whole = Mixer(timeline, drama.clips.__getitem__, gain_db=gain)
    for number, (first, last) in enumerate(bounds(drama)[:-1]):
        begun = Mixer(drama.timeline(starts[number + 1]), drama.clips.__getitem__, gain_db=gain)
        early = begun.stretch(first - PREROLL, last + POSTROLL)
        assert np.array_equal(early, whole.stretch(first - PREROLL, last + POSTROLL)), number


# -- what they are called ----------------------------------------------------------------------


def names(drama: Drama, timeline: Timeline) -> list[str]:
    return [passage_digest(timeline, *of, begins=of[0], gain_db=3.0) for of in bounds(drama)]


def test_given_a_beginning_when_its_passages_are_named_then_the_finished_drama_has_the_same_names(drama: Drama) -> None:
    starts = plan_passages(drama.segments)
    finished = names(drama, drama.timeline())
    for number, (first, last) in enumerate(bounds(drama)[:-1]):
        begun = drama.timeline(starts[number + 1])
        assert passage_digest(begun, first, last, begins=first, gain_db=3.0) == finished[number], number


def test_given_another_clip_in_one_line_then_only_the_passages_that_hear_it_have_another_name(drama: Drama) -> None:
    timeline = drama.timeline()
    changed = len(timeline.dialogue) // 2
    cues = list(timeline.dialogue)
    cues[changed] = replace(cues[changed], key="clips/spoken-anew.flac")
    other = names(drama, replace(timeline, dialogue=tuple(cues)))
    different = [i for i, (a, b) in enumerate(zip(names(drama, timeline), other, strict=True)) if a != b]
    assert 1 <= len(different) <= 2
    first, last = bounds(drama)[different[0]]
    assert first / SAMPLE_RATE - 1 < cues[changed].ends
    assert last / SAMPLE_RATE + 1 > cues[changed].begins


@pytest.mark.parametrize("change", ["gain_db", "begins", "peak_dbtp"])
def test_given_another_gain_place_or_ceiling_then_the_name_is_another(drama: Drama, change: str) -> None:
    timeline, (first, last) = drama.timeline(), bounds(drama)[2]
    usual = passage_digest(timeline, first, last, begins=first, gain_db=3.0)
    if change == "peak_dbtp":
        other = passage_digest(replace(timeline, peak_dbtp=-3.0), first, last, begins=first, gain_db=3.0)
    else:
        other = passage_digest(
            timeline, first, last, begins=first + GRID * (change == "begins"), gain_db=3.0 + 0.1 * (change == "gain_db")
        )
    assert other != usual


# -- how loud they are -------------------------------------------------------------------------


def test_given_a_usual_drama_then_it_has_the_gain_of_its_stream_and_an_odd_one_has_its_own(drama: Drama) -> None:
    timeline = drama.timeline()
    assert steady_gain_db(timeline) == nominal_gain_db(timeline)
    odd = replace(timeline, dialogue=timeline.dialogue[:1], loudness_lufs=-16.0)
    steps = (steady_gain_db(odd) - nominal_gain_db(odd)) / GAIN_STEP_DB
    assert steps == round(steps) != 0
    assert steady_gain_db(odd) == pytest.approx(master_gain_db(odd), abs=GAIN_STEP_DB / 2)
    strict = build_timeline(drama.placed(), drama.music, drama.effects, tail=4.0, profile=BROADCAST)
    assert steady_gain_db(strict) == pytest.approx(master_gain_db(strict), abs=BROADCAST.tolerance_lu / 2)


# -- how they are encoded ----------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mastering(ffmpeg: Path) -> AsyncIterator[Mastering]:
    real: Mastering = FfmpegMastering(ffmpeg)
    yield real
    await real.close()


@pytest.fixture(scope="module")
def clips(drama: Drama, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("passage-clips")
    files = {key: folder / f"{number}.flac" for number, key in enumerate(drama.clips)}
    for key, file in files.items():
        file.write_bytes(to_flac(drama.clips[key]))
    return files


def decoded(ffmpeg: Path, file: Path) -> Sound:
    run = subprocess.run(
        [ffmpeg, "-v", "error", "-i", file, "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "pipe:1"],
        capture_output=True,
        check=True,
    )
    assert run.stderr == b""
    return np.frombuffer(run.stdout, np.float32).reshape(-1, 2)


@pytest.mark.asyncio(loop_scope="module")
async def test_given_passages_encoded_one_by_one_when_they_are_joined_then_they_decode_to_the_mix_without_a_seam(
    mastering: Mastering, drama: Drama, clips: dict[str, Path], ffmpeg: Path, tmp_path: Path
) -> None:
    timeline, starts = drama.timeline(), plan_passages(drama.segments)
    joined = bytearray(header())
    for number, (first, last) in enumerate(bounds(drama)):
        known = drama.timeline(starts[number + 1]) if number + 1 < len(starts) else timeline
        out = tmp_path / str(number)
        out.mkdir()
        made = await mastering.passage(known, clips, first, last, begins=first, out=out)
        assert (out / "header.mp4").read_bytes() == header()
        for part, (seconds, size) in enumerate(made.fragments):
            data = (out / f"{part}.m4s").read_bytes()
            assert len(data) == size
            assert seconds <= TARGET_SECONDS
            joined += data
        assert sum(seconds for seconds, _ in made.fragments) == pytest.approx((last - first) / SAMPLE_RATE, abs=1e-4)
    stream = tmp_path / "stream.mp4"
    stream.write_bytes(joined)
    heard = decoded(ffmpeg, stream)
    mix = Mixer(timeline, drama.clips.__getitem__, gain_db=nominal_gain_db(timeline)).stretch(0, len(heard))

    assert len(heard) == bounds(drama)[-1][1]
    for begin in range(0, len(heard) - SAMPLE_RATE, SAMPLE_RATE):
        second = slice(begin, begin + SAMPLE_RATE)
        if np.abs(mix[second]).max() > 0.01:
            assert np.corrcoef(heard[second, 0], mix[second, 0])[0, 1] > 0.98, begin / SAMPLE_RATE
    clicks = ClickMeter([join for join, _ in bounds(drama)[1:]])
    clicks.add(heard)
    clicks.finish()
    assert clicks.worst_db < 6.0
    usual = np.sqrt(np.mean((heard - mix) ** 2))
    for join, _ in bounds(drama)[1:]:
        around = slice(join - FRAME, join + FRAME)
        assert np.sqrt(np.mean((heard[around] - mix[around]) ** 2)) < 4 * usual


@pytest.mark.asyncio(loop_scope="module")
async def test_given_the_same_passage_again_then_its_fragments_are_the_same_bytes(
    mastering: Mastering, drama: Drama, clips: dict[str, Path], tmp_path: Path
) -> None:
    first, last = bounds(drama)[1]
    written = []
    for turn in ("one", "two"):
        (tmp_path / turn).mkdir()
        await mastering.passage(drama.timeline(), clips, first, last, begins=first, out=tmp_path / turn)
        written.append([file.read_bytes() for file in sorted((tmp_path / turn).glob("*.m4s"))])
    assert written[0] == written[1]


def test_given_bytes_that_are_no_adts_when_they_are_parted_then_the_error_says_where() -> None:
    with pytest.raises(NotAdts, match="byte 0 of 5"):
        adts_frames(b"hello")
    frame = bytes((0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC)) + b"ab"
    assert adts_frames(frame * 2) == [b"ab", b"ab"]
    with pytest.raises(NotAdts, match="byte 9 of 17"):
        adts_frames((frame * 2)[:17])


def test_given_a_fragment_then_it_tells_its_time_and_where_its_frames_lie() -> None:
    data = fragment([b"abc", b"de"], 7 * FRAME)
    assert data.endswith(b"abcde")
    time = data.index(b"tfdt") + 8
    assert int.from_bytes(data[time : time + 8]) == 7 * FRAME
    offset = data.index(b"trun") + 12
    assert data[int.from_bytes(data[offset : offset + 4]) :] == b"abcde"


# -- the playlist ------------------------------------------------------------------------------

PARTS = (
    Part("/h?a", 0.0, 6.0, ((4.0, "/0"), (2.0, "/1"))),
    Part("/h?b", 6.0, 0.0, ()),
    Part("/h?c", 6.0, 3.5, ((3.5, "/2"),)),
)


def test_given_parts_when_the_playlist_is_written_then_it_grows_line_by_line_until_it_is_sealed() -> None:
    begun, grown = playlist(PARTS[:1], sealed=False), playlist(PARTS, sealed=False)
    assert grown.startswith(begun)
    assert playlist(PARTS, sealed=True) == grown + "#EXT-X-ENDLIST\n"
    assert [row for row in grown.splitlines() if row.startswith("/")] == ["/0", "/1", "/2"]
    assert grown.count('#EXT-X-MAP:URI="/h?a"') == grown.count("#EXT-X-MAP") == 1
    assert "DISCONTINUITY" not in grown


def test_given_a_jump_of_the_streams_time_then_the_playlist_says_so() -> None:
    written = playlist((*PARTS[:1], replace(PARTS[2], begins=6.4)), sealed=True).splitlines()
    assert written[written.index("#EXT-X-DISCONTINUITY") + 1 :] == ["#EXTINF:3.500000,", "/2", "#EXT-X-ENDLIST"]
