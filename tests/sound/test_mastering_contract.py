"""What every `Mastering` keeps, run against the real one."""

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from narratix.embedded.ffmpeg import FfmpegMissing, find_ffmpeg
from narratix.events.catalogue import Chapter, Format
from narratix.ports import CONTENT_TYPES, SAMPLE_RATE, Mastering, ProviderError, Tags, Timeline
from narratix.providers.mastering import FORMATS, FfmpegMastering, decode_any
from narratix.providers.mastering.render import MixOrder, mix_files
from narratix.sound.codec import to_flac
from narratix.sound.loudness import energies, integrated
from tests.sound.synthetic_drama import Drama, speech_like

TAGS = Tags(
    title="Tom = Jerry; #1 \\ «é»",
    comment="two\nlines",
    chapters=(Chapter(title="One; or", begins=0.0, ends=20.0), Chapter(title="Two", begins=20.0, ends=70.0)),
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mastering() -> AsyncIterator[Mastering]:
    real: Mastering = FfmpegMastering(find_ffmpeg())
    yield real
    await real.close()


@pytest.fixture(scope="module")
def timeline(drama: Drama) -> Timeline:
    return drama.timeline()


@pytest.fixture(scope="module")
def clips(drama: Drama, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    files = {}
    for number, (key, sound) in enumerate(drama.clips.items()):
        files[key] = folder / f"{number}.flac"
        files[key].write_bytes(to_flac(sound))
    return files


def probed(ffmpeg: Path, file: Path) -> str:
    return subprocess.run([ffmpeg, "-hide_banner", "-i", file], capture_output=True, text=True, check=False).stderr


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("format", ["mp3", "m4b"])
async def test_a_mix_gives_a_master_and_a_deliverable_that_pass_the_gates(
    mastering: Mastering, timeline: Timeline, clips: dict[str, Path], tmp_path: Path, ffmpeg: Path, format: str
) -> None:
    master, out = tmp_path / "master.flac", tmp_path / f"drama{FORMATS[format].suffix}"
    mixed = await mastering.mix(timeline, clips, master, out, format, TAGS)

    failed = [gate for gate in mixed.gates if not gate.passed and "percentile" not in gate.name]
    assert failed == []
    assert len(mixed.gates) == 7
    assert mixed.duration == pytest.approx(timeline.duration, abs=0.05)
    assert mixed.loudness_lufs == pytest.approx(-16.0, abs=0.5)
    assert mixed.true_peak_dbtp <= -1.0
    assert len(mixed.peaks) == 1000
    assert 0.5 < max(mixed.peaks) <= 1.0

    info = soundfile.info(master)
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_24", SAMPLE_RATE, 2)
    assert info.frames == round(timeline.duration * SAMPLE_RATE)
    assert left(tmp_path) == {master.name, out.name}

    seen = probed(ffmpeg, out)
    assert "Tom = Jerry; #1 \\ «é»" in seen
    assert "two lines" in seen
    assert "Chapter #0:1" in seen
    assert "One; or" in seen
    length = re.search(r"Duration: 00:(\d\d):([\d.]+)", seen)
    assert length is not None
    assert 60 * int(length[1]) + float(length[2]) == pytest.approx(timeline.duration, abs=0.1)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("format", list(FORMATS))
async def test_each_format_is_made_from_a_master_at_its_loudness_and_length(
    mastering: Mastering, tmp_path: Path, ffmpeg: Path, format: str
) -> None:
    sound = speech_like(12.0, 5)
    sound *= 0.3 / np.abs(sound).max()
    master, out = tmp_path / "master.flac", tmp_path / f"out{FORMATS[format].suffix}"
    soundfile.write(master, np.stack([sound, sound], axis=1), SAMPLE_RATE, subtype="PCM_24")
    await mastering.encode(master, out, format, Tags(title="A story"))
    assert left(tmp_path) == {master.name, out.name}

    again = decode_any(out.read_bytes(), ffmpeg)
    assert len(again) == pytest.approx(len(sound), abs=50)
    assert integrated(energies(again)) == pytest.approx(integrated(energies(sound)), abs=0.25)
    middle = slice(3 * SAMPLE_RATE, 4 * SAMPLE_RATE)
    assert np.corrcoef(again[middle], sound[middle])[0, 1] > 0.9  # not shifted by the encoder's delay


@pytest.mark.asyncio(loop_scope="module")
async def test_an_mp3_can_be_sought_to_the_right_place(mastering: Mastering, tmp_path: Path, ffmpeg: Path) -> None:
    steps = np.repeat([0.01, 0.02, 0.04, 0.08, 0.16, 0.32], 5 * SAMPLE_RATE)
    tone = (np.sin(np.arange(len(steps)) * 0.06) * steps).astype(np.float32)
    master, out = tmp_path / "m.flac", tmp_path / "m.mp3"
    soundfile.write(master, np.stack([tone, tone], axis=1), SAMPLE_RATE)
    await mastering.encode(master, out, "mp3", Tags(title="Steps"))
    run = subprocess.run(
        [ffmpeg, "-v", "error", "-ss", "22", "-i", out, "-t", "1", "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    )
    heard = np.frombuffer(run.stdout, dtype=np.float32).reshape(-1, 2)
    assert np.abs(heard[SAMPLE_RATE // 10 :]).max() == pytest.approx(0.16, rel=0.05)  # the decoder warms up first
    assert b"Info" in out.read_bytes()[:2000]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cancelled_mix_leaves_nothing_behind_and_the_next_one_works(
    mastering: Mastering, drama: Drama, tmp_path: Path
) -> None:
    long = Drama(24, seed=1)
    clips = {}
    for number, (key, sound) in enumerate(long.clips.items()):
        clips[key] = tmp_path / f"{number}.flac"
        clips[key].write_bytes(to_flac(sound))
    out = tmp_path / "out"
    out.mkdir()
    task = asyncio.create_task(
        mastering.mix(long.timeline(), clips, out / "m.flac", out / "d.mp3", "mp3", Tags(title=""))
    )
    while not (out / "d.mp3.part").exists() and not task.done():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left(out) == set()

    short = Timeline(duration=1.5, dialogue=long.timeline().dialogue[:0], music=(), effects=())
    mixed = await mastering.mix(short, {}, out / "m.flac", out / "d.mp3", "mp3", Tags(title=""))
    assert mixed.loudness_lufs == -70.0
    assert not all(gate.passed for gate in mixed.gates)


@pytest.mark.asyncio(loop_scope="module")
async def test_faults_are_told_in_sentences(mastering: Mastering, timeline: Timeline, tmp_path: Path) -> None:
    tags = Tags(title="x")
    master, out = tmp_path / "m.flac", tmp_path / "d.mp3"
    with pytest.raises(ProviderError, match="no format 'ogg'; choose one of: mp3, m4b"):
        await mastering.mix(timeline, {}, master, out, "ogg", tags)
    with pytest.raises(ValueError, match="no clip for"):
        await mastering.mix(timeline, {}, master, out, "mp3", tags)
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"these are no sounds")
    cues = (*timeline.dialogue, *timeline.music, *timeline.effects)
    with pytest.raises(ProviderError, match=r"clip broken\.flac cannot be used"):
        await mastering.mix(timeline, {cue.key: broken for cue in cues}, master, out, "mp3", tags)
    with pytest.raises(ProviderError, match=r"master broken\.flac cannot be read"):
        await mastering.encode(broken, out, "mp3", tags)
    with pytest.raises(ProviderError, match="cannot be started"):
        await FfmpegMastering(tmp_path).encode(_master(tmp_path), out, "mp3", tags)
    assert left(tmp_path) == {"broken.flac", "ok.flac"}


def _master(folder: Path) -> Path:
    soundfile.write(folder / "ok.flac", np.zeros((SAMPLE_RATE, 2), dtype=np.float32), SAMPLE_RATE)
    return folder / "ok.flac"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("full", ["m.flac", "d.mp3"])
async def test_a_full_disk_is_named(
    mastering: Mastering, timeline: Timeline, clips: dict[str, Path], tmp_path: Path, full: str
) -> None:
    (tmp_path / f"{full}.part").symlink_to("/dev/full")
    with pytest.raises(ProviderError, match=r"disk is full|could not be written"):
        await mastering.mix(timeline, clips, tmp_path / "m.flac", tmp_path / "d.mp3", "mp3", Tags(title=""))
    assert left(tmp_path) == set()
    if full == "d.mp3":
        (tmp_path / "d.mp3.part").symlink_to("/dev/full")
        with pytest.raises(ProviderError, match="disk is full"):
            await mastering.encode(_master(tmp_path), tmp_path / "d.mp3", "mp3", Tags(title=""))


def program(folder: Path, body: str) -> Path:
    file = folder / "ffmpeg-that-fails"
    file.with_suffix(".py").write_text(f"import os, signal, sys, time\n{body}\n")
    # a path with a blank in it cannot stand behind #!
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sys.stderr.write('Unknown encoder: libmp3lame'); sys.exit(8)", r"exit status 8.*Unknown encoder"),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"killed \(signal 9\)"),
        ("sys.stdin.buffer.read(); sys.exit(3)", r"exit status 3"),
    ],
)
def test_an_ffmpeg_that_fails_is_believed(
    timeline: Timeline, clips: dict[str, Path], tmp_path: Path, body: str, told: str
) -> None:
    out, going = tmp_path / "out", tmp_path / "going"
    out.mkdir()
    going.touch()
    order = MixOrder(
        program(tmp_path, body), timeline, clips, out / "m.flac", out / "d.mp3", "mp3", Tags(title=""), going, 60.0
    )
    with pytest.raises(ProviderError, match=told):
        mix_files(order)
    assert left(out) == set()


async def test_an_ffmpeg_that_hangs_is_killed_at_its_deadline_and_when_cancelled(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    hanging = FfmpegMastering(
        program(tmp_path, f"open({json.dumps(str(mark))}, 'w').write(str(os.getpid())); time.sleep(600)"),
        patience=-59.5,  # of a master of one second: half a second is left
    )
    master = _master(tmp_path)
    with pytest.raises(ProviderError, match="did not finish encoding mp3"):
        await hanging.encode(master, tmp_path / "d.mp3", "mp3", Tags(title=""))

    patient = FfmpegMastering(hanging._program)
    mark.unlink(missing_ok=True)
    task = asyncio.create_task(patient.encode(master, tmp_path / "d.mp3", "mp3", Tags(title="")))
    while not mark.exists() or not mark.read_text():
        await asyncio.sleep(0.01)
    pid = int(mark.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    assert not list(tmp_path.glob("d.mp3*"))


def test_foreign_audio_is_decoded_resampled_and_trimmed(ffmpeg: Path, tmp_path: Path) -> None:
    rate = 24_000
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate) * 0.5
    padded = np.concatenate((np.zeros(rate), tone, np.zeros(rate // 2)))
    soundfile.write(tmp_path / "a.ogg", padded, rate)
    data = (tmp_path / "a.ogg").read_bytes()
    sound = decode_any(data, ffmpeg)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(2.5 * SAMPLE_RATE, rel=0.01)
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(sound) == pytest.approx(440, abs=2)
    trimmed = decode_any(data, ffmpeg, trim=True)
    assert len(trimmed) / SAMPLE_RATE == pytest.approx(1.04, abs=0.03)
    with pytest.raises(ProviderError, match="decoding 9 bytes"):
        decode_any(b"no audio.", ffmpeg)


def test_ffmpeg_is_found_or_its_lack_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = find_ffmpeg()
    assert bundled.is_absolute()
    assert find_ffmpeg(bundled) == bundled
    with pytest.raises(FfmpegMissing, match="correct this setting"):
        find_ffmpeg(tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("narratix.embedded.ffmpeg.find_spec", lambda _: None)
    with pytest.raises(FfmpegMissing, match="pip install imageio-ffmpeg"):
        find_ffmpeg()


def test_every_format_of_the_catalogue_can_be_made() -> None:
    assert set(FORMATS) == set(get_args(Format)) == set(CONTENT_TYPES)
