"""Commands in this process: what they take, what they print, how they fail."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from narratix.cli import COMMANDS, narratix
from narratix.cli.errors import run, sentence
from narratix.cli.render import writable
from narratix.commands import NoSuchJob
from narratix.embedded.postgres import PostgresUnavailable
from narratix.events.catalogue import JobCancelled, JobSubmitted, Options, Segment
from narratix.events.store import EventStore, NewEvent, Unreachable
from narratix.handlers.texts import text_sha256
from narratix.ports import ProviderError
from narratix.script.tiling import check_tiling

STORY = "The rain fell on the old house.\r\n\r\n“Who is there?” whispered Anna. \U0001f327\r\n"

Told = tuple[int, str, str]
Run = Callable[..., Told]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with quick engines: (exit status, stdout, stderr)."""
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "SPEECH": "silent",
        "MUSIC": "silent",
        "EFFECTS": "silent",
    }.items():
        monkeypatch.setenv(f"NARRATIX_{name}", value)

    def told(*arguments: object) -> Told:
        # basicConfig(force) would close pytest's own handlers
        logging.root.handlers = []
        status = run(narratix, [str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return told


@pytest.fixture
def logged(command: Run, named: None) -> Run:
    """The same over a database of the test's own."""
    return command


def story_file(folder: Path, content: bytes) -> Path:
    path = folder / "story.txt"
    path.write_bytes(content)
    return path


# -- help and mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_given_any_command_when_help_is_asked_then_it_is_given(command: Run, name: str) -> None:
    status, out, err = command(name, "--help")
    assert (status, err) == (0, "")
    assert f"narratix {name}" in out


def test_given_help_when_asked_then_nothing_heavy_is_imported() -> None:
    program = (
        "import sys; from narratix.cli import narratix; from narratix.cli.errors import run; run(narratix, ['--help']);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"asyncpg", "numpy", "pydantic", "rich", "structlog", "sqlalchemy"} & set(told.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dance"], "dance"),
        (["render", "{story}"], "--out"),
        (["render", "{story}", "-o", "{folder}/drama.txt"], ".mp3"),
        (["render", "{story}", "-o", "{folder}"], "format"),
        (["render", "{story}", "-o", "{folder}/none/drama.mp3"], "cannot be written"),
        (["render", "{folder}/none.txt", "-o", "{folder}/drama.mp3"], "no file"),
        (["render", "{story}", "-o", "{folder}/drama.mp3", "--voice", "Anna"], "Anna=af_bella"),
        (["render", "{story}", "-o", "{folder}/drama.mp3", "--voice", "Anna=nobody"], "nobody"),
        (["render", "{story}", "-o", "{folder}/drama.mp3", "--engine", "parrot"], "parrot"),
        (["analyze", "{folder}"], "directory"),
        (["voices", "--engine", "parrot"], "kokoro"),
        (["projections", "rebuild", "dreams"], "job_status"),
        (["bench", "dreams"], "mix"),
        (["serve", "--port", "70000"], "70000"),
    ],
)
def test_given_a_mistake_when_a_command_is_called_then_a_sentence_says_so_and_the_status_is_2(
    command: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    story = story_file(tmp_path, STORY.encode())
    status, out, err = command(*(argument.format(story=story, folder=tmp_path) for argument in arguments))
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PNG\x00\x01", "not a text"),
        (b"One.\nCaf\xe9.\n", "0xe9 in line 2"),
        (b"... !!!", "read aloud"),
    ],
)
def test_given_what_is_no_story_when_read_then_a_sentence_says_so_and_the_status_is_1(
    command: Run, tmp_path: Path, content: bytes, said: str
) -> None:
    status, out, err = command("analyze", story_file(tmp_path, content), "--json")
    assert (status, out) == (1, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ProviderError("The voice is hoarse."), "The voice is hoarse."),
        (PostgresUnavailable("It did not start."), "It did not start."),
        (Unreachable("The database does not answer."), "The database does not answer."),
        (NoSuchJob(uuid.UUID(int=1)), "There is no job"),
        (OSError(28, "No space left on device", "drama.mp3"), "The disk is full (drama.mp3)"),
        (asyncpg.InvalidPasswordError("password authentication failed"), "DATABASE_URL"),
        (ConnectionRefusedError(111, "Connection refused"), "The database cannot be reached"),
        (DBAPIError("select 1", {}, ConnectionRefusedError(111, "refused")), "The database cannot be reached"),
        (ExceptionGroup("several", [ProviderError("The first.")]), "The first."),
    ],
)
def test_given_a_known_error_when_told_then_it_is_a_sentence(problem: Exception, said: str) -> None:
    assert said in sentence(problem)


def test_given_an_unknown_error_when_told_then_its_trace_is_in_the_log_file(command: Run, tmp_path: Path) -> None:
    assert str(tmp_path / "home" / "narratix.log") in sentence(KeyError("nothing"))
    assert "KeyError: 'nothing'" in (tmp_path / "home" / "narratix.log").read_text()


