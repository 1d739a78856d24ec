"""A sound that is measured in stretches measures as the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from narratix.ports import SAMPLE_RATE, Heard, ProviderError
from narratix.providers.mastering.measure import (
    ListeningOrder,
    duration_of,
    listen,
    quiet_seconds,
    rms_dbfs,
    together,
)
from narratix.sound.meters import QuietMeter
from tests.sound.synthetic_drama import speech_like


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speech, three seconds of silence, speech with a click in it, silence."""
    silence = np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    sound = np.concatenate((speech_like(3.0, 1), silence, speech_like(3.0, 2), silence[:SAMPLE_RATE]))
    sound[int(8.5 * SAMPLE_RATE)] += 0.9
    path = tmp_path_factory.mktemp("measured") / "a.wav"
    soundfile.write(path, np.stack([sound, sound * np.float32(0.7)], axis=1), SAMPLE_RATE, subtype="FLOAT")
    return path


def test_given_stretches_then_together_they_are_the_whole(file: Path, ffmpeg: Path) -> None:
    step, click = SAMPLE_RATE // 2 * 5, int(8.5 * SAMPLE_RATE)  # the long silence lies across two stretches
    whole = listen(ListeningOrder(ffmpeg, file, 2, (click,), 60.0))
    parts = [
        listen(ListeningOrder(ffmpeg, file, 2, tuple(j for j in (click - first,) if 0 <= j < step), 60.0, first, step))
        for first in range(0, 10 * SAMPLE_RATE, step)
    ]
    joined = together(parts)
    assert joined.samples == whole.samples == 10 * SAMPLE_RATE
    assert np.allclose(joined.energies, whole.energies, rtol=0.02, atol=1e-9)
    assert joined.peak == pytest.approx(whole.peak, rel=1e-6)
    assert joined.quiet == whole.quiet
    assert quiet_seconds(whole) == pytest.approx(3.0, abs=0.11)
    assert rms_dbfs(joined) == pytest.approx(rms_dbfs(whole), abs=1e-6)
    assert joined.click_db == pytest.approx(whole.click_db, abs=0.01)
    assert joined.click_db > 10.0


@pytest.mark.parametrize("pattern", ["", "q", "l", "qql", "lqq", "qlqqlq", "qqqq", "lqqqqqlqq"])
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_given_runs_of_quiet_frames_then_cutting_them_anywhere_tells_the_same(pattern: str, cut: int) -> None:
    def heard(frames: str) -> Heard:
        meter = QuietMeter()
        levels = np.array([0.0 if frame == "q" else 0.5 for frame in frames], dtype=np.float32)
        meter.add(np.repeat(levels, meter.FRAME)[:, None] * np.ones((1, 2), dtype=np.float32))
        return Heard(len(frames), (), 0.0, 0.0, 0.0, meter.runs)

    pieces = [heard(pattern[i : i + cut]) for i in range(0, max(1, len(pattern)), cut)]
    assert together(pieces).quiet == heard(pattern).quiet


def test_given_a_file_then_its_length_is_read_or_its_lack_told(file: Path, ffmpeg: Path, tmp_path: Path) -> None:
    assert duration_of(ffmpeg, file) == pytest.approx(10.0, abs=0.01)
    (tmp_path / "none.mp3").write_bytes(b"nothing")
    with pytest.raises(ProviderError, match=r"none\.mp3 does not tell its length"):
        duration_of(ffmpeg, tmp_path / "none.mp3")
