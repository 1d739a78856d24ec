"""Water and fire."""

from __future__ import annotations

import numpy as np

from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    at,
    band,
    bubble,
    burst,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    poisson,
    resound,
    scatter,
    swell,
)


def sea(rng: Random, seconds: float) -> Signal:
    """Waves: a growing roar, the crest's hiss a little after it, and the long draw back over the shingle."""
    roar = noise(rng, seconds, 60.0, 500.0, tilt=-3.0)
    hiss = noise(rng, seconds, 700.0, 7000.0, tilt=-3.0)
    waves, crests = [], []
    begin = -rng.uniform(1.0, 3.0)
    while begin < seconds:
        length = rng.uniform(6.0, 8.5)
        size = rng.uniform(0.6, 1.0)
        waves.append((begin, size * np.square(swell(length, 0.38 * length, 0.6 * length))))
        crests.append((begin + 0.3 * length, size * np.power(swell(0.75 * length, 0.2 * length, 0.5 * length), 3.0)))
        begin += 0.78 * length
    return roar * (0.2 + lay(seconds, *waves)) + 0.55 * hiss * (0.08 + lay(seconds, *crests))


def stream(rng: Random, seconds: float) -> Signal:
    """A brook: hundreds of bubbles over a soft rush."""
    bubbles = [
        bubble(float(hertz), rng.uniform(0.02, 0.09), rng.uniform(0.1, 0.9))
        for hertz in np.exp(rng.uniform(np.log(350.0), np.log(2600.0), 40))
    ]
    times = poisson(rng, seconds, 110.0)
    rush = noise(rng, seconds, 250.0, 2500.0, tilt=-3.0) * drift(rng, seconds, 1.5, 0.7, 1.1)
    return scatter(seconds, times, bubbles, rng.pareto(2.5, len(times)).clip(0.05, 4.0)) + 0.18 * rush


def splash(rng: Random, seconds: float) -> Signal:
    """Something falls into water: a slap, a cavity's plunge, falling drops."""
    slap = burst(rng, 250.0, 6000.0, 0.35, tilt=-3.0)
    body = burst(rng, 90.0, 500.0, 0.5, tilt=-2.0)
    times = 0.08 + rng.exponential(0.22, 45)
    drops = [bubble(float(rng.uniform(500.0, 2600.0)), rng.uniform(0.02, 0.07), 0.6) for _ in range(20)]
    falling = scatter(seconds, times, drops, 0.5 * np.exp(-2.5 * times) * rng.uniform(0.3, 1.0, len(times)))
    plunge = bubble(170.0, 0.25, 1.0)
    return lay(seconds, (0.0, peak_one(slap)), (0.01, 0.8 * peak_one(body)), (0.06, 0.7 * plunge), (0.0, falling))


def fire(rng: Random, seconds: float) -> Signal:
    """Flames' flutter under crackling wood; now and then a log snaps."""
    flutter = 0.5 * drift(rng, seconds, 7.0) + 0.5 * drift(rng, seconds, 1.1)
    roar = noise(rng, seconds, 40.0, 380.0, tilt=-3.0) * (0.35 + flutter)
    hiss = noise(rng, seconds, 2500.0, 9000.0, tilt=-2.0) * np.square(drift(rng, seconds, 3.0))
    crackles = [
        burst(rng, rng.uniform(700, 2000), rng.uniform(3000, 9000), rng.uniform(0.003, 0.014)) for _ in range(12)
    ]
    snaps = [burst(rng, 300.0, 4000.0, rng.uniform(0.02, 0.05), tilt=-2.0) for _ in range(4)]
    # Crackles come in flurries: their density follows a slow curve.
    flurry = np.square(drift(rng, seconds, 0.9))
    times = poisson(rng, seconds, 55.0)
    kept = times[rng.uniform(size=len(times)) < at(flurry, times)]
    snapping = poisson(rng, seconds, 1.2)
    return (
        0.28 * roar
        + 0.06 * hiss
        + scatter(seconds, kept, crackles, rng.pareto(1.6, len(kept)).clip(0.1, 6.0) * 0.8)
        + scatter(seconds, snapping, snaps, rng.uniform(1.0, 2.5, len(snapping)))
    )


def drip(rng: Random, seconds: float) -> Signal:
    """Single drops into still water, in a cave."""
    times = 0.02 + np.concatenate(([0.0], np.cumsum(rng.uniform(0.5, 1.6, int(seconds / 0.5) + 1))))
    times = times[times < seconds]
    drops = [bubble(rng.uniform(900.0, 2200.0), 0.06, 0.5) for _ in range(8)]
    tick = band(burst(rng, 2000.0, 8000.0, 0.01), 1500.0, 8000.0)
    dry = scatter(seconds, times, drops, rng.uniform(0.5, 1.0, len(times)))
    dry += scatter(seconds, times, [tick], np.full(len(times), 0.1))
    tail = noise(rng, 1.8, 300.0, 3500.0, tilt=-2.0) * dying(1.8, 1.6, attack=0.02)
    return dry + 0.02 * resound(dry, tail)
