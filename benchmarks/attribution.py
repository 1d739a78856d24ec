"""How well the rules find speech and who speaks it, on LitBank's quotations (Sims and Bamman 2020, CC BY 4.0).

    python benchmarks/attribution.py FOLDER [NOVELS] [--misses NAME]

FOLDER holds LitBank's `*_brat.txt` (tokenised, a sentence a line) and `*_brat.ann`. NOVELS, when given, holds the same novels
as plain text by the same names: their paragraphs and spacing are used, since LitBank's text has lost both.

A character found is matched to at most one gold speaker, the pairs that share most quotes first, so that a cast which is split or
merged wrongly counts as wrong. Only quotes that were found count as attributed; a missed one counts as wrong.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from narratix.script.attribution import attribute
from narratix.script.layout import find_blocks
from narratix.script.quotes import Quote, find_quotes
from narratix.script.reading import read

_SAME = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "`": "'", "—": "-", "–": "-", "_": "", "*": ""})


@dataclass(frozen=True, slots=True)
class Gold:
    start: int
    end: int
    speaker: str


@dataclass(slots=True)
class Score:
    gold: int = 0
    found: int = 0
    spans: int = 0
    right: int = 0
    by_kind: dict[str, list[int]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.gold += other.gold
        self.found += other.found
        self.spans += other.spans
        self.right += other.right
        for kind, (right, total) in other.by_kind.items():
            counts = self.by_kind.setdefault(kind, [0, 0])
            counts[0] += right
            counts[1] += total


def detokenised(sentences: list[str]) -> tuple[str, list[list[tuple[int, int]]]]:
    """Natural spacing, a sentence after the other, with the place of every token."""
    text = ""
    places: list[list[tuple[int, int]]] = []
    inside = False
    for sentence in sentences:
        row: list[tuple[int, int]] = []
        glued = True
        for token in sentence.split(" "):
            closes = token in ("”", "’", ")", "]") or (token in ('"', "''") and inside)
            tight = (
                glued or closes or re.fullmatch(r"[.,;:!?…]+|n['’]t|['’](?:s|ll|re|ve|d|m|em)|--|—", token) is not None
            )
            text += "" if tight else " "
            row.append((len(text), len(text) + len(token)))
            text += token
            glued = token in ("“", "‘", "(", "[", "--", "—") or (token == '"' and not inside)
            inside = inside != (token == '"')
        places.append(row)
        text += " "
    return text, places


def aligned(tokenised: str, novel: str) -> dict[int, int] | None:
    """Offsets of the tokenised text's characters in the novel, None when too much of it is not there."""
    ours = [(offset, mark) for offset, mark in enumerate(tokenised.translate(_SAME_LENGTH)) if mark.isalnum()]
    theirs = [(offset, mark) for offset, mark in enumerate(novel.translate(_SAME_LENGTH)) if mark.isalnum()]
    needle = "".join(mark for _, mark in ours[:40])
    hay = "".join(mark for _, mark in theirs)
    position = hay.find(needle)
    if position < 0:
        return None
    found: dict[int, int] = {}
    index = 0
    while index < len(ours) and position < len(theirs):
        if ours[index][1] == theirs[position][1]:
            found[ours[index][0]] = theirs[position][0]
            index += 1
            position += 1
            continue
        window = "".join(mark for _, mark in ours[index : index + 12])
        ahead = hay.find(window, position, position + 400)
        if ahead >= 0:
            position = ahead
        else:
            index += 1
    return found if len(found) >= 0.97 * len(ours) else None


_SAME_LENGTH = {key: value or "_" for key, value in _SAME.items()}


def samples(folder: Path, novels: Path | None) -> Iterator[tuple[str, str, list[Gold]]]:
    for path in sorted(folder.glob("*_brat.txt")):
        sentences = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        text, places = detokenised(sentences)
        rows = [line.split("\t") for line in path.with_suffix(".ann").read_text(encoding="utf-8").splitlines()]
        speakers = {row[1]: row[2] for row in rows if row[0] == "ATTRIB"}
        gold = [
            Gold(places[int(row[2])][int(row[3])][0], places[int(row[4])][int(row[5])][1], speakers[row[1]])
            for row in rows
            if row[0] == "QUOTE" and row[1] in speakers
        ]
        novel = novels / path.name.replace("_brat", "") if novels else None
        if novel is not None and novel.exists():
            original = novel.read_text(encoding="utf-8")
            offsets = aligned(text, original)
            if offsets is not None:
                end = max(offsets.values()) + 3
                moved = [_moved(quote, offsets, original) for quote in gold]
                yield path.stem, original[:end], [quote for quote in moved if quote is not None]
                continue
        yield path.stem, text, gold


