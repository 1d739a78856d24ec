"""Doors, bells, clocks, glass, metal, paper: things that are struck, scraped or broken."""

from __future__ import annotations

import numpy as np

from narratix.ports import SAMPLE_RATE
from narratix.providers.effects.synthesis import (
    Random,
    Signal,
    arc,
    at,
    band,
    burst,
    drift,
    dying,
    lay,
    noise,
    peak_one,
    poisson,
    resound,
    room,
    samples,
    scatter,
    strike,
    swell,
)

_LATCH = ((1850, 0.04, 0.5), (3100, 0.03, 0.4), (4600, 0.02, 0.2))


def creak(rng: Random, seconds: float) -> Signal:
    """Stick and slip: a hinge lets go in pulses whose rate climbs and sinks, ringing in the wood."""
    rate = arc(seconds, (0, 0.25, 0.6, 0.85, 1), (22, 60, 95, 70, 30)) * drift(rng, seconds, 6.0, 0.8, 1.25)
    phase = np.cumsum(rate) / SAMPLE_RATE
    slips = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    strength = drift(rng, seconds, 5.0, 0.2, 1.0) * swell(seconds, 0.15 * seconds, 0.2 * seconds)
    pulses = np.zeros(samples(seconds))
    pulses[slips] = strength[slips] * rng.uniform(0.6, 1.0, len(slips))
    ringing = strike(
        ((430, 0.05, 0.5), (760, 0.045, 0.9), (1180, 0.035, 1.0), (1730, 0.03, 0.7), (2550, 0.02, 0.4)), 0.06
    )
    return peak_one(resound(pulses, ringing))


def door(rng: Random, seconds: float) -> Signal:
    """The latch lifts, a creak, and the door falls shut."""
    shut_at = max(0.0, min(0.62 * seconds, seconds - 0.5))
    layers = [(shut_at, _slam(rng, 0.8))]
    if shut_at > 0.35:
        # a creak swells from nothing: without the latch nobody could say when the door begins to open
        lifted = peak_one(lay(0.1, (0.0, strike(_LATCH)), (0.001, 0.12 * burst(rng, 1500.0, 6000.0, 0.05))))
        layers += [(0.0, 0.6 * lifted), (0.1, 0.45 * creak(rng, shut_at - 0.1))]
    return room(rng, lay(seconds, *layers), 6.0, 0.3)


def slam(rng: Random, seconds: float) -> Signal:
    """A door thrown shut."""
    return room(rng, lay(seconds, (0.0, _slam(rng, 1.0))), 8.0, 0.5)


def _slam(rng: Random, force: float) -> Signal:
    panel = strike(((58, 0.4, 1.0), (97, 0.35, 1.0), (161, 0.25, 0.8), (247, 0.18, 0.6), (390, 0.1, 0.4)))
    clap = burst(rng, 120.0, 2500.0 + 1500.0 * force, 0.12, tilt=-3.0)
    latch = strike(_LATCH)
    rattle = burst(rng, 1500.0, 6000.0, 0.05)
    return force * peak_one(
        lay(0.6, (0.0, panel), (0.0, 0.5 * clap), (0.035, 0.35 * latch), (0.036, 0.06 * rattle), (0.085, 0.2 * latch))
    )


def knock(rng: Random, seconds: float) -> Signal:
    """Knuckles on wood, three times."""
    knocks = []
    for _ in range(3):
        pitch = rng.uniform(0.97, 1.03)
        wood = strike(
            ((128 * pitch, 0.12, 0.9), (285 * pitch, 0.09, 1.0), (467 * pitch, 0.07, 0.6), (880 * pitch, 0.04, 0.35))
        )
        knocks.append(lay(0.16, (0.0, wood), (0.0, 0.25 * burst(rng, 400.0, 3500.0, 0.02, tilt=-2.0))))
    starts = [0.01 + group + step for group in np.arange(0.0, seconds, 2.4) for step in (0.0, 0.21, 0.41)]
    return room(rng, scatter(seconds, starts, knocks, np.tile((0.9, 0.85, 1.0), len(starts))[: len(starts)]), 5.0, 0.25)


