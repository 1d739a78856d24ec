"""ffmpeg as a watched process: its exit code counts, its words are kept, its time is limited."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import soundfile

from narratix.ports import SAMPLE_RATE, ProviderError, Sound

QUIETLY = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y")
RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")
"""How sound goes to ffmpeg."""
PIECE = 2 * SAMPLE_RATE
"""So much is decoded and measured at a time: each call of a filter costs as much as a fraction of a second of sound."""
_PIPE_BYTES = 1 << 20
_WATCH_SECONDS = 0.25
_FULL = ("no space left", "disk full", "file too large", "quota exceeded")


def failure(doing: str, code: int | None, words: str) -> ProviderError:
    """What went wrong, as a sentence, from ffmpeg's exit code and last words."""
    if any(sign in words.lower() for sign in _FULL):
        return ProviderError(f"The disk is full: {doing} could not be finished. Free some space, then try again.")
    if code is not None and code < 0:
        return ProviderError(f"ffmpeg was killed (signal {-code}) while {doing}; the work can be tried again.")
    last = " ".join(words.split())[-300:] or "it gave no reason"
    return ProviderError(f"ffmpeg failed while {doing} (exit status {code}): {last}")


class Ffmpeg:
    """One run of ffmpeg, as a context. Leaving the context by an error kills it; `finish` waits for its
    good end. After `seconds`, or when the directory `within` in which it works is gone, since nobody waits for it any
    more, it is killed, and what it was doing ends with a ProviderError."""

    def __init__(
        self, program: Path, arguments: Sequence[str], *, doing: str, seconds: float, within: Path | None = None
    ) -> None:
        self._doing = doing
        self._seconds = seconds
        self._within = within
        self._late = self._unwanted = False
        self._ended = threading.Event()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        try:
            self._process = subprocess.Popen(  # noqa: S603  a program of our choice, no shell
                [program, *QUIETLY, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._words,
            )
        except OSError as error:
            self._words.close()
            raise ProviderError(f"ffmpeg at {program} cannot be started: {error.strerror}.", permanent=True) from error
        self._stdin, self._stdout = _open(self._process.stdin), _open(self._process.stdout)
        for pipe in (self._stdin, self._stdout):
            _widen(pipe)
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()
        self._words.close()

    def write(self, sound: Sound) -> None:
        """Raises ProviderError when ffmpeg has stopped reading."""
        self.write_bytes(np.ascontiguousarray(sound, dtype="<f4").data.cast("B"))

    def read(self, frames: int, channels: int = 2) -> Sound:
        """The next frames, fewer at the end of the sound."""
        data = self._stdout.read(frames * 4 * channels)
        return np.frombuffer(data, dtype="<f4").reshape(-1, channels)

    def write_bytes(self, data: bytes | memoryview) -> None:
        """Raises ProviderError when ffmpeg has stopped reading."""
        try:
            self._stdin.write(data)
        except BrokenPipeError as error:
            self._process.wait()
            raise self._failure() from error

    def finish(self) -> None:
        """Close its input and wait for it. Raises ProviderError unless it ended well."""
        with contextlib.suppress(BrokenPipeError):  # then its exit status tells more
            self._stdin.close()
        self._process.wait()
        self._ended.set()
        if self._process.returncode != 0:
            raise self._failure()

    def _failure(self) -> ProviderError:
        if self._late:
            return ProviderError(f"ffmpeg did not finish {self._doing} within {self._seconds:.0f} s.")
        if self._unwanted:
            return ProviderError(f"ffmpeg was stopped while {self._doing}: nobody waits for it any more.")
        self._words.seek(0)
        return failure(self._doing, self._process.returncode, self._words.read().decode(errors="replace"))

    def _watch(self) -> None:
        deadline = time.monotonic() + self._seconds
        while not self._ended.wait(max(0.0, min(_WATCH_SECONDS, deadline - time.monotonic()))):
            self._late = time.monotonic() >= deadline
            self._unwanted = self._within is not None and not self._within.exists()
            if self._late or self._unwanted:
                self._process.kill()
                return


def decoded(program: Path, file: Path, channels: int = 2, *, seconds: float) -> Iterator[Sound]:
    """A file's sound at 44.1 kHz, in pieces of `PIECE` samples. `channels` is what it has. Raises ProviderError.

    MP3 is decoded here, by libsndfile's mpg123, to the same samples within 1e-6: a third of the processor time of an
    ffmpeg, and no process to start."""
    if file.suffix == ".mp3":
        try:
            with soundfile.SoundFile(file) as sound_file:
                yield from sound_file.blocks(PIECE, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as problem:
            raise ProviderError(f"{file.name} cannot be decoded: {problem}") from problem
        return
    arguments = (
        *("-i", f"file:{file}", "-map", "0:a:0"),
        *("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", str(channels), "pipe:1"),
    )
    with Ffmpeg(program, arguments, doing=f"decoding {file.name}", seconds=seconds, within=file.parent) as ffmpeg:
        while len(sound := ffmpeg.read(PIECE, channels)):
            yield sound
        ffmpeg.finish()


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _widen(pipe: IO[bytes]) -> None:
    """A pipe that holds some seconds lets ffmpeg work while the next second is mixed. Where the system
    does not let us, it is only slower."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
