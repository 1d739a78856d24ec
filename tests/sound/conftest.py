"""The synthetic drama, made once for all tests of the sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from narratix.embedded.ffmpeg import find_ffmpeg
from tests.sound.synthetic_drama import Drama


@pytest.fixture(scope="session")
def drama() -> Drama:
    """About 70 seconds."""
    return Drama(24, seed=1)


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return find_ffmpeg()
