"""What the doctor finds, each fault injected: what is wrong is named, with what to do, and nothing else is broken."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.cli import narratix as narratix_command
from narratix.cli.errors import run
from narratix.doctor import examination as doctor
from narratix.doctor.examination import _tried
from narratix.doctor.findings import Finding, Wanting
from narratix.doctor.platform import database_room, prices, public_address, reports
from narratix.ports import ProviderError
from narratix.providers.speech import hibari, kokoro_model
from narratix.providers.speech.voices import KOKORO_CHARACTERS, KOKORO_VOICES
from narratix.services import Services
from narratix.settings import Settings
from tests.loopback import on_loopback

DAY = date(2026, 11, 22)


def found_by(check: Callable[..., str], *given: object) -> Finding:
    return _tried("it", lambda: check(*given))


async def found_of(check: Callable[..., Any], *given: object, **more: object) -> Finding:
    return await asyncio.to_thread(_tried, "it", lambda: asyncio.run(check(*given, **more)))


# -- what is installed -------------------------------------------------------------------------


def test_given_another_python_then_it_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "sys", types.SimpleNamespace(version_info=(3, 14, 0)))
    finding = found_by(doctor._python, Settings())
    assert (finding.state, "3.11, 3.12 or 3.13" in finding.advice) == ("broken", True)


@pytest.mark.parametrize(
    ("lock", "state", "said"),
    [
        ("no-such-library==1.0 \\\n", "broken", "missing: no-such-library"),
        ("no-such-library==1.0 ; python_version < '3' \\\n", "ok", "1 as locked"),
        ("click==0.0.1 \\\n", "warning", "other versions than locked: click"),
        (None, "warning", "no requirements.lock"),
    ],
)
def test_given_libraries_that_are_not_as_locked_then_they_are_named(
    lock: str | None, state: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PROJECT", tmp_path)
    if lock is not None:
        (tmp_path / "requirements.lock").write_text(lock)
    finding = found_by(doctor._libraries, Settings())
    assert (finding.state, said in finding.found) == (state, True)


@pytest.mark.parametrize("check", [doctor._kokoro, doctor._instruments, doctor._page])
def test_given_packages_that_are_not_there_then_it_is_broken_and_set_up_is_advised(
    check: Callable[[Settings], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro_model, "weights", lambda: b"weights")
    finding = found_by(check, Settings(packages=tmp_path))
    assert finding.state == "broken"
    assert "./run setup" in finding.found + finding.advice or "npm" in finding.found


def test_given_what_is_installed_here_then_every_voice_is_found() -> None:
    settings = Settings()
    found = found_by(doctor._kokoro, settings)
    assert found.state == "ok", found.found
    files = {file.stem for file in (settings.packages / "kokoro-js" / "voices").glob("*.bin")}
    named = {name for voice in KOKORO_VOICES for name in KOKORO_CHARACTERS.get(voice.id, (voice.id, 1.0))[0].split("+")}
    assert named <= files
    assert f"{len(KOKORO_VOICES)} voices from {len(named)} files" in found.found


def test_given_weights_that_are_damaged_then_the_voices_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> bytes:
        raise ProviderError("The weights of Kokoro are not those that were published; run ./run setup.")

    monkeypatch.setattr(kokoro_model, "weights", damaged)
    monkeypatch.setattr(hibari, "load", damaged)
    for check in (doctor._kokoro, doctor._fast):
        assert found_by(check, Settings()).state == "broken"


def test_given_an_ffmpeg_without_encoders_or_none_then_it_is_broken(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' A..... flac  FLAC'\n")
    program.chmod(0o755)
    finding = found_by(doctor._ffmpeg, Settings(ffmpeg=str(program)))
    assert finding.state == "broken"
    assert "libmp3lame" in finding.found
    assert found_by(doctor._ffmpeg, Settings(ffmpeg=str(tmp_path / "none"))).state == "broken"


# -- the database ------------------------------------------------------------------------------


def test_given_a_database_that_does_not_answer_then_everything_about_it_is_broken_and_no_password_is_said() -> None:
    settings = Settings(database_url=SecretStr("postgresql://n:hidden@127.0.0.1:1/n"))
    findings = list(doctor._examine_database(settings))
    assert {finding.state for finding in findings} == {"broken"}
    assert findings[0].name == "database"
    assert "hidden" not in str(findings)


def test_given_an_address_that_is_none_then_that_is_said() -> None:
    [finding] = doctor._examine_database(Settings(database_url=SecretStr("mysql://n@h/n")))
    assert finding.state == "broken"


async def test_given_a_pooler_then_notifications_are_broken(pgbouncer_dsn: str) -> None:
    finding = await found_of(doctor._listen, pgbouncer_dsn)
    assert (finding.state, "direct address" in finding.advice) == ("broken", True)


async def test_given_an_address_that_is_named_as_a_pooler_then_notifications_are_broken() -> None:
    finding = await found_of(doctor._listen, "postgresql://n@ep-a-pooler.eu.aws.neon.tech/n")
    assert (finding.state, "pooler" in finding.found) == ("broken", True)


@pytest.mark.parametrize(("at", "state"), [("0001", "warning"), ("9999", "broken")])
async def test_given_another_migration_then_it_is_said_who_must_move(dsn: str, at: str, state: str) -> None:
    await execute(dsn, f"update alembic_version set version_num = '{at}'")
    finding = await found_of(doctor._migrations, dsn)
    assert (finding.state, at in finding.found) == (state, True)


async def test_given_a_read_model_that_stopped_then_it_is_broken(narratix: Services, dsn: str) -> None:
    async with asyncio.timeout(30):
        while not await narratix.pool.fetchval("select count(*) from subscriptions where name = 'usage'"):
            await asyncio.sleep(0.05)
    await narratix.pool.execute("update subscriptions set error = 'JobSubmitted: poison' where name = 'usage'")
    finding = await found_of(doctor._read_models, dsn)
    assert (finding.state, "usage stopped" in finding.advice) == ("broken", True)


async def test_given_an_event_that_was_altered_then_the_log_is_broken_where_it_stands(
    settings: Settings, dsn: str, server: Database
) -> None:
    async with open_app(settings, server, "web") as services:  # which anchors nothing
        await services.commands.submit("The rain fell.\n")
    await execute(dsn, "alter table events disable trigger all")
    await execute(dsn, "update events set data = replace(data::text, 'rain', 'snow')::json where position = 1")
    finding = await found_of(doctor._log, settings, dsn)
    assert (finding.state, "position 1" in finding.found) == ("broken", True)


async def test_given_a_database_in_order_then_it_has_room(dsn: str) -> None:
    assert (await found_of(database_room, dsn)).state == "ok"


async def test_given_few_connections_then_it_is_a_warning(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narratix.doctor.platform.FEW_CONNECTIONS", 10_000)
    assert (await found_of(database_room, dsn)).state == "warning"


async def test_given_a_clock_that_is_off_then_it_is_broken(dsn: str) -> None:
    finding = await found_of(database_room, dsn, lambda: datetime.now(UTC) + timedelta(minutes=5))
    assert (finding.state, "NTP" in finding.advice) == ("broken", True)


async def execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


# -- what lies around --------------------------------------------------------------------------


@dataclass
class Site:
    status: int = 200
    body: str = '{"status":"live"}'

    async def answer(self, _request: web.Request) -> web.Response:
        return web.Response(status=self.status, text=self.body)


@pytest.mark.parametrize(
    ("site", "state"),
    [(Site(), "ok"), (Site(status=404), "warning"), (Site(body="<h1>Welcome to another site</h1>"), "warning")],
)
async def test_given_a_public_address_then_it_is_asked_whether_a_narratix_is_there(site: Site, state: str) -> None:
    application = web.Application()
    application.router.add_get("/health/live", site.answer)
    async with on_loopback(application) as url:
        settings = Settings(public_url=f"{url}/")
        assert (await found_of(public_address, settings)).state == state
    assert (await found_of(public_address, settings)).state == "warning"


def test_given_no_public_address_then_nobody_is_asked() -> None:
    assert asyncio.run(public_address(Settings())) == "not set; links are relative"


def paying(**changes: object) -> Settings:
    keys = {"anthropic_api_key": SecretStr("k"), "elevenlabs_api_key": SecretStr("k"), "music": "elevenlabs,composed"}
    return Settings.model_validate(keys | changes)


def test_given_engines_that_are_paid_for_then_each_needs_a_price() -> None:
    assert "nothing is paid for" in prices(Settings(), DAY)
    assert prices(paying(), DAY).startswith("3 in use")
    finding = found_by(prices, paying(elevenlabs_model="eleven_v9"), DAY)
    assert (finding.state, "eleven_v9 of elevenlabs" in finding.found) == ("warning", True)


def test_given_prices_that_are_old_then_it_is_a_warning() -> None:
    finding = found_by(prices, paying(), date(2028, 1, 1))
    assert (finding.state, "vendors" in finding.advice) == ("warning", True)


def test_given_reports_without_their_libraries_then_it_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Settings(sentry_dsn=SecretStr("https://k@s.example.org/1"), otlp_endpoint="http://127.0.0.1:1")
    assert found_by(reports, asked).state == "ok"
    monkeypatch.setattr("narratix.doctor.platform._installed", lambda _: False)
    finding = found_by(reports, asked)
    assert (finding.state, "requirements-reports.lock" in finding.advice) == ("broken", True)
    assert "k@s.example.org" not in str(finding)
    assert found_by(reports, Settings()).state == "ok"


@pytest.mark.parametrize(("free", "state"), [(100 << 30, "ok"), (2 << 30, "warning"), (1 << 20, "broken")])
def test_given_a_disk_that_fills_then_it_is_said_in_time(
    free: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    assert found_by(doctor._disk, Settings()).state == state


def test_given_a_port_in_use_then_it_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(doctor, "PORT", taken.getsockname()[1])
        assert found_by(doctor._port).state == "warning"


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def examined(
    named: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`narratix doctor` over this test's database; what loads models is left out."""
    monkeypatch.setenv("NARRATIX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(doctor, "_CHECKS", {"python": doctor._python})
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    return lambda *arguments: (run(narratix_command, ["doctor", *arguments]), *capsys.readouterr())


def test_given_all_in_order_then_the_status_is_0_and_every_part_is_listed(
    examined: Callable[..., tuple[int, str, str]],
) -> None:
    status, printed, said = examined("--json")
    told = json.loads(printed)
    assert (status, told["ok"]) == (0, True), said
    names = [finding["name"] for finding in told["findings"]]
    assert names[0] == "python"
    assert set(names) >= {
        "environment", "database", "database room", "notifications", "migrations", "read models", "log", "storage",
        "prices", "reports", "public address", "disk", "port",
    }  # fmt: skip


def test_given_one_broken_part_then_the_status_is_1_and_the_table_says_what_to_do(
    examined: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Settings) -> str:
        raise Wanting("nothing there", "Put something there.")

    monkeypatch.setattr(doctor, "_CHECKS", {"python": doctor._python, "odd": broken})
    status, printed, said = examined()
    assert status == 1
    assert "Broken: odd." in said
    assert "nothing there. Put something there." in printed
