"""What a place adds to the voices and effects in it: its reverberation, by convolution with a synthesised response.

The first reflections are those of a box of the place's size, by image sources (Allen and Berkley, "Image method for
efficiently simulating small-room acoustics", JASA 65, 1979). After the mixing time, about as many milliseconds as the
square root of the volume in cubic metres (Polack, 1988), they are so many that they are noise which dies away
exponentially (Moorer, "About this reverberation business", Computer Music Journal 3, 1979), the treble sooner than the
rest. Levels are modest: whoever listens has to understand, and narrators stand outside of the story.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are first used

from narratix.ports import SAMPLE_RATE, Cue, Sound
from narratix.sound.filters import Filter, butterworth

ACOUSTICS: Final = 1
"""To be raised when the same place sounds different."""

_SPEED_OF_SOUND: Final = 343.0
_ORDERS: Final = 2
"""Walls that a first reflection met at most in each direction."""
_CROSSOVER_HZ: Final = 1_800.0
_LOWEST_HZ: Final = 180.0
"""Under this a place adds nothing: it would only be mud."""
_HEARD_DB: Final = 36.0
"""A response is cut where it has fallen by so much: with its own level that is 48 dB and more under the voice."""
_DECAY: Final = math.log(1000.0)  # by 60 dB


@dataclass(frozen=True, slots=True)
class Room:
    """`size` in metres; `seconds` until it has died by 60 dB, `treble_seconds` until the treble has. `wet_db` is its energy
    beside that of the voice; `early`, 0..1, the share of it that are first reflections."""

    size: tuple[float, float, float]
    seconds: float
    treble_seconds: float
    wet_db: float
    early: float


ROOMS: Final[Mapping[str, Room]] = MappingProxyType(
    {
        "cabin": Room((1.9, 1.5, 1.8), 0.16, 0.12, -14.0, 0.7),
        "room": Room((5.2, 4.1, 2.7), 0.38, 0.28, -17.0, 0.5),
        "corridor": Room((14.0, 2.2, 2.9), 0.75, 0.5, -15.5, 0.45),
        "hall": Room((24.0, 14.0, 9.0), 1.5, 0.9, -16.5, 0.35),
        "church": Room((42.0, 18.0, 16.0), 2.8, 1.5, -17.0, 0.25),
        "vault": Room((9.0, 6.0, 3.0), 1.1, 0.75, -15.0, 0.45),
        "cave": Room((19.0, 11.0, 7.0), 1.8, 0.8, -15.0, 0.4),
        "woods": Room((34.0, 29.0, 19.0), 0.8, 0.35, -22.0, 0.3),
        "street": Room((38.0, 11.0, 16.0), 0.7, 0.45, -21.0, 0.65),
    }
)
"""Places that ring, by the names of `narratix.script.places`. In the open nothing does."""

_NEAR_METRES: Final = 3.0

_Response = npt.NDArray[np.float32]


def tail_samples(place: str) -> int:
    """By how much longer than a sound its reverberation is heard; 0 where there is none."""
    room = ROOMS.get(place)
    return 0 if room is None else round(room.seconds * _HEARD_DB / 60.0 * SAMPLE_RATE)


def echo_of(cue: Cue, duration: float) -> Cue | None:
    """The cue of what the place of `cue` adds to it, in a drama of `duration` seconds: stereo, of the same clip."""
    if not tail_samples(cue.place):
        return None
    ends = cue.ends + tail_samples(cue.place) / SAMPLE_RATE
    return replace(
        cue,
        ends=min(ends, duration),
        gain_db=cue.gain_db + ROOMS[cue.place].wet_db + lost_db(cue.distance),
        pan=0.0,
        fade_out=0.3 if ends > duration else cue.fade_out,
    )


def lost_db(metres: float) -> float:
    """What a sound loses on its way, as far as it has to be heard at all: 3 dB whenever the distance doubles from 3 m on,
    at most 9. What it calls forth around the listener is as loud as ever."""
    return min(9.0, 10.0 * math.log10(max(1.0, metres / _NEAR_METRES)))


def from_afar(sound: Sound, metres: float) -> Sound:
    """Mono sound as it comes from a distance, at its own level: what stands in its way takes the treble first."""
    if metres <= _NEAR_METRES:
        return sound
    return Filter(butterworth(1, high=9_000.0 / math.sqrt(metres)))(sound)


def echo_energies(cue: Cue) -> npt.NDArray[np.float64]:
    """The energies per 100 ms of what `echo_of` a cue is at unit gain, from those of its clip: they die away."""
    dying = np.exp(
        -2.0 * _DECAY / ROOMS[cue.place].seconds * np.arange(0.0, tail_samples(cue.place) / SAMPLE_RATE, 0.1)
    )
    return np.convolve(cue.energies, dying / dying.sum())


def heard_until(cue: Cue) -> float:
    """The second at which the last of a cue has died away."""
    return cue.ends + tail_samples(cue.place) / SAMPLE_RATE


def reverberation(sound: Sound, place: str) -> Sound:
    """What `place` adds to mono `sound`, without the sound itself: stereo (n + `tail_samples`, 2), at unit gain for a
    spectrum as voices have it. By overlap-add (Stockham, 1966), so that a long speech takes no more memory than a short
    one but for itself."""
    tail, (size, spectra) = tail_samples(place), _spectra(place)
    out = np.zeros((len(sound) + tail, 2), dtype=np.float32)
    for first in range(0, len(sound), size - tail):
        spectrum = scipy.fft.rfft(np.asarray(sound[first : first + size - tail], dtype=np.float32), size)
        for side, response in enumerate(spectra):
            part = out[first : first + size, side]
            part += scipy.fft.irfft(spectrum * response, size)[: len(part)]
    return out


@lru_cache(maxsize=len(ROOMS))
def _spectra(place: str) -> tuple[int, tuple[npt.NDArray[np.complex64], ...]]:
    """The length of the transforms, and the response's for both sides."""
    size = 1 << (3 * tail_samples(place)).bit_length()
    return size, tuple(scipy.fft.rfft(_response(place)[:, side], size) for side in (0, 1))


