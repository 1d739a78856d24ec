from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cloud.elevenlabs_standin import ElevenLabsStandin, elevenlabs_standin
from tests.language.conftest import claude, mind
from tests.storage.conftest import s3_address

__all__ = ["claude", "mind", "s3_address", "vendor"]


@pytest.fixture
async def vendor() -> AsyncIterator[ElevenLabsStandin]:
    async with elevenlabs_standin() as standin:
        yield standin
