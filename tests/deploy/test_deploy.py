"""The platform's graphs as they were reviewed, and the scripts of a release against stand-ins."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from railway_sdk import create_railway_context

from narratix.embedded.residence import packaged_binaries
from tests.loopback import on_loopback

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
COMMIT = "0123abcd"


async def run(script: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """(status, everything that was said)."""
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "deploy" / script),
        *arguments,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_given_an_environment_then_its_graph_is_the_one_that_was_reviewed(environment: str) -> None:
    spec = importlib.util.spec_from_file_location("railway_project", ROOT / ".railway" / "railway.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    graph = module.main(create_railway_context({"environment": environment})).to_graph()

    assert graph == json.loads((HERE / f"railway.{environment}.json").read_text(encoding="utf-8"))


def test_given_both_files_of_the_platform_then_they_say_the_same() -> None:
    toml = tomllib.loads((ROOT / "railway.toml").read_text(encoding="utf-8"))
    graph = json.loads((HERE / "railway.production.json").read_text(encoding="utf-8"))["resources"][0]

    assert {key: graph["deploy"][key] for key in toml["deploy"]} == toml["deploy"]
    assert {key: toml["build"][key] for key in graph["build"]} == graph["build"]


@dataclass
class Platform:
    """The service's health and the platform's API: which deployments there are, and what was rolled back to."""

    answers: list[tuple[int, dict[str, Any]]] = field(
        default_factory=lambda: [(200, {"status": "ready", "commit": COMMIT})]
    )
    deployments: list[dict[str, Any]] = field(default_factory=list)
    rolled_back: list[str] = field(default_factory=list)
    url: str = ""

    async def health(self, _request: web.Request) -> web.Response:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.json_response(body, status=status)

    async def graphql(self, request: web.Request) -> web.Response:
        assert request.headers["Project-Access-Token"] == "token"
        asked = await request.json()
        if "deploymentRollback" in asked["query"]:
            self.rolled_back.append(asked["variables"]["id"])
            return web.json_response({"data": {"deploymentRollback": True}})
        assert asked["variables"]["input"] == {"serviceId": "s1", "environmentId": "e1"}
        return web.json_response({"data": {"deployments": {"edges": [{"node": node} for node in self.deployments]}}})


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform()
    application = web.Application()
    application.router.add_get("/health/ready", platform.health)
    application.router.add_post("/graphql", platform.graphql)
    async with on_loopback(application) as platform.url:
        yield platform


async def test_given_a_release_that_comes_up_then_it_is_waited_for_until_it_runs_that_commit(
    platform: Platform,
) -> None:
    platform.answers = [(503, {}), (200, {"commit": "older"}), (200, {"commit": COMMIT})]
    status, said = await run("wait-until-healthy", PUBLIC_URL=platform.url, COMMIT=COMMIT, PAUSE="0.05")
    assert (status, said.startswith("healthy")) == (0, True)


async def test_given_a_release_that_does_not_come_up_then_the_step_fails_and_shows_why(platform: Platform) -> None:
    platform.answers = [(503, {"detail": "The database does not answer."})]
    status, said = await run("wait-until-healthy", PUBLIC_URL=platform.url, TRIES="2", PAUSE="0.05")
    assert status == 1
    assert "The database does not answer." in said


async def test_given_a_rollback_then_it_goes_to_the_last_deployment_that_can_be_gone_back_to(
    platform: Platform,
) -> None:
    platform.deployments = [
        {"id": "d4", "status": "FAILED", "canRollback": True},
        {"id": "d3", "status": "REMOVED", "canRollback": False},
        {"id": "d2", "status": "SUCCESS", "canRollback": True},
    ]
    known = {"RAILWAY_TOKEN": "token", "RAILWAY_API": f"{platform.url}/graphql", "PUBLIC_URL": platform.url}
    status, said = await run("rollback", **known, RAILWAY_SERVICE_ID="s1", RAILWAY_ENVIRONMENT_ID="e1")
    assert status == 0, said
    status, said = await run("rollback", **known, DEPLOYMENT="d1")
    assert status == 0, said
    assert platform.rolled_back == ["d2", "d1"]


class Bucket:
    """A store for backups, which loses the last byte of what it keeps where it `spoils`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.spoils = False

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "PUT":
            self.kept[request.path] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        body = self.kept[request.path][: -1 if self.spoils else None]
        return web.Response(body=b"" if request.method == "HEAD" else body, headers={"ETag": '"1"'})


