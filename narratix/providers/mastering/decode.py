"""Foreign audio, such as a speech service answers with, as the arrays of the mix."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import soxr

from narratix.ports import SAMPLE_RATE, ProviderError, Sound
from narratix.providers.mastering.process import QUIETLY, failure

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for programs that it is not asked to run, and needs audioop
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

_SILENCE_DBFS = -50.0
_KEPT_MS = 20


def decode_any(data: bytes, ffmpeg: Path, *, trim: bool = False, seconds: float = 120.0) -> Sound:
    """Audio bytes in any format that ffmpeg knows, as mono at 44.1 kHz. `trim` cuts the silence under
    -50 dBFS at both ends, but for 20 ms. Blocking: call it in a thread. Raises ProviderError.

    ffmpeg decodes to WAV first, so that pydub needs no ffprobe; resampling is soxr's, since pydub's
    interpolates linearly and folds the treble back (an image at -7 dB where soxr has -142).
    """
    with tempfile.TemporaryDirectory(prefix="decode-") as scratch:
        source, plain = Path(scratch, "source"), Path(scratch, "plain.wav")
        source.write_bytes(data)
        arguments = ("-i", f"file:{source}", "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "wav", f"file:{plain}")
        try:
            run = subprocess.run(  # noqa: S603  a program of our choice, no shell
                [ffmpeg, *QUIETLY, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise ProviderError(f"ffmpeg at {ffmpeg} cannot be started: {error.strerror}.", permanent=True) from error
        except subprocess.TimeoutExpired as late:
            raise ProviderError(f"ffmpeg did not decode {len(data):,} bytes within {seconds:.0f} s.") from late
        if run.returncode != 0:
            raise failure(f"decoding {len(data):,} bytes of audio", run.returncode, run.stderr.decode(errors="replace"))
        with plain.open("rb") as wav:  # by its path, pydub would leave it open
            segment = AudioSegment.from_file(wav, format="wav")
    if trim:
        segment = _trimmed(segment)
    samples = np.frombuffer(segment.raw_data, dtype="<i2").reshape(-1, segment.channels)
    mono: Sound = samples.astype(np.float32).mean(axis=1) / np.float32(32768.0)
    if segment.frame_rate == SAMPLE_RATE:
        return mono
    return np.asarray(soxr.resample(mono, segment.frame_rate, SAMPLE_RATE, quality="HQ"), dtype=np.float32)


def _trimmed(segment: AudioSegment) -> AudioSegment:
    leading = detect_leading_silence(segment, silence_threshold=_SILENCE_DBFS, chunk_size=5)
    trailing = detect_leading_silence(segment.reverse(), silence_threshold=_SILENCE_DBFS, chunk_size=5)
    begin, end = max(0, leading - _KEPT_MS), len(segment) - max(0, trailing - _KEPT_MS)
    return segment[begin:end] if begin < end else segment[:0]
