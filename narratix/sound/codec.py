"""Clips as FLAC, in memory and in files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from narratix.ports import SAMPLE_RATE, Sound


class NotDecodable(ValueError):
    """These bytes are no sound that the mix can use. The text is a sentence for people."""


def to_flac(sound: Sound, bits: Literal[16, 24] = 16) -> bytes:
    """`sound`, mono or stereo, as FLAC. What passes full scale is clipped."""
    buffer = BytesIO()
    # soundfile wraps round what passes full scale in some builds: clip here
    clipped = np.clip(sound, -1.0, 1.0)
    soundfile.write(buffer, clipped, SAMPLE_RATE, format="FLAC", subtype=f"PCM_{bits}")
    return buffer.getvalue()


def from_flac(data: bytes | Path) -> Sound:
    """The sound of FLAC or WAV, in memory or in a file: (n,) for mono, (n, 2) for stereo. Raises NotDecodable, also for
    another sample rate than 44.1 kHz."""
    try:
        sound, rate = soundfile.read(data if isinstance(data, Path) else BytesIO(data), dtype="float32")
    except soundfile.SoundFileError as error:
        what = data.name if isinstance(data, Path) else f"These {len(data):,} bytes"
        raise NotDecodable(f"{what} cannot be read as sound: {error}") from error
    _check(rate)
    result: Sound = sound
    return result


class Recording:
    """The sound of a FLAC or WAV file, read piece by piece where it is asked for: an hour of it takes no more memory than a
    second. A slice of it is that of `from_flac`, bit for bit. The file is open for as long as anybody holds this.

    Raises NotDecodable, also when it is read."""

    nbytes = 1_000_000
    """About what its decoder holds."""

    def __init__(self, file: Path) -> None:
        self._name = file.name
        try:
            self._file = soundfile.SoundFile(file)
        except soundfile.SoundFileError as error:
            raise NotDecodable(f"{file.name} cannot be read as sound: {error}") from error
        _check(self._file.samplerate)
        self.ndim = 1 if self._file.channels == 1 else 2
        self.shape = (self._file.frames,) if self.ndim == 1 else (self._file.frames, self._file.channels)
        self._at = 0

    def __len__(self) -> int:
        return int(self._file.frames)

    def __getitem__(self, where: slice) -> Sound:
        first, last, step = where.indices(len(self))
        if step != 1:
            raise ValueError("A recording is read sample by sample.")
        try:
            if first != self._at:
                self._file.seek(first)
            sound: Sound = self._file.read(max(0, last - first), dtype="float32")
        except soundfile.SoundFileError as error:
            raise NotDecodable(f"{self._name} cannot be read as sound: {error}") from error
        self._at = first + len(sound)
        if self._at < last:
            raise NotDecodable(f"{self._name} ends after {self._at:,} of {len(self):,} samples.")
        return sound


def _check(rate: int) -> None:
    if rate != SAMPLE_RATE:
        raise NotDecodable(f"A clip has a sample rate of {rate:,} Hz; the mix needs {SAMPLE_RATE:,} Hz.")
