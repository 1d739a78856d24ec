"""A voice's sample, over HTTP."""

from __future__ import annotations

import pytest

from narratix.services import Services
from tests.web.web_site import client_of


async def test_given_a_voice_when_its_sample_is_asked_for_twice_then_it_was_made_once(services: Services) -> None:
    async with client_of(services) as client:
        first, second = [await client.get("/api/demo/voice?engine=silent&voice=ada") for _ in range(2)]
        assert (first.status_code, second.status_code) == (302, 302)
        assert first.headers["location"].split("?")[0] == second.headers["location"].split("?")[0]
        sound = await client.get(first.headers["location"])
        assert sound.content[:4] == b"fLaC"


@pytest.mark.parametrize(
    "asked", ["engine=silent&voice=nobody", "engine=parrot&voice=ada", "engine=elevenlabs&voice=a"]
)
async def test_given_no_such_voice_when_its_sample_is_asked_for_then_it_is_not_found(
    services: Services, asked: str
) -> None:
    async with client_of(services) as client:
        answer = await client.get(f"/api/demo/voice?{asked}")
        assert answer.status_code == 404
        assert answer.json()["title"] == "Nothing to hear here"