_CHURCH_BELL = (
    # ratio to the strike note, T60 relative, gain: hum, prime, tierce, quint, nominal and above (Rossing, 2000)
    (0.5, 1.0, 0.5),
    (1.0, 0.6, 0.7),
    (1.19, 0.5, 0.8),
    (1.5, 0.3, 0.35),
    (2.0, 0.35, 1.0),
    (2.52, 0.2, 0.35),
    (2.66, 0.18, 0.35),
    (3.01, 0.15, 0.5),
    (4.17, 0.1, 0.35),
    (5.43, 0.07, 0.25),
    (6.8, 0.05, 0.15),
)


def bell(rng: Random, seconds: float) -> Signal:
    """A church bell, tolling. Each partial is a pair that beats, for no bell is quite round."""
    stroke = _bell_stroke(rng, rng.uniform(225.0, 275.0), min(seconds, 7.0), 9.0)
    starts = np.arange(0.01, seconds, 2.3)
    return room(rng, scatter(seconds, starts, [stroke], rng.uniform(0.85, 1.0, len(starts))), 22.0, 0.15)


def _bell_stroke(rng: Random, hertz: float, seconds: float, t60: float) -> Signal:
    modes = []
    for ratio, life, gain in _CHURCH_BELL:
        split = rng.uniform(0.3, 0.9)
        modes += [
            (hertz * ratio, t60 * life, 0.6 * gain),
            (hertz * ratio + split, t60 * life, 0.4 * gain),
        ]
    clapper = 0.4 * band(burst(rng, 1500.0, 6000.0, 0.03), 1200.0, 6000.0)
    return lay(seconds, (0.0, strike(modes, seconds)), (0.0, clapper))


def handbell(rng: Random, seconds: float) -> Signal:
    """A small bell, shaken."""
    ring = strike(((2090, 0.9, 1.0), (2093.5, 0.9, 0.6), (5650, 0.4, 0.5), (10400, 0.15, 0.2)), 1.0)
    starts = np.arange(0.01, min(seconds, 1.6), 0.13)
    return room(rng, scatter(seconds, starts, [ring], rng.uniform(0.5, 1.0, len(starts))), 5.0, 0.15)


def clock(rng: Random, seconds: float) -> Signal:
    """Tick, tock: the pendulum of a long-case clock, a beat a second, in a quiet room."""
    ticks = []
    for pitch in (1.0, 0.82):
        modes = (
            (2450 * pitch, 0.02, 1.0),
            (3720 * pitch, 0.014, 0.7),
            (5300 * pitch, 0.01, 0.4),
            (410 * pitch, 0.06, 0.5),
        )
        ticks.append(lay(0.08, (0.0, strike(modes)), (0.012, 0.35 * strike(modes))))
    starts = np.arange(0.02, seconds, 0.5)
    return room(rng, scatter(seconds, starts, ticks, np.full(len(starts), 1.0)), 4.0, 0.2)


def chime(rng: Random, seconds: float) -> Signal:
    """A clock strikes the quarters: four descending notes, then the hour."""
    notes = [peak_one(_bell_stroke(rng, hertz, 3.0, 3.5)) for hertz in (659.3, 523.3, 587.3, 392.0)]
    hour = peak_one(_bell_stroke(rng, 261.6, 4.0, 5.0))
    layers = [(0.02 + 0.62 * place, note) for place, note in enumerate(notes)]
    layers += [(begin, 1.1 * hour) for begin in np.arange(3.0, seconds, 1.9)]
    return room(rng, lay(seconds, *[layer for layer in layers if layer[0] < seconds]), 8.0, 0.25)


def glass(rng: Random, seconds: float) -> Signal:
    """A pane shatters: a bright crash, then splinters that tinkle as they fall."""
    crash = burst(rng, 2500.0, 14000.0, 0.28, tilt=1.0)
    impact = burst(rng, 400.0, 4000.0, 0.06)
    shards = [
        strike(((hertz, 0.12, 1.0), (hertz * 1.53, 0.07, 0.6), (hertz * 2.21, 0.05, 0.4)))
        for hertz in np.exp(rng.uniform(np.log(2600.0), np.log(7500.0), 24))
    ]
    times = np.sort(np.concatenate((rng.exponential(0.07, 40), 0.12 + rng.exponential(0.28, 45))))
    tinkle = scatter(seconds, times, shards, np.exp(-2.0 * times) * rng.uniform(0.1, 0.6, len(times)))
    return room(rng, lay(seconds, (0.0, peak_one(crash)), (0.0, 0.7 * peak_one(impact)), (0.0, tinkle)), 5.0, 0.15)