@lru_cache(maxsize=len(ROOMS))
def _response(place: str) -> _Response:
    """The impulse response of a place, (`tail_samples`, 2)."""
    room, count = ROOMS[place], tail_samples(place)
    rng = np.random.default_rng([ACOUSTICS, *place.encode()])
    time = np.arange(count) / SAMPLE_RATE
    low, high = (
        np.exp(-_DECAY / seconds * time)[:, None] * _noise(rng, count, *band)
        for seconds, band in (
            (room.seconds, (_LOWEST_HZ, _CROSSOVER_HZ)),
            (room.treble_seconds, (_CROSSOVER_HZ, 9_000.0)),
        )
    )
    mixed_after = math.sqrt(math.prod(room.size)) / 1000.0
    late = (low + high) * (1.0 - np.exp(-np.square(time / mixed_after)))[:, None]
    response = math.sqrt(1.0 - room.early) * _of_unit_energy(late)
    response += math.sqrt(room.early) * _of_unit_energy(_first_reflections(room, count))
    fade = min(count, SAMPLE_RATE // 20)
    response[-fade:] *= np.linspace(1.0, 0.0, fade)[:, None]
    return np.asarray(_of_unit_energy(response), dtype=np.float32)


def _noise(rng: np.random.Generator, count: int, low: float, high: float) -> npt.NDArray[np.float64]:
    """Two independent noises between two frequencies, (count, 2)."""
    return Filter(butterworth(2, low, high))(rng.standard_normal((count, 2)).T).T


def _first_reflections(room: Room, count: int) -> npt.NDArray[np.float64]:
    """Image sources: a wall takes from each reflection what Sabine's law asks for, and its treble with it; where a
    reflection comes from decides which ear hears more of it."""
    size = np.array(room.size)
    volume, walls = math.prod(room.size), 2.0 * float(size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    absorbed = min(0.9, 0.161 * volume / (walls * room.seconds))
    voice, ear = size * (0.43, 0.38, 0.55), size * (0.56, 0.57, 0.52)
    direct = float(np.linalg.norm(voice - ear))
    taps = np.zeros((count, 2))
    for cell in itertools.product(range(-_ORDERS, _ORDERS + 1), repeat=3):
        index = np.array(cell)
        image = np.where(index % 2 == 0, index * size + voice, (index + 1) * size - voice)
        met = int(np.abs(index).sum())
        away = image - ear
        distance = float(np.linalg.norm(away))
        at = round((distance - direct) / _SPEED_OF_SOUND * SAMPLE_RATE)
        if met and 0 < at < count:
            strength = (1.0 - absorbed) ** (met / 2.0) * direct / distance
            angle = (float(away[0]) / distance + 1.0) * math.pi / 4.0
            taps[at] += strength * np.array((math.cos(angle), math.sin(angle)))
    return Filter(butterworth(1, _LOWEST_HZ, 6_000.0))(taps.T).T


def _of_unit_energy(response: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """As loud, for voices, as the sound itself: they lose 6 dB an octave above 500 Hz."""
    spectrum = scipy.fft.rfft(response, axis=0)
    hertz = scipy.fft.rfftfreq(len(response), 1.0 / SAMPLE_RATE)
    weight = 1.0 / (1.0 + np.square(hertz / 500.0))
    weight[hertz < 80.0] = 0.0
    energy = float((np.square(np.abs(spectrum)) * weight[:, None]).sum() / weight.sum())
    return response / math.sqrt(energy) if energy > 0.0 else response
