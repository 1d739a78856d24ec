"""The real command in processes of its own, with quick engines and an embedded database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n\n“Only me,” said Thomas.\n"
LONG = "“Who is there?” whispered Anna. She listened to the rain, number {}.\n\n"
PATIENCE = 120


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a story and a home in it."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "story.txt").write_text(STORY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environment(place: Path) -> dict[str, str]:
    quick = {f"NARRATIX_{port}": "silent" for port in ("SPEECH", "MUSIC", "EFFECTS")}
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**kept, **quick, "NARRATIX_HOME": str(place / "home")}


@pytest.fixture
def started(environment: dict[str, str], place: Path) -> Iterator[Any]:
    """Starts the command; whatever still runs at the end of the test is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "narratix", *arguments],
            env=environment,
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_given_a_story_when_rendered_twice_then_the_second_time_every_clip_is_found(place: Path, started: Any) -> None:
    results = []
    for name in ("drama.wav", "again.wav"):
        status, out, err = finished(started("render", "story.txt", "-o", name, "--json"))
        assert (status, err) == (0, "")
        results.append(json.loads(out))
    first, second = results

    assert first["job_id"] != second["job_id"]
    assert Path(second["file"]) == place / "again.wav"
    assert second["wall_seconds"] > 0
    assert [entry["name"] for entry in first["cast"]] == ["Narrator", "Anna", "Thomas"]
    clips = [entry for entry in second["usage"] if entry["provider"] == "silent"]
    assert {entry["unit"] for entry in clips} == {"characters", "seconds"}, "speech; music and effects"
    assert all(entry["calls"] == 0 and entry["cached"] for entry in clips)
    assert all(entry["calls"] for entry in first["usage"])
    drama = (place / "drama.wav").read_bytes()
    assert drama[:4] == b"RIFF"
    assert len(drama) == first["audio"]["size_bytes"]
    assert not list(place.glob(".*.part"))


def test_given_the_next_chapter_when_rendered_with_the_voices_of_the_last_then_everybody_keeps_theirs(
    place: Path, started: Any
) -> None:
    (place / "next.txt").write_text("“Only us,” said Ruth.\n\n“And Thomas,” said Anna. “Is it not so?”\n", "utf-8")
    status, out, err = finished(started("render", "story.txt", "-o", "one.wav", "--voice", "Anna=cora", "--json"))
    assert (status, err) == (0, "")
    first = json.loads(out)
    status, out, err = finished(
        started("render", "next.txt", "-o", "two.wav", "--voices-of", first["job_id"], "--json")
    )
    assert (status, err) == (0, "")
    before, then = ({entry["name"]: entry["voice"] for entry in each["cast"]} for each in (first, json.loads(out)))
    assert {name: then[name] for name in ("Narrator", "Anna")} == {name: before[name] for name in ("Narrator", "Anna")}
    assert then["Ruth"] not in before.values()
    status, out, err = finished(started("render", "next.txt", "-o", "two.wav", "--voices-of", "ffff"))
    assert (status, out) == (1, "")
    assert "no job ffff" in err


def test_given_a_running_render_when_interrupted_then_its_job_is_cancelled_and_nothing_is_written(
    place: Path, started: Any
) -> None:
    (place / "long.txt").write_text("".join(LONG.format(number) for number in range(800)), encoding="utf-8")
    home = place / "home"
    before = len(list(home.glob("objects/texts/*/*")))
    rendering = started("render", "long.txt", "-o", "long.mp3")
    while len(list(home.glob("objects/texts/*/*"))) == before:
        assert rendering.poll() is None
    # a speech clip of it proves that the job is under way
    clips = len(list(home.glob("objects/clips/speech/*/*")))
    while len(list(home.glob("objects/clips/speech/*/*"))) == clips:
        assert rendering.poll() is None
    rendering.send_signal(signal.SIGINT)
    status, out, err = finished(rendering)

    assert (status, out) == (1, "")
    assert "narratix jobs retry" in err
    assert len(err.strip().splitlines()) == 1
    assert not (place / "long.mp3").exists()


def test_given_the_demo_when_it_shall_end_then_it_has_shown_a_drama_and_where_to_hear_it(started: Any) -> None:
    status, out, err = finished(started("demo", "--exit", "--port", "0"))
    assert (status, err) == (0, "")
    assert "Narratix is at http://127.0.0.1:" in out
    assert "/job/" in out
    assert "LUFS" in out
    assert Path(next(line for line in out.splitlines() if line.startswith("File")).split(maxsplit=1)[1]).is_file()


def test_given_a_service_when_ready_then_it_prints_one_line_and_ends_with_sigterm(started: Any) -> None:
    service = started("serve", "--port", "0")
    line = service.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    address = line.removeprefix("listening on ").strip()
    with urllib.request.urlopen(f"{address}/health/live", timeout=PATIENCE) as answer:
        assert answer.status == 200
    status, out, err = finished(started("demo", "--port", address.rpartition(":")[2]))
    assert (status, out) == (1, "")
    assert "--port" in err
    assert len(err.strip().splitlines()) == 1

    service.send_signal(signal.SIGTERM)
    status, out, err = finished(service)
    assert (status, out) == (0, "")
    assert "Traceback" not in err
