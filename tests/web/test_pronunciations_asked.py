"""Pronunciations, as they are sent with a story."""

from __future__ import annotations

from typing import Any

import pytest

from narratix.services import Services
from tests.web.web_site import TEXT, client_of


async def test_given_pronunciations_when_a_story_is_submitted_then_they_are_on_record(services: Services) -> None:
    options = {"pronunciations": {"Anna": "/ ˈɑːnə /", "Thomas": "TOM-us"}}
    async with client_of(services) as client:
        accepted = await client.post("/api/demo/submit", json={"text": TEXT, "options": options})
    assert accepted.status_code == 202, accepted.text
    job = await services.commands.load(accepted.json()["job_id"])
    assert job.options.pronunciations == {"anna": "/ˈɑːnə/", "thomas": "TOM-us"}


@pytest.mark.parametrize(
    ("pronunciations", "sentence"),
    [
        ({"Anna": "/ǃ/"}, "not English IPA"),
        ({"Anna": "a1"}, "a respelling in letters"),
        ({"Black Dog": "x"}, "no single word"),
        ({f"w{n}": "x" for n in range(201)}, "200"),
        (["Anna"], "dictionary"),
        ({"Anna": 5}, "must be a text"),
    ],
)
async def test_given_what_nobody_can_say_when_a_story_is_submitted_then_the_field_and_the_fault_are_named(
    services: Services, pronunciations: Any, sentence: str
) -> None:
    async with client_of(services) as client:
        answer = await client.post(
            "/api/demo/submit", json={"text": TEXT, "options": {"pronunciations": pronunciations}}
        )
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"].startswith("options.pronunciations")
    assert sentence in error["message"]
