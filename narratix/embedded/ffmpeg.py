"""Finds the ffmpeg program: one that was named, the one that imageio-ffmpeg brings, or the system's."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path


class FfmpegMissing(Exception):
    """There is no ffmpeg program. The text says what to do."""


def find_ffmpeg(named: str | Path | None = None) -> Path:
    """The absolute path of an executable ffmpeg. A `named` one, a path or a command, is taken or refused;
    there is no falling back from it. Raises FfmpegMissing."""
    if named:
        found = shutil.which(str(named))
        if found is None:
            raise FfmpegMissing(
                f"There is no program {str(named)!r} to run as ffmpeg: correct this setting, or leave it empty."
            )
        return Path(found).absolute()
    program = _bundled() or shutil.which("ffmpeg")
    if program is None:
        raise FfmpegMissing("There is no ffmpeg: run `pip install imageio-ffmpeg`, or install ffmpeg on the system.")
    return Path(program).absolute()


def _bundled() -> Path | None:
    """The program in imageio-ffmpeg's wheel. Its own `get_ffmpeg_exe` would read the environment, which
    the settings alone do here, and start programs to try them."""
    package = find_spec("imageio_ffmpeg")
    if package is None or package.origin is None:
        return None
    programs = (Path(package.origin).parent / "binaries").glob("ffmpeg-*")
    return next((program for program in sorted(programs) if os.access(program, os.X_OK)), None)
