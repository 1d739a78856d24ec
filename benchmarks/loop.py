"""A whole drama with Kokoro, against one sequential loop over its lines with the same engine and a mix by pydub.

    python -m benchmarks.loop [TEXT] [--rounds 3] [--threads 1 2]

Each round makes the drama once in each way, by turns, every time in a process that begins with nothing spoken: text to MP3,
loading included. Narratix starts its embedded database, keeps its events, masters, measures the gates and writes captions
within its time; the loop does none of that. The loop runs with each of `--threads` threads per inference.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks._harness import interleaved, need_peers, report
from narratix.samples import SAMPLES

PROJECT: Final = Path(__file__).parents[1]
OURS: Final = "narratix"


def rendered(scratch: Path, text: Path) -> float:
    """Wall seconds of `narratix render` where no clip is kept."""
    home = scratch / "home"
    shutil.rmtree(home / "objects", ignore_errors=True)
    began = time.monotonic()
    _run(home, "narratix", "render", str(text), "-o", str(scratch / "ours.mp3"), "--engine", "kokoro", "--json")
    return time.monotonic() - began


def narrated(scratch: Path, text: Path, threads: int) -> float:
    """Wall seconds of the loop."""
    began = time.monotonic()
    _run(scratch, "benchmarks._sequential_drama", str(text), str(scratch / "loop.mp3"), "--threads", str(threads))
    return time.monotonic() - began


def _run(home: Path, module: str, *arguments: str) -> str:
    environment = os.environ | {"NARRATIX_HOME": str(home), "NARRATIX_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="?", type=Path, help="default: the demo's story")
    parser.add_argument("--characters", type=int, help="only so much of it, up to the end of a paragraph")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--name", default="loop", help="of the files in results/")
    asked = parser.parse_args()
    need_peers()
    story = asked.text.read_text(encoding="utf-8") if asked.text else SAMPLES[0].text
    if asked.characters:
        story = story[: asked.characters].rpartition("\n\n")[0] or story[: asked.characters]
    with tempfile.TemporaryDirectory(prefix="narratix-loop-") as directory:
        scratch = Path(directory)
        scratch.chmod(0o755)
        text = scratch / "story.txt"
        text.write_text(story, encoding="utf-8")
        _run(scratch / "home", "narratix", "migrate")
        loops = {f"loop, {n} thread{'s'[: n != 1]}": partial(narrated, scratch, text, n) for n in asked.threads}
        measured = interleaved({OURS: partial(rendered, scratch, text), **loops}, asked.rounds)
    report(
        name=asked.name,
        title="A whole drama with Kokoro, against a sequential loop",
        unit="s",
        measured=measured,
        baseline=next(iter(loops)),
        notes=[
            f"{len(story):,} characters",
            *(f"{name}: {json.dumps([round(t, 1) for t in times])} s" for name, times in measured.items()),
        ],
        lower_is_better=True,
    )


if __name__ == "__main__":
    main()
