"""How well the rules find speech and who speaks it, on LitBank's quotations (Sims and Bamman 2020, CC BY 4.0).

    python -m benchmarks.attribution FOLDER [NOVELS] [--context CHARACTERS] [--misses NAME]

FOLDER holds LitBank's `*_brat.txt` (tokenised, a sentence a line) and `*_brat.ann`. NOVELS, when given, holds the same novels
as plain text by the same names: their paragraphs and spacing are used, since LitBank's text has lost both, and the story is read on
for CONTEXT characters. The shipped ranker was trained on these annotations too: figures for books that it has not seen come from
`python -m training.train_speakers ... --folds 5`.

A character found is matched to at most one gold speaker, the pairs that share most quotes first, so that a cast which is split or
merged wrongly counts as wrong. Only quotes that were found count as attributed; a missed one counts as wrong.
"""

from __future__ import annotations

import argparse
import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from narratix.events.catalogue import Segment
from narratix.script.engine import write_script
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
    by_confidence: dict[str, list[int]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.gold += other.gold
        self.found += other.found
        self.spans += other.spans
        self.right += other.right
        for mine, theirs in ((self.by_kind, other.by_kind), (self.by_confidence, other.by_confidence)):
            for key, (right, total) in theirs.items():
                counts = mine.setdefault(key, [0, 0])
                counts[0] += right
                counts[1] += total

    @staticmethod
    def count(table: dict[str, list[int]], key: str, right: bool) -> None:
        counts = table.setdefault(key, [0, 0])
        counts[0] += right
        counts[1] += 1


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


_REACH = 200_000
_SAME_LENGTH = {key: value or "_" for key, value in _SAME.items()}


def books(folder: Path, novels: Path | None, context: int) -> Iterator[tuple[str, str, list[Gold]]]:
    """Each sample's name, its text with the novel's next `context` characters, and its annotated speeches."""
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
        name = path.stem.removesuffix("_brat")
        novel = novels / f"{name}.txt" if novels else None
        if novel is not None and novel.exists():
            original = novel.read_text(encoding="utf-8")
            offsets = aligned(text, original[:_REACH])
            if offsets is not None:
                moved = [_moved(quote, offsets, original) for quote in gold]
                yield name, original[: max(offsets.values()) + 3 + context], [quote for quote in moved if quote]
                continue
        yield name, text, gold


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
    """Read the text as `analyze` does and hold its segments against the annotation."""
    script = write_script(text)
    spoken = [segment for segment in script.segments if segment.kind == "speech"]
    names = {member.id: member.name for member in script.cast}
    kinds = _kinds(text)
    pairs = [overlapping(quote, spoken) for quote in gold]
    votes = Counter((own.speaker, quote.speaker) for own, quote in zip(pairs, gold, strict=True) if own is not None)
    match: dict[str, str] = {}
    for (speaker, who), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if speaker not in match and who not in match.values():
            match[speaker] = who
    last = max((quote.end for quote in gold), default=0)
    total = Score(gold=len(gold), found=len({kinds.place(segment) for segment in spoken if segment.start < last}))
    for own, quote in zip(pairs, gold, strict=True):
        kind = kinds.of(own) if own is not None else "missed"
        right = own is not None and match.get(own.speaker) == quote.speaker
        total.spans += own is not None
        total.right += right
        total.count(total.by_kind, kind, right)
        if own is None:
            total.misses.append(f"[{name}] NOT FOUND {quote.speaker}: {text[quote.start : quote.end][:80]!r}")
            continue
        total.count(total.by_confidence, f"{min(9, int(own.confidence * 10)) / 10:.1f}", right)
        if not right:
            said = names[own.speaker]
            total.misses.append(
                f"[{name}] {kind} {quote.speaker} not {said}: {text[quote.start : quote.end + 40][:120]!r}"
            )
    return total


@dataclass(frozen=True, slots=True)
class _Kinds:
    """How each speech says who speaks: explicit (a name), noun, pronoun or implicit (not at all)."""

    quotes: list[Quote]
    kinds: dict[int, str]

    def place(self, segment: Segment) -> int:
        return bisect_right([quote.start for quote in self.quotes], segment.start) - 1

    def of(self, segment: Segment) -> str:
        return self.kinds.get(self.place(segment), "implicit")


def _kinds(text: str) -> _Kinds:
    blocks = find_blocks(text)
    quotes = find_quotes(text, blocks)
    kinds = {
        number: {"name": "explicit", "noun": "noun", "pronoun": "pronoun"}[turn.cue.reference.form]
        for turn in read(text, blocks, quotes).turns
        for number in turn.quotes
        if turn.cue is not None
    }
    return _Kinds(quotes, kinds)


def overlapping(gold: Gold, spoken: list[Segment]) -> Segment | None:
    """The segment that shares most characters with the annotated speech, when it is at least half of the shorter."""
    best, most = None, 0
    for segment in spoken:
        shared = min(gold.end, segment.end) - max(gold.start, segment.start)
        if shared > most and shared * 2 >= min(gold.end - gold.start, segment.end - segment.start):
            best, most = segment, shared
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("novels", type=Path, nargs="?")
    parser.add_argument("--context", type=int, default=40_000, help="characters to read on behind each sample")
    parser.add_argument("--misses", help="print what went wrong in samples whose name contains this")
    arguments = parser.parse_args()
    total = Score()
    began = time.process_time()
    for name, text, gold in books(arguments.folder, arguments.novels, arguments.context):
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
    print("confidence and how often it was right:")
    for confidence, (right, count) in sorted(total.by_confidence.items()):
        print(f"  {confidence} {right / count:.1%} of {count}")
    print(f"processor seconds: {time.process_time() - began:.1f}")


if __name__ == "__main__":
    main()
