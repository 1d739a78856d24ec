"""A stand-in that hums: no model, no processes, a few milliseconds a line. For quick tests and rehearsals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from narratix.events.catalogue import Gender, Usage
from narratix.ports import SAMPLE_RATE, ProviderError, Spoken, SpokenWord, Voice
from narratix.providers.speech.delivery import delivery
from narratix.providers.speech.words import source_words

_SECONDS_PER_CHARACTER = 0.06
_LEVEL = 0.05
_GAP = 0.04  # seconds between words


def _voice(id: str, gender: Gender, accent: str, age: str, pitch: float) -> Voice:
    return Voice(id=id, name=id.capitalize(), gender=gender, accent=accent, age=age, pitch_hz=pitch)


class SilentSpeech:
    """Every word is a hum at its voice's pitch, 0.06 s per character: the same arguments, the same sound."""

    name = "silent"
    model = "hum-1"

    @property
    def voices(self) -> Sequence[Voice]:
        return _VOICES

    async def ready(self) -> None:
        """The voices are its own."""

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        """A hum is not pronounced in any way: a word lasts as long as it is written."""
        pitch = next((known.pitch_hz for known in _VOICES if known.id == voice), None)
        if pitch is None:
            raise ProviderError(f"The silent engine has no voice {voice!r}.", permanent=True)
        pace = speed * delivery(direction).pace
        words: list[SpokenWord] = []
        now = 0.0
        for word in source_words(text, pronunciations):
            lasts = (word.end - word.start) * _SECONDS_PER_CHARACTER / pace
            words.append(SpokenWord(word.start, word.end, now, now + lasts))
            now += lasts + _GAP / pace
        duration = words[-1].ends if words else 0.0
        time = np.arange(round(duration * SAMPLE_RATE)) / SAMPLE_RATE
        loud = np.zeros(time.size)
        for spoken in words:
            loud[round(spoken.begins * SAMPLE_RATE) : round(spoken.ends * SAMPLE_RATE)] = _LEVEL
        hum = np.sin(2 * np.pi * pitch * time) + 0.3 * np.sin(4 * np.pi * pitch * time)
        usage = Usage(provider=self.name, model=self.model, units=float(len(text)))
        return Spoken((hum * loud).astype(np.float32), tuple(words), usage)

    async def close(self) -> None:
        """Nothing is held open."""


_VOICES = (
    _voice("ada", "female", "american", "adult", 210.0),
    _voice("bea", "female", "british", "young", 240.0),
    _voice("cora", "female", "american", "old", 180.0),
    _voice("dan", "male", "american", "adult", 120.0),
    _voice("ed", "male", "british", "young", 140.0),
    _voice("fred", "male", "american", "old", 95.0),
    _voice("gil", "male", "american", "child", 270.0),
    _voice("hope", "female", "american", "child", 300.0),
)
