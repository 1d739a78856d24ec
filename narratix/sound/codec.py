"""Clips as FLAC in memory."""

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
    if rate != SAMPLE_RATE:
        raise NotDecodable(f"A clip has a sample rate of {rate:,} Hz; the mix needs {SAMPLE_RATE:,} Hz.")
    result: Sound = sound
    return result
