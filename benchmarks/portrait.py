"""The demo's drama in pictures and figures: makes docs/listening.md anew.

    python -m benchmarks.portrait [--engine kokoro]

Performs the demo's story with the real machine, listens to it as `benchmarks.hearing` does, and draws it. The figures of
other texts are taken from benchmarks/results/hearing-*.json. Needs the dependency groups `dev` and `bench`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final

from benchmarks._harness import need_peers
from benchmarks._hearing import Performed, performed
from benchmarks._portrait import close_up, decoded, spectrogram, waveform
from benchmarks._report import RESULTS, conditions
from benchmarks.hearing import CAPTION_SECONDS, EFFECT_SECONDS, WORD_ERRORS, Heard, heard, rows
from narratix.cli.session import prepared, with_services
from narratix.samples import SAMPLES

DOCS: Final = Path(__file__).parents[1] / "docs"
ENGINES: Final = {"kokoro": "Kokoro, the default voices", "fast": "the fast engine"}


def page(drama: Performed, found: Heard, others: list[tuple[str, ...]], made: dict[str, str]) -> str:
    minutes, seconds = divmod(round(drama.timeline.duration), 60)
    gates = [
        f"| {gate.name} | {gate.value:g} | {gate.limit} | {'yes' if gate.passed else '**no**'} |"
        for gate in drama.gates
    ]
    wrong = found.failures()
    own = rows([found])
    tables = "\n".join(f"| {' | '.join(row)} |" for row in (own[0], ["---"] * len(own[0]), *own[1:], *others))
    return f"""# What a drama sounds like

Sound is best judged by ear: `./run demo` makes the drama that this page is about. What follows can be seen and counted
without one. All of it is made by one command, which performs the story, listens to it, and draws it:

    pip install --group dev --group bench
    python -m benchmarks.portrait

The story is “{drama.title}”, {len(drama.text):,} characters, spoken by {ENGINES.get(drama.engine, drama.engine)}:
{minutes} min {seconds} s. Voices: {len(drama.cast)}; pieces of music: {len(drama.timeline.music)}; effects: {len(drama.timeline.effects)}.

![The waveform of the drama above one lane for each voice, the place, the music, the ambience and the effects](listening-waveform.png)

The lanes show who speaks when, and where: in a room, a hall or a cave voices and effects ring as they would there, in the
open they do not, and the narrator is in no place. Music leads in, steps back by 12 dB behind every voice, and leads out;
where the scene changes, one piece fades into the next. An ambience lasts until the place is another, the weather until the
story says that it is over.

![The spectrogram of the drama](listening-spectrogram.png)

The voices' harmonics reach up to about 10 kHz; bright columns are consonants and effects. A click at a join would be a
thin line from bottom to top; the gate on clicks below says how far the worst join stands out.

![A few seconds of the drama, of its dialogue and of one effect](listening-close-up.png)

An effect belongs to a word. The dashed line is where the word begins, in all three.

## The gates

Measured on the finished MP3, decoded as a listener's player does it, each time a drama is made. They are on record in the
job's `DramaMixed` event, in the result, and on the page.

| gate | measured | limit | held |
|---|---:|---|---|
{chr(10).join(gates)}

## What other ears hear

Two programs that share nothing with the voices listen to the dialogue and to the effects alone. Whisper (tiny.en) writes
down what it hears: the share of words that it has wrong counts its own mistakes too, names and old spellings among them.
A sentence is unheard when none of its words was heard as it is written and some were not heard at all. PocketSphinx finds
where each word begins, knowing the text and the sound but none of our times: effects and captions are measured from there,
whichever way they miss. Median, 95th percentile and maximum are the aligner's alone; outside of a limit, which is the last
figure, is only what Whisper's word times find outside of it too, and the aligner again where it hears that line by itself:
either ear is far off now and then.

{tables}

Limits: at most {WORD_ERRORS:.0%} of the words; no sentence unheard; every effect within {EFFECT_SECONDS * 1000:.0f} ms of its word, half of them within 40 ms;
every caption within {CAPTION_SECONDS * 1000:.0f} ms of its first word. What is outside of them on other texts stands in
[benchmarks/results](../benchmarks/results); on this drama:

{chr(10).join(f"* {one}" for one in wrong) or "* nothing"}

The aligner itself is off by 15 ms in the median, and by more than 50 ms at one word in twenty.

Made {made["date"]} from commit {made["commit"]}, on {made["cores"]} cores.
"""


def other_texts() -> list[tuple[str, ...]]:
    """Rows of what was heard of other texts."""
    told: list[tuple[str, ...]] = []
    for file in sorted(RESULTS.glob("hearing-*.json")):
        told += [tuple(row) for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="kokoro", help="default: kokoro")
    parser.add_argument("--out", type=Path, default=DOCS, help="the directory of the page and its pictures")
    asked = parser.parse_args()
    need_peers("faster_whisper", "jiwer", "pocketsphinx")
    settings, story = prepared(quiet=True), SAMPLES[0]
    drama = with_services(settings, "all", lambda services: performed(services, story.text, asked.engine, story.title))
    found = heard(story.id, drama, settings.home / "heard", time.monotonic() + 3600)
    sound = decoded(drama.mp3)
    pictures: dict[str, Any] = {"waveform": waveform, "spectrogram": spectrogram, "close-up": close_up}
    for name, draw in pictures.items():
        draw(drama, sound, asked.out / f"listening-{name}.png")
    (asked.out / "listening.md").write_text(page(drama, found, other_texts(), conditions()), encoding="utf-8")
    print(f"Written to {asked.out}: listening.md and {len(pictures)} pictures")


if __name__ == "__main__":
    main()
