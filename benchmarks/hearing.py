"""Whether every word of a text is understood, and whether effects and captions begin on their words, by ears of their own.

    python -m benchmarks.hearing STORY.txt ... [--engine kokoro]

Each text is performed by the real machine; then its dialogue and its effects are heard apart. Whisper (tiny.en) writes
down the dialogue: its word error rate against the source, and the sentences of which it heard nothing. PocketSphinx aligns
the source with the dialogue, knowing no time of ours (where it disagrees by more than a limit, Whisper's
word times decide: either is far off now and then, but hardly at the same word; a sentence of which nothing was heard, and
the line of a word at which both are far off, are heard once more by themselves): effects are measured from the word's start to the moment at which
the effects' stem comes within 15 dB of the effect's loudest, captions from the published WebVTT. Needs the dependency
groups `dev` (Whisper and its model) and `bench`. With --patience it stops after so many seconds, and goes on from there
when it is called again: performed lines and heard stretches are kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from benchmarks._harness import need_peers
from benchmarks._hearing import Performed, performed
from benchmarks._hearing_aligner import Aligner, Piece, pieces
from benchmarks._hearing_ear import RATE, HeardWord, OutOfTime, transcribed
from benchmarks._hearing_onsets import PAUSE_SECONDS, onset, out_of_silences, speech_begins
from benchmarks._hearing_words import Comparison, SourceWord, compare, sentences, source_words
from benchmarks._report import RESULTS, conditions
from narratix.cli.session import prepared, with_services
from narratix.ports import Sound
from narratix.sound.lines import PlacedLine
from tests.sound.subtitles import read_vtt

Times = Sequence[float | None]
WORD_ERRORS: Final = 0.06
EFFECT_SECONDS, EFFECT_MEDIAN_SECONDS = 0.1, 0.04
CAPTION_SECONDS: Final = 0.15
REST_SECONDS: Final = 0.4
"""Silence around what is heard by itself."""
_console: Final = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Distance:
    """How long after its word something begins, in seconds, by the aligner, and by Whisper where it heard that word.
    `at`: the word's second of the drama."""

    what: str
    at: float
    seconds: float
    whisper: float | None

    def outside(self, limit: float) -> bool:
        """Whether both say so: each of them is far off now and then, but hardly at the same word, and if so not the same
        way (one called a caption of Alice half a second late, the other a third early; by its level it was right)."""
        if self.whisper is None:
            return abs(self.seconds) > limit
        return min(abs(self.seconds), abs(self.whisper)) > limit and self.seconds * self.whisper > 0

    def __str__(self) -> str:
        other = "" if self.whisper is None else f" (Whisper: {self.whisper * 1000:+.0f})"
        return f"{self.what} at {self.at} s {self.seconds * 1000:+.0f} ms{other}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found out about one drama. `unheard`: the sentences without any word; `unplaced`: effects and captions on
    words that neither ear could place, `silent`: effects of which nothing is heard there."""

    text: str
    engine: str
    minutes: float
    words: int
    error_rate: float
    substituted: int
    deleted: int
    inserted: int
    sentences: int
    unheard: tuple[str, ...]
    bias: float
    effects: tuple[Distance, ...]
    captions: tuple[Distance, ...]
    unplaced: tuple[str, ...]
    silent: tuple[str, ...]
    gates: dict[str, tuple[float, str, bool]]

    def failures(self) -> list[str]:
        """The limits that do not hold, in words."""
        wrong = [
            f"gate {name}: {value} is not {limit}" for name, (value, limit, passed) in self.gates.items() if not passed
        ]
        if self.error_rate > WORD_ERRORS:
            wrong.append(f"word error rate {self.error_rate:.1%}")
        wrong += [f"nothing heard of {sentence!r}" for sentence in self.unheard]
        wrong += [f"effect {d}" for d in self.effects if d.outside(EFFECT_SECONDS)]
        wrong += [f"effect {name} is not heard at its word" for name in self.silent]
        if self.effects and statistics.median(abs(d.seconds) for d in self.effects) > EFFECT_MEDIAN_SECONDS:
            wrong.append("the effects' median")
        wrong += [f"caption {d}" for d in self.captions if d.outside(CAPTION_SECONDS)]
        return wrong + [f"not placed: {what}" for what in self.unplaced]


def heard(name: str, drama: Performed, cache: Path, deadline: float) -> Heard:
    """Listen to a drama. Raises OutOfTime."""
    source = source_words(drama.text)
    words = transcribed(drama.dialogue, cache, deadline)
    found = compare([word.plain for word in source], [word.plain for word in words])
    placed, bias = word_times(drama, source, pieces(drama.dialogue, words, found))
    second = second_opinion(drama, words, found, placed)
    effects, silent, lost = effect_distances(drama, source, placed, second)
    captions, lost_captions = caption_distances(
        drama, source, placed, second, lambda word: heard_closely(drama, source, word, bias)
    )
    return Heard(
        text=name,
        engine=drama.engine,
        minutes=round(drama.timeline.duration / 60, 2),
        words=len(source),
        error_rate=round(found.error_rate, 4),
        substituted=found.substituted,
        deleted=found.deleted,
        inserted=found.inserted,
        sentences=len(sentences(drama.text, source)),
        unheard=tuple(
            drama.text[source[first].start : source[last - 1].end]
            for first, last in unheard(drama.text, source, found)
            if not heard_alone(drama, source[first:last], cache, deadline)
        ),
        bias=round(bias, 3),
        effects=tuple(effects),
        captions=tuple(captions),
        unplaced=(*lost, *lost_captions),
        silent=tuple(silent),
        gates={gate.name: (gate.value, gate.limit, gate.passed) for gate in drama.gates},
    )


def unheard(text: str, source: Sequence[SourceWord], found: Comparison) -> list[tuple[int, int]]:
    """The sentences, as ranges of words, of which not one word was heard as it is written, and for which Whisper wrote nothing else down either
    (“Sh!” it may spell as it likes)."""
    return [
        (first, last)
        for first, last in sentences(text, source)
        if not any(found.same[first:last]) and None in found.heard_as[first:last]
    ]


def heard_alone(drama: Performed, sentence: Sequence[SourceWord], cache: Path, deadline: float) -> bool:
    """Whether one of its words is understood when the lines that it is in are heard by themselves: in a stretch of half a
    minute Whisper passes over a "said he" now and then that it hears well enough. Raises OutOfTime."""
    lines = lines_of(drama, sentence[0].start, sentence[-1].end)
    heard = transcribed(sound_alone(drama, lines)[0], cache, deadline) if lines else []
    return bool({word.plain for word in heard} & {word.plain for word in sentence})


def heard_closely(drama: Performed, source: Sequence[SourceWord], word: int, bias: float) -> float | None:
    """When a source word begins by the aligner hearing its line by itself: it cannot go astray there as it does in half a
    minute. Right behind a pause, where the pause ends; it does not know how every word sounds ("VII."). `bias`: its constant.
    None where it finds no way through the line."""
    lines = lines_of(drama, source[word].start, source[word].end)
    if not lines:
        return None
    first, last = lines[0].segment.start, lines[-1].segment.end
    said = [i for i, one in enumerate(source) if one.start < last and one.end > first]
    alone, begins = sound_alone(drama, lines)
    times = Aligner().aligned(alone, [source[i] for i in said])
    if not times:
        return None
    at = begins + times[said.index(word)][0] + bias
    after_pause = speech_begins(drama.dialogue, at)
    return at if after_pause is None else after_pause


def lines_of(drama: Performed, start: int, end: int) -> list[PlacedLine]:
    """The lines in which characters [start, end) of the text are spoken."""
    return [
        line
        for line in drama.placed
        if line.spoken is not None and line.segment.start < end and line.segment.end > start
    ]


def sound_alone(drama: Performed, lines: Sequence[PlacedLine]) -> tuple[Sound, float]:
    """Neighbouring lines and nothing else, with silence around them, and the second of the drama at which that begins."""
    rest = np.zeros(round(REST_SECONDS * RATE), np.float32)
    first = round(lines[0].begins * RATE)
    alone = np.concatenate((rest, drama.dialogue[first : round(lines[-1].ends * RATE)], rest))
    return alone, first / RATE - REST_SECONDS


def word_times(drama: Performed, source: Sequence[SourceWord], parts: Sequence[Piece]) -> tuple[Times, float]:
    """When each source word begins; None in pieces that the aligner found no way through. PocketSphinx is early by a
    constant: the median distance to where speech sets in after a pause, told by its level."""
    aligner = Aligner()
    placed: list[float | None] = [None] * len(source)
    late = []
    for part in parts:
        times = aligner.aligned(drama.dialogue[part.begins : part.ends], source[part.first : part.last])
        before = -PAUSE_SECONDS
        for word, (begins, ends) in zip(range(part.first, part.last), times or (), strict=False):
            placed[word] = part.begins / RATE + begins
            if begins - before >= PAUSE_SECONDS:
                sets_in = speech_begins(drama.dialogue, part.begins / RATE + begins)
                late += [] if sets_in is None else [sets_in - part.begins / RATE - begins]
            before = ends
    bias = statistics.median(late) if late else 0.0
    return out_of_silences(drama.dialogue, [None if one is None else one + bias for one in placed]), bias


def second_opinion(drama: Performed, words: Sequence[HeardWord], found: Comparison, placed: Times) -> Times:
    """When each source word begins by Whisper, whose own constant, the median distance to `placed`, is taken off; None
    for words that it did not hear as they are written."""
    begins = [
        words[h].begins if h is not None and same else None for h, same in zip(found.heard_as, found.same, strict=True)
    ]
    both = [a - b for a, b in zip(begins, placed, strict=True) if a is not None and b is not None]
    bias = statistics.median(both) if both else 0.0
    return out_of_silences(drama.dialogue, [None if one is None else one - bias for one in begins])


def either(aligned: float | None, whisper: float | None) -> float | None:
    """Where the aligner found no way through a piece, Whisper's word time decides alone."""
    return whisper if aligned is None else aligned


