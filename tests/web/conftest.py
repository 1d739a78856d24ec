"""A web application over a whole Narratix, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from narratix.services import Services
from narratix.web.server import create_api


@pytest.fixture
async def api(narratix: Services) -> AsyncIterator[FastAPI]:
    api = create_api(narratix)
    async with api.router.lifespan_context(api):
        yield api


@pytest.fixture
async def client(api: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(api), base_url="http://narratix") as client:
        yield client
