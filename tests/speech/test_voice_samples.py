"""A voice can be heard before it is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from narratix.cli import voices
from narratix.handlers.voice_sample import SAMPLE
from narratix.sound.clip import speech_loudness


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "samples"


def test_given_voices_when_their_samples_are_written_then_each_is_a_sound(folder: Path) -> None:
    asked = ["--engine", "silent", "--sample", str(folder), "--voice", "ada", "--voice", "dan"]
    done = CliRunner().invoke(voices.command, asked)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in folder.iterdir()) == ["silent-ada.wav", "silent-dan.wav"]
    sound, rate = soundfile.read(folder / "silent-ada.wav", dtype="float32")
    assert rate == 44_100
    assert len(sound) > 0.05 * rate * len(SAMPLE)
    assert speech_loudness(sound) == pytest.approx(-19, abs=0.2)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--sample", "{folder}", "--voice", "nobody"], "no voice called 'nobody'"),
        (["--voice", "ada"], "--sample FOLDER"),
    ],
)
def test_given_a_sample_that_cannot_be_had_when_asked_for_then_it_says_so(
    folder: Path, asked: list[str], sentence: str
) -> None:
    done = CliRunner().invoke(voices.command, ["--engine", "silent", *(each.format(folder=folder) for each in asked)])
    assert done.exit_code == 2
    assert sentence in done.output
