"""The workshop of the effects: noise, slow curves, struck bodies, pulses and rooms. Mono, float64 inside.

Struck bodies are sums of decaying modes (Cook, "Real Sound Synthesis for Interactive Applications", 2002);
bubbles ring at Minnaert's frequency and rise (van den Doel, "Physically based models for liquid sounds", 2005).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are first used: scipy.signal takes half a second

from narratix.ports import SAMPLE_RATE

Signal = npt.NDArray[np.float64]
Random = np.random.Generator

T60 = 6.908  # ln(1000): an exponential has fallen by 60 dB


def samples(seconds: float) -> int:
    return max(1, round(seconds * SAMPLE_RATE))


def timeline(seconds: float) -> Signal:
    """The time in seconds of each sample."""
    return np.arange(samples(seconds)) / SAMPLE_RATE


# -- noise and curves --------------------------------------------------------------------------


def noise(rng: Random, seconds: float, low: float, high: float, tilt: float = 0.0) -> Signal:
    """Noise between `low` and `high` Hz (24 dB an octave outside), tilted by `tilt` dB per octave; RMS 1."""
    count = samples(seconds)
    size = int(scipy.fft.next_fast_len(count, real=True))
    frequencies = np.maximum(scipy.fft.rfftfreq(size, 1 / SAMPLE_RATE), 1.0)
    below, above = np.square(np.square(low / frequencies)), np.square(np.square(frequencies / high))
    gains = 1.0 / np.sqrt((1.0 + np.square(below)) * (1.0 + np.square(above)))
    if tilt:
        gains *= np.exp(tilt / 6.02 * np.log(frequencies / np.sqrt(low * high)))
    gains[0] = 0.0
    # The spectrum of white noise is white noise: drawing it there saves a transform.
    spectrum = rng.standard_normal(2 * len(gains), dtype=np.float32).view(np.complex64)
    return rms_one(scipy.fft.irfft(spectrum * gains.astype(np.float32), size)[:count].astype(np.float64))


def drift(rng: Random, seconds: float, rate: float, low: float = 0.0, high: float = 1.0) -> Signal:
    """A smooth random curve within [low, high] that turns about `rate` times a second."""
    points = rng.uniform(low, high, max(4, int(seconds * rate) + 4))
    at = np.arange(samples(seconds)) * (rate / SAMPLE_RATE) + rng.uniform()
    left = at.astype(np.intp)
    part = at - left
    ease = part * part * (3.0 - 2.0 * part)
    return cast(Signal, points[left] * (1.0 - ease) + points[np.minimum(left + 1, len(points) - 1)] * ease)


def arc(seconds: float, places: Sequence[float], values: Sequence[float]) -> Signal:
    """A curve through `values` at `places` (0..1 of its length)."""
    return np.interp(np.linspace(0.0, 1.0, samples(seconds)), places, values)


def swell(seconds: float, rise: float, fall: float) -> Signal:
    """An envelope that rises and falls with half cosines; both in seconds."""
    time = timeline(seconds)
    up = np.clip(time / max(rise, 1e-4), 0.0, 1.0)
    down = np.clip((seconds - time) / max(fall, 1e-4), 0.0, 1.0)
    return cast(Signal, 0.25 * (1 - np.cos(np.pi * up)) * (1 - np.cos(np.pi * down)))


def dying(seconds: float, t60: float, attack: float = 0.0005) -> Signal:
    """An exponential decay by 60 dB in `t60` seconds, after a short attack."""
    time = timeline(seconds)
    return cast(Signal, np.exp(-T60 * time / t60) * np.minimum(1.0, time / attack))


def poisson(rng: Random, seconds: float, rate: float) -> Signal:
    """Random instants, `rate` a second on average, in order."""
    return np.sort(rng.uniform(0.0, seconds, int(rng.poisson(rate * seconds))))


def steady(rng: Random, seconds: float, period: float, jitter: float = 0.0, start: float = 0.0) -> Signal:
    """Instants a `period` apart from `start` on, each off by up to `jitter` periods."""
    times = np.arange(start, seconds, period)
    return np.maximum(0.0, times + period * jitter * rng.uniform(-1.0, 1.0, len(times)))


# -- bodies ------------------------------------------------------------------------------------


def strike(modes: Iterable[tuple[float, float, float]], seconds: float | None = None) -> Signal:
    """A struck body: (Hz, T60 in seconds, gain) per mode, starting at its loudest."""
    modes = list(modes)
    time = timeline(seconds or max(t60 for _, t60, _ in modes))
    sound = np.zeros(len(time))
    for hertz, t60, gain in modes:
        live = min(len(time), samples(1.2 * t60))
        cycles = hertz * time[:live]
        phase = (2 * np.pi * (cycles - np.floor(cycles))).astype(np.float32)  # small enough for the quick sine
        sound[:live] += gain * np.sin(phase) * np.exp((-T60 / t60 * time[:live]).astype(np.float32))
    return sound


def burst(rng: Random, low: float, high: float, t60: float, tilt: float = 0.0) -> Signal:
    """A burst of noise that dies by 60 dB in `t60`."""
    return noise(rng, 1.1 * t60, low, high, tilt) * dying(1.1 * t60, t60)


def chirp(hertz: Signal, harmonics: Sequence[float] = (1.0,)) -> Signal:
    """A tone whose pitch follows a curve, with harmonics of the given gains."""
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    return cast(Signal, sum(gain * np.sin((number + 1) * phase) for number, gain in enumerate(harmonics)))


def bubble(hertz: float, t60: float, rise: float = 0.3) -> Signal:
    """A drop's bubble: a decaying tone whose pitch rises as the bubble nears the surface."""
    time = timeline(t60)
    pitch = hertz * (1.0 + rise * time / t60)
    return chirp(pitch) * dying(t60, t60, attack=0.001)


