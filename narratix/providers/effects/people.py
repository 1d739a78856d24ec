"""Footsteps, crowds, applause, a heart."""

from __future__ import annotations

import numpy as np

from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    arc,
    at,
    burst,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    poisson,
    room,
    samples,
    scatter,
    steady,
    strike,
    swell,
    voiced,
)


def footsteps(rng: Random, seconds: float) -> Signal:
    """Leather soles on floorboards: heel, then toe; left and right differ a little."""
    steps = []
    for pitch in (1.0, 1.08, 0.96, 1.05):
        heel = strike(
            ((88 * pitch, 0.09, 0.7), (164 * pitch, 0.07, 0.9), (310 * pitch, 0.05, 0.7), (620 * pitch, 0.03, 0.35))
        )
        knock = burst(rng, 500.0, 3200.0, 0.03, tilt=-3.0)
        toe = burst(rng, 300.0, 2400.0, 0.045, tilt=-3.0)
        steps.append(lay(0.26, (0.0, heel), (0.0, 0.32 * knock), (0.085, 0.16 * toe), (0.085, 0.25 * heel)))
    return room(rng, _walk(rng, seconds, steps, 0.54), 6.0, 0.3)


def running(rng: Random, seconds: float) -> Signal:
    """Footsteps in a hurry: heavier, with no toe."""
    steps = []
    for pitch in (1.0, 1.07, 0.95):
        heel = strike(
            ((82 * pitch, 0.08, 0.8), (150 * pitch, 0.06, 0.9), (290 * pitch, 0.05, 0.7), (560 * pitch, 0.03, 0.3))
        )
        steps.append(lay(0.14, (0.0, heel), (0.0, 0.4 * burst(rng, 400.0, 3500.0, 0.035, tilt=-3.0))))
    return room(rng, _walk(rng, seconds, steps, 0.31), 6.0, 0.25)


def footsteps_in_snow(rng: Random, seconds: float) -> Signal:
    """Snow that gives way under a boot: a crunch made of many grains."""
    return _walk(rng, seconds, [_crunch(rng, 600.0, 4500.0, 0.28, 160) for _ in range(5)], 0.62)


def footsteps_on_gravel(rng: Random, seconds: float) -> Signal:
    """Gravel or dry leaves underfoot."""
    return _walk(rng, seconds, [_crunch(rng, 1200.0, 9000.0, 0.22, 70) for _ in range(5)], 0.56)


def _crunch(rng: Random, low: float, high: float, length: float, grains: int) -> Signal:
    grit = [burst(rng, low, high, rng.uniform(0.003, 0.014), tilt=-1.0) for _ in range(8)]
    times = np.sort(length * rng.beta(1.6, 2.4, grains))
    sound = scatter(length + 0.05, times, grit, rng.pareto(2.2, grains).clip(0.05, 3.0))
    return peak_one(lay(length + 0.05, (0.0, sound), (0.02, 0.8 * strike(((85.0, 0.1, 1.0),)))))


def _walk(rng: Random, seconds: float, steps: list[Signal], period: float) -> Signal:
    times = steady(rng, seconds, period, 0.035, 0.03)
    return scatter(seconds, times, steps, rng.uniform(0.75, 1.0, len(times)))


def crowd(rng: Random, seconds: float) -> Signal:
    """A room full of talk: ten people, each speaking syllables of their own, none to be understood."""
    vowels = (
        (730, 1090, 2440),
        (270, 2290, 3010),
        (530, 1840, 2480),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
    )
    sound = np.zeros(samples(seconds))
    for person in range(10):
        base = rng.uniform(95.0, 140.0) if person % 2 else rng.uniform(170.0, 235.0)
        size = 1.0 if person % 2 else 1.15
        syllables = []
        for _ in range(5):
            length = rng.uniform(0.13, 0.28)
            pitch = base * arc(length, (0.0, 0.4, 1.0), tuple(rng.uniform(0.88, 1.15, 3)))
            first, second, third = vowels[int(rng.integers(len(vowels)))]
            formants = ((first * size, 90.0, 1.0), (second * size, 130.0, 0.6), (third * size, 200.0, 0.25))
            said = voiced(pitch, formants, 0.5, rng) * swell(length, 0.04, 0.07)
            if rng.random() < 0.4:
                said = lay(length + 0.05, (0.0, 0.4 * burst(rng, 2500.0, 7000.0, 0.05)), (0.03, peak_one(said)))
            syllables.append(peak_one(said))
        # People talk in phrases: a few seconds of syllables, then they listen.
        talking = drift(rng, seconds, 0.45)
        times = steady(rng, seconds, rng.uniform(0.19, 0.25), 0.3)
        gains = (at(talking, times) > 0.4) * rng.uniform(0.4, 1.0, len(times))
        order = [syllables[place] for place in rng.permutation(len(syllables))]
        sound += rng.uniform(0.4, 1.0) * scatter(seconds, times, order, gains)
    murmur = noise(rng, seconds, 160.0, 900.0, tilt=-3.0) * drift(rng, seconds, 3.0, 0.6, 1.0)
    return room(rng, sound, 14.0, 1.0) + 0.15 * murmur