def distance(what: str, sets_in: float, aligned: float, whisper: float | None) -> Distance:
    second = None if whisper is None else round(sets_in - whisper, 3)
    return Distance(what, round(aligned, 2), round(sets_in - aligned, 3), second)


def effect_distances(
    drama: Performed, source: Sequence[SourceWord], placed: Times, second: Times
) -> tuple[list[Distance], list[str], list[str]]:
    """From a word's start to its effect's, for each effect; those of which nothing is heard, and those without a word."""
    distances, silent, lost = list[Distance](), list[str](), list[str]()
    for sounded in drama.sounded:
        plan = sounded.plan
        name = f"{plan.name} on {drama.text[plan.start : plan.end]!r}"
        word = next((i for i, word in enumerate(source) if plan.start < word.end), None)
        at = None if word is None else either(placed[word], second[word])
        if at is None:
            lost.append(name)
            continue
        stem, begins = (drama.effects, 0.0) if sounded.alone is None else (sounded.alone, sounded.alone_from)
        low = max(0.0, at - 1.5)
        length = min(sounded.cue.ends - sounded.cue.begins, plan.seconds)  # an ambience goes on
        sets_in = onset(stem[round((low - begins) * RATE) : round((at + length + 0.5 - begins) * RATE)])
        if sets_in is None:
            silent.append(name)
        else:
            distances.append(distance(name, low + sets_in, at, None if word is None else second[word]))
    return distances, silent, lost


