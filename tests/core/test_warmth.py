"""Engines are loaded when somebody is about to need them, once, and only where dramas are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from narratix.app import Database, open_app
from narratix.providers.speech.contents import SPEECH
from narratix.providers.speech.silent import SilentSpeech
from narratix.settings import Settings
from tests.web.web_site import client_of

WARMED: list[str] = []


class Warming(SilentSpeech):
    name = "warming"

    async def warm(self) -> None:
        WARMED.append(self.name)


@pytest.fixture
def warming(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    WARMED.clear()
    monkeypatch.setitem(SPEECH, "warming", lambda *_: Warming())
    return settings.model_copy(update={"speech": "warming"})


async def until_warmed(times: int) -> None:
    async with asyncio.timeout(60):
        while len(WARMED) < times:
            await asyncio.sleep(0.01)


async def asked(client: httpx2.AsyncClient, path: str, engine: str = "") -> int:
    answer = await client.post(path, json={"text": "He slept.", "options": {"engine": engine} if engine else {}})
    return answer.status_code


@pytest.mark.parametrize(("path", "status"), [("/api/demo/estimate", 200), ("/api/demo/submit", 202)])
async def test_given_somebody_with_a_story_then_the_engine_that_will_speak_it_is_loaded_once(
    warming: Settings, server: Database, path: str, status: int
) -> None:
    async with open_app(warming, server) as services, client_of(services) as client:
        assert WARMED == []
        assert [await asked(client, path) for _ in range(3)] == [status] * 3
        await until_warmed(1)
        assert await asked(client, path, "warming") == status
        await until_warmed(2)
        assert await asked(client, path, "silent") == status
    assert WARMED == ["warming"] * 2, "by default and by name; the silent one has nothing to load"


async def test_given_a_process_that_only_serves_the_web_then_nothing_is_loaded_in_it(
    warming: Settings, server: Database
) -> None:
    async with open_app(warming, server, "web") as services, client_of(services) as client:
        assert await asked(client, "/api/demo/estimate") == 200
        services.warmth.kindle()
    assert WARMED == []


async def test_given_an_engine_that_is_not_here_then_kindling_it_harms_nobody(
    warming: Settings, server: Database
) -> None:
    async with open_app(warming, server) as services:
        services.warmth.kindle("nobody")
        services.warmth.kindle()
        await until_warmed(1)


async def test_given_a_service_that_ends_then_what_is_being_loaded_does_not_hold_it_up(
    settings: Settings, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    class Slow(SilentSpeech):
        name = "slow"

        async def warm(self) -> None:
            begun.set()
            await asyncio.Event().wait()

    make: Callable[..., SilentSpeech] = lambda *_: Slow()  # noqa: E731
    monkeypatch.setitem(SPEECH, "slow", make)
    async with open_app(settings, server) as services:
        services.warmth.kindle("slow")
        await begun.wait()
