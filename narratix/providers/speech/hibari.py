"""hibari: an 8 MB network, a hundred times faster than speech. One voice is in its package; the others are made of it.

The network gives a spectral envelope and a pitch, and its vocoder makes sound of them. Scaling the two apart
gives other bodies: a longer vocal tract has lower formants, heavier vocal folds a lower pitch. (Its author's
further voices would be downloaded on first use; they are never asked for.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError, Sound, Spoken, Voice
from narratix.providers.pool import BEHIND, EnginePool
from narratix.providers.speech import onnx
from narratix.providers.speech.delivery import delivery
from narratix.providers.speech.line import NOTHING, SPEAKING, Line, speak_line
from narratix.providers.speech.phonemes import Phonemiser
from narratix.providers.speech.voices import FAST_BODIES, FAST_VOICES, Body
from narratix.providers.speech.words import READING, source_words


class HibariSpeech:
    """Each of `workers` processes needs some 230 MB."""

    name = "fast"
    model = f"hibari-0.2-heart+r{READING}.{SPEAKING}"

    def __init__(self, workers: int | None = None) -> None:
        self._pool = EnginePool(workers, load, name="fast voices", nice=BEHIND)

    @property
    def voices(self) -> Sequence[Voice]:
        return FAST_VOICES

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
        """Raises ProviderError(permanent=True) for an unknown voice and for a missing model."""
        if voice not in FAST_BODIES:
            raise ProviderError(
                f"The fast engine has no voice {voice!r}; `narratix voices` lists them.", permanent=True
            )
        said = dict(pronunciations or {})
        line = await self._pool.run(speak, text, voice, direction, speed, said) if text.strip() else NOTHING
        return Spoken(line.sound, line.words, Usage(provider=self.name, model=self.model, units=float(len(text))))

    async def warm(self) -> None:
        """See `narratix.ports.Warms`."""
        await self._pool.warm(rehearse)

    async def close(self) -> None:
        await self._pool.close()


# -- in the worker -----------------------------------------------------------------------------

_DURATIONS = "/Clip_output_0"  # frames of 25 ms per symbol
_SILENCE = -20.0  # natural logarithm of a magnitude that is not heard


class HibariModel:
    def __init__(self) -> None:
        assets = files("hibari") / "assets"
        try:
            model = (assets / "hibari.onnx").read_bytes()
        except FileNotFoundError as missing:
            raise ProviderError(
                f"The fast voices' model is missing ({missing}). Run: pip install --force-reinstall --no-deps hibari-tts==0.2.1",
                permanent=True,
            ) from missing
        self._session: Any = onnx.session(onnx.with_output(model, _DURATIONS))
        self._number: dict[str, int] = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))
        self.phonemiser = Phonemiser(frozenset(self._number), british=False)

    def utter(self, body: Body, symbols: str, pace: float) -> tuple[Sound, npt.NDArray[np.float32]]:
        from hibari import dsp

        outputs = self._session.run(
            None,
            {
                "ids": np.array([[0, *(self._number[symbol] for symbol in symbols), 0]]),
                "speed": np.array([np.clip(pace, 0.5, 2.0)], np.float32),
            },
        )
        harmonic, turn, noise, rest, phase, pitch = (output[0] for output in outputs[:6])
        if body.formants != 1.0:
            harmonic, noise, rest = (_stretch(magnitude, body.formants) for magnitude in (harmonic, noise, rest))
            nearest = np.clip(np.round(np.arange(len(turn)) / body.formants).astype(int), 0, len(turn) - 1)
            turn, phase = turn[nearest], phase[nearest]
        seed = np.random.default_rng(0)  # the breath's noise: the same words, the same sound
        sound = dsp.synth(harmonic, turn, noise, rest, phase, pitch * np.float32(body.pitch), seed)
        return sound, outputs[6].ravel()


def _stretch(magnitude: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    """Logarithmic magnitudes, shape (bins, frames), with everything at `factor` times its frequency."""
    bins = len(magnitude)
    at = np.arange(bins) / factor
    below = np.minimum(at.astype(int), bins - 2)
    share = (at - below)[:, None].astype(np.float32)
    stretched = magnitude[below] * (1 - share) + magnitude[below + 1] * share
    stretched[at > bins - 1] = _SILENCE
    return np.ascontiguousarray(stretched, np.float32)


_model: HibariModel | None = None


def load() -> None:
    global _model
    _model = HibariModel()


def rehearse() -> None:
    """What a first sentence reads and compiles is not waited for by a second one."""
    speak("Once upon a time there was a story.", FAST_VOICES[0].id, "", 1.0)


def speak(text: str, voice: str, direction: str, speed: float, pronunciations: Mapping[str, str] | None = None) -> Line:
    assert _model is not None, "load comes first"
    model, body = _model, FAST_BODIES[voice]
    words = source_words(text, pronunciations)
    phrases = model.phonemiser.phrases(words)
    return speak_line(words, phrases, lambda s, pace: model.utter(body, s, pace), delivery(direction), speed, 1.0)
