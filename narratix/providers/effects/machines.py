"""Guns, trains, carriages, engines, telephones."""

from __future__ import annotations

import numpy as np

from narratix.ports import SAMPLE_RATE
from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    arc,
    at,
    burst,
    chirp,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    poisson,
    rms_one,
    room,
    scatter,
    steady,
    strike,
    swell,
    timeline,
)


def gunshot(rng: Random, seconds: float) -> Signal:
    """The blast, nearly clipped, its body, and echoes from the hills."""
    blast = burst(rng, 60.0, 9000.0, 0.16, tilt=-3.0)
    boom = burst(rng, 40.0, 250.0, 0.5, tilt=-2.0)
    shot = np.tanh(3.0 * lay(0.6, (0.0, peak_one(blast)), (0.0, 0.7 * peak_one(boom))))
    layers: list[tuple[float, Signal]] = [(0.0, shot)]
    for delay, level in ((0.17, 0.10), (0.29, 0.08), (0.46, 0.06), (0.71, 0.04)):
        layers.append((delay, level * burst(rng, 80.0, 1500.0, 0.5, tilt=-3.0)))
    return room(rng, lay(seconds, *layers), 25.0, 0.25)


def explosion(rng: Random, seconds: float) -> Signal:
    """A blow, a roar that darkens, and falling debris."""
    roar = noise(rng, seconds, 25.0, 220.0, tilt=-2.0) * dying(seconds, 2.4, attack=0.01)
    bright = noise(rng, seconds, 150.0, 3500.0, tilt=-4.0) * dying(seconds, 0.8, attack=0.003)
    times = 0.3 + rng.exponential(0.5, 40)
    bits = [burst(rng, 300.0, 5000.0, rng.uniform(0.01, 0.04), tilt=-2.0) for _ in range(8)]
    debris = scatter(seconds, times, bits, 0.08 * np.exp(-times) * rng.uniform(0.3, 1.0, len(times)))
    return np.tanh(1.4 * (0.6 * roar + 0.6 * bright)) + debris


def train(rng: Random, seconds: float) -> Signal:
    """A steam train: the whistle's chord, four chuffs to a turn of the wheels, and the joints of the rails."""
    chuffs = [noise(rng, 0.2, 120.0, 3500.0, tilt=-3.0) * swell(0.2, 0.02, 0.17) for _ in range(4)]
    period = 0.27
    times = steady(rng, seconds, period, 0.02, 0.05)
    puffing = scatter(seconds, times, chuffs, np.tile((1.0, 0.7, 0.8, 0.7), len(times))[: len(times)])
    clack = strike(((210, 0.07, 1.0), (480, 0.05, 0.7), (1150, 0.03, 0.4)))
    joints = np.arange(0.2, seconds, 4 * period)
    pairs = np.sort(np.concatenate((joints, joints + 0.13)))
    rolling = noise(rng, seconds, 50.0, 400.0, tilt=-3.0) * drift(rng, seconds, 4.0, 0.7, 1.0)
    sound = 1.3 * puffing + 0.9 * scatter(seconds, pairs, [clack], np.full(len(pairs), 0.6)) + 0.3 * rolling
    blow = min(1.5, 0.5 * seconds)
    return room(rng, lay(seconds, (0.0, sound), (0.3, 0.8 * _whistle(rng, blow))), 20.0, 0.3)


def whistle(rng: Random, seconds: float) -> Signal:
    """A steam whistle: two calls."""
    length = min(1.6, 0.45 * seconds)
    return room(rng, lay(seconds, (0.0, _whistle(rng, 0.5 * length)), (0.6 * length, _whistle(rng, length))), 25.0, 0.4)


def _whistle(rng: Random, seconds: float) -> Signal:
    pitch = arc(seconds, (0, 0.12, 0.85, 1), (0.9, 1.0, 1.0, 0.94))
    pipes = sum(chirp(hertz * pitch, (1.0, 0.3, 0.12)) for hertz in (311.0, 392.0, 466.0, 622.0))
    steam = 0.5 * noise(rng, seconds, 600.0, 6000.0, tilt=-2.0)
    return (0.25 * np.asarray(pipes) + 0.25 * steam) * swell(seconds, 0.08, 0.2)


