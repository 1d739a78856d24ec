"""What staging and production refuse to start with, and the list of settings that people copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from narratix.environments import WrongEnvironment, check_settings, claim
from narratix.providers.storage.directory import DirectoryStorage
from narratix.settings import Settings

ROOT = Path(__file__).parent.parent.parent
GOOD = {
    "environment": "production",
    "database_url": SecretStr("postgresql://n@db.example.org/narratix"),
    "s3_endpoint": "https://account.r2.cloudflarestorage.com",
    "s3_bucket": "narratix-production",
    "s3_access_key": SecretStr("key"),
    "s3_secret_key": SecretStr("secret"),
    "signing_key": SecretStr("q8Zx3mT0vK5rN2wL7yB4cD9fG1hJ6kPs"),
    "public_url": "https://narratix.example.org",
}


def settings(**changes: object) -> Settings:
    return Settings.model_validate({**GOOD, **changes})


def test_given_complete_settings_then_production_starts() -> None:
    check_settings(settings())


def test_given_nothing_at_all_then_development_starts() -> None:
    check_settings(Settings())


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"database_url": None}, "DATABASE_URL"),
        ({"s3_bucket": ""}, "NARRATIX_S3_BUCKET"),
        ({"s3_secret_key": SecretStr("")}, "NARRATIX_S3_SECRET_KEY"),
        ({"signing_key": None}, "NARRATIX_SIGNING_KEY"),
        ({"signing_key": SecretStr("short")}, "NARRATIX_SIGNING_KEY"),
        ({"signing_key": SecretStr("changeme" * 8)}, "NARRATIX_SIGNING_KEY"),
        ({"public_url": "http://narratix.example.org"}, "NARRATIX_PUBLIC_URL"),
        ({"public_url": ""}, "NARRATIX_PUBLIC_URL"),
        ({"allowed_origins": "http://elsewhere.example"}, "NARRATIX_ALLOWED_ORIGINS"),
        ({"replay_only": True}, "NARRATIX_REPLAY_ONLY"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_given_a_default_that_is_for_development_then_it_is_refused_by_name(
    environment: str, change: dict[str, object], said: str
) -> None:
    with pytest.raises(WrongEnvironment, match=said) as refused:
        check_settings(settings(environment=environment, **change))
    assert "changeme" not in str(refused.value)


def test_given_several_faults_then_all_are_named_at_once() -> None:
    with pytest.raises(WrongEnvironment) as refused:
        check_settings(Settings.model_validate({"environment": "production"}))
    assert str(refused.value).count("\n  - ") == 4


def test_given_an_open_list_of_origins_then_it_is_no_list_of_origins() -> None:
    with pytest.raises(ValueError, match="no origin"):
        settings(allowed_origins="*")


async def test_given_anothers_database_or_bucket_then_it_is_refused(pool: asyncpg.Pool, tmp_path: Path) -> None:
    def bucket(name: str) -> DirectoryStorage:
        return DirectoryStorage(tmp_path / name, secret=b"s" * 32, clock=lambda: 0.0)

    await claim("staging", pool, bucket("a"))
    await claim("staging", pool, bucket("a"))
    await claim("development", pool, bucket("a"))
    with pytest.raises(WrongEnvironment, match="database of DATABASE_URL belongs to staging"):
        await claim("production", pool, bucket("b"))
    await pool.execute("delete from installations")
    with pytest.raises(WrongEnvironment, match="bucket of NARRATIX_S3_BUCKET belongs to staging"):
        await claim("production", pool, bucket("a"))


# -- the example -------------------------------------------------------------------------------


def variables() -> set[str]:
    return {
        str(field.validation_alias) if field.validation_alias else f"NARRATIX_{name.upper()}"
        for name, field in Settings.model_fields.items()
    }


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {line.split("=", 1)[0]: line.split("=", 1)[1] for line in lines if re.match(r"[A-Z0-9_]+=", line)}


def test_given_the_settings_then_the_example_names_every_one_and_no_other() -> None:
    assert set(example()) == variables() | {"PORT"}


def test_given_the_example_as_it_is_then_the_service_starts_with_its_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in variables() & set(os.environ):
        monkeypatch.delenv(name)
    plain = Settings()
    for name, value in example().items():
        if name != "PORT":
            monkeypatch.setenv(name, value)
    assert Settings() == plain
