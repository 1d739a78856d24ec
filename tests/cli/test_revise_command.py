"""Dramas for others than podcasts, their stems, and a line that is changed: on the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from narratix.cli import narratix
from narratix.cli.errors import run

STORY = "The rain fell on the old house.\n\n“Who is there?” whispered Anna.\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: None) -> Run:
    """Runs the command with quick engines over this test's database: (exit status, stdout, stderr)."""
    settings = {"HOME": str(tmp_path / "home"), "SPEECH": "silent", "MUSIC": "silent", "EFFECTS": "silent"}
    for name, value in settings.items():
        monkeypatch.setenv(f"NARRATIX_{name}", value)

    def told(*arguments: object) -> tuple[int, str, str]:
        logging.root.handlers = []  # basicConfig(force) would close pytest's own
        status = run(narratix, [str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return told


def test_given_a_story_when_it_is_rendered_with_stems_and_a_profile_then_a_line_of_it_can_be_revised(
    command: Run, tmp_path: Path
) -> None:
    story, out, stems = tmp_path / "story.txt", tmp_path / "drama.wav", tmp_path / "beside" / "stems"
    story.write_text(STORY, encoding="utf-8")
    status, told, wrong = command("render", story, "-o", out, "--stems", stems, "--profile", "broadcast", "--json")
    assert status == 0, wrong
    result = json.loads(told)
    assert result["audio"]["profile"] == "broadcast"
    assert {gate["limit"] for gate in result["gates"] if "loudness" in gate["name"]} == {"-23 +-0.5"}
    assert {file.name for file in stems.iterdir()} == {"dialogue.flac", "music.flac", "effects.flac"}
    lengths = {soundfile.info(file).frames for file in (out, *stems.iterdir())}
    assert len(lengths) == 1

    job = result["job_id"]
    status, told, wrong = command("jobs", "revise", job[:8], 0, "--text", "It snowed.", "--direction", "softly")
    assert (status, told.startswith(f"Line 0 of {job} is revised")) == (0, True), wrong
    assert json.loads(command("jobs", "show", job, "--json")[1])["status"] == "queued"
    history = command("history", job)[1]
    assert "Line 0 was revised: Narrator speaks it in other words, softly." in history
    for arguments, expected, sentence in (
        (("jobs", "revise", job, 0), 2, "say what is to change"),
        (("jobs", "revise", job, 77, "--text", "So"), 1, "There is no line 77"),
        (("jobs", "revise", job, 0, "--speaker", "Zebedee"), 1, "the cast is: Narrator, Anna"),
    ):
        status, _, wrong = command(*arguments)
        assert (status, sentence in wrong) == (expected, True), wrong


def test_given_a_place_for_stems_that_is_none_then_nothing_is_begun(command: Run, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "file").touch()
    status, _, wrong = command("render", tmp_path / "story.txt", "-o", tmp_path / "a.mp3", "--stems", tmp_path / "file")
    assert status == 2
    assert "is no directory to write to" in wrong
    assert not (tmp_path / "a.mp3").exists()
