from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cloud.elevenlabs_standin import ElevenLabsStandin, elevenlabs_standin


@pytest.fixture
async def vendor() -> AsyncIterator[ElevenLabsStandin]:
    async with elevenlabs_standin() as standin:
        yield standin