def _moved(quote: Gold, offsets: dict[int, int], original: str) -> Gold | None:
    inside = [offsets[offset] for offset in range(quote.start, quote.end) if offset in offsets]
    if not inside:
        return None
    start, end = inside[0], inside[-1] + 1
    while start and not original[start - 1].isspace() and not original[start - 1].isalnum():
        start -= 1
    while end < len(original) and not original[end].isspace() and not original[end].isalnum():
        end += 1
    return Gold(start, end, quote.speaker)


def score(name: str, text: str, gold: list[Gold]) -> Score:
    blocks = find_blocks(text)
    quotes = find_quotes(text, blocks)
    reading = read(text, blocks, quotes)
    result = attribute(reading)
    speaker_of: dict[int, int] = {}
    kind_of: dict[int, str] = {}
    for turn, speaker in zip(reading.turns, result.speakers, strict=True):
        for number in turn.quotes:
            speaker_of[number] = speaker
            cue = turn.cue.reference.form if turn.cue else "none"
            kind_of[number] = {"name": "explicit", "noun": "explicit", "pronoun": "pronoun"}.get(cue, "implicit")
    pairs = {place: _overlapping(quote, quotes) for place, quote in enumerate(gold)}
    votes = Counter((speaker_of[number], gold[place].speaker) for place, number in pairs.items() if number is not None)
    match: dict[int, str] = {}
    for (speaker, who), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if speaker not in match and who not in match.values():
            match[speaker] = who
    total = Score(gold=len(gold), found=len(quotes))
    for place, quote in enumerate(gold):
        own = pairs[place]
        kind = kind_of[own] if own is not None else "missed"
        counts = total.by_kind.setdefault(kind, [0, 0])
        counts[1] += 1
        if own is None:
            total.misses.append(f"[{name}] NOT FOUND {quote.speaker}: {text[quote.start : quote.end][:80]!r}")
            continue
        total.spans += 1
        if match.get(speaker_of[own]) == quote.speaker:
            counts[0] += 1
            total.right += 1
        else:
            found = result.characters[speaker_of[own]]
            said = found.name({}) if found.references else ("narrator" if found.narrator else "?")
            total.misses.append(
                f"[{name}] {kind} {quote.speaker} not {said}: {text[quote.start : quote.end + 40][:120]!r}"
            )
    return total


def _overlapping(gold: Gold, quotes: list[Quote]) -> int | None:
    """The quote that shares most characters with the gold one, when it is at least half of the shorter."""
    best, most = None, 0
    for number, quote in enumerate(quotes):
        shared = min(gold.end, quote.end) - max(gold.start, quote.start)
        if shared > most and shared * 2 >= min(gold.end - gold.start, quote.end - quote.start):
            best, most = number, shared
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("novels", type=Path, nargs="?")
    parser.add_argument("--misses", help="print what went wrong in samples whose name contains this")
    arguments = parser.parse_args()
    total = Score()
    began = time.perf_counter()
    for name, text, gold in samples(arguments.folder, arguments.novels):
        one = score(name, text, gold)
        total.add(one)
        if arguments.misses is not None and arguments.misses in name:
            print(f"{name}: {one.right}/{one.gold}")
            print("\n".join(one.misses))
    print(f"quotes: gold {total.gold}, found {total.found}")
    print(f"spans: recall {total.spans / total.gold:.1%}, precision {total.spans / total.found:.1%}")
    print(f"speakers, all: {total.right / total.gold:.1%}")
    for kind, (right, count) in sorted(total.by_kind.items()):
        print(f"  {kind:9} {right / count:.1%} of {count}")
    print(f"seconds: {time.perf_counter() - began:.1f}")


if __name__ == "__main__":
    main()
