"""Causal filters as what they do to each frequency, applied to many overlapping stretches of a sound at once (overlap-save;
Oppenheim and Schafer, "Discrete-Time Signal Processing", section 8.7).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are first used

from narratix.ports import SAMPLE_RATE

Hertz = npt.NDArray[np.float64]
Factors = npt.NDArray[np.complex128]
Response = Callable[[Hertz, int], Factors]
"""By what a filter for sound of a sample rate multiplies frequencies."""

_STEPS: Final = 5
"""How many times its memory a filter gives with each transform."""


class Filter:
    """For sound (..., n), each channel by itself. A filter is to have died away after `memory` samples, 0.1 s: what lies
    further back has no influence."""

    def __init__(self, response: Response, rate: int = SAMPLE_RATE) -> None:
        self.memory = rate // 10
        self._size = (1 + _STEPS) * self.memory
        self._factors = response(scipy.fft.rfftfreq(self._size, 1.0 / rate), rate).astype(np.complex64)

    def __call__(self, sound: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """As long as `sound`, before which there is silence."""
        return self.settled(_padded(sound, before=self.memory))

    def settled(self, sound: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Without the first `memory` samples of `sound`, which it only settles with."""
        wanted, step = sound.shape[-1] - self.memory, self._size - self.memory
        if wanted % step or not wanted:
            sound = _padded(sound, after=step - wanted % step)
        stretches = np.lib.stride_tricks.sliding_window_view(sound, self._size, axis=-1)[..., ::step, :]
        spectra = scipy.fft.rfft(stretches)
        spectra *= self._factors
        filtered = scipy.fft.irfft(spectra, self._size, overwrite_x=True)[..., self.memory :]
        heard: npt.NDArray[Any] = filtered.reshape(*sound.shape[:-1], -1)[..., :wanted]
        return heard


def butterworth(order: int, low: float = 0.0, high: float = math.inf) -> Response:
    """What passes between two frequencies, with 3 dB less at them, by the bilinear transform; all up to `high` without `low`,
    all from `low` on without `high`."""
    poles = np.exp(0.5j * np.pi * (1.0 + np.arange(1, 2 * order, 2) / order))[:, None]

    def response(hertz: Hertz, rate: int) -> Factors:
        def warped(frequency: Hertz | float) -> Any:
            return np.tan(np.pi / rate * frequency)

        s = 1j * warped(hertz)
        if not low:
            over, under = s, warped(high)
        elif high == math.inf:
            over, under = warped(low), s
        else:
            over, under = s * s + warped(low) * warped(high), s * (warped(high) - warped(low))
        factors: Factors = under**order / np.prod(over - poles * under, axis=0)
        return factors

    return response


def _padded(sound: npt.NDArray[Any], before: int = 0, after: int = 0) -> npt.NDArray[Any]:
    return np.pad(sound, (*[(0, 0)] * (sound.ndim - 1), (before, after)))
