"""Pictures of a drama: its waveform with all that sounds in it, its spectrogram, and a few seconds from close by."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks._hearing import Performed
from benchmarks._hearing_ear import RATE, Heard
from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.ports import SAMPLE_RATE
from narratix.sound.lines import word_begins

WIDTH: Final = 11.0
INK, SOFT, MUSIC, EFFECT = "#1f2937", "#9ca3af", "#7c5cbf", "#d9822b"
VOICES: Final = ("#2f6f8f", "#b5485d", "#4d8b57", "#c79a2b", "#6b6f9c", "#8a5a44")
_WINDOW: Final = 8192

Stereo = npt.NDArray[np.float32]


def decoded(mp3: bytes) -> Stereo:
    """(n, 2) at 44.1 kHz."""
    command = [
        str(find_ffmpeg("")),
        "-v",
        "error",
        "-i",
        "pipe:0",
        "-f",
        "f32le",
        "-ac",
        "2",
        "-ar",
        str(SAMPLE_RATE),
        "pipe:1",
    ]
    return np.frombuffer(
        subprocess.run(command, input=mp3, stdout=subprocess.PIPE, check=True).stdout, np.float32
    ).reshape(-1, 2)


def waveform(drama: Performed, sound: Stereo, file: Path) -> None:
    """The peaks of the file above the lanes of its speakers, its places, its music, its ambience and its effects."""
    figure, (above, below) = _figure(2, heights=(3, 3), size=5.4)
    seconds, low, high = _peaks(sound)
    above.fill_between(seconds, low, high, color=VOICES[0], linewidth=0)
    above.set_ylim(-1, 1)
    above.set_ylabel("full scale", fontsize=9)
    above.set_title(
        f"“{drama.title}”: what is heard, and what it is made of", loc="left", fontsize=11, fontweight="bold"
    )
    spoken: dict[str, int] = {}
    for line in drama.placed:
        spoken[line.segment.speaker] = spoken.get(line.segment.speaker, 0) + 1
    speakers = sorted(spoken, key=lambda speaker: -spoken[speaker])
    for line in drama.placed:
        lane = speakers.index(line.segment.speaker)
        below.broken_barh(
            [(line.begins, line.ends - line.begins)], (lane - 0.35, 0.7), color=VOICES[lane % len(VOICES)]
        )
    lanes = [drama.cast[speaker] for speaker in speakers]
    for name, bars, colour in (("place", _places(drama), SOFT), ("music", _music(drama), MUSIC)):
        for number, (begins, ends, said) in enumerate(bars):
            shade = 0.35 + 0.25 * (number % 2)
            below.broken_barh([(begins, ends - begins)], (len(lanes) - 0.35, 0.7), color=colour, alpha=shade)
            below.text((begins + ends) / 2, len(lanes), said, ha="center", va="center", fontsize=7, color=INK)
        lanes.append(name)
    for name, sounded, size in (
        ("ambience", [one for one in drama.sounded if one.cue.loops], 5.0),
        ("effects", [one for one in drama.sounded if not one.cue.loops], drama.timeline.duration / 100.0),
    ):
        rows = _in_rows(
            [(one.cue.begins, max(one.cue.ends, one.cue.begins + size * len(one.plan.name))) for one in sounded]
        )
        for row, one in zip(rows, sounded, strict=True):
            lane = len(lanes) + row
            below.broken_barh(
                [(one.cue.begins, one.cue.ends - one.cue.begins)], (lane - 0.35, 0.7), color=EFFECT, alpha=0.6
            )
            below.text(one.cue.begins, lane, f" {one.plan.name}", va="center", fontsize=7, color=INK)
        lanes += [name, *[""] * max(rows, default=0)]
    below.set_yticks(range(len(lanes)), lanes, fontsize=8)
    below.set_ylim(len(lanes) - 0.4, -0.6)
    below.set_xlabel("seconds", fontsize=9)
    for axes in (above, below):
        axes.set_xlim(0, drama.timeline.duration)
    _save(figure, file)


def _places(drama: Performed) -> list[tuple[float, float, str]]:
    """When each begins and ends, and what it is called."""
    spans = [(place, drama.placed[place.first_line : place.last_line]) for place in drama.places]
    return [(lines[0].begins, lines[-1].ends, place.name) for place, lines in spans if lines]


def _music(drama: Performed) -> list[tuple[float, float, str]]:
    """The same for the pieces of music, called by their moods: the first leads in, the last leads out."""
    spans = [(plan, drama.placed[plan.first_line : plan.last_line]) for plan in drama.music]
    return [
        (
            lines[0].begins if plan.first_line else 0.0,
            lines[-1].ends if lines[-1].line < len(drama.placed) - 1 else drama.timeline.duration,
            plan.mood,
        )
        for plan, lines in spans
        if lines
    ]


def _in_rows(spans: Sequence[tuple[float, float]]) -> list[int]:
    """A row for each span, in which it meets no other."""
    ends: list[float] = []
    rows = []
    for begins, stops in spans:
        row = next((row for row, end in enumerate(ends) if end <= begins), len(ends))
        ends[row : row + 1] = [stops]
        rows.append(row)
    return rows


def spectrogram(drama: Performed, sound: Stereo, file: Path) -> None:
    """The level in dB over time and frequency (logarithmic, 60 Hz to 16 kHz)."""
    figure, (axes,) = _figure(1, size=3.4)
    mono = sound.mean(axis=1)
    columns = 1000
    starts = np.linspace(0, max(0, len(mono) - _WINDOW), columns).astype(int)
    window = np.hanning(_WINDOW).astype(np.float32)
    power = np.stack([np.abs(np.fft.rfft(mono[start : start + _WINDOW] * window)) ** 2 for start in starts], axis=1)
    edges = np.geomspace(60, 16_000, 161)
    bins = np.searchsorted(np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE), edges)
    bands = np.stack([power[low : max(high, low + 1)].mean(axis=0) for low, high in pairwise(bins)])
    level = 10 * np.log10(bands / bands.max() + 1e-10)
    shown = axes.pcolormesh(
        np.linspace(0, drama.timeline.duration, columns + 1),
        edges,
        level,
        vmin=-80,
        vmax=0,
        cmap="magma",
        rasterized=True,
    )
    axes.set_yscale("log")
    axes.set_yticks([100, 300, 1000, 3000, 10_000], ["100", "300", "1k", "3k", "10k"])
    axes.minorticks_off()
    axes.set_ylabel("Hz", fontsize=9)
    axes.set_xlabel("seconds", fontsize=9)
    axes.set_title("Its spectrogram, dB under the loudest", loc="left", fontsize=11, fontweight="bold")
    figure.colorbar(shown, ax=axes, pad=0.01, aspect=30)
    _save(figure, file)


def close_up(drama: Performed, sound: Stereo, file: Path, *, seconds: float = 7.0) -> None:
    """The drama, its dialogue and its effects around the effect that is clearest to see, with the words where they are
    spoken. Raises ValueError for a drama without effects."""
    if not drama.sounded:
        raise ValueError("This drama has no effect to look at.")
    chosen = min(drama.sounded, key=lambda one: (one.cue.loops, one.cue.ends - one.cue.begins >= 4.0, one.cue.begins))
    line = drama.placed[chosen.plan.line]
    word = word_begins(line, chosen.plan.start)
    first = max(0.0, word - seconds * 0.45)
    last = min(drama.timeline.duration, first + seconds)
    figure, lanes = _figure(3, size=5.0)
    mono, effect = sound.mean(axis=1), np.zeros(round(drama.timeline.duration * RATE) + RATE, np.float32)
    alone, since = (drama.effects, 0) if chosen.alone is None else (chosen.alone, round(chosen.alone_from * RATE))
    effect[since : since + len(alone)] = alone[: len(effect) - since]
    for axes, name, stem, rate, colour in (
        (lanes[0], "the drama", mono, SAMPLE_RATE, INK),
        (lanes[1], "dialogue alone", drama.dialogue, RATE, VOICES[0]),
        (lanes[2], "this effect alone", effect, RATE, EFFECT),
    ):
        times, low, high = _peaks(stem[round(first * rate) : round(last * rate)], rate)
        axes.fill_between(first + times, low, high, color=colour, linewidth=0.3)
        reach = max(0.05, float(np.abs((low, high)).max())) * 1.25
        axes.set_ylim(-reach, reach * (2.2 if stem is drama.dialogue else 1.0))  # room for the words
        axes.set_yticks([])
        axes.set_ylabel(name, fontsize=9)
        axes.axvline(word, color=EFFECT, linewidth=1.2, linestyle="--")
        axes.set_xlim(first, last)
    for placed in drama.placed:
        for spoken in placed.spoken.words if placed.spoken else ():
            begins = placed.begins + spoken.begins
            if first < begins < last - 0.2:
                lanes[1].axvline(begins, color=SOFT, linewidth=0.6)
                top = lanes[1].get_ylim()[1] * 0.97
                said = drama.text[spoken.start : spoken.end]
                lanes[1].text(begins + 0.01, top, said, fontsize=7, rotation=90, va="top", color=INK)
    lanes[2].set_xlabel("seconds; dashed: the word begins that the effect belongs to", fontsize=9)
    said = " ".join(drama.text[chosen.plan.start : chosen.plan.end].split())
    lanes[0].set_title(
        f"From close by: the effect “{chosen.plan.name}” on “{said}”", loc="left", fontsize=11, fontweight="bold"
    )
    _save(figure, file)


def _peaks(sound: Stereo | Heard, rate: int = SAMPLE_RATE, columns: int = 1600) -> tuple[Any, Any, Any]:
    """Seconds, and the lowest and highest sample of each of about 1,600 stretches."""
    mono = sound if sound.ndim == 1 else sound.mean(axis=1)
    size = max(1, len(mono) // columns)
    rows = mono[: len(mono) // size * size].reshape(-1, size)
    return (np.arange(len(rows)) + 0.5) * size / rate, rows.min(axis=1), rows.max(axis=1)


def _figure(count: int, *, size: float, heights: Sequence[float] | None = None) -> tuple[Any, list[Any]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, size), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(count, 1, sharex=count > 1, gridspec_kw={"height_ratios": heights} if heights else None)
    every = [axes] if count == 1 else list(axes)
    for one in every:
        one.tick_params(labelsize=8)
        for side in ("top", "right"):
            one.spines[side].set_visible(False)
    return figure, every


def _save(figure: Any, file: Path) -> None:
    """As PNG of at most 128 colours, a third of the size."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(128).save(file, optimize=True)
