"""Rain, wind, thunder, storm."""

from __future__ import annotations

import numpy as np

from narratix.ports import SAMPLE_RATE
from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    band,
    bubble,
    burst,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    poisson,
    rms_one,
    samples,
    scatter,
)


def rain(rng: Random, seconds: float) -> Signal:
    """A veil of distant drops, and near ones that tap and ring."""
    veil = noise(rng, seconds, 900.0, 9000.0, tilt=-2.0) * drift(rng, seconds, 0.7, 0.8, 1.1)
    body = noise(rng, seconds, 150.0, 900.0, tilt=-2.0)
    taps = [burst(rng, 1500.0, 9000.0, rng.uniform(0.004, 0.015)) for _ in range(10)]
    drops = [bubble(rng.uniform(1400.0, 5200.0), rng.uniform(0.012, 0.04), rng.uniform(0.1, 0.5)) for _ in range(16)]
    tapping, dripping = poisson(rng, seconds, 140.0), poisson(rng, seconds, 45.0)
    near = scatter(seconds, tapping, taps, rng.pareto(2.2, len(tapping)).clip(0.1, 5.0))
    ringing = scatter(seconds, dripping, drops, rng.pareto(2.5, len(dripping)).clip(0.1, 4.0))
    return veil + 0.35 * body + 1.1 * near + 0.9 * ringing


def wind(rng: Random, seconds: float) -> Signal:
    """Gusts: as the wind grows, its noise gets louder and its colour climbs; a thin whistle comes and goes."""
    gust = 0.7 * drift(rng, seconds, 0.45) + 0.3 * drift(rng, seconds, 1.4)
    centre = np.log2(140.0) + 2.4 * gust
    sound = np.zeros(samples(seconds))
    for hertz in (130.0, 290.0, 640.0, 1400.0):
        nearness = np.exp(-0.5 * ((np.log2(hertz) - centre) / 0.8) ** 2)
        sound += noise(rng, seconds, hertz / 1.6, hertz * 1.6) * nearness
    whistling = noise(rng, seconds, 640.0, 690.0) * np.square(np.maximum(0.0, gust - 0.45))
    return (sound + 2.0 * whistling) * (0.08 + 1.6 * np.square(gust))


def thunder(rng: Random, seconds: float) -> Signal:
    """A tearing crack, then claps that arrive from ever farther parts of the lightning, ever darker."""
    crack = burst(rng, 250.0, 5000.0, 0.35, tilt=-3.0)
    crackle_at = poisson(rng, 0.35, 60.0)
    crackle = scatter(0.6, crackle_at, [burst(rng, 600.0, 5000.0, 0.03) for _ in range(5)], np.exp(-5 * crackle_at))
    rumble = noise(rng, seconds, 28.0, 170.0, tilt=-2.0)
    roll = np.zeros(samples(seconds))
    last = min(0.75 * seconds, 3.5)
    for clap in np.sort(rng.uniform(0.0, last, 9)):
        t60 = rng.uniform(1.2, 3.0)
        at = samples(clap) if clap > 0 else 0
        roll[at:] += rng.uniform(0.3, 1.0) * np.exp(-0.35 * clap) * dying(seconds, t60, attack=0.06)[: len(roll) - at]
    middle = noise(rng, seconds, 120.0, 600.0, tilt=-4.0) * dying(seconds, 2.2, attack=0.02)
    return lay(
        seconds,
        (0.0, 1.5 * rumble * roll),
        (0.0, 0.7 * middle),
        (0.02, 0.6 * peak_one(crack)),
        (0.0, 0.35 * peak_one(crackle)),
    )


def storm(rng: Random, seconds: float) -> Signal:
    """Wind and rain, with thunder in the distance."""
    sound = rms_one(rain(rng, seconds)) + 1.3 * rms_one(wind(rng, seconds))
    strokes = np.arange(rng.uniform(0.2, 0.6), seconds, 6.5)
    for stroke in strokes:
        rest = seconds - stroke
        far = band(thunder(rng, min(rest, 5.0)), 30.0, 350.0)
        sound = sound + lay(seconds, (stroke, 4.0 * peak_one(far)))
    return sound


def blizzard(rng: Random, seconds: float) -> Signal:
    """A howling wind, full of ice."""
    howl = np.zeros(samples(seconds))
    for base in (420.0, 610.0, 880.0):
        strength = np.power(drift(rng, seconds, 0.5), 3.0)
        sway = 1.0 + 0.06 * drift(rng, seconds, 1.1, -1.0, 1.0)
        phase = 2 * np.pi * base * np.cumsum(sway) / SAMPLE_RATE
        howl += strength * np.sin(phase) * (0.6 + 0.4 * noise(rng, seconds, 2.0, 40.0).clip(-1, 1))
    ice = noise(rng, seconds, 2500.0, 9000.0) * np.square(drift(rng, seconds, 2.0))
    return rms_one(wind(rng, seconds)) + 0.35 * howl + 0.25 * ice
