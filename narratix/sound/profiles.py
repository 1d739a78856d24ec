"""Mastering profiles: for whom a drama is mastered, and what it must then be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class MasteringProfile:
    """The mix is brought to `loudness_lufs` and held under `ceiling_dbtp`, a little below what the decoded deliverable may
    reach (`true_peak_dbtp`), since codecs overshoot.

    The deliverable's loudness may miss by `tolerance_lu`; where `rms_dbfs` is given, that range of its root mean square
    counts instead, and the quietest half second of the dialogue must lie under `floor_dbfs`. `mono`: one channel.
    `mp3_kbps` is constant."""

    name: str
    loudness_lufs: float
    ceiling_dbtp: float
    true_peak_dbtp: float
    tolerance_lu: float = 1.0
    rms_dbfs: tuple[float, float] | None = None
    floor_dbfs: float | None = None
    mono: bool = False
    mp3_kbps: int = 128


PODCAST: Final = MasteringProfile(name="podcast", loudness_lufs=-16.0, ceiling_dbtp=-2.0, true_peak_dbtp=-1.0)
"""-16 LUFS, as podcast platforms ask for stereo."""

ACX: Final = MasteringProfile(
    name="acx",
    loudness_lufs=-16.0,  # one channel of a voice in the middle: -19 LUFS, an RMS near -20.5 dB
    ceiling_dbtp=-4.0,
    true_peak_dbtp=-3.0,
    rms_dbfs=(-23.0, -18.0),
    floor_dbfs=-60.0,
    mono=True,
    mp3_kbps=192,
)
"""ACX Audio Submission Requirements (2024): RMS from -23 to -18 dB, peaks to -3 dB, noise floor to -60 dB, 44.1 kHz,
constant bit rate of at least 192 kbit/s, here in mono."""

BROADCAST: Final = MasteringProfile(
    name="broadcast", loudness_lufs=-23.0, ceiling_dbtp=-2.0, true_peak_dbtp=-1.0, tolerance_lu=0.5
)
"""EBU R 128 (2023): -23 LUFS within 0.5 LU, true peaks to -1 dBTP."""

PROFILES: Final[Mapping[str, MasteringProfile]] = MappingProxyType(
    {profile.name: profile for profile in (PODCAST, ACX, BROADCAST)}
)
