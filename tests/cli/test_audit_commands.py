"""`narratix audit` and `narratix history`, and the verifier of docs/, which knows nothing of Narratix."""

from __future__ import annotations

import ast
import asyncio
import gzip
import json
import logging
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from narratix.cli import narratix
from narratix.cli.errors import run
from narratix.doctor import examination as doctor
from narratix.doctor.findings import Wanting
from narratix.events.anchoring import Anchorer
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.providers.storage.directory import DirectoryStorage
from narratix.settings import Settings
from narratix.signing import anchor_keys
from tests.events.written_log import JOBS, NOON, forge_chain, tamper, write

Told = tuple[int, str, str]
Run = Callable[..., Told]

VERIFIER = Path(__file__).parents[2] / "docs" / "verify.py"
KEY = "a signing key"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: None, capfdbinary: Any) -> Run:
    """Runs the command over the test's database: (exit status, stdout, stderr)."""
    monkeypatch.setenv("NARRATIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NARRATIX_SIGNING_KEY", KEY)

    def told(*arguments: object) -> Told:
        logging.root.handlers = []
        status = run(narratix, [str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return told


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", signing_key=KEY)  # type: ignore[arg-type]


Anchor = Callable[[], Awaitable[None]]


@pytest.fixture
def anchor(pool: asyncpg.Pool, store: EventStore, settings: Settings) -> Anchor:
    """Anchors the log as it stands."""

    class Leading:
        elected = True

    async def write_anchor() -> None:
        anchorer = Anchorer(
            pool=pool,
            feed=Feed(store, lambda: asyncpg.connect("")),
            storage=DirectoryStorage(settings.home / "objects", secret=b"", clock=lambda: 0.0),
            keys=anchor_keys(settings),
            seconds=1,
            leader=Leading(),
            clock=lambda: NOON,
        )
        await anchorer.write()

    return write_anchor


@pytest.fixture
async def log(store: EventStore, anchor: Anchor) -> None:
    """Twelve events, anchored at 6 and 12."""
    for _ in range(2):
        await write(store, 6)
        await anchor()


def verifier(*arguments: object) -> Told:
    """The verifier by itself: an isolated Python that finds nothing but its standard library."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", VERIFIER, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


async def of(command: Run, *arguments: object) -> Told:
    """Commands run an event loop of their own."""
    return await asyncio.to_thread(command, *arguments)


# -- the verifier of docs/ ---------------------------------------------------------------------


def test_given_the_verifier_then_it_is_short_and_uses_nothing_but_the_standard_library() -> None:
    source = VERIFIER.read_text()
    assert len(source.splitlines()) <= 60
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("name", ["log.ndjson", "log.ndjson.gz"])
async def test_given_an_export_when_checked_without_narratix_then_it_is_whole_up_to_the_same_rolling_hash(
    command: Run, log: None, tmp_path: Path, name: str
) -> None:
    exported, anchors = tmp_path / name, tmp_path / "anchors.ndjson"
    status, out, err = await of(command, "audit", "export", "-o", exported)
    assert (status, out) == (0, "")
    assert "12 events, up to position 12" in err
    assert (await of(command, "audit", "anchors", "-o", anchors))[0] == 0
    key = (await of(command, "audit", "key"))[1].strip()
    verdict = json.loads((await of(command, "audit", "verify", "--json"))[1])
    assert (verdict["ok"], verdict["anchored"]) == (True, 12)
    for arguments in ((exported,), (exported, anchors, key)):
        status, out, err = verifier(*arguments)
        assert (status, err) == (0, "")
        assert f"3 jobs, 12 events, rolling hash {verdict['rolling']}" in out
    status, _, err = verifier(exported, anchors, "00" * 32)
    assert status == 1
    assert "Not signed with this key" in err


def changed(line: str) -> Iterator[tuple[str, str]]:
    """The line with one character of one value changed, for every value."""
    for name in json.loads(line):
        found = re.search(rf'"{name}":("?)(.)', line)
        assert found is not None
        at = found.end() - 1
        if name in ("data", "metadata"):
            at = line.index('"', at) + 1
        other = next(one for one in "12ab" if one != line[at])
        yield name, line[:at] + other + line[at + 1 :]


async def test_given_an_export_with_any_value_changed_then_the_verifier_names_its_place(
    command: Run, log: None, tmp_path: Path
) -> None:
    exported = tmp_path / "log.ndjson"
    await of(command, "audit", "export", "-o", exported)
    lines = exported.read_text().splitlines()
    wrongs = {name: [*lines[:4], line, *lines[5:]] for name, line in changed(lines[4])}
    assert len(wrongs) == 10
    reshaped = json.loads(lines[4])
    reshaped["data"] = json.dumps(reshaped["data"], ensure_ascii=False, separators=(",", ":"))
    wrongs |= {
        "data as a text": [*lines[:4], json.dumps(reshaped, ensure_ascii=False, separators=(",", ":")), *lines[5:]],
        "a blank in the data": [*lines[:4], lines[4].replace('"data":{', '"data":{ '), *lines[5:]],
        "deleted": [*lines[:4], *lines[5:]],
        "the first deleted": lines[1:],
        "swapped": [*lines[:4], lines[5], lines[4], *lines[6:]],
        "doubled": [*lines[:5], *lines[4:]],
    }
    for name, wrong in wrongs.items():
        exported.write_text("".join(f"{line}\n" for line in wrong))
        status, out, err = verifier(exported)
        assert (status, err) == (1, "The log is NOT whole.\n"), name
        assert re.match(r"position \d+: ", out), name
        if name not in ("position", "the first deleted", "deleted", "swapped"):
            assert out.startswith("position 5: "), name


async def test_given_a_truncated_or_recomputed_log_then_the_verifier_tells_by_the_anchors(
    command: Run, log: None, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    exported, anchors = tmp_path / "log.ndjson", tmp_path / "anchors.ndjson"
    await of(command, "audit", "anchors", "-o", anchors)
    key = (await of(command, "audit", "key"))[1].strip()
    await tamper(pool, "delete from events where position > 9")
    await of(command, "audit", "export", "-o", exported)
    assert verifier(exported)[0] == 0
    status, out, _ = verifier(exported, anchors, key)
    assert (status, out.splitlines()[0]) == (1, "position 10: the log ends before it, and was anchored at 12")

    await tamper(pool, "update events set type = 'JobCancelled' where position = 8")
    await forge_chain(pool)
    await tamper(pool, "update events set type = 'JobCancelled' where position = 2")
    await forge_chain(pool)
    await of(command, "audit", "export", "-o", exported)
    assert verifier(exported)[0] == 0
    status, out, _ = verifier(exported, anchors, key)
    assert (status, out.partition(":")[0]) == (1, "position 6")


async def test_given_exports_that_follow_each_other_then_joined_they_are_the_log(
    command: Run, log: None, store: EventStore, tmp_path: Path
) -> None:
    whole, first, second = (tmp_path / f"{name}.ndjson.gz" for name in ("whole", "first", "second"))
    assert "--after 12" in (await of(command, "audit", "export", "-o", first))[2]
    await write(store, 3)
    assert "3 events" in (await of(command, "audit", "export", "--after", 12, "-o", second))[2]
    whole.write_bytes(first.read_bytes() + second.read_bytes())
    assert verifier(whole)[0] == 0
    status, out, _ = await of(command, "audit", "export", "-o", "-")
    assert (status, out.encode()) == (0, gzip.decompress(whole.read_bytes()))
    assert "0 events" in (await of(command, "audit", "export", "--after", 99, "-o", second))[2]


async def test_given_a_place_that_cannot_be_written_then_a_sentence_says_so(
    command: Run, log: None, tmp_path: Path
) -> None:
    status, _, err = await of(command, "audit", "export", "-o", tmp_path / "none" / "log.ndjson")
    assert status == 1
    assert "cannot be written" in err
    assert (await of(command, "audit", "export"))[0] == 2


# -- verify ------------------------------------------------------------------------------------


async def test_given_a_log_when_verified_since_its_anchor_then_only_the_rest_is_recomputed(
    command: Run, log: None, store: EventStore
) -> None:
    await write(store, 3)
    status, out, _ = await of(command, "audit", "verify", "--since-anchor")
    assert status == 0
    assert "3 events after the anchor at position 12" in out
    assert "15 events, every hash is right, as anchored up to position 12" in (await of(command, "audit", "verify"))[1]
    assert (await of(command, "audit", "verify", JOBS[0], "--since-anchor"))[0] == 2
    assert "The job is whole: 5 events" in (await of(command, "audit", "verify", JOBS[0]))[1]


async def test_given_several_faults_when_verified_then_each_is_told_and_the_status_is_1(
    command: Run, log: None, pool: asyncpg.Pool
) -> None:
    await tamper(pool, "delete from events where position = 12", "update events set version = 7 where position = 2")
    status, out, err = await of(command, "audit", "verify")
    assert status == 1
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        f"Position 2, job {JOBS[1]}",
        f"Position 5, job {JOBS[1]}",
        "Position 12",
    ]
    assert err.startswith(f"The log is not whole. Position 2, job {JOBS[1]}: ")
    verdict = json.loads((await of(command, "audit", "verify", "--json"))[1])
    assert [problem["position"] for problem in verdict["problems"]] == [2, 5, 12]


async def test_given_a_doctor_then_it_holds_the_log_against_its_last_anchor(
    command: Run, log: None, pool: asyncpg.Pool, store: EventStore, dsn: str, settings: Settings
) -> None:
    await write(store, 1)
    assert await doctor._log(settings, dsn) == "whole up to position 13, anchored at position 12"
    await tamper(pool, "delete from events where position > 11")
    with pytest.raises(Wanting, match="position 12: The log ends at position 11"):
        await doctor._log(settings, dsn)


# -- history -----------------------------------------------------------------------------------


async def test_given_a_job_then_its_state_is_told_at_any_version_or_time(
    command: Run, log: None, pool: asyncpg.Pool
) -> None:
    times = await pool.fetch("select recorded_at from events where stream_id = $1 order by version", JOBS[0])
    third = times[2]["recorded_at"]
    for at in (3, third.isoformat(), third.replace(tzinfo=None).isoformat(), f"{third:%Y-%m-%dT%H:%M:%S.%f}Z"):
        assert json.loads((await of(command, "history", JOBS[0], "--at", at, "--json"))[1])["version"] == 3
    for at, version in (("2020-01-01", 0), ("2999-01-01T00:00+02:00", 4), (0, 0)):
        assert json.loads((await of(command, "history", JOBS[0], "--at", at, "--json"))[1])["version"] == version
    for at in ("yesterday", "-1", "2026-13-01", "١"):
        status, _, err = await of(command, "history", JOBS[0], "--at", at)
        assert status == 2
        assert "2026-11-22T19:00Z" in err
    assert (await of(command, "history", JOBS[0], "--at", 5))[0] == 1
