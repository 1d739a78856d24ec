"""The contents page of the Speech port: the engines that need no account, best first.

Each is made from the directory of the npm packages and the number of worker processes (None: one per core).
Nothing is loaded before the first line is spoken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from narratix.ports import Speech
from narratix.providers.speech.hibari import HibariSpeech
from narratix.providers.speech.kokoro import KokoroSpeech
from narratix.providers.speech.silent import SilentSpeech

__all__ = ["SPEECH", "HibariSpeech", "KokoroSpeech", "SilentSpeech"]

SPEECH: dict[str, Callable[[Path, int | None], Speech]] = {
    KokoroSpeech.name: lambda packages, workers: KokoroSpeech(packages / "kokoro-js" / "voices", workers),
    HibariSpeech.name: lambda _packages, workers: HibariSpeech(workers),
    SilentSpeech.name: lambda _packages, _workers: SilentSpeech(),
}
