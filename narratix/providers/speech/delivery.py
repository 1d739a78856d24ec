"""How a direction sounds: pace, pitch and timbre. Loudness is given later, and little of it: a shout must be bright and
hard, and a whisper breath, to be heard as one. The paces are slight, since a script sets the speed of a directed line as
well. What a line is heard through is not the voice's part (`narratix.sound.media`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

import numpy as np

from narratix.ports import Sound
from narratix.sound.filters import Filter, butterworth


@dataclass(frozen=True, slots=True)
class Delivery:
    """`pace` is a factor, `pitch` in semitones, `tilt` dB of a shelf above 1.8 kHz, `breath` the share of the voice
    that is breath (0..1), `drive` saturation (0..1), `tremor` depth of a quaver (0..1)."""

    pace: float = 1.0
    pitch: float = 0.0
    tilt: float = 0.0
    breath: float = 0.0
    drive: float = 0.0
    tremor: float = 0.0

    def __add__(self, other: Delivery) -> Delivery:
        return Delivery(
            pace=self.pace * other.pace,
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self) if f.name != "pace"},
        )

    def within_reason(self) -> Delivery:
        """Several directions at once must stay intelligible."""
        return Delivery(
            pace=float(np.clip(self.pace, 0.7, 1.35)),
            pitch=float(np.clip(self.pitch, -3, 4)),
            tilt=float(np.clip(self.tilt, -8, 9)),
            breath=min(self.breath, 0.9),
            drive=min(self.drive, 0.8),
            tremor=min(self.tremor, 0.4),
        )


NEUTRAL = Delivery()

DELIVERIES: dict[str, Delivery] = {
    # the beginnings of words -> their delivery; the first that fits a word counts
    "whisper hiss breath": Delivery(pace=0.96, breath=0.88, tilt=2.0),
    "murmur mutter mumbl under": Delivery(pace=0.98, breath=0.3, tilt=-4.0),
    "quiet soft low gentl tender hush": Delivery(pace=0.97, breath=0.18, tilt=-3.0),
    "scream shriek": Delivery(pace=1.02, pitch=2.5, tilt=8.0, drive=0.6),
    "shout yell bellow roar loud": Delivery(pace=1.01, pitch=1.3, tilt=6.0, drive=0.45),
    "call cri exclaim": Delivery(pace=0.99, pitch=0.8, tilt=4.0, drive=0.15),
    "ang furious rag snap growl snarl bitter fierce": Delivery(pace=1.03, pitch=-0.3, tilt=3.5, drive=0.35),
    "sob cry weep tear": Delivery(pace=0.95, pitch=0.4, breath=0.15, tilt=-1.5, tremor=0.3),
    "sad sorrow mourn grie melanchol despair": Delivery(pace=0.94, pitch=-0.7, tilt=-3.0),
    "excit eager joy delight thrill": Delivery(pace=1.05, pitch=1.1, tilt=2.0),
    "laugh chuckl giggl amus cheer happ play": Delivery(pace=1.02, pitch=0.8, tilt=1.5, tremor=0.12),
    "fear afraid frighten scare terrif nerv anxious trembl panic": Delivery(
        pace=1.04, pitch=0.9, breath=0.12, tremor=0.22
    ),
    "stammer stutter hesit uncertain": Delivery(pace=0.95, tremor=0.12),
    "urgent hurr quick fast rush": Delivery(pace=1.08),
    "slow drawl delib thought pensiv": Delivery(pace=0.92),
    "tired tiring weak sigh wear sleep faint dying": Delivery(pace=0.93, pitch=-0.5, breath=0.22, tilt=-2.5),
    "cold grim stern firm grav solemn serious threat": Delivery(pace=0.96, pitch=-0.7, drive=0.1),
    "hoars rasp gruff": Delivery(pace=0.98, pitch=-0.5, breath=0.3, drive=0.4),
    "sing chant": Delivery(pace=0.95, pitch=0.7),
    "surpris astonish amaz shock": Delivery(pace=1.02, pitch=1.2, tilt=1.5),
    "plead beg implor beseech": Delivery(pace=0.98, pitch=0.6, breath=0.08, tremor=0.12),
    "calm": Delivery(pace=0.97, tilt=-1.0),
    "sarcas dry mock": Delivery(pace=0.97, pitch=-0.3),
    "thinking": Delivery(pace=0.98, pitch=-0.2, breath=0.1, tilt=-1.0),
    "reading": Delivery(pace=0.98, tilt=0.5),
    "telephoning": Delivery(pace=1.01, tilt=0.5),
}


def delivery(direction: str) -> Delivery:
    """The delivery that the words of a direction ask for together; words that say nothing of it are passed over."""
    out = NEUTRAL
    for word in re.findall(r"[a-z]+", direction.lower()):
        found = next((d for stems, d in DELIVERIES.items() if word.startswith(tuple(stems.split()))), NEUTRAL)
        out = out + found
    return out.within_reason()


def colour(sound: Sound, rate: int, style: Delivery) -> Sound:
    """The sound in the delivery's timbre, of the same length. Pace and pitch are the synthesiser's part."""
    if not sound.size:
        return sound
    if style.breath:
        sound = _breathe(sound, style.breath)
    if style.tremor:
        quaver = 1 - style.tremor * (0.5 + 0.5 * np.sin(2 * np.pi * 5.5 / rate * np.arange(sound.size)))
        sound = (sound * quaver).astype(np.float32)
    if style.tilt:
        sound = _shelf(sound, rate, style.tilt)
    if style.drive:
        peak = float(np.abs(sound).max()) or 1.0
        hardness = 1 + 5 * style.drive
        sound = (np.tanh(sound / peak * hardness) * (peak / np.tanh(hardness))).astype(np.float32)
    return sound


def _breathe(sound: Sound, share: float) -> Sound:
    """Replace `share` of the voice by noise of the same spectral envelope, as a whisper excites the same vocal tract
    with breath. The envelope is the short-time magnitude smoothed over 300 Hz, so that no harmonic is left."""
    size, hop = 512, 128
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    padded = np.pad(sound, size)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    magnitude = np.abs(np.fft.rfft(frames, axis=1))
    kernel = np.hanning(9)[1:-1]
    power = np.apply_along_axis(np.convolve, 1, magnitude**2, kernel / kernel.sum(), mode="same")
    # A pressed voice has its strength below 500 Hz; breath has not.
    lift = np.minimum(1.0, np.arange(power.shape[1]) / 16)
    random = np.random.default_rng(0)
    phase = np.exp(2j * np.pi * random.random(power.shape))
    noise = np.fft.irfft(np.sqrt(power) * lift * phase, axis=1) * window
    out = np.zeros(padded.size)
    for k, frame in enumerate(noise):
        out[k * hop : k * hop + size] += frame
    out = out[size : size + sound.size] / 1.5  # the squared windows add up to 1.5 at this overlap
    level = np.sqrt(np.mean(np.square(sound))) / max(float(np.sqrt(np.mean(np.square(out)))), 1e-9)
    mixed: Sound = ((1 - share) * sound + share * level * out).astype(np.float32)
    return mixed


def _shelf(sound: Sound, rate: int, gain_db: float) -> Sound:
    """Add `gain_db` above 1.8 kHz: the sound plus what a first-order high-pass leaves of it."""
    high = Filter(butterworth(1, low=1800.0), rate)(sound)
    tilted: Sound = (sound + (10 ** (gain_db / 20) - 1) * high).astype(np.float32)
    return tilted
