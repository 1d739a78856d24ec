"""How soon a drama plays in Chromium after its text was submitted, whether it ever stalls, and whether what was heard is what was finished.

    python -m benchmarks.listening TEXT --engine kokoro [--until-playing] [--revise] [--home DIR]

With `--revise`, lines of the finished drama are then given other words on the same service (benchmarks/revise.py); `--home`
keeps its database and its sounds for whoever wants to listen later.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks._report import RESULTS, conditions
from benchmarks._serving import call, fetched, service
from benchmarks.revise import revisions
from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.samples import SAMPLES

RATE = 44_100
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]

# The audio element is made by the page's player: whoever makes one is watched from its first moment on.
WATCH = """{
  const make = document.createElement.bind(document);
  globalThis.heard = { playing: null, waits: [], errors: [] };
  document.createElement = (...named) => {
    const made = make(...named);
    if (named[0] === "audio") {
      made.addEventListener("playing", () => {
        heard.playing ??= performance.now();
        const last = heard.waits.at(-1);
        if (last && !last.to) last.to = performance.now();
      });
      made.addEventListener("waiting", () => heard.playing && heard.waits.push({ from: performance.now(), at: made.currentTime }));
      made.addEventListener("error", () => heard.errors.push(made.error?.message));
      globalThis.sound = made;
    }
    return made;
  };
}"""


# Back to the third second while the stream grows: how soon it plays on from there. What it waits for meanwhile is no stall.
BACK = """async () => {
  const waits = heard.waits.length, from = performance.now(), late = () => performance.now() > from + 20000;
  sound.currentTime = 3;
  while (!(sound.currentTime > 3.2 && sound.currentTime < 10) && !late()) await new Promise((on) => setTimeout(on, 20));
  heard.waits.length = waits;
  return { seconds: late() ? null : (performance.now() - from) / 1000 - 0.2 };
}"""


def measured(url: str, text: str, engine: str, patience: float, *, until_playing: bool = False) -> dict[str, Any]:
    """Submit on the page and listen until the stream is sealed; then compare it with the finished file. With
    `until_playing` no longer than it takes to begin."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        page = browser.new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        page.fill("[name=text]", text)
        page.wait_for_timeout(3000)
        load = os.getloadavg()[0]
        began = page.evaluate("performance.now()")
        page.click("button[type=submit]")
        end, heard, job = time.monotonic() + patience, {}, ""
        back: dict[str, float | None] = {}
        while time.monotonic() < end:
            page.wait_for_timeout(500)
            job = page.evaluate("location.pathname.split('/').pop()")
            heard = page.evaluate("({...heard, at: globalThis.sound?.currentTime ?? 0, now: performance.now()})")
            if until_playing and heard["playing"]:
                break
            if heard["at"] > 15 and not back:
                back = page.evaluate(BACK)
            if job and status_of(url, job) in ("completed", "failed"):
                break
        # what is left plays from what is there: listen on for a while, to the end of a short one
        page.wait_for_timeout(0 if until_playing else 5000)
        heard = page.evaluate("({...heard, at: globalThis.sound?.currentTime ?? 0, now: performance.now()})")
        browser.close()
    waits = [round(((wait.get("to") or heard["now"]) - wait["from"]) / 1000, 2) for wait in heard["waits"]]
    begun = {
        "job": job,
        "engine": engine,
        "characters": len(text),
        "load_before": round(load, 2),
        "seconds_to_playing": None if heard["playing"] is None else round((heard["playing"] - began) / 1000, 2),
        "seconds_to": steps(url, job),
    }
    if until_playing:
        return begun
    return begun | {
        "seek_back": back,
        "stalls": [
            {"at": round(wait["at"], 2), "seconds": lasted} for wait, lasted in zip(heard["waits"], waits, strict=True)
        ],
        "errors": heard["errors"],
        "status": status_of(url, job),
        "heard_until": round(heard["at"], 1),
        "wall_seconds": round((heard["now"] - began) / 1000 - 5, 1),
        **compared(url, job),
    }


