"""What a mix costs: a synthetic drama in reels, most of its scenes in places that ring, against plain encodes of the same audio.

    python -m benchmarks.mix --minutes 60

Mixes, encodes, joins and measures with as many worker processes as there are cores, as the service does. Prints processor
seconds of the parts; their ratio to, and the wall time beside, one single-threaded run of ffmpeg that encodes the same audio
from WAV: plain (its defaults at the same bit rate), and with our own arguments; and the peak memory of a worker (RSS), and of
all processes together (PSS: what several of them share counts once). Of these the server from which workers are forked is
there before and after, with what all kinds of workers share, those that speak too: it is told by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.events.catalogue import Kind, PlannedMusic, PlannedPlace, Segment
from narratix.ports import SAMPLE_RATE, Mixed, Reel, Sound, Tags, Timeline
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.providers.mastering.formats import FORMATS, encoding
from narratix.providers.pool import prepare
from narratix.sound.clip import prepare_speech
from narratix.sound.codec import to_flac
from narratix.sound.grid import AAC_FRAME, GRID, sample_at
from narratix.sound.lines import SpokenLine, lay_lines
from narratix.sound.loudness import energies
from narratix.sound.prediction import steady_gain_db
from narratix.sound.profiles import PODCAST
from narratix.sound.timeline import ComposedMusic, build_timeline

DIFFERENT_LINES = 60
LINE_SECONDS = 4.6
MUSIC_SECONDS = 60.0
SCENE_LINES = 30
REEL_SECONDS = 60
PLACES = ("room", "hall", "cave", "open")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--format", choices=tuple(FORMATS), default="mp3")
    options.add_argument("--ffmpeg", default=None, help="an ffmpeg program (default: the bundled one)")
    options.add_argument("--no-baseline", action="store_true", help="do not encode the same audio plainly")
    given = options.parse_args()
    program = find_ffmpeg(given.ffmpeg)
    with tempfile.TemporaryDirectory(prefix="bench-mix-") as scratch:
        folder = Path(scratch)
        # in a process of its own, so that none of the others inherits its peak memory
        made = subprocess.run(
            [sys.executable, "-c", _MAKE, str(given.minutes), scratch], capture_output=True, text=True, check=True
        )
        figures = asyncio.run(_mix(program, folder, given.format, json.loads(made.stdout)))
        if not given.no_baseline:
            figures |= baselines(program, folder, given.format)
            total, plain = figures["cpu_seconds"], figures["plain_encode_cpu_seconds"]
            figures["ratio_to_plain_encode_cpu"] = round(total / plain, 2)
            figures["ratio_to_own_encode_cpu"] = round(total / figures["own_encode_cpu_seconds"], 2)
            figures["wall_over_plain_encode_wall"] = round(
                figures["wall_seconds"] / figures["plain_encode_wall_seconds"], 2
            )
    print(json.dumps(figures, indent=1))
    return 0


_MAKE = """
import json, pickle, sys
from pathlib import Path
from benchmarks.mix import drama
folder = Path(sys.argv[2])
timeline, clips = drama(float(sys.argv[1]), folder)
(folder / "timeline").write_bytes(pickle.dumps(timeline))
print(json.dumps({key: str(path) for key, path in clips.items()}))
"""


async def _mix(program: Path, folder: Path, format: str, clips: dict[str, str]) -> dict[str, Any]:
    import pickle

    timeline: Timeline = pickle.loads((folder / "timeline").read_bytes())
    prepare()
    forking = await asyncio.to_thread(_settled)
    mastering = FfmpegMastering(program)
    files = {key: Path(path) for key, path in clips.items()}
    # the processes are there before the clock starts, as in a service
    warm = Timeline(duration=1.0, dialogue=(), music=(), effects=())
    await asyncio.gather(*(_reel(mastering, warm, {}, folder / f"warm-{n}", (0, 5 * GRID), format) for n in range(2)))
    samples, step = sample_at(timeline.duration), REEL_SECONDS * SAMPLE_RATE // GRID * GRID
    starts = range(0, samples, step)
    bounds = [*pairwise(starts), (starts[-1], starts[-1] + -(-(samples - starts[-1]) // AAC_FRAME) * AAC_FRAME)]
    with _watching() as memory:
        began, before = time.perf_counter(), _cpu_of_all()
        reels = [folder / f"reel-{number}" for number in range(len(bounds))]
        facts = await asyncio.gather(
            *(_reel(mastering, timeline, files, reel, bound, format) for reel, bound in zip(reels, bounds, strict=True))
        )
        mixed_at = time.perf_counter()
        out = folder / f"drama{FORMATS[format].suffix}"
        await mastering.deliver(timeline, reels, samples, out, format, Tags(title="Benchmark"))
        joined_at = time.perf_counter()
        mixed: Mixed = await mastering.measure(timeline, out, format, facts)
        ended, after = time.perf_counter(), _cpu_of_all()
    await mastering.close()
    return {
        "minutes": round(timeline.duration / 60, 1),
        "format": format,
        "reels": len(reels),
        "cues": len(timeline.dialogue) + len(timeline.music),
        "wall_seconds": round(ended - began, 2),
        "wall_mixing_and_encoding": round(mixed_at - began, 2),
        "wall_joining": round(joined_at - mixed_at, 2),
        "wall_measuring": round(ended - joined_at, 2),
        "cpu_seconds": round(after - before, 2),
        "peak_rss_of_a_worker_mb": round(memory["worker"] / 1e6),
        "peak_pss_of_all_mb": round(memory["all"] / 1e6),
        "pss_of_the_fork_server_mb": round(forking / 1e6),
        "loudness_lufs": mixed.loudness_lufs,
        "true_peak_dbtp": mixed.true_peak_dbtp,
        "gates_failed": [gate.name for gate in mixed.gates if not gate.passed],
    }


async def _reel(
    mastering: FfmpegMastering,
    timeline: Timeline,
    clips: dict[str, Path],
    out: Path,
    bounds: tuple[int, int],
    format: str,
) -> Reel:
    out.mkdir()  # noqa: ASYNC240  nobody else is here
    gain_db = steady_gain_db(timeline)
    return await mastering.reel(timeline, clips, *bounds, gain_db=gain_db, formats=(format,), stems=False, out=out)


def baselines(program: Path, folder: Path, format: str) -> dict[str, float]:
    """One ffmpeg with one thread, from WAV, which costs nothing to read."""
    wav = folder / "alone.wav"
    with soundfile.SoundFile(wav, "w", SAMPLE_RATE, 2, "PCM_16", format="RF64") as whole:
        for number in range(len(list(folder.glob("reel-*")))):
            whole.write(soundfile.read(folder / f"reel-{number}" / "master.flac", dtype="float32")[0])
    plain = {
        "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
        "m4b": ("-c:a", "aac", "-b:a", "128k"),
        "wav": ("-c:a", "pcm_s16le"),
        "opus": ("-c:a", "libopus", "-b:a", "96k"),
    }[format]
    figures = {}
    for name, arguments in (("plain", plain), ("own", encoding(format, PODCAST))):
        out = folder / f"{name}{FORMATS[format].suffix}"
        began, before = time.perf_counter(), _cpu(resource.RUSAGE_CHILDREN)
        command = [
            program,
            "-v",
            "error",
            "-y",
            "-threads",
            "1",
            "-i",
            wav,
            *arguments,
            *FORMATS[format].container,
            out,
        ]
        subprocess.run(list(map(str, command)), check=True)
        figures[f"{name}_encode_wall_seconds"] = round(time.perf_counter() - began, 2)
        figures[f"{name}_encode_cpu_seconds"] = round(_cpu(resource.RUSAGE_CHILDREN) - before, 2)
    return figures


# -- processes ---------------------------------------------------------------------------------


def _descendants() -> list[int]:
    """All processes that this one, or one of its children, started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text()
                parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, open_ = [], [os.getpid()]
    while open_:
        children = parents.get(open_.pop(), [])
        found += children
        open_ += children
    return found


