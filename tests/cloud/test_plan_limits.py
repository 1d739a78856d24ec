"""A vendor's plan allows so many calls at once, however many processes there are."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from narratix.engines import limits
from narratix.settings import Settings

KEY = {"elevenlabs_api_key": SecretStr("key"), "elevenlabs_calls": 5}
ALL = {"speech": "elevenlabs", "music": "elevenlabs,composed", "effects": "elevenlabs,synthesised"}


@pytest.mark.parametrize(
    ("chosen", "shared"),
    [
        ({}, {}),
        (KEY, {}),
        (KEY | {"speech": "elevenlabs"}, {"speech": 5}),
        (KEY | ALL, {"speech": 3, "music": 1, "effects": 1}),
        (KEY | ALL | {"music": "replicate,elevenlabs,composed"}, {"speech": 4, "effects": 1}),
        (KEY | ALL | {"elevenlabs_calls": 2}, {"speech": 1, "music": 1, "effects": 1}),
        (
            KEY | ALL | {"limits": {"speech": 2, "mastering": 1}},
            {"speech": 2, "music": 1, "effects": 1, "mastering": 1},
        ),
        (ALL, {}),
    ],
)
def test_given_a_plan_then_its_calls_are_shared_among_all_processes(
    chosen: dict[str, Any], shared: dict[str, int]
) -> None:
    assert limits(Settings(**chosen)) == shared
