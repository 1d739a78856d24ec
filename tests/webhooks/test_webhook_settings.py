"""A service does not start with a webhook that it cannot call, or cannot sign for."""

from __future__ import annotations

from pathlib import Path

import pytest

from narratix.engines import replicate_webhook
from narratix.environments import WrongEnvironment, check_settings
from narratix.settings import Settings
from narratix.signing import webhook_secrets
from tests.webhooks.receiver import SECRET


def given(home: Path, **changes: str) -> Settings:
    return Settings.model_validate({"home": home, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"webhook_url": "https://example.org/hook"}, "NARRATIX_WEBHOOK_SECRET"),
        ({"webhook_url": "https://example.org/hook", "webhook_secret": "hunter2"}, "NARRATIX_WEBHOOK_SECRET"),
        ({"webhook_url": "nonsense", "webhook_secret": SECRET}, "NARRATIX_WEBHOOK_URL"),
        ({"replicate_webhook_secret": "hunter2"}, "NARRATIX_REPLICATE_WEBHOOK_SECRET"),
        (
            {"environment": "production", "webhook_url": "https://127.0.0.1/", "webhook_secret": SECRET},
            "NARRATIX_WEBHOOK_URL",
        ),
    ],
)
def test_given_a_webhook_that_cannot_work_then_the_setting_is_named_and_its_value_is_not(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(WrongEnvironment, match=said) as caught:
        check_settings(given(tmp_path, **changes))
    assert "hunter2" not in str(caught.value)


def test_given_webhooks_that_can_work_then_development_starts(tmp_path: Path) -> None:
    check_settings(given(tmp_path, webhook_url="http://127.0.0.1:9/hook", webhook_secret=SECRET))


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, ""),
        ({"replicate_webhook_secret": SECRET}, ""),
        ({"replicate_webhook_secret": SECRET, "public_url": "http://localhost:8000"}, ""),
        ({"public_url": "https://narratix.example"}, ""),
        (
            {"replicate_webhook_secret": SECRET, "public_url": "https://narratix.example/"},
            "https://narratix.example/api/webhooks/replicate",
        ),
    ],
)
def test_given_a_public_address_and_a_secret_then_replicate_is_asked_to_tell(
    tmp_path: Path, changes: dict[str, str], address: str
) -> None:
    assert replicate_webhook(given(tmp_path, **changes)) == address


def test_given_a_new_signing_key_then_the_old_one_signs_as_well(tmp_path: Path) -> None:
    before = given(tmp_path, signing_key="old")
    after = given(tmp_path, signing_key="new", former_signing_keys="old")
    assert webhook_secrets(before, "key:1")[0] in webhook_secrets(after, "key:1")[1:]