def _cpu_of_all() -> float:
    """Processor seconds of this process and all that descend from it, also of those that they waited for."""
    ticks = 0
    for pid in [os.getpid(), *_descendants()]:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _pss() -> float:
    """Of all that descend from this process, bytes."""
    total = 0.0
    for pid in _descendants():
        with contextlib.suppress(OSError):
            total += _rollup(pid).get("Pss", 0)
    return total


def _rollup(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines[1:] if ":" in line}


def _settled() -> float:
    """`_pss` once it has stopped growing."""
    before, same = 0.0, 0
    while same < 8:
        time.sleep(0.25)
        now = _pss()
        same = same + 1 if now > 0 and abs(now - before) < 1e5 else 0
        before = now
    return before


@contextlib.contextmanager
def _watching() -> Iterator[dict[str, float]]:
    """The largest resident memory of a Python worker, and the largest sum of all processes' shares (PSS), bytes."""
    peak, ended = {"worker": 0.0, "all": 0.0}, threading.Event()

    def watch() -> None:
        while not ended.wait(0.25):
            together = 0.0
            for pid in _descendants():
                with contextlib.suppress(OSError):
                    sizes = _rollup(pid)
                    together += sizes.get("Pss", 0)
                    if "python" in Path(f"/proc/{pid}/cmdline").read_text():
                        peak["worker"] = max(peak["worker"], sizes.get("Rss", 0))
            peak["all"] = max(peak["all"], together)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


# -- the drama ---------------------------------------------------------------------------------


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
        kind: Kind = "narration" if speaker == "narrator" else "speech"
        segments.append(Segment(start=line, end=line + 1, kind=kind, speaker=speaker, pause_after=0.4))
        lines.append(
            SpokenLine(line, f"line-{line % len(kept)}", kept[line % len(kept)][0], (), kept[line % len(kept)][1])
        )
    music, places = [], []
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
        name = PLACES[scene % len(PLACES)]
        places.append(PlannedPlace(first_line=first, last_line=min(count, first + SCENE_LINES), name=name))
    return build_timeline(lay_lines(segments, lines, lead_in=2.5), music, tail=4.0, places=places), clips


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