def coin(rng: Random, seconds: float) -> Signal:
    """A coin is dropped, bounces ever faster, and settles."""
    ring = strike(((3270, 0.35, 0.8), (5210, 0.3, 1.0), (8140, 0.2, 0.6), (10900, 0.12, 0.3)))
    gaps = 0.30 * 0.74 ** np.arange(14)
    times = 0.01 + np.concatenate(([0.0], np.cumsum(gaps)))
    gains = 0.8 ** np.arange(len(times)) * rng.uniform(0.8, 1.0, len(times))
    return room(rng, scatter(seconds, times, [ring], gains), 4.0, 0.15)


def sword(rng: Random, seconds: float) -> Signal:
    """Blades meet, slide and ring; twice or thrice."""
    starts = [0.02]
    while starts[-1] + 0.5 < seconds - 0.3 and len(starts) < 5:
        starts.append(starts[-1] + rng.uniform(0.45, 0.8))
    layers = []
    for start in starts:
        base = rng.uniform(1050.0, 1500.0)
        modes = [
            (base * ratio + shift, 0.75 / (1 + 0.25 * number), 1.0 / (1 + 0.2 * number))
            for number, ratio in enumerate((1.0, 1.83, 2.76, 3.42, 4.71, 5.93))
            for shift in (0.0, rng.uniform(3.0, 9.0))
        ]
        clash = burst(rng, 1800.0, 11000.0, 0.07)
        slide = noise(rng, 0.25, 3000.0, 9000.0) * swell(0.25, 0.04, 0.18)
        layers += [(start, peak_one(strike(modes))), (start, 0.8 * peak_one(clash)), (start + 0.05, 0.05 * slide)]
    return room(rng, lay(seconds, *layers), 9.0, 0.2)


def chain(rng: Random, seconds: float) -> Signal:
    """Iron links, dragged and dropped in handfuls."""
    links = [
        strike(((hertz, 0.06, 1.0), (hertz * 1.47, 0.05, 0.8), (hertz * 2.3, 0.035, 0.6), (hertz * 3.1, 0.02, 0.4)))
        for hertz in rng.uniform(1300.0, 2800.0, 16)
    ]
    handful = np.maximum(np.square(drift(rng, seconds, 2.2)), dying(seconds, 0.8))
    times = poisson(rng, seconds, 75.0)
    gains = at(handful, times) * rng.uniform(0.2, 1.0, len(times))
    drag = noise(rng, seconds, 1500.0, 7000.0) * handful
    return room(rng, scatter(seconds, times, links, gains) + 0.03 * drag, 6.0, 0.2)


def paper(rng: Random, seconds: float) -> Signal:
    """A sheet is unfolded: brushing, and many tiny cracks."""
    handling = np.square(drift(rng, seconds, 3.5)) * swell(seconds, 0.1 * seconds, 0.25 * seconds)
    handling = np.maximum(handling, dying(seconds, 0.6, attack=0.01))
    brush = noise(rng, seconds, 1500.0, 9000.0, tilt=-1.0) * handling
    cracks = [burst(rng, 1500.0, 9000.0, rng.uniform(0.002, 0.008)) for _ in range(10)]
    times = poisson(rng, seconds, 130.0)
    gains = at(handling, times) * rng.pareto(2.0, len(times)).clip(0, 4)
    return 0.35 * brush + scatter(seconds, times, cracks, gains)


def crash(rng: Random, seconds: float) -> Signal:
    """Something heavy falls and breaks: wood, crockery, a rolling rest."""
    wood = [
        strike(((hertz, 0.14, 1.0), (hertz * 1.7, 0.1, 0.7), (hertz * 2.9, 0.06, 0.5)))
        for hertz in rng.uniform(90, 420, 8)
    ]
    shards = [strike(((hertz, 0.08, 1.0), (hertz * 1.6, 0.05, 0.6))) for hertz in rng.uniform(1500, 4500, 10)]
    times = np.sort(0.01 + rng.exponential(0.22, 26))
    gains = np.exp(-2.2 * times) * rng.uniform(0.4, 1.0, len(times))
    falling = scatter(seconds, times, wood, gains) + 0.4 * scatter(seconds, times + 0.03, shards, gains)
    blow = 1.2 * peak_one(burst(rng, 60.0, 3500.0, 0.3, tilt=-3.0)) * dying(0.33, 0.3)
    return room(rng, lay(seconds, (0.0, blow), (0.0, falling)), 8.0, 0.35)