def caption_distances(
    drama: Performed,
    source: Sequence[SourceWord],
    placed: Times,
    second: Times,
    closely: Callable[[int], float | None],
) -> tuple[list[Distance], list[str]]:
    """From the start of each caption's first word to its cue's. Where both ears find it far off the word, or neither
    finds the word, it is placed by hearing it `closely`. Raises NotValid, and ValueError for a caption that does not say what the
    text says."""
    distances, lost = list[Distance](), list[str]()
    letters = [(i, letter) for i, letter in enumerate(drama.text) if not letter.isspace()]
    written = "".join(letter for _, letter in letters)
    at = 0
    for cue in read_vtt(drama.vtt.encode()):
        said = "".join(cue.text.split())
        at = written.index(said, at)
        first = letters[at][0]
        at += len(said)
        word = next((i for i, word in enumerate(source) if first < word.end), None)
        begins = None if word is None else either(placed[word], second[word])
        if word is not None and begins is None:
            begins = closely(word)
        if word is None or begins is None:
            lost.append(f"caption {cue.text[:40]!r}")
            continue
        found = distance(cue.text[:40], cue.begins / 1000, begins, second[word])
        if found.outside(CAPTION_SECONDS):
            found = distance(cue.text[:40], cue.begins / 1000, closely(word) or begins, None)
        distances.append(found)
    return distances, lost