@pytest.fixture
async def checkout(tmp_path: Path) -> Path:
    """The scripts of a release beside a `run` and a platform's client that only note that they were called."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    for name in ("run", "railway"):
        note = tmp_path / name
        note.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n')
        note.chmod(0o755)
    return tmp_path


async def released(checkout: Path, environment: str, dsn: str, **settings: str) -> tuple[int, str, list[str]]:
    """(status, what was said, what was called)."""
    given = {"RAILWAY_TOKEN": "token", "RAILWAY": str(checkout / "railway"), "DATABASE_URL": dsn, "COMMIT": COMMIT,
             "PAUSE": "0.01", "TRIES": "2", "PYTHONPATH": str(ROOT),
             "PATH": f"{packaged_binaries()}:{os.environ['PATH']}"}  # fmt: skip
    status, said = await run(str(checkout / "deploy" / "release"), environment, **given, **settings)
    called = checkout / "called"
    return status, said, called.read_text().splitlines() if called.exists() else []


async def test_given_a_release_to_production_then_its_backup_is_kept_elsewhere_before_the_migration(
    checkout: Path, platform: Platform, dsn: str
) -> None:
    bucket, application = Bucket(), web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", bucket.answer)
    async with on_loopback(application) as store:
        known = {"PUBLIC_URL": platform.url, "STAGING_URL": platform.url, "BACKUP_S3_ENDPOINT": store,
                 "BACKUP_S3_BUCKET": "backups-of-ours", "BACKUP_S3_ACCESS_KEY": "a", "BACKUP_S3_SECRET_KEY": "s"}  # fmt: skip
        status, said, called = await released(checkout, "production", dsn, **known)
        assert status == 0, said
        assert called == ["run setup", "run migrate", "railway up --ci --environment production --service narratix"]
        [(place, kept)] = bucket.kept.items()
        assert place.startswith("/backups-of-ours/backups/narratix-")
        [dump] = (checkout / "backups").iterdir()
        assert kept == dump.read_bytes()
        assert kept.startswith(b"PGDMP")

        bucket.spoils = True
        (checkout / "called").unlink()
        status, said, called = await released(checkout, "production", dsn, **known)
        assert (status, "not what was written" in said) == (1, True)
        assert called == ["run setup"]
        status, said, called = await released(checkout, "production", dsn, **known | {"BACKUP_S3_BUCKET": ""})
        assert (status, "BACKUP_S3_BUCKET is not set" in said) == (1, True)
        assert "run migrate" not in called


async def test_given_a_commit_that_staging_does_not_run_then_it_does_not_go_to_production(
    checkout: Path, platform: Platform, dsn: str
) -> None:
    platform.answers = [(200, {"status": "ready", "commit": "another"})]
    status, said, called = await released(
        checkout, "production", dsn, PUBLIC_URL=platform.url, STAGING_URL=platform.url
    )
    assert (status, called) == (1, [])
    assert f"Staging does not run {COMMIT}" in said
    assert not (checkout / "backups").exists()


async def test_given_a_release_to_staging_then_it_is_migrated_and_deployed_without_a_backup(
    checkout: Path, platform: Platform, dsn: str
) -> None:
    status, said, called = await released(checkout, "staging", dsn, PUBLIC_URL=platform.url)
    assert status == 0, said
    assert called == ["run setup", "run migrate", "railway up --ci --environment staging --service narratix"]


async def test_given_nothing_to_go_back_to_then_the_rollback_says_so(platform: Platform) -> None:
    status, said = await run(
        "rollback",
        RAILWAY_TOKEN="token",
        RAILWAY_API=f"{platform.url}/graphql",
        PUBLIC_URL=platform.url,
        RAILWAY_SERVICE_ID="s1",
        RAILWAY_ENVIRONMENT_ID="e1",
    )
    assert status != 0
    assert "No earlier deployment" in said


@pytest.mark.parametrize("script", ["release", "rollback", "backup", "wait-until-healthy"])
async def test_given_nothing_then_a_script_says_what_it_needs_and_does_nothing(script: str) -> None:
    status, said = await run(script)
    assert status != 0
    assert "is not set" in said or "usage" in said


async def test_given_a_database_then_its_backup_brings_the_log_back(dsn: str, postgres: str, tmp_path: Path) -> None:
    dump = tmp_path / "log.dump"
    binaries = packaged_binaries()
    status, said = await run("backup", str(dump), DATABASE_URL=dsn, PATH=f"{binaries}:{os.environ['PATH']}")
    assert status == 0, said
    connection = await asyncpg.connect(postgres)
    await connection.execute("create database restored")
    try:
        restored = dsn.replace(dsn.split("?")[0].rsplit("/", 1)[1], "restored", 1)
        process = await asyncio.create_subprocess_exec(
            str(binaries / "pg_restore"), "--no-owner", "--dbname", restored, str(dump)
        )
        assert await process.wait() == 0
        other = await asyncpg.connect(restored)
        assert await other.fetchval("select count(*) from alembic_version") == 1
        with pytest.raises(asyncpg.RestrictViolationError):
            await other.execute("truncate events")
        await other.close()
    finally:
        await connection.execute("drop database restored with (force)")
        await connection.close()
