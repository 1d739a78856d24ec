"""Kokoro-82M: 28 neural English voices, and characters made of them, on the processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError, Spoken, Voice
from narratix.providers.pool import BEHIND, EnginePool
from narratix.providers.speech.delivery import delivery
from narratix.providers.speech.kokoro_model import KokoroModel
from narratix.providers.speech.line import NOTHING, SPEAKING, Line, speak_line
from narratix.providers.speech.phonemes import Phonemiser
from narratix.providers.speech.voices import KOKORO_CHARACTERS, KOKORO_VOICES
from narratix.providers.speech.words import READING, source_words


class KokoroSpeech:
    """`voices_directory` holds the `*.bin` of npm's kokoro-js. Each of `workers` processes grows to 0.8-1 GB with its longest phrase."""

    name = "kokoro"
    model = f"kokoro-82m-v1.0-int8+r{READING}.{SPEAKING}"

    def __init__(self, voices_directory: Path, workers: int | None = None) -> None:
        self._pool = EnginePool(workers, load, (voices_directory,), name="Kokoro voices", nice=BEHIND)

    @property
    def voices(self) -> Sequence[Voice]:
        return KOKORO_VOICES

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
        """Raises ProviderError: permanent for an unknown voice and for missing or damaged weights."""
        if all(voice != known.id for known in KOKORO_VOICES):
            raise ProviderError(f"Kokoro has no voice {voice!r}; `narratix voices` lists them.", permanent=True)
        said = dict(pronunciations or {})
        line = await self._pool.run(speak, text, voice, direction, speed, said) if text.strip() else NOTHING
        return Spoken(line.sound, line.words, Usage(provider=self.name, model=self.model, units=float(len(text))))

    async def warm(self) -> None:
        """See `narratix.ports.Warms`."""
        await self._pool.warm(rehearse)

    async def close(self) -> None:
        await self._pool.close()


# -- in the worker -----------------------------------------------------------------------------

_model: KokoroModel | None = None
_phonemisers: dict[bool, Phonemiser] = {}


def load(voices_directory: Path, *, vnni: bool | None = None) -> None:
    global _model
    _model = KokoroModel(voices_directory, vnni=vnni)


def rehearse() -> None:
    """A first sentence takes a second longer than others: dictionaries are read, and room is made for the network."""
    speak("Once upon a time there was a story.", KOKORO_VOICES[0].id, "", 1.0)


def speak(text: str, voice: str, direction: str, speed: float, pronunciations: Mapping[str, str] | None = None) -> Line:
    assert _model is not None, "load comes first"
    base, ratio = KOKORO_CHARACTERS.get(voice, (voice, 1.0))
    british = base.startswith("b")
    if british not in _phonemisers:
        _phonemisers[british] = Phonemiser(_model.vocabulary, british=british)
    words = source_words(text, pronunciations)
    phrases = _phonemisers[british].phrases(words)
    return speak_line(words, phrases, partial(_model.utter, base), delivery(direction), speed, ratio)
