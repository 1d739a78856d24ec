"""A web application over Narratix, a client of it, and a job whose events a test records itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from narratix.services import Services
from tests.web.web_site import TEXT, Opened, Story, client_of


@pytest.fixture
async def services(opened: Opened) -> AsyncIterator[Services]:
    """A process that serves the web only: nothing happens to a job but what the test records."""
    async with opened("web") as services:
        yield services


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(services) as client:
        yield client


@pytest.fixture
async def story(services: Services) -> Story:
    return Story(services, await services.commands.submit(TEXT, title="The Old House"))