def test_given_a_setting_that_cannot_be_when_a_command_is_called_then_the_variable_is_named(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARRATIX_SPEECH_WORKERS", "many")
    status, _, err = command("voices")
    assert status == 1
    assert "NARRATIX_SPEECH_WORKERS" in err


def test_given_a_file_to_write_when_it_is_tried_then_what_lies_there_stays(tmp_path: Path) -> None:
    before = tmp_path / "drama.mp3"
    before.write_bytes(b"an earlier one")
    assert writable(str(before)) == before
    assert before.read_bytes() == b"an earlier one"
    assert [file.name for file in tmp_path.iterdir()] == ["drama.mp3"]
    assert writable("/dev/null") == Path("/dev/null")


# -- analyze -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [STORY, "Hello", "\U0001f600 said nobody.", "“Yes,” said Tom.\n\n“No,” said Ann.\n" * 300], ids=len
)
def test_given_a_text_when_analyzed_then_the_segments_tile_it_and_the_shape_is_the_contracts(
    command: Run, tmp_path: Path, text: str
) -> None:
    status, out, err = command("analyze", story_file(tmp_path, text.encode()), "--json")
    script: dict[str, Any] = json.loads(out)

    assert (status, err) == (0, "")
    assert list(script) == ["text_sha256", "engine", "cast", "segments", "music", "effects"]
    assert script["text_sha256"] == text_sha256(text)
    check_tiling(text, [Segment(**segment) for segment in script["segments"]])
    for entry in script["cast"]:
        assert list(entry) == ["id", "name", "aliases", "gender", "narrator"]


def test_given_a_byte_order_mark_when_read_then_it_is_no_part_of_the_text(command: Run, tmp_path: Path) -> None:
    status, out, _ = command("analyze", story_file(tmp_path, b"\xef\xbb\xbf" + STORY.encode()), "--json")
    assert status == 0
    assert json.loads(out)["text_sha256"] == text_sha256(STORY)


def test_given_a_text_when_analyzed_for_people_then_cast_and_lines_are_shown(command: Run, tmp_path: Path) -> None:
    status, out, _ = command("analyze", story_file(tmp_path, STORY.encode()))
    assert status == 0
    assert "Anna" in out
    assert "whispering" in out
    assert "“Who is there?”" in out


def test_given_the_engines_when_voices_are_listed_then_each_has_its_own(command: Run) -> None:
    engines = json.loads(command("voices", "--json")[1])
    assert [engine["engine"] for engine in engines] == ["kokoro", "fast", "silent"]
    assert "af_heart" in command("voices", "--engine", "kokoro")[1]


# -- over a log --------------------------------------------------------------------------------


@pytest.fixture
async def job(store: EventStore) -> str:
    """A job that was submitted; no service runs."""
    job_id = uuid.uuid4()
    submitted = JobSubmitted(
        title="The Old House", text_sha256="0" * 64, text_key="texts/00/0.txt", characters=9, options=Options()
    )
    await store.append([NewEvent(job_id, submitted, uuid.uuid4())])
    return str(job_id)


def test_given_a_submitted_job_when_cancelled_and_retried_then_the_list_is_as_the_log_has_it(
    logged: Run, job: str
) -> None:
    assert "cancelled" in logged("jobs", "cancel", job[:8], "--reason", "Enough")[1]
    [row] = json.loads(logged("jobs", "list", "--json")[1])
    assert (row["job_id"], row["status"]) == (job, "cancelled")
    assert logged("jobs", "retry", job)[0] == 0
    assert json.loads(logged("jobs", "show", job, "--json")[1])["status"] == "queued"
    assert logged("jobs", "retry", job)[0] == 0  # asked twice, done once
    assert len(json.loads(logged("history", job, "--json")[1])) == 3
    assert "Enough" in logged("history", job)[1]


def test_given_a_job_when_its_history_is_asked_then_its_events_and_any_earlier_state_are_told(
    logged: Run, job: str
) -> None:
    logged("jobs", "cancel", job)
    events = json.loads(logged("history", job, "--json")[1])
    assert [event["type"] for event in events] == [JobSubmitted.__name__, JobCancelled.__name__]
    assert list(events[0])[:4] == ["position", "event_id", "job_id", "version"]
    state = json.loads(logged("history", job, "--at", 1, "--json")[1])
    assert (state["status"], state["version"], state["title"]) == ("queued", 1, "The Old House")
    assert "queued" in logged("history", job, "--at", 1)[1]
    assert logged("history", job, "--at", 3)[0] == 1
    status, _, err = logged("history", "ffffffff-nobody")
    assert status == 1
    assert "There is no job" in err


async def _tamper(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table events disable trigger events_are_immutable")
        await connection.execute("update events set data = replace(data::text, 'Old', 'New')::json")
        await connection.execute("alter table events enable trigger events_are_immutable")


@pytest.fixture
async def tampered(pool: asyncpg.Pool, job: str) -> str:
    await _tamper(pool)
    return job


def test_given_a_log_when_verified_then_it_is_whole(logged: Run, job: str) -> None:
    verdict = json.loads(logged("audit", "verify", job, "--json")[1])
    assert (verdict["ok"], verdict["events"], verdict["problem"]) == (True, 1, None)
    assert "1 events" in logged("audit", "verify")[1]


def test_given_an_altered_event_when_verified_then_it_is_named_and_the_status_is_1(logged: Run, tampered: str) -> None:
    status, _, err = logged("audit", "verify")
    assert status == 1
    assert tampered in err
