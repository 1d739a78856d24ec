"""ffmpeg as a watched process: its exit code counts, its words are kept, its time is limited."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from narratix.ports import SAMPLE_RATE, ProviderError, Sound

QUIETLY = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y")
RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")
_PIPE_BYTES = 1 << 20
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
    good end. After `seconds` it is killed, and what it was doing ends with a ProviderError."""

    def __init__(self, program: Path, arguments: Sequence[str], *, doing: str, seconds: float) -> None:
        self._doing = doing
        self._seconds = seconds
        self._late = False
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
        self._watch = threading.Timer(seconds, self._give_up)
        self._watch.daemon = True
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.cancel()
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()
        self._words.close()

    def write(self, sound: Sound) -> None:
        """Raises ProviderError when ffmpeg has stopped reading."""
        try:
            self._stdin.write(np.ascontiguousarray(sound, dtype="<f4").data.cast("B"))
        except BrokenPipeError as error:
            self._process.wait()
            raise self._failure() from error

    def read(self, frames: int) -> Sound:
        """The next stereo frames, fewer at the end of the sound."""
        data = self._stdout.read(frames * 8)
        return np.frombuffer(data, dtype="<f4").reshape(-1, 2)

    def finish(self) -> None:
        """Close its input and wait for it. Raises ProviderError unless it ended well."""
        with contextlib.suppress(BrokenPipeError):  # then its exit status tells more
            self._stdin.close()
        self._process.wait()
        self._watch.cancel()
        if self._process.returncode != 0:
            raise self._failure()

    def _failure(self) -> ProviderError:
        if self._late:
            return ProviderError(f"ffmpeg did not finish {self._doing} within {self._seconds:.0f} s.")
        self._words.seek(0)
        return failure(self._doing, self._process.returncode, self._words.read().decode(errors="replace"))

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()


def decoded(program: Path, file: Path, *, seconds: float, check: Callable[[], None]) -> Iterator[Sound]:
    """A file's sound, second by second, as stereo at 44.1 kHz. `check` is called before each and may raise."""
    arguments = ("-i", f"file:{file}", "-map", "0:a:0", *RAW, "pipe:1")
    with Ffmpeg(program, arguments, doing=f"decoding {file.name}", seconds=seconds) as ffmpeg:
        while len(sound := ffmpeg.read(SAMPLE_RATE)):
            check()
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
