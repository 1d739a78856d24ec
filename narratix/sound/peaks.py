"""True peaks (ITU-R BS.1770-5, annex 2), oversampled only where they could matter.

The interpolator is a sinc under a Hann window, four times oversampled, twelve taps a phase: that
of libebur128. No interpolated value exceeds the largest sample around it by more than the sum of
the taps' magnitudes, `OVERSHOOT`. So a stretch whose samples stay under `threshold / OVERSHOOT` needs
no interpolation to know that its true peak is under `threshold`: the answer is exact, and cheap.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from narratix.ports import Sound

OVERSAMPLING = 4
TAPS = 12
TILE = 64
_AT_ONCE = 256
"""Tiles, so that a long piece takes no more memory than a short one."""
Envelope = npt.NDArray[np.float64]


def _phases() -> npt.NDArray[np.float32]:
    """The taps for the points a quarter, a half and three quarters between two samples: (12, 3)."""
    offsets = np.arange(TAPS)[:, None] - (TAPS // 2 - 1)
    distance = offsets - np.arange(1, OVERSAMPLING)[None, :] / OVERSAMPLING
    window = 0.5 * (1.0 + np.cos(2.0 * np.pi * distance / TAPS))
    return (np.sinc(distance) * window).astype(np.float32)


PHASES = _phases()
OVERSHOOT = float(np.abs(PHASES).sum(axis=0).max())
_BEFORE, _AFTER = TAPS // 2 - 1, TAPS // 2


def magnitudes(sound: Sound) -> npt.NDArray[np.float32]:
    """The larger magnitude of the channels of `sound` (n, channels), sample by sample."""
    largest = np.abs(sound[:, 0])
    for channel in range(1, sound.shape[1]):  # several times as fast as a maximum over a short axis
        np.maximum(largest, np.abs(sound[:, channel]), out=largest)
    return largest


def peak_envelope(sound: Sound, threshold: float) -> Envelope:
    """For each sample of `sound` (n, channels) the largest magnitude at it and on the way to its
    neighbours, over all channels. Exact wherever it exceeds `threshold`; elsewhere it may be the
    sample's own magnitude."""
    plain = magnitudes(sound)
    envelope: Envelope = plain.astype(np.float64)
    full: Envelope | None = None
    for some, highest in _between(sound, plain, threshold):
        if full is None:
            full = np.zeros(-(-len(envelope) // TILE) * TILE)
        full.reshape(-1, TILE)[some] = highest
    if full is not None:
        upto = full[: len(envelope)]
        np.maximum(envelope, upto, out=envelope)
        np.maximum(envelope[1:], upto[:-1], out=envelope[1:])
    return envelope


def true_peak(sound: Sound, at_least: float = 0.0) -> float:
    """The true peak of `sound` (n, channels) or (n,), as an amplitude, or `at_least` if that is larger."""
    stereo = sound if sound.ndim == 2 else sound[:, None]
    if not len(stereo):
        return at_least
    plain = magnitudes(stereo)
    peak = max(at_least, float(plain.max()))
    for some, highest in _between(stereo, plain, peak):
        late = some[:, None] * TILE + np.arange(TILE) >= len(stereo)
        peak = max(peak, float(np.where(late, 0.0, highest).max()))
    return peak


def _between(
    sound: Sound, plain: npt.NDArray[np.float32], threshold: float
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]]:
    """The largest magnitude on the way from each sample of `sound`, whose own ones are `plain`, to the next one: some
    tiles' numbers, and those magnitudes (tiles, TILE), for all tiles in which any could exceed `threshold`."""
    tiles = -(-len(sound) // TILE)
    coarse = np.maximum.reduceat(plain, np.arange(tiles) * TILE)
    near = coarse > threshold / OVERSHOOT
    near[:-1] |= near[1:].copy()  # the taps reach into the neighbouring tiles
    near[1:] |= near[:-1].copy()
    hot = np.flatnonzero(near)
    if not hot.size:
        return
    padded = np.pad(sound, ((_BEFORE, _AFTER + tiles * TILE - len(sound)), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, TILE + TAPS - 1, axis=0)
    for some in np.split(hot, range(_AT_ONCE, len(hot), _AT_ONCE)):
        around = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(windows[some * TILE], TAPS, axis=-1))
        highest = np.zeros(around.shape[:-1], dtype=np.float32)  # tile, channel, sample
        for taps in PHASES.T:
            np.maximum(highest, np.abs(around @ taps), out=highest)
        yield some, highest.max(axis=1)
