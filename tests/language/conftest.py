from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from narratix.providers.storage.directory import DirectoryStorage
from tests.language.claude_standin import ClaudeStandin, claude_standin
from tests.language.minds import Mind


@pytest.fixture
def mind() -> Mind:
    return Mind()


@pytest.fixture
async def claude(mind: Mind) -> AsyncIterator[ClaudeStandin]:
    async with claude_standin(mind) as standin:
        yield standin


@pytest.fixture
def answers(tmp_path: Path) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "answers", secret=b"s" * 32, clock=lambda: 0.0)