def steps(url: str, job: str) -> dict[str, float]:
    """Seconds from the job's first event to those that a listener waits for, as the log has them."""
    events = json.loads(fetched(f"{url}/api/jobs/{job}/events?limit=400"))
    began = datetime.fromisoformat(events[0]["recorded_at"])
    opened = next((i for i, event in enumerate(events) if event["type"] == "StreamOpened"), len(events) - 1)
    found: dict[str, float] = {}
    for event in events[: opened + 1]:
        item = next(
            (f" {event['data'][key]}" for key in ("line", "cue", "effect", "passage") if key in event["data"]), ""
        )
        after = (datetime.fromisoformat(event["recorded_at"]) - began).total_seconds()
        found[event["type"] + item] = round(after, 2)
    return found


def status_of(url: str, job: str) -> str:
    return str(json.loads(fetched(f"{url}/api/demo/status/{job}"))["status"])


def compared(url: str, job: str) -> dict[str, Any]:
    """The correlation of the sealed stream with the finished file, on the whole and in its worst five seconds."""
    result = json.loads(fetched(f"{url}/api/demo/result/{job}"))
    early = decoded(f"{url}{result['stream']['hls']}")
    late = decoded(f"{url}{result['audio']['url']}")
    delay = max(range(-3000, 3001, 25), key=lambda d: correlation(early, late, d, 30 * RATE, 40 * RATE))
    delay = max(range(delay - 25, delay + 26), key=lambda d: correlation(early, late, d, 30 * RATE, 40 * RATE))
    length = min(len(early), len(late)) - 4000
    parts = [correlation(early, late, delay, i, i + 5 * RATE) for i in range(4000, length - 5 * RATE, 5 * RATE)]
    return {
        "stream_seconds": round(len(early) / RATE, 2),
        "file_seconds": round(len(late) / RATE, 2),
        "delay_samples": delay,
        "correlation": round(correlation(early, late, delay, 4000, length), 5),
        "worst_five_seconds": round(min(parts), 5) if parts else None,
    }


def correlation(
    early: npt.NDArray[np.float32], late: npt.NDArray[np.float32], delay: int, first: int, last: int
) -> float:
    first, last = max(first, 4000), min(last, len(early) - 4000, len(late) - 4000)
    if last <= first:
        return 0.0
    return float(np.corrcoef(early[first + delay : last + delay], late[first:last])[0, 1])


def decoded(address: str) -> npt.NDArray[np.float32]:
    command = [
        str(find_ffmpeg("")),
        "-v",
        "error",
        "-i",
        address,
        "-f",
        "f32le",
        "-ac",
        "1",
        "-ar",
        str(RATE),
        "pipe:1",
    ]
    return np.frombuffer(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", nargs="?", type=Path, help="default: the first of the samples")
    parser.add_argument("--engine", action="append", choices=("kokoro", "fast"), help="repeatable; default: fast")
    parser.add_argument("--warm", type=float, default=8.0, help="seconds that the service has before the text comes")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds to wait for the drama")
    parser.add_argument("--until-playing", action="store_true", help="only how soon it plays")
    parser.add_argument("--revise", action="store_true", help="then change lines of the finished drama, too")
    parser.add_argument("--at", default="0.25,0.5,0.9", help="which lines are changed, as shares of the script")
    parser.add_argument("--home", type=Path, help="keep the service's things in this directory")
    parser.add_argument("--name", help="of the file in results/; default: listening-ENGINE")
    asked = parser.parse_args()
    text = asked.text.read_text() if asked.text else SAMPLES[0].text
    for engine in asked.engine or ["fast"]:
        with service(engine, asked.home) as url:
            time.sleep(asked.warm)
            found = measured(url, text, engine, asked.patience, until_playing=asked.until_playing)
            if asked.revise and found.get("status") == "completed":
                first = rendered_in(url, found["job"])
                found["first_render_seconds"] = round(first, 2)
                found["revisions"] = revisions(url, found["job"], first, map(float, asked.at.split(",")))
            print(json.dumps(found, indent=2), flush=True)
        if not asked.until_playing:
            RESULTS.mkdir(exist_ok=True)
            kept = RESULTS / f"{asked.name or f'listening-{engine}'}.json"
            kept.write_text(json.dumps({**found, "conditions": conditions()}, indent=2) + "\n", encoding="utf-8")


def rendered_in(url: str, job: str) -> float:
    """Seconds from the submission of a job to its end, as the log has them."""
    events = call(f"{url}/api/jobs/{job}/events?limit=10000")
    times = {event["type"]: datetime.fromisoformat(event["recorded_at"]) for event in events}
    return (times["JobCompleted"] - times["JobSubmitted"]).total_seconds()


if __name__ == "__main__":
    main()
