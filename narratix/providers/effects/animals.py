"""Birds, owl, crickets, wolf, dog, cat, horse."""

from __future__ import annotations

import numpy as np

from narratix.ports import SAMPLE_RATE
from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    arc,
    burst,
    chirp,
    drift,
    lay,
    noise,
    peak_one,
    room,
    samples,
    scatter,
    steady,
    strike,
    swell,
    timeline,
    voiced,
)


def birds(rng: Random, seconds: float) -> Signal:
    """Several birds, each with a song of its own that it repeats and waits after; the near ones are louder."""
    sound = np.zeros(samples(seconds))
    for bird in range(5):
        song, length = _song(rng)
        times = np.cumsum(length + rng.exponential(1.6, int(seconds) + 3)) - length - rng.uniform(0.4, 1.6)
        times = times[(times >= 0) & (times < seconds)]
        if bird == 0 and not len(times):
            times = np.array([0.1])
        sound += scatter(seconds, times, [song], 0.75**bird * rng.uniform(0.7, 1.0, len(times)))
    air = noise(rng, seconds, 400.0, 5000.0, tilt=-3.0)
    return room(rng, sound, 14.0, 0.25) + 0.004 * air


def _song(rng: Random) -> tuple[Signal, float]:
    """Two or three kinds of syllable, in runs."""
    syllables = []
    for _ in range(int(rng.integers(2, 4))):
        length, base = rng.uniform(0.04, 0.16), rng.uniform(2400.0, 5200.0)
        places = (0.0, rng.uniform(0.3, 0.7), 1.0)
        pitch = base * arc(length, places, tuple(rng.uniform(0.8, 1.3, 3)))
        if rng.random() < 0.4:  # a trilled syllable
            pitch = pitch * (1 + 0.06 * np.sin(2 * np.pi * rng.uniform(25, 55) * timeline(length)[: len(pitch)]))
        syllables.append(chirp(pitch, (1.0, 0.08, 0.03)) * swell(length, 0.3 * length, 0.5 * length))
    layers, begin = [], 0.0
    for syllable in syllables:
        for _ in range(int(rng.integers(1, 5))):
            layers.append((begin, rng.uniform(0.6, 1.0) * syllable))
            begin += len(syllable) / SAMPLE_RATE + rng.uniform(0.02, 0.07)
    return lay(begin, *layers), begin


def owl(rng: Random, seconds: float) -> Signal:
    """A tawny owl: a long hoot, a pause, a short one and a wavering last."""
    base = rng.uniform(360.0, 420.0)

    def hoot(length: float, waver: float) -> Signal:
        time = timeline(length)
        pitch = base * arc(length, (0, 0.15, 0.7, 1), (0.93, 1.02, 1.0, 0.9))
        pitch = pitch * (1 + waver * np.sin(2 * np.pi * 11.0 * time))
        tone = chirp(pitch, (1.0, 0.14, 0.07, 0.02)) * (1 + 4 * waver * np.sin(2 * np.pi * 11.0 * time))
        return (tone + 0.05 * noise(rng, length, 300.0, 900.0)) * swell(length, 0.09, 0.18)

    calls = [(0.05, hoot(0.7, 0.0)), (1.55, 0.6 * hoot(0.18, 0.0)), (1.95, hoot(1.1, 0.02))]
    layers = [(begin + at, call) for begin in np.arange(0.0, seconds, 6.0) for at, call in calls]
    return room(rng, lay(seconds, *layers), 18.0, 0.35)


def crickets(rng: Random, seconds: float) -> Signal:
    """A night meadow: three insects, each scraping in threes, never in step."""
    sound = np.zeros(samples(seconds))
    for level, hertz, period in ((1.0, 4450.0, 0.62), (0.55, 4820.0, 0.55), (0.3, 4150.0, 0.71)):
        pulse = chirp(np.full(samples(0.022), hertz * rng.uniform(0.98, 1.02)), (1.0, 0.1)) * swell(0.022, 0.008, 0.012)
        chirr = lay(0.14, (0.0, pulse), (0.04, pulse), (0.08, pulse))
        times = steady(rng, seconds, period, 0.06, rng.uniform(0, period))
        sound += scatter(seconds, times, [chirr], np.full(len(times), level))
    return room(rng, sound, 10.0, 0.15) + 0.006 * noise(rng, seconds, 200.0, 6000.0, tilt=-2.0)