def carriage(rng: Random, seconds: float) -> Signal:
    """Iron tyres over cobbles, a creaking body, a trotting horse ahead."""
    cobbles = [strike(((hertz, 0.03, 1.0), (hertz * 1.8, 0.02, 0.6))) for hertz in rng.uniform(180.0, 520.0, 12)]
    rattles = [strike(((hertz, 0.03, 1.0), (hertz * 1.6, 0.02, 0.5))) for hertz in rng.uniform(1400.0, 2600.0, 6)]
    bumps, shakes = poisson(rng, seconds, 30.0), poisson(rng, seconds, 12.0)
    rumble = noise(rng, seconds, 50.0, 350.0, tilt=-3.0) * drift(rng, seconds, 9.0, 0.5, 1.0)
    clop = strike(((640, 0.05, 1.0), (990, 0.04, 0.7), (120, 0.08, 0.8)))
    hooves = np.sort(np.concatenate([np.arange(0.05 + shift, seconds, 0.62) for shift in (0.0, 0.07, 0.31, 0.37)]))
    return room(
        rng,
        0.35 * rumble
        + 0.6 * scatter(seconds, bumps, cobbles, rng.pareto(2.5, len(bumps)).clip(0.1, 2.5))
        + 0.15 * scatter(seconds, shakes, rattles, rng.uniform(0.2, 1.0, len(shakes)))
        + 0.8 * scatter(seconds, hooves, [clop], rng.uniform(0.6, 1.0, len(hooves))),
        10.0,
        0.2,
    )


def engine(rng: Random, seconds: float) -> Signal:
    """A motor-car's engine: firing pulses that never quite agree."""
    rate = drift(rng, seconds, 0.4, 26.0, 32.0)
    phase = np.cumsum(rate) / SAMPLE_RATE
    firing = np.exp(-5.0 * (phase % 1.0)) * (1.0 + 0.25 * np.sin(np.pi * np.floor(phase)))
    sound = noise(rng, seconds, 60.0, 1200.0, tilt=-4.0) * firing + 0.8 * chirp(rate, (0.6, 1.0, 0.5, 0.35, 0.2, 0.15))
    rattle = noise(rng, seconds, 1500.0, 5000.0) * firing
    return rms_one(sound) + 0.08 * rattle


def telephone(rng: Random, seconds: float) -> Signal:
    """An old telephone: two gongs struck twenty times a second, a ring and a pause."""
    gongs = [strike(((1310, 0.25, 1.0), (3480, 0.12, 0.5))), strike(((1555, 0.25, 1.0), (4120, 0.12, 0.5)))]
    times = np.concatenate([begin + np.arange(0.0, 1.3, 0.045) for begin in np.arange(0.01, seconds, 3.0)])
    return room(rng, scatter(seconds, times, gongs, rng.uniform(0.7, 1.0, len(times))), 5.0, 0.15)


def siren(rng: Random, seconds: float) -> Signal:
    """A hand-cranked siren, rising and falling."""
    time = timeline(seconds)
    pitch = 330.0 + 320.0 * (0.5 - 0.5 * np.cos(2 * np.pi * time / 5.0))
    return room(rng, chirp(pitch, (1.0, 0.5, 0.35, 0.2, 0.12)), 30.0, 0.5)


def drum(rng: Random, seconds: float) -> Signal:
    """A big drum, struck slowly (the modes of a membrane: Bessel zeros)."""
    modes = [(68.0 * ratio, 0.7 / ratio, 1.0 / ratio) for ratio in (1.0, 1.593, 2.136, 2.296, 2.653, 2.918)]
    hit = lay(0.9, (0.0, strike(modes)), (0.0, 0.3 * burst(rng, 100.0, 1500.0, 0.05, tilt=-3.0)))
    times = steady(rng, seconds, 0.9, 0.01, 0.02)
    return room(rng, scatter(seconds, times, [hit], rng.uniform(0.85, 1.0, len(times))), 16.0, 0.3)


def ship(rng: Random, seconds: float) -> Signal:
    """A wooden ship: slow creaks of the hull, water along the side."""
    rate = drift(rng, seconds, 0.8, 9.0, 34.0)
    phase = np.cumsum(rate) / SAMPLE_RATE
    slips = np.flatnonzero(np.diff(np.floor(phase)) > 0) / SAMPLE_RATE
    leaning = np.square(drift(rng, seconds, 0.6))
    groan = [
        strike(((hertz, 0.09, 1.0), (hertz * 1.9, 0.06, 0.6), (hertz * 3.1, 0.03, 0.3))) for hertz in (190.0, 205.0)
    ]
    gains = at(leaning, slips)
    water = noise(rng, seconds, 120.0, 1800.0, tilt=-4.0) * drift(rng, seconds, 0.5, 0.3, 1.0)
    return room(rng, scatter(seconds, slips, groan, gains) + 0.12 * water, 7.0, 0.3)