# -- report ------------------------------------------------------------------------------------


def spread(distances: Sequence[Distance]) -> tuple[float, float, float]:
    """Median, 95th percentile and largest of the distances, in ms, whichever way they go."""
    away = [abs(d.seconds) * 1000 for d in distances]
    return (float(np.median(away)), float(np.percentile(away, 95)), max(away)) if away else (0.0, 0.0, 0.0)


def told(distances: Sequence[Distance], limit: float) -> str:
    """How far off by the aligner alone, and how many by Whisper too."""
    away, outside = " / ".join(f"{ms:.0f}" for ms in spread(distances)), sum(each.outside(limit) for each in distances)
    return f"{len(distances)}: {away}, {outside}"


def rows(all_heard: Sequence[Heard]) -> list[tuple[str, ...]]:
    table: list[tuple[str, ...]] = [
        (
            "text",
            "min",
            "words",
            "word errors",
            "sentences unheard",
            "effects: n, median / p95 / max ms, outside",
            "captions: n, median / p95 / max ms, outside",
            "gates",
        )
    ]
    for one in all_heard:
        passed = sum(passed for _, _, passed in one.gates.values())
        table.append(
            (
                f"{one.text} ({one.engine})",
                f"{one.minutes:.1f}",
                f"{one.words:,}",
                f"{one.error_rate:.1%}",
                f"{len(one.unheard)} of {one.sentences}",
                told(one.effects, EFFECT_SECONDS),
                told(one.captions, CAPTION_SECONDS),
                f"{passed} of {len(one.gates)}",
            )
        )
    return table


def written(name: str, all_heard: Sequence[Heard]) -> None:
    """A page and the raw figures in `results/`."""
    table = rows(all_heard)
    lines = [f"| {' | '.join(row)} |" for row in (table[0], ["---"] * len(table[0]), *table[1:])]
    page = ["# Every word, effect and caption, heard by ears of their own", "", *lines, "", "Outside the limits:", ""]
    page += [f"* {one.text} ({one.engine}): {wrong}" for one in all_heard for wrong in one.failures()] or ["* nothing"]
    found = conditions()
    page += ["", __doc__.partition("\n\n")[2].partition("\n\n")[2].replace("\n", " "), "", "Conditions:", ""]
    page += [f"* {key}: {value}" for key, value in found.items()]
    (RESULTS / f"{name}.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    figures = {"rows": table[1:], "heard": [asdict(one) for one in all_heard], "conditions": found}
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--engine", default="fast", help="default: fast")
    parser.add_argument(
        "--patience", type=float, default=3600.0, help="seconds after which no further stretch is heard"
    )
    parser.add_argument("--write", metavar="NAME", help="write benchmarks/results/NAME.md and .json")
    asked = parser.parse_args()
    need_peers("faster_whisper", "jiwer", "pocketsphinx")
    deadline = time.monotonic() + asked.patience
    settings = prepared(quiet=True)
    cache = settings.home / "heard"
    all_heard = []
    for path in asked.texts:
        text = path.read_text(encoding="utf-8")
        drama = with_services(settings, "all", lambda services: performed(services, text, asked.engine))  # noqa: B023
        try:
            one = heard(path.stem, drama, cache, deadline)
        except OutOfTime as so_far:
            _console.print(f"{path.name}: {so_far} Run the same command again to go on.")
            return 1
        all_heard.append(one)
        for wrong in one.failures():
            _console.print(f"{one.text}: {wrong}", markup=False)
    for row in rows(all_heard):
        _console.print(" | ".join(row), markup=False)
    if asked.write:
        written(asked.write, all_heard)
    return 1 if any(one.failures() for one in all_heard) else 0


if __name__ == "__main__":
    raise SystemExit(main())
