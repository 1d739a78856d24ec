"""Meters: they are given a sound piece by piece, keep a little of it, and know its measure at the end.

Each takes pieces of any length of float32 sound, shape (n, `channels`), and gives the same answer for any
cutting. Memory is bounded but for ten to a hundred numbers a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from narratix.ports import SAMPLE_RATE, Cue, Sound, Timeline
from narratix.sound.grid import sample_at
from narratix.sound.levels import amplitude, decibels
from narratix.sound.loudness import STEP, Energies, integrated, k_filter, short_term, step_energies
from narratix.sound.peaks import TAPS, magnitudes, true_peak


class LoudnessMeter:
    """Energies per 100 ms, hence integrated and short-term loudness (ITU-R BS.1770-5). `channels` is 1
    or 2; a mono piece has shape (n,)."""

    def __init__(self, channels: int = 2) -> None:
        self._filter = k_filter()
        self._heard: Sound = np.zeros((self._filter.memory, channels), dtype=np.float32)
        """What the filter remembers, and what is no whole step yet."""
        self._energies: list[Energies] = []

    def add(self, piece: Sound) -> None:
        joined = self._joined(piece)
        whole = (len(joined) - self._filter.memory) // STEP * STEP
        if whole:
            weighted = self._filter.settled(joined[: self._filter.memory + whole].T)
            self._energies.append(step_energies(weighted))
        self._heard = joined[whole:].copy()

    def settle(self, piece: Sound) -> None:
        """Let the filter hear what comes before, which does not count."""
        self._heard = self._joined(piece)[-self._filter.memory :]

    def _joined(self, piece: Sound) -> Sound:
        return np.concatenate((self._heard, piece.reshape(-1, self._heard.shape[1])))

    @property
    def energies(self) -> Energies:
        """Of the whole steps so far."""
        return np.concatenate(self._energies) if self._energies else np.empty(0)

    @property
    def integrated(self) -> float:
        """LUFS; -70 for silence."""
        return integrated(self.energies)


class PeakMeter:
    """The true peak (BS.1770-5, annex 2). Oversamples only what could raise it."""

    def __init__(self, channels: int = 2) -> None:
        self._peak = 0.0
        self._last = np.zeros((TAPS, channels), dtype=np.float32)

    def add(self, piece: Sound) -> None:
        joined = np.concatenate((self._last, piece))
        self._peak = true_peak(joined, at_least=self._peak)
        self._last = joined[-TAPS:].copy()

    @property
    def amplitude(self) -> float:
        return self._peak

    @property
    def dbtp(self) -> float:
        return decibels(self._peak)


class QuietMeter:
    """The longest run of 50 ms frames whose root mean square lies under -50 dBFS, in seconds."""

    FRAME = SAMPLE_RATE // 20
    THRESHOLD_DBFS = -50.0

    def __init__(self, channels: int = 2) -> None:
        self._rest: Sound = np.zeros((0, channels), dtype=np.float32)
        self._run = 0
        self._first: int | None = None
        self._longest = 0
        self._frames = 0

    def add(self, piece: Sound) -> None:
        joined = np.concatenate((self._rest, piece)) if len(self._rest) else piece
        whole = len(joined) // self.FRAME
        frames = joined[: whole * self.FRAME].reshape(whole, self.FRAME * joined.shape[1])
        power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1] if whole else np.empty(0)
        for quiet in power < 10.0 ** (self.THRESHOLD_DBFS / 10.0):
            if not quiet and self._first is None:
                self._first = self._run
            self._run = self._run + 1 if quiet else 0
            self._longest = max(self._longest, self._run)
        self._frames += whole
        self._rest = joined[whole * self.FRAME :].copy()

    @property
    def seconds(self) -> float:
        return self._longest * self.FRAME / SAMPLE_RATE

    @property
    def runs(self) -> tuple[int, int, int, int]:
        """In frames: the run at the beginning, the longest, that at the end, and all there were."""
        return self._run if self._first is None else self._first, self._longest, self._run, self._frames


class LevelMeter:
    """The root mean square of all of it, and of its quietest half second (moving by 50 ms), in dBFS."""

    FRAME = SAMPLE_RATE // 20
    WINDOW = 10

    def __init__(self, channels: int = 2) -> None:
        self._rest: Sound = np.zeros((0, channels), dtype=np.float32)
        self._power: list[npt.NDArray[np.float64]] = []

    def add(self, piece: Sound) -> None:
        joined = np.concatenate((self._rest, piece)) if len(self._rest) else piece
        whole = len(joined) // self.FRAME
        frames = joined[: whole * self.FRAME].reshape(whole, self.FRAME * joined.shape[1])
        self._power.append(np.einsum("ij,ij->i", frames, frames).astype(np.float64) / frames.shape[1])
        self._rest = joined[whole * self.FRAME :].copy()

    @property
    def mean_square(self) -> float:
        power = self._all()
        return float(power.mean()) if power.size else 0.0

    @property
    def rms_dbfs(self) -> float:
        return decibels(self.mean_square**0.5)

    @property
    def floor_dbfs(self) -> float:
        """Of a sound under half a second: its root mean square."""
        power = self._all()
        if len(power) < self.WINDOW:
            return self.rms_dbfs
        means = np.convolve(power, np.full(self.WINDOW, 1.0 / self.WINDOW), mode="valid")
        return decibels(max(0.0, float(means.min())) ** 0.5)

    def _all(self) -> npt.NDArray[np.float64]:
        return np.concatenate(self._power) if self._power else np.empty(0)


class ClickMeter:
    """Clicks at `joins`. A click there shows as a second difference, within 3 ms, far above those of the half second
    around (their 99.9 % quantile)."""

    NEAR = round(0.003 * SAMPLE_RATE)
    AROUND = SAMPLE_RATE // 4
    SILENT_DB = -60.0
    FLOOR = 10.0 ** (-60.0 / 20.0)
    """What lies below is inaudible, however much above its surroundings."""

    def __init__(self, joins: Iterable[int], channels: int = 2) -> None:
        self._joins = sorted(set(joins))
        self._next = 0
        self._begins = 0
        self._kept: Sound = np.zeros((0, channels), dtype=np.float32)
        self.worst_db = self.SILENT_DB

    def add(self, piece: Sound) -> None:
        joined = np.concatenate((self._kept, piece))
        end = self._begins + len(joined)
        while self._next < len(self._joins) and self._joins[self._next] + self.AROUND <= end:
            self._measure(joined, self._joins[self._next])
            self._next += 1
        keep_from = min(self._joins[self._next] - self.AROUND, end) if self._next < len(self._joins) else end
        drop = max(0, keep_from - self._begins)
        self._kept = joined[drop:].copy()
        self._begins += drop

    def finish(self) -> None:
        """The sound has ended: measure the joins whose surroundings it cuts."""
        end = self._begins + len(self._kept)
        for join in self._joins[self._next :]:
            if join < end:
                self._measure(self._kept, join)
        self._next = len(self._joins)

    def _measure(self, sound: Sound, join: int) -> None:
        at = join - self._begins
        around = sound[max(0, at - self.AROUND) : at + self.AROUND]
        bend = magnitudes(np.diff(around, n=2, axis=0))
        centre = at - max(0, at - self.AROUND)
        near = slice(max(0, centre - self.NEAR), centre + self.NEAR)
        far = np.concatenate((bend[: near.start], bend[near.stop :]))
        if not len(far) or not len(bend[near]):
            return
        usual = max(float(np.quantile(far, 0.999)), self.FLOOR)
        self.worst_db = max(self.worst_db, decibels(float(bend[near].max()) / usual))


def joins(timeline: Timeline) -> tuple[int, ...]:
    """The samples of the drama at which a cue begins or ends that sounds there. One that has died away before its end
    cannot click, but a consonant of somebody else may well fall on it."""
    found: list[int] = []
    for cue in timeline.cues:
        begin, end = sample_at(cue.begins), sample_at(cue.ends)
        near = ((begin, begin, begin + ClickMeter.NEAR), (end, end - ClickMeter.NEAR, end))
        found += [join for join, first, last in near if _sounds(cue, first, last)]
    return tuple(found)


def _sounds(cue: Cue, first: int, last: int) -> bool:
    """Whether a cue could click in samples [first, last) of the drama: unless all energy that its clip has around them
    would be inaudible even if it were that of a single sample."""
    begin = sample_at(cue.begins) - sample_at(cue.offset)
    near = cue.energies[max(0, first - begin) // STEP : -(-(last - begin) // STEP)]
    if cue.loops or not near:  # it goes round, or it is not known what it sounds like
        return True
    largest_sample = amplitude(cue.gain_db) * math.sqrt(sum(near) * STEP)
    return 4.0 * largest_sample > ClickMeter.FLOOR  # the second difference of noise can be four times its samples


class WaveformMeter:
    """The largest magnitudes, for drawing a waveform."""

    FRAME = SAMPLE_RATE // 100

    def __init__(self) -> None:
        self._rest: Sound = np.zeros((0, 2), dtype=np.float32)
        self._maxima: list[npt.NDArray[np.float32]] = []

    def add(self, piece: Sound) -> None:
        joined = np.concatenate((self._rest, piece)) if len(self._rest) else piece
        whole = len(joined) // self.FRAME * self.FRAME
        self._maxima.append(magnitudes(joined[:whole]).reshape(-1, self.FRAME).max(axis=1))
        self._rest = joined[whole:].copy()

    @property
    def maxima(self) -> npt.NDArray[np.float32]:
        """Of every 10 ms; the last may be shorter."""
        last = magnitudes(self._rest).max(keepdims=True) if len(self._rest) else self._rest[:, 0]
        return np.concatenate((*self._maxima, last))


def waveform(maxima: npt.NDArray[np.floating], count: int = 1000) -> tuple[float, ...]:
    """At most `count` maxima over equal parts of a sound, 0..1, to three digits."""
    count = min(count, len(maxima))
    starts = np.arange(count) * len(maxima) // max(1, count)
    return tuple(round(float(p), 3) for p in np.maximum.reduceat(maxima, starts)) if count else ()


def dialogue_over_bed(dialogue: Energies, bed: Energies) -> tuple[float, float]:
    """The median and the 5th percentile, in LU, of short-term dialogue loudness over that of the bed,
    from the energies of both stems. Windows count where the dialogue passes its own relative gate.
    Without dialogue, or without a bed, both are as large as loudness can be: 70."""
    voice, under = short_term(dialogue), short_term(bed)
    spoken = voice > integrated(dialogue) - 10.0
    if not spoken.any() or integrated(dialogue) <= -70.0:
        return 70.0, 70.0
    over = np.minimum(voice[spoken] - under[spoken], 70.0)
    return float(np.median(over)), float(np.quantile(over, 0.05))
