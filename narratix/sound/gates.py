"""The gates that a finished drama has to pass."""

from __future__ import annotations

from dataclasses import dataclass

from narratix.events.catalogue import Gate

LOUDNESS_TOLERANCE_LU = 1.0
TRUE_PEAK_DBTP = -1.0
CLICK_DB = 6.0
MEDIAN_OVER_BED_LU = 15.0
LOW_OVER_BED_LU = 10.0
QUIET_SECONDS = 2.5
DURATION_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Measures:
    """Of the decoded deliverable; `over_bed` (median, 5th percentile, LU) of the stems of the mix.

    `click_db`: the worst join (`meters.ClickMeter`). `quiet_seconds`: the longest run under -50 dBFS.
    """

    loudness_lufs: float
    true_peak_dbtp: float
    click_db: float
    over_bed: tuple[float, float]
    quiet_seconds: float
    duration: float


def judge(measures: Measures, *, duration: float, loudness_lufs: float = -16.0) -> tuple[Gate, ...]:
    """One gate for each quality, in the order of `Measures`. `duration` is that of the timeline."""
    median, low = measures.over_bed
    allowed = DURATION_TOLERANCE * duration
    return (
        _gate(
            "integrated loudness, LUFS",
            measures.loudness_lufs,
            f"{loudness_lufs:g} +-{LOUDNESS_TOLERANCE_LU:g}",
            abs(measures.loudness_lufs - loudness_lufs) <= LOUDNESS_TOLERANCE_LU,
        ),
        _at_most("true peak, dBTP", measures.true_peak_dbtp, TRUE_PEAK_DBTP),
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


def _at_most(name: str, value: float, limit: float) -> Gate:
    return _gate(name, value, f"<= {limit:g}", value <= limit)


def _at_least(name: str, value: float, limit: float) -> Gate:
    return _gate(name, value, f">= {limit:g}", value >= limit)


def _gate(name: str, value: float, limit: str, passed: bool) -> Gate:
    return Gate(name=name, value=round(value, 2), limit=limit, passed=passed)
