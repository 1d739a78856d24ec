"""The gates that a finished drama has to pass."""

from __future__ import annotations

from dataclasses import dataclass

from narratix.events.catalogue import Gate
from narratix.sound.profiles import PODCAST, MasteringProfile

CLICK_DB = 6.0
MEDIAN_OVER_BED_LU = 15.0
LOW_OVER_BED_LU = 10.0
QUIET_SECONDS = 2.5
DURATION_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Measures:
    """Of the decoded deliverable; `over_bed` (median, 5th percentile, LU) and `floor_dbfs` of the stems of the mix.

    `click_db`: the worst join (`meters.ClickMeter`). `quiet_seconds`: the longest run under -50 dBFS. `rms_dbfs`: the
    root mean square of all of it. `floor_dbfs`: that of the quietest half second of the dialogue.
    """

    loudness_lufs: float
    true_peak_dbtp: float
    click_db: float
    over_bed: tuple[float, float]
    quiet_seconds: float
    duration: float
    rms_dbfs: float = 0.0
    floor_dbfs: float = 0.0


def judge(measures: Measures, *, duration: float, profile: MasteringProfile = PODCAST) -> tuple[Gate, ...]:
    """One gate for each quality that `profile` asks for. `duration` is that of the timeline."""
    median, low = measures.over_bed
    allowed = DURATION_TOLERANCE * duration
    return (
        *_level_gates(measures, profile),
        _at_most("true peak, dBTP", measures.true_peak_dbtp, profile.true_peak_dbtp),
        _at_most("clicks at joins, dB", measures.click_db, CLICK_DB),
        _at_least("dialogue over bed, median, LU", median, MEDIAN_OVER_BED_LU),
        _at_least("dialogue over bed, 5th percentile, LU", low, LOW_OVER_BED_LU),
        _at_most("longest silence, s", measures.quiet_seconds, QUIET_SECONDS),
        _gate(
            "duration, s",
            measures.duration,
            f"{duration:.2f} +-{allowed:.2f}",
            abs(measures.duration - duration) <= allowed,
        ),
    )


def _level_gates(measures: Measures, profile: MasteringProfile) -> tuple[Gate, ...]:
    gates: tuple[Gate, ...] = ()
    if profile.rms_dbfs is None:
        target, tolerance = profile.loudness_lufs, profile.tolerance_lu
        passed = abs(measures.loudness_lufs - target) <= tolerance
        gates += (_gate("integrated loudness, LUFS", measures.loudness_lufs, f"{target:g} +-{tolerance:g}", passed),)
    else:
        least, most = profile.rms_dbfs
        passed = least <= measures.rms_dbfs <= most
        gates += (_gate("RMS, dBFS", measures.rms_dbfs, f"{least:g} to {most:g}", passed),)
    if profile.floor_dbfs is not None:
        gates += (_at_most("noise floor of the dialogue, dBFS", measures.floor_dbfs, profile.floor_dbfs),)
    return gates


def _at_most(name: str, value: float, limit: float) -> Gate:
    return _gate(name, value, f"<= {limit:g}", value <= limit)


def _at_least(name: str, value: float, limit: float) -> Gate:
    return _gate(name, value, f">= {limit:g}", value >= limit)


def _gate(name: str, value: float, limit: str, passed: bool) -> Gate:
    return Gate(name=name, value=round(value, 2), limit=limit, passed=passed)