def wolf(rng: Random, seconds: float) -> Signal:
    """A long howl that breaks upwards, holds and sinks; another answers."""

    def howl(length: float, base: float) -> Signal:
        pitch = base * arc(length, (0, 0.08, 0.2, 0.65, 1), (0.62, 0.95, 1.06, 1.0, 0.7))
        pitch = pitch * (1 + 0.012 * np.sin(2 * np.pi * 5.2 * timeline(length)))
        tone = chirp(pitch, (1.0, 0.35, 0.16, 0.06)) + 0.05 * noise(rng, length, 400.0, 1600.0)
        return tone * swell(length, 0.35, 0.9)

    first, second = min(seconds, 3.2), min(seconds, 2.8)
    sound = lay(seconds, (0.0, howl(first, 520.0)), (0.55 * seconds, 0.35 * howl(second, 610.0)))
    return room(rng, sound, 30.0, 0.5)


def dog(rng: Random, seconds: float) -> Signal:
    """Barks in twos: a sharp rise, a throat full of noise, a fall."""
    barks = []
    for _ in range(4):
        length = rng.uniform(0.17, 0.22)
        pitch = rng.uniform(310.0, 370.0) * arc(length, (0, 0.2, 0.55, 1), (0.75, 1.35, 1.1, 0.6))
        pitch = pitch * (1 + 0.08 * rng.standard_normal(len(pitch)).cumsum() / np.sqrt(len(pitch)))
        throat = voiced(pitch, ((620.0, 180.0, 1.0), (1250.0, 260.0, 0.9), (2500.0, 500.0, 0.35)), 1.6, rng)
        barks.append(peak_one(throat) * swell(length, 0.018, 0.11))
    starts = [begin + pair for begin in np.arange(0.02, seconds, 1.25) for pair in (0.0, rng.uniform(0.34, 0.42))]
    return room(rng, scatter(seconds, starts, barks, rng.uniform(0.75, 1.0, len(starts))), 9.0, 0.25)


def cat(rng: Random, seconds: float) -> Signal:
    """A miaow: the mouth opens and closes while the pitch rises and falls."""
    length = min(max(0.4, seconds), rng.uniform(0.75, 0.95))
    pitch = rng.uniform(520.0, 600.0) * arc(length, (0, 0.25, 0.6, 1), (0.8, 1.15, 1.05, 0.72))
    closed = voiced(pitch, ((700.0, 150.0, 1.0), (1900.0, 400.0, 0.25)), 0.2, rng)
    opened = voiced(pitch, ((1150.0, 200.0, 1.0), (2400.0, 350.0, 0.7), (3900.0, 600.0, 0.25)), 0.3, rng)
    opening = arc(length, (0, 0.3, 0.6, 1), (0.0, 1.0, 0.8, 0.0))
    call = peak_one(closed * (1 - opening) + opened * opening) * swell(length, 0.08, 0.3)
    starts = np.arange(0.02, seconds, 2.2)
    return room(rng, scatter(seconds, starts, [call], np.full(len(starts), 1.0)), 4.0, 0.15)


def horse(rng: Random, seconds: float) -> Signal:
    """Hooves at a trot on hard ground: pairs of hollow clops."""
    return _hooves(rng, seconds, period=0.62, pattern=(0.0, 0.06, 0.5, 0.57))


def gallop(rng: Random, seconds: float) -> Signal:
    """Hooves at a gallop: three beats and a breath."""
    return _hooves(rng, seconds, period=0.46, pattern=(0.0, 0.2, 0.36))


def _hooves(rng: Random, seconds: float, period: float, pattern: tuple[float, ...]) -> Signal:
    clops = []
    for pitch in (1.0, 1.16, 0.93, 1.08):
        hollow = strike(((620 * pitch, 0.05, 1.0), (980 * pitch, 0.04, 0.7), (1560 * pitch, 0.025, 0.45)))
        thud = strike(((85.0, 0.09, 1.2), (150 * pitch, 0.07, 0.9)))
        grit = burst(rng, 900.0, 5000.0, 0.035, tilt=-2.0)
        clops.append(lay(0.16, (0.0, hollow), (0.0, 0.35 * thud), (0.004, 0.14 * grit)))
    starts = [
        begin + period * place + rng.uniform(-0.01, 0.01)
        for begin in np.arange(0.03, seconds, period)
        for place in pattern
    ]
    gains = rng.uniform(0.65, 1.0, len(starts)) * (0.85 + 0.15 * drift(rng, 1.0, 2.0)[: len(starts)].mean())
    return room(rng, scatter(seconds, np.maximum(0.0, starts), clops, gains), 8.0, 0.2)
