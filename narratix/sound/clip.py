"""A spoken line, made ready for the mix."""

from __future__ import annotations

import numpy as np

from narratix.ports import SAMPLE_RATE, Sound
from narratix.sound.envelopes import fade_in_curve
from narratix.sound.levels import SILENCE_LUFS, amplitude
from narratix.sound.limiter import limit_samples
from narratix.sound.loudness import GATING_STEPS, STEP, energies, integrated, overall

SPEECH_LUFS = -19.0
SPEECH_PEAK_DBFS = -3.0
EDGE_SECONDS = 0.005
MOST_GAIN_DB = 40.0  # more would only raise the noise of a clip that is silent for a reason
_ROUNDS = 4
_CLOSE_ENOUGH_LU = 0.02


def prepare_speech(sound: Sound, level: float = 0.0) -> tuple[Sound, tuple[float, ...]]:
    """Mono speech at `level` dB above -19 LUFS with no sample above -3 dBFS, its edges faded over 5 ms, and its
    energies (`loudness.energies`). The length stays. Silence and nothing come back as they are.

    Clips under 400 ms, or too soft for the gates, have no gated loudness: the whole clip counts.
    """
    faded = fade_edges(np.asarray(sound, dtype=np.float32))
    wanted = SPEECH_LUFS + level
    gain_db = wanted - speech_loudness(faded)
    if gain_db > MOST_GAIN_DB:
        return faded, energies(faded)
    ready = faded
    for _ in range(_ROUNDS):  # limiting takes a little loudness away; give it back
        ready = limit_samples(faded * np.float32(amplitude(gain_db)), amplitude(SPEECH_PEAK_DBFS))
        miss = wanted - speech_loudness(ready)
        if abs(miss) < _CLOSE_ENOUGH_LU:
            break
        gain_db += miss
    return ready, energies(ready)


def speech_loudness(sound: Sound) -> float:
    """Gated loudness in LUFS, or that of the whole clip where the gates leave nothing."""
    gated = integrated(energies(sound)) if len(sound) >= GATING_STEPS * STEP else SILENCE_LUFS
    return gated if gated > SILENCE_LUFS else overall(sound)


def fade_edges(sound: Sound, seconds: float = EDGE_SECONDS) -> Sound:
    """`sound`, mono or stereo, rising from and falling to silence; at most half of it each."""
    length = min(round(seconds * SAMPLE_RATE), len(sound) // 2)
    if not length:
        return sound
    faded = sound.copy()
    curve = fade_in_curve(np.arange(length), length)
    if sound.ndim == 2:
        curve = curve[:, None]
    faded[:length] *= curve
    faded[-length:] *= curve[::-1]
    return faded
