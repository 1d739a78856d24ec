"""What an orchestra puts on a turn of the story. Neither is in a key, so that both go with any music."""

from __future__ import annotations

import numpy as np

from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    chirp,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    room,
    samples,
    scatter,
    strike,
    swell,
)


def dark_stinger(rng: Random, seconds: float) -> Signal:
    """A bass drum, a tam-tam that blooms after it, and low strings a tritone apart that die away."""
    drum = strike(((38, 1.6, 1.0), (61, 1.1, 0.7), (94, 0.7, 0.45), (151, 0.35, 0.3), (233, 0.2, 0.2)), seconds)
    skin = noise(rng, 0.08, 80.0, 900.0, tilt=-3.0) * dying(0.08, 0.06)
    partials = np.sort(rng.uniform(160.0, 2_600.0, 26))
    tamtam = strike([(hertz, 3.2 * (200.0 / hertz) ** 0.35, (300.0 / hertz) ** 0.5) for hertz in partials], seconds)
    bloom = np.minimum(1.0, np.arange(samples(seconds)) / samples(0.45)) ** 1.5
    strings = np.zeros(samples(seconds))
    for hertz in (73.4, 103.8):
        for detuned in (0.997, 1.0, 1.004):
            vibrato = hertz * detuned * (1.0 + 0.004 * drift(rng, seconds, 5.0, -1.0, 1.0))
            strings += chirp(vibrato, [1.0 / order for order in range(1, 9)])
    strings *= swell(seconds, 0.06, 0.85 * seconds)
    sound = lay(
        seconds,
        (0.0, 1.0 * peak_one(drum)),
        (0.0, 0.25 * peak_one(skin)),
        (0.0, 0.38 * peak_one(tamtam * bloom)),
        (0.0, 0.3 * peak_one(strings)),
    )
    return room(rng, sound, 18.0, 0.4)


def bright_stinger(rng: Random, seconds: float) -> Signal:
    """A mark tree, its bars brushed from the lowest to the highest, under a cymbal that swells and fades."""
    count = 34
    bars = [
        strike(((hertz, 1.3, 1.0), (2.76 * hertz, 0.7, 0.35), (5.4 * hertz, 0.3, 0.15)))
        for hertz in np.geomspace(1_900.0, 6_800.0, count)
    ]
    times = np.linspace(0.0, 0.55 * seconds, count) + rng.uniform(0.0, 0.02, count)
    gains = np.linspace(0.7, 1.0, count) * rng.uniform(0.7, 1.0, count)
    cymbal = noise(rng, seconds, 3_500.0, 13_000.0, tilt=-1.0) * swell(seconds, 0.4 * seconds, 0.55 * seconds)
    sound = lay(seconds, (0.0, 0.8 * peak_one(scatter(seconds, times, bars, gains))), (0.0, 0.12 * peak_one(cymbal)))
    return room(rng, sound, 14.0, 0.3)
