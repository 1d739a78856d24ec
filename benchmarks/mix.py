"""What a mix costs: a synthetic drama through the whole mastering, against its encoding alone.

    python -m benchmarks.mix --minutes 60

Prints processor seconds of every part, the ratio of the mix to encoding the same sound with the same
ffmpeg arguments, and the peak memory of the process that mixes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.events.catalogue import PlannedMusic, Segment
from narratix.ports import SAMPLE_RATE, Mixed, Sound, Tags, Timeline
from narratix.providers.mastering.formats import FORMATS
from narratix.providers.mastering.render import MixOrder, mix_files
from narratix.sound.clip import prepare_speech
from narratix.sound.codec import to_flac
from narratix.sound.loudness import energies
from narratix.sound.timeline import ComposedMusic, SpokenLine, build_timeline, lay_lines

DIFFERENT_LINES = 60
LINE_SECONDS = 4.6
MUSIC_SECONDS = 60.0
SCENE_LINES = 30


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--format", choices=tuple(FORMATS), default="mp3")
    options.add_argument("--ffmpeg", default=None, help="an ffmpeg program (default: the bundled one)")
    given = options.parse_args()

    program = find_ffmpeg(given.ffmpeg)
    with (
        tempfile.TemporaryDirectory(prefix="bench-mix-") as scratch,
        # a process of its own, so that its peak memory is that of the mix alone; started before this
        # one grows, since a child inherits its parent's peak
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        pool.submit(int).result()
        folder = Path(scratch)
        timeline, clips = drama(given.minutes, folder)
        master, out, going = folder / "master.flac", folder / "drama", folder / "going"
        going.touch()
        order = MixOrder(
            program, timeline, clips, master, out, given.format, Tags(title="Benchmark"), going, 60 + timeline.duration
        )
        mixed, wall, own, ffmpeg, peak = pool.submit(measured, mix_files, order).result()
        alone = encoding_alone(program, master, folder / "alone", given.format)

    print(
        json.dumps(
            {
                "minutes": round(timeline.duration / 60, 1),
                "format": given.format,
                "cues": len(timeline.dialogue) + len(timeline.music),
                "wall_seconds": round(wall, 1),
                "cpu_mixing_and_measuring": round(own, 1),
                "cpu_encoding_and_decoding": round(ffmpeg, 1),
                "cpu_encoding_alone": round(alone, 1),
                "ratio": round((own + ffmpeg) / alone, 2),
                "peak_rss_mb": round(peak / 1024),
                "loudness_lufs": mixed.loudness_lufs,
                "true_peak_dbtp": mixed.true_peak_dbtp,
                "gates_failed": [gate.name for gate in mixed.gates if not gate.passed],
            },
            indent=1,
        )
    )
    return 0


def measured(work: Callable[[MixOrder], Mixed], order: MixOrder) -> tuple[Mixed, float, float, float, int]:
    """The result, wall seconds, own and children's processor seconds, peak memory in KB."""
    began, own, children = time.perf_counter(), _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
    mixed = work(order)
    return (
        mixed,
        time.perf_counter() - began,
        _cpu(resource.RUSAGE_SELF) - own,
        _cpu(resource.RUSAGE_CHILDREN) - children,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )


def encoding_alone(program: Path, master: Path, out: Path, format: str) -> float:
    """Processor seconds to encode the same sound from WAV, which costs nothing to read."""
    wav = master.with_suffix(".wav")
    subprocess.run([program, "-v", "error", "-y", "-i", master, "-c:a", "pcm_f32le", wav], check=True)
    before = _cpu(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "-v", "error", "-y", "-i", wav, *FORMATS[format].arguments, out], check=True)
    return _cpu(resource.RUSAGE_CHILDREN) - before


def drama(minutes: float, folder: Path) -> tuple[Timeline, dict[str, Path]]:
    count = max(2, round(minutes * 60 / (LINE_SECONDS + 0.4)))
    clips: dict[str, Path] = {}
    kept: list[tuple[float, tuple[float, ...]]] = []
    for number in range(min(count, DIFFERENT_LINES)):
        sound, steps = prepare_speech(_speech(LINE_SECONDS, number))
        _keep(clips, folder, f"line-{number}", sound)
        kept.append((len(sound) / SAMPLE_RATE, steps))
    segments, lines = [], []
    for line in range(count):
        speaker = ("narrator", "c1", "c2")[line % 3]
        segments.append(Segment(start=line, end=line + 1, kind="narration", speaker=speaker, pause_after=0.4))
        lines.append(
            SpokenLine(line, f"line-{line % len(kept)}", kept[line % len(kept)][0], (), kept[line % len(kept)][1])
        )
    music = []
    for scene, first in enumerate(range(0, count, SCENE_LINES)):
        key = f"music-{scene % 5}"
        sound = _chord(MUSIC_SECONDS, scene % 5)
        if key not in clips:
            _keep(clips, folder, key, sound)
        plan = PlannedMusic(
            id=f"m{scene}",
            first_line=first,
            last_line=min(count, first + SCENE_LINES),
            mood="calm",
            intensity=0.5,
            prompt="",
            seconds=MUSIC_SECONDS,
            seed=scene,
        )
        music.append(ComposedMusic(plan, key, MUSIC_SECONDS, energies(sound)))
    return build_timeline(lay_lines(segments, lines, lead_in=2.5), music, tail=4.0), clips


def _keep(clips: dict[str, Path], folder: Path, key: str, sound: Sound) -> None:
    clips[key] = folder / f"{key}.flac"
    clips[key].write_bytes(to_flac(sound))


def _speech(seconds: float, seed: int) -> Sound:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 100.0 + 80.0 * rng.random()
    voice = sum((np.sin(2 * np.pi * pitch * k * t + rng.random()) / k**1.3 for k in range(1, 24)), np.zeros(len(t)))
    breath = rng.standard_normal(len(t)) * 0.02
    return np.asarray((voice * 0.2 + breath) * np.abs(np.sin(2 * np.pi * 2.1 * t)) ** 1.5, dtype=np.float32)


def _chord(seconds: float, seed: int) -> Sound:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    notes = [round(110.0 * 2 ** (n / 12) * seconds) / seconds for n in (seed, seed + 4, seed + 7, seed + 12)]
    left = sum((np.sin(2 * np.pi * hertz * t) for hertz in notes), np.zeros(len(t)))
    right = sum((np.sin(2 * np.pi * hertz * t + 1.0) for hertz in notes), np.zeros(len(t)))
    return np.asarray(np.stack([left, right], axis=1) * 0.08, dtype=np.float32)


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
