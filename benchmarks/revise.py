"""What it takes to change one line of a finished drama: time beside the first render's, clips spoken, segments mixed.

    python -m benchmarks.revise --engine fast

A service of its own is given a long story (samples over and over, up to the 42 KB of a typical chapter, or `--text FILE`);
when the drama is finished, single lines of it are given other words, one after another. Clips are LineSpoken events that were
not found; segments are the reels of the finished drama and the passages of its stream, each counted by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks._serving import call, service
from narratix.samples import SAMPLES

CHARACTERS = 42_000
_PATIENCE = 3_600
WORDING = "Nobody in the room had ever heard such a thing, and nobody answered."


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--engine", default="fast", help="the speech engine")
    options.add_argument("--text", type=Path, help="a story of up to 50 KB")
    options.add_argument("--formats", default="mp3,m4b")
    options.add_argument("--warm", type=float, default=8.0, help="seconds that the service has before the text comes")
    options.add_argument("--at", default="0.25,0.5,0.9", help="which lines are changed, as shares of the script")
    options.add_argument("--lines", default="", help="their numbers instead")
    options.add_argument("--append", action="store_true", help="let each keep its words, and say more behind them")
    given = options.parse_args()
    text = given.text.read_text(encoding="utf-8") if given.text else long_story()
    wishes = {"engine": given.engine, "formats": given.formats.split(",")}
    with service(given.engine) as url:
        time.sleep(given.warm)
        load = os.getloadavg()[0]
        began = time.perf_counter()
        job = call(f"{url}/api/demo/submit", {"text": text, "options": wishes})["job_id"]
        until_ended(url, job)
        first = time.perf_counter() - began
        result = call(f"{url}/api/demo/result/{job}")
        lines = [int(line) for line in given.lines.split(",") if line] or shared(
            result, map(float, given.at.split(","))
        )
        kept = {line["line"]: text[line["start"] : line["end"]] for line in result["script"] if given.append}
        figures: dict[str, Any] = {
            "engine": given.engine,
            "characters": len(text),
            "lines": len(result["script"]),
            "drama_seconds": round(result["audio"]["duration_seconds"], 1),
            "load_before": round(load, 2),
            "first_render_seconds": round(first, 2),
            "revisions": [revised(url, job, line, first, kept.get(line, "")) for line in lines],
        }
    print(json.dumps(figures, indent=1))
    return 0


def revisions(url: str, job: str, first: float, shares: Iterable[float]) -> list[dict[str, Any]]:
    """Give lines at these shares of the script other words, one after another, beside a first render of `first` seconds."""
    result = call(f"{url}/api/demo/result/{job}")
    return [revised(url, job, line, first) for line in shared(result, shares)]


def shared(result: dict[str, Any], shares: Iterable[float]) -> list[int]:
    """The spoken lines at these shares of the script."""
    spoken = [line["line"] for line in result["script"] if line["clip"]]
    return [spoken[min(len(spoken) - 1, int(share * len(spoken)))] for share in shares]


def revised(url: str, job: str, line: int, first: float, kept: str = "") -> dict[str, Any]:
    """Give a line other words, behind those that are kept, and wait for the drama."""
    version = call(f"{url}/api/demo/status/{job}")["version"]
    began = time.perf_counter()
    call(f"{url}/api/demo/revise/{job}", {"line": line, "text": f"{kept.strip()} {WORDING}".strip()})
    until_ended(url, job, after=version + 2)  # LineRevised and JobRetried; the status may not know of them yet
    seconds = time.perf_counter() - began
    events = call(f"{url}/api/jobs/{job}/events?after={version}&limit=10000")
    named = [(event["type"], event["data"]) for event in events]
    mixed = next(data for kind, data in named if kind == "DramaMixed")
    return {
        "line": line,
        "seconds_to": _steps(events),
        "seconds": round(seconds, 2),
        "percent_of_first": round(100 * seconds / first, 2),
        "clips_spoken": sum(kind == "LineSpoken" and not data["usage"]["cached"] for kind, data in named),
        "reels_mixed": mixed["remixed"],
        "reels": mixed["reels"],
        "passages_mixed": sum(kind == "PassageMixed" for kind, _ in named),
        "gates_failed": [gate["name"] for gate in mixed["gates"] if not gate["passed"]],
    }


def _steps(events: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds from the revision to each event that it led to."""
    began = datetime.fromisoformat(events[0]["recorded_at"])
    return {
        event["type"] + str(event["data"].get("passage", "")): round(
            (datetime.fromisoformat(event["recorded_at"]) - began).total_seconds(), 2
        )
        for event in events
    }


def until_ended(url: str, job: str, after: int = 0) -> None:
    """Wait until the status of a later version than `after` is the job's end, at most `_PATIENCE` seconds."""
    end = time.monotonic() + _PATIENCE
    while (status := call(f"{url}/api/demo/status/{job}"))["status"] in ("queued", "running") or (
        status["version"] <= after
    ):
        if time.monotonic() > end:
            sys.exit(f"The job {job} is {status['status']} ({status['step']}) after {_PATIENCE} s.")
        time.sleep(0.1)
    if status["status"] != "completed":
        sys.exit(f"The job {job} is {status['status']}: {status['error']}")


def long_story() -> str:
    """The samples, one after another, until they are long enough."""
    text = ""
    while len(text) < CHARACTERS:
        text += "\n\n* * *\n\n".join(sample.text for sample in SAMPLES) + "\n\n* * *\n\n"
    return text[:CHARACTERS].rpartition("\n\n")[0]


if __name__ == "__main__":
    sys.exit(main())
