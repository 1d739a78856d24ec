"""A synthetic drama: bursts of noise shaped like speech, chords, and a slam."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.signal import butter, sosfilt

from narratix.events.catalogue import PlannedEffect, PlannedMusic, PlannedPlace, Segment, Word
from narratix.ports import SAMPLE_RATE, Sound, Timeline
from narratix.sound.clip import fade_edges, prepare_speech
from narratix.sound.lines import PlacedLine, SpokenLine, lay_lines
from narratix.sound.loudness import energies
from narratix.sound.timeline import ComposedMusic, RenderedEffect, build_timeline

SIBILANTS = butter(2, (2500, 7000), "bandpass", fs=SAMPLE_RATE, output="sos")


def speech_like(seconds: float, seed: int) -> Sound:
    """Voiced and unvoiced syllables, four a second, with the crest factor of speech."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    pitch = 110.0 + 60.0 * rng.random()
    voiced = sum((np.sin(2 * np.pi * pitch * k * t + rng.random()) / k**1.3 for k in range(1, 24)), np.zeros(n))
    hiss = sosfilt(SIBILANTS, rng.standard_normal(n)) * 0.6
    syllables = np.abs(np.sin(2 * np.pi * 2.0 * t + rng.random())) ** 1.5
    stress = 0.4 + 0.6 * np.repeat(rng.random(n // 11_025 + 1), 11_025)[:n]
    sound = (voiced * 0.2 + hiss * np.clip(np.sin(2 * np.pi * 1.3 * t), 0, 1) ** 2) * syllables * stress
    return np.asarray(sound, dtype=np.float32)


def chords(seconds: float, seed: int) -> Sound:
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    left, right = np.zeros(n), np.zeros(n)
    for note in (0, 3, 7, 12):
        # whole periods over the length, so that the clip loops without a seam
        hertz = round(110.0 * 2 ** (note / 12) * seconds) / seconds
        left += np.sin(2 * np.pi * hertz * t + rng.random())
        right += np.sin(2 * np.pi * hertz * t + rng.random())
    return (np.stack([left, right], axis=1) * 0.08).astype(np.float32)


def slam(seconds: float, seed: int) -> Sound:
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    noise = np.random.default_rng(seed).standard_normal(n) * np.exp(-t * 8.0) * np.clip(t / 0.04, 0, 1)
    return fade_edges((noise * 0.2).astype(np.float32), 0.02)


class Drama:
    """A story of `count` lines with its clips, and everything that follows from them: in a cave at first, then in a hall,
    and at last in the open."""

    def __init__(self, count: int, *, seed: int = 0, longest: float = 5.0) -> None:
        rng = np.random.default_rng(seed)
        self.clips: dict[str, Sound] = {}
        self.names = {"narrator": "Narrator", "c1": "Ada <& Co>", "c2": "Bert"}
        self.spoken: list[SpokenLine] = []
        segments, parts, offset = [], [], 0
        for line in range(count):
            seconds = float(rng.uniform(0.3, longest))
            words = [f"word{line}x{i}" for i in range(max(1, int(seconds * 3)))]
            prose = " ".join(words) + ". "
            sound, measured = prepare_speech(speech_like(seconds, seed * 1000 + line))
            duration = len(sound) / SAMPLE_RATE
            times, at = [], offset
            for i, word in enumerate(words):
                begins, ends = duration * i / len(words), duration * (i + 0.8) / len(words)
                times.append(Word(start=at, end=at + len(word), begins=begins, ends=ends))
                at += len(word) + 1
            key = f"clips/line-{line}.flac"
            self.clips[key] = sound
            self.spoken.append(SpokenLine(line, key, duration, tuple(times), measured))
            speaker = ("narrator", "c1", "c2")[line % 3]
            pause = float(rng.choice([0.2, 0.35, 0.5, 0.5, 0.8, 0.2, 0.3, 1.6]))
            segments.append(
                Segment(
                    start=offset,
                    end=offset + len(prose),
                    kind="narration" if line % 3 == 0 else "speech",
                    speaker=speaker,
                    pause_after=pause,
                )
            )
            parts.append(prose)
            offset += len(prose)
        self.text = "".join(parts)
        self.segments = tuple(segments)
        self.music = self._music(count)
        self.effects = self._effects(count)
        self.places = (
            PlannedPlace(first_line=0, last_line=count // 3, name="cave"),
            PlannedPlace(first_line=count // 3, last_line=2 * count // 3, name="hall"),
            PlannedPlace(first_line=2 * count // 3, last_line=count, name="open"),
        )

    def _music(self, count: int) -> list[ComposedMusic]:
        cues = []
        scenes = max(1, count // 8)
        bounds = [count * i // scenes for i in range(scenes + 1)]
        for i, (first, last) in enumerate(pairwise(bounds)):
            sound = chords(7.0 + i, i)
            key = f"clips/music-{i}.flac"
            self.clips[key] = sound
            plan = PlannedMusic(
                id=f"m{i}", first_line=first, last_line=last, mood="calm", intensity=0.5, prompt="", seconds=8.0, seed=i
            )
            cues.append(ComposedMusic(plan, key, len(sound) / SAMPLE_RATE, energies(sound)))
        return cues

    def _effects(self, count: int) -> list[RenderedEffect]:
        cues = []
        for i, line in enumerate(range(2, count, 6)):
            sound = slam(6.0 if i % 2 else 1.2, i)
            key = f"clips/effect-{i}.flac"
            self.clips[key] = sound
            word = self.spoken[line].words[-1]
            plan = PlannedEffect(
                id=f"e{i}", line=line, start=word.start, end=word.end, name="door", prompt="", seconds=1.2,
                gain_db=-2.0, pan=0.4, seed=i, distance=1.0 + 20.0 * (i % 3 == 2), last_line=min(count, line + 5) * (i % 2),
            )  # fmt: skip
            cues.append(RenderedEffect(plan, key, len(sound) / SAMPLE_RATE, 0.04, energies(sound)))
        return cues

    def placed(self, lines: int | None = None) -> tuple[PlacedLine, ...]:
        return lay_lines(self.segments, self.spoken[:lines], lead_in=2.5, complete=lines is None)

    def timeline(self, lines: int | None = None) -> Timeline:
        return build_timeline(
            self.placed(lines), self.music, self.effects, tail=4.0, places=self.places, complete=lines is None
        )


MakeDrama = Callable[..., Drama]
