"""Files that are read and written: clips, and what appears when it is whole. Used in worker processes, too."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import soundfile

from narratix.ports import ProviderError, Sound
from narratix.sound.codec import NotDecodable, Recording

_ALMOST_FULL_BYTES: Final = 8_000_000


def part_of(path: Path) -> Path:
    """Where a file is written before it is whole."""
    return path.with_name(path.name + ".part")


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A name to write to; the file appears at `path` when all went well, else it vanishes."""
    part = part_of(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Whatever the system or libsndfile say when a disk cannot take more, as one clear error."""
    try:
        yield
    except (soundfile.SoundFileError, OSError, AssertionError) as error:  # soundfile asserts that all was written
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or shutil.disk_usage(path.parent).free < _ALMOST_FULL_BYTES:
            raise ProviderError(
                f"The disk is full: {path.name} could not be written to {path.parent}. Free some space, then try again."
            ) from error
        raise ProviderError(f"The file {path.name} could not be written to {path.parent}: {error}") from error


def clip_of(file: Path) -> Sound | Recording:
    """The sound of a stored clip; of music, which lasts a minute and more, where it is read. Raises ProviderError."""
    try:
        recording = Recording(file)
        return recording if recording.ndim == 2 else recording[:]
    except (OSError, NotDecodable) as error:
        raise ProviderError(f"The clip {file.name} cannot be used: {error}") from error


@contextlib.contextmanager
def clip_errors() -> Iterator[None]:
    """A clip that breaks off while it is played, as one clear error."""
    try:
        yield
    except NotDecodable as error:
        raise ProviderError(f"A clip cannot be used: {error}") from error