def applause(rng: Random, seconds: float) -> Signal:
    """Thirty pairs of hands, each at its own pace, and a hall behind them."""
    sound = np.zeros(samples(seconds))
    for _ in range(30):
        centre = rng.uniform(700.0, 2200.0)
        clap = burst(rng, centre / 1.6, centre * 2.2, rng.uniform(0.012, 0.03))
        times = steady(rng, seconds, rng.uniform(0.2, 0.3), 0.08, rng.uniform(0.0, 0.25))
        sound += rng.uniform(0.3, 1.0) * scatter(seconds, times, [clap], rng.uniform(0.6, 1.0, len(times)))
    return room(rng, sound, 16.0, 0.8)


def heartbeat(rng: Random, seconds: float) -> Signal:
    """Lub, dub: two soft thuds in the chest, seventy times a minute."""
    lub = lay(0.3, (0.0, strike(((55, 0.17, 0.7), (82, 0.13, 0.9), (124, 0.10, 0.7), (187, 0.06, 0.35)))))
    dub = lay(0.25, (0.0, strike(((70, 0.12, 0.7), (104, 0.09, 0.8), (155, 0.07, 0.6), (230, 0.05, 0.3)))))
    soft = swell(0.25, 0.012, 0.1)
    beats = steady(rng, seconds, 0.86, 0.01, 0.03)
    ones = np.ones(len(beats))
    return scatter(seconds, beats, [lub[: len(soft)] * soft], ones) + scatter(
        seconds, beats + 0.30, [0.7 * dub[: len(soft)] * soft], ones
    )


def breathing(rng: Random, seconds: float) -> Signal:
    """Someone breathes close by: in through the nose, out through the mouth."""
    layers = []
    for begin in np.arange(0.05, seconds, 3.2):
        inward = noise(rng, 1.1, 900.0, 5000.0, tilt=-2.0) * swell(1.1, 0.35, 0.5)
        outward = noise(rng, 1.4, 350.0, 2600.0, tilt=-3.0) * swell(1.4, 0.25, 1.0)
        layers += [(begin, 0.6 * inward), (begin + 1.35, outward)]
    return lay(seconds, *layers)


def whip(rng: Random, seconds: float) -> Signal:
    """A whip: the swish, and the crack as its tip outruns sound."""
    swish = noise(rng, 0.22, 600.0, 4000.0) * np.square(arc(0.22, (0, 0.9, 1), (0, 1, 0)))
    return room(rng, lay(seconds, (0.0, 0.15 * swish), (0.22, peak_one(burst(rng, 800.0, 12000.0, 0.05)))), 9.0, 0.3)


def scuffle(rng: Random, seconds: float) -> Signal:
    """A fight: dull blows and shuffling feet."""
    blows = [burst(rng, 80.0, 1200.0, 0.09, tilt=-3.0) * dying(0.099, 0.09) for _ in range(4)]
    hits, shuffles = poisson(rng, seconds, 2.6), poisson(rng, seconds, 4.0)
    feet = [noise(rng, 0.16, 300.0, 3500.0, tilt=-3.0) * swell(0.16, 0.05, 0.1) for _ in range(4)]
    hits = hits if len(hits) else np.array([0.05])
    sound = scatter(seconds, hits, blows, rng.uniform(0.6, 1.2, len(hits)))
    return room(rng, sound + scatter(seconds, shuffles, feet, rng.uniform(0.1, 0.3, len(shuffles))), 6.0, 0.3)
