"""The contents page of the Speech port: the engines that need no account, best first, and those that need one.

Each is made from the directory of the npm packages and the number of worker processes (None: one per core).
Nothing is loaded before the first line is spoken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from narratix.ports import Speech
from narratix.providers.accounts import Accounts
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech
from narratix.providers.speech.hibari import HibariSpeech
from narratix.providers.speech.hume import HumeSpeech
from narratix.providers.speech.kokoro import KokoroSpeech
from narratix.providers.speech.openai import OpenAISpeech
from narratix.providers.speech.silent import SilentSpeech

SPEECH: dict[str, Callable[[Path, int | None], Speech]] = {
    KokoroSpeech.name: lambda packages, workers: KokoroSpeech(packages / "kokoro-js" / "voices", workers),
    HibariSpeech.name: lambda _packages, workers: HibariSpeech(workers),
    SilentSpeech.name: lambda _packages, _workers: SilentSpeech(),
}

CLOUD_SPEECH: dict[str, Callable[[Accounts], Speech]] = {
    ElevenLabsSpeech.name: lambda accounts: ElevenLabsSpeech(accounts.to_elevenlabs(), accounts.elevenlabs_model),
    OpenAISpeech.name: lambda accounts: OpenAISpeech(accounts.openai_key, accounts.openai_url, accounts.openai_model),
    HumeSpeech.name: lambda accounts: HumeSpeech(accounts.hume_key, accounts.hume_url),
}