def voiced(hertz: Signal, formants: Sequence[tuple[float, float, float]], breath: float, rng: Random) -> Signal:
    """A throat: pulses at a pitch curve, with some breath, through formants of (Hz, bandwidth, gain)."""
    phase = np.cumsum(hertz) / SAMPLE_RATE
    pulses = np.exp(-8.0 * (phase % 1.0))
    source = pulses - pulses.mean() + breath * 0.3 * rng.standard_normal(len(hertz))
    size = int(scipy.fft.next_fast_len(len(source) + 4096, real=True))
    frequencies = scipy.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    response = np.zeros(len(frequencies), dtype=np.complex128)
    for centre, width, gain in formants:
        response += gain * width / (width / 2 + 1j * (frequencies - centre))
    return cast(Signal, scipy.fft.irfft(scipy.fft.rfft(source, size) * response, size)[: len(hertz)])


# -- putting together --------------------------------------------------------------------------


def scatter(seconds: float, times: Iterable[float], kernels: Sequence[Signal], gains: Iterable[float]) -> Signal:
    """Kernels at instants, one after the other in turn, cut at the end."""
    sound = np.zeros(samples(seconds))
    for number, (time, gain) in enumerate(zip(times, gains, strict=True)):
        begin = round(time * SAMPLE_RATE)
        kernel = kernels[number % len(kernels)]
        end = min(len(sound), begin + len(kernel))
        if begin < end:
            sound[begin:end] += gain * kernel[: end - begin]
    return sound


def lay(seconds: float, *layers: tuple[float, Signal]) -> Signal:
    """Sounds added up from given instants; what lies before the beginning or past the end is cut."""
    sound = np.zeros(samples(seconds))
    for time, layer in layers:
        begin = round(time * SAMPLE_RATE)
        part = layer[max(0, -begin) :]
        begin = max(0, begin)
        end = min(len(sound), begin + len(part))
        if begin < end:
            sound[begin:end] += part[: end - begin]
    return sound


def at(curve: Signal, times: Signal) -> Signal:
    """The values of a curve at given instants."""
    return curve[np.minimum(len(curve) - 1, (times * SAMPLE_RATE).astype(np.intp))]


def resound(sound: Signal, response: Signal) -> Signal:
    """`sound` through a body or a space of the given impulse response, as long as before."""
    return cast(Signal, scipy.signal.oaconvolve(sound, response)[: len(sound)])


def band(sound: Signal, low: float, high: float) -> Signal:
    """Causal band-pass of 12 dB an octave."""
    return cast(Signal, scipy.signal.sosfilt(_butterworth(low, high), sound))


@lru_cache(maxsize=64)
def _butterworth(low: float, high: float) -> npt.NDArray[np.float64]:
    return cast(Signal, scipy.signal.butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"))


def room(rng: Random, sound: Signal, size: float, wet: float) -> Signal:
    """Early reflections and a short diffuse tail. `size` in metres sets the delays; `wet` is their level."""
    reach = size / 343.0
    t60 = 0.05 + 0.045 * size
    response = noise(rng, t60, 120.0, 4500.0, tilt=-2.0) * dying(t60, t60, attack=reach)
    response *= wet / np.sqrt(np.sum(np.square(response)))
    for order in range(1, 6):
        response[min(len(response) - 1, samples(reach * order * rng.uniform(0.7, 1.3)))] += wet * 0.6 * 0.7**order
    response[0] += 1.0
    return resound(sound, response)


def rms_one(sound: Signal) -> Signal:
    return sound / max(1e-12, float(np.sqrt(np.mean(np.square(sound)))))


def peak_one(sound: Signal) -> Signal:
    return sound / max(1e-12, float(np.abs(sound).max()))
