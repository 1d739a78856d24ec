"""The files that installations are made from."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-node.lock", "requirements-reports.lock"]


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))


def names(requirements: list[Any]) -> set[str]:
    requirements = [requirement for requirement in requirements if isinstance(requirement, str)]
    return {re.split(r"[\s\[<>=;~!]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_given_a_lock_when_read_then_everything_is_pinned_by_hash_and_no_host_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    for requirement in re.split(r"(?<!\\)\n", text.strip()):
        assert re.match(r"[a-z0-9.-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", requirement, re.DOTALL), requirement


def test_given_the_project_when_its_locks_are_read_then_they_hold_what_it_asks_for() -> None:
    runtime, groups = names(PROJECT["project"]["dependencies"]), PROJECT["dependency-groups"]
    assert runtime <= pins("requirements.lock")
    assert pins("requirements.lock") | names(groups["dev"]) <= pins("requirements-dev.lock")
    assert names(groups["node"]) == pins("requirements-node.lock")
    assert names(groups["reports"]) <= pins("requirements-reports.lock")
    assert pins("requirements-reports.lock") <= pins("requirements-dev.lock")


def test_given_two_locks_when_compared_then_they_agree_on_versions() -> None:
    pinned = re.compile(r"^[a-z0-9.-]+==[^ ]+(?: ;[^\\]*)?", re.MULTILINE)
    runtime = {pin.strip() for pin in pinned.findall((ROOT / "requirements.lock").read_text())}
    everything = {pin.strip() for pin in pinned.findall((ROOT / "requirements-dev.lock").read_text())}
    assert {pin.split(" ;")[0] for pin in runtime} <= {pin.split(" ;")[0] for pin in everything}


def test_given_the_npm_lock_when_read_then_every_package_has_its_hash_and_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())
    assert {f"node_modules/{name}" for name in wanted["dependencies"]} <= set(packages)
    for path, package in packages.items():
        assert "resolved" not in package, path
        assert path == "" or package["integrity"].startswith("sha512-"), path


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_given_a_script_when_its_shell_reads_it_then_it_parses(script: str) -> None:
    shell = (ROOT / script).read_text().splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n", ROOT / script], check=True)


def test_given_any_directory_when_run_is_asked_for_help_then_it_lists_the_commands(tmp_path: Path) -> None:
    for arguments in ([], ["--help"]):
        told = subprocess.run([ROOT / "run", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        for command in ("demo", "test", "check", "render", "serve", "doctor"):
            assert f"./run {command}" in told.stdout


def test_given_railways_file_when_read_then_deploys_overlap_and_drain() -> None:
    deploy = tomllib.loads((ROOT / "railway.toml").read_text())["deploy"]
    assert deploy["healthcheckPath"] == "/health/ready"
    assert type(deploy["overlapSeconds"]) is type(deploy["drainingSeconds"]) is int
    assert deploy["overlapSeconds"] > 0
    assert deploy["drainingSeconds"] > 0
