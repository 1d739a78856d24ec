"""How well whole novels are read: who speaks, and who is who among all their people.

    python -m benchmarks.novels LITBANK NOVELS [--rankers FOLDER] [--only NAME ...] [--wrong]

LITBANK and NOVELS are as in `benchmarks.attribution`. Every novel is read from its first page to its last, as `analyze` does, with the
cast found over all of it. Three things are measured:

* LitBank's quotations, which lie in the first pages, once with the sample alone and once within the whole novel.
* Speeches beside which a name stands (found by a pattern of their own), in the novels whose people are noted in `novel_casts.txt`: the
  member of the cast who speaks must be that person. A member stands for one person at most and a person for one member, the pairs
  that share most speeches first, and only when the member goes by one of the person's names.
* The same speeches with two of five names and callings hidden, as the ranker is trained: how far the harder ones are right.

RANKERS is a folder of rankers that `training.train_speakers --keep FOLDER` wrote, one for each fold, so that each novel is read by a
ranker that has seen nothing of its author; without it the shipped ranker is used, which has seen them all.
"""

from __future__ import annotations

import argparse
import io
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._novel_casts import Person, beside_a_name, called, noted, plain
from benchmarks.attribution import Gold, books
from narratix.script.attribution import Attribution, attribute
from narratix.script.decoding import Odds, decode
from narratix.script.engine import uses
from narratix.script.layout import find_blocks
from narratix.script.names import spellings
from narratix.script.quotes import find_quotes
from narratix.script.ranker import load, rankers
from narratix.script.reading import Reading, read
from training.authors import folds
from training.examples import best_overlap, kind_of, self_labelled

_SHORT_SPAN = 2


@dataclass(slots=True)
class Tally:
    """Right and all, by what was measured."""

    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, key: str, right: bool) -> None:
        self.rows[key][0] += right
        self.rows[key][1] += 1

    def show(self) -> None:
        for key, (right, total) in sorted(self.rows.items()):
            print(f"  {key:34} {right / total:6.1%} of {total}")


@dataclass(slots=True)
class Novel:
    """A novel that was read. `ends` are where its quotes end, `speakers` who speaks each."""

    reading: Reading
    quotes: list[tuple[int, int]]
    result: Attribution
    turn_of: dict[int, int]
    names: dict[int, frozenset[str]]

    @classmethod
    def of(cls, text: str, passes: Sequence[Odds]) -> Novel:
        blocks = find_blocks(text)
        quotes = find_quotes(text, blocks)
        reading = read(text, blocks, quotes)
        result = attribute(reading, passes)
        return cls(
            reading,
            [(quote.start, quote.end) for quote in quotes],
            result,
            {number: place for place, turn in enumerate(reading.turns) for number in turn.quotes},
            names_of(text, reading, result),
        )

    def speaker(self, quote: int) -> int:
        return self.result.speakers[self.turn_of[quote]]


def names_of(text: str, reading: Reading, result: Attribution) -> dict[int, frozenset[str]]:
    """Every name that a speaking member of the cast is shown with, made plain."""
    shown = spellings(uses(text, reading))
    return {
        number: frozenset(
            plain(name) for name in (result.characters[number].name(shown), *result.characters[number].aliases(shown))
        )
        for number in set(result.speakers)
        if result.characters[number].references
    }


def pair_off(votes: Mapping[tuple[int, str], int]) -> dict[int, str]:
    """Member of the cast -> person, one to one, the pairs that share most speeches first."""
    pairs: dict[int, str] = {}
    for (number, who), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if number not in pairs and who not in pairs.values():
            pairs[number] = who
    return pairs


# -- LitBank's quotations --------------------------------------------------------------------------


def litbank(novel: Novel, gold: Sequence[Gold], where: str, tally: Tally) -> None:
    pairs = [best_overlap(quote.start, quote.end, novel.quotes) for quote in gold]
    said = [(novel.speaker(own), quote.speaker) for own, quote in zip(pairs, gold, strict=True) if own is not None]
    match = pair_off(Counter(said))
    for own, quote in zip(pairs, gold, strict=True):
        right = own is not None and match.get(novel.speaker(own)) == quote.speaker
        kind = "missed" if own is None else kind_of(novel.reading.turns[novel.turn_of[own]])
        tally.add(f"{where}: all", right)
        tally.add(f"{where}: {kind}", right)


# -- speeches beside which a name stands -------------------------------------------------------------


def named(text: str, novel: Novel, people: Sequence[Person]) -> Iterator[tuple[int, Person]]:
    """The quotes, by number, beside which one of the people is named."""
    ends = [end for _, end in novel.quotes]
    for offset, person in beside_a_name(text, people):
        place = bisect_left(ends, offset + 1)
        if place < len(ends) and ends[place] - offset <= _SHORT_SPAN:
            yield place, person


def who_is_who(novel: Novel, labels: Sequence[tuple[int, Person]]) -> dict[int, str]:
    votes = Counter[tuple[int, str]]()
    for quote, person in labels:
        number = novel.speaker(quote)
        if novel.names.get(number, frozenset()) & {plain(name) for name in person.names}:
            votes[number, person.name] += 1
    return pair_off(votes)


def merged_and_split(novel: Novel, people: Sequence[Person]) -> tuple[list[str], list[str]]:
    """Members of the cast who go by the names of several people, and people whose names several members go by."""
    known = called(people)
    lines = Counter(novel.result.speakers)
    bearers: dict[str, set[int]] = defaultdict(set)
    merged = []
    for number, names in novel.names.items():
        borne = {known[name].name: name for name in sorted(names) if name in known}
        for who in borne:
            bearers[who].add(number)
        if len(borne) > 1:
            merged.append(
                f"{lines[number]} lines: " + ", ".join(f"{name} ({who})" for who, name in sorted(borne.items()))
            )
    split = [
        f"{who}: "
        + " | ".join(f"{lines[each]} {', '.join(sorted(novel.names[each]))[:90]}" for each in sorted(numbers))
        for who, numbers in sorted(bearers.items())
        if len(numbers) > 1
    ]
    return merged, split


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("litbank", type=Path)
    parser.add_argument("novels", type=Path)
    parser.add_argument("--rankers", type=Path, help="a folder of rankers by fold")
    parser.add_argument("--only", nargs="*", default=[], help="novels whose name begins with one of these")
    parser.add_argument("--wrong", action="store_true", help="tell what is wrong, novel by novel")
    arguments = parser.parse_args()
    people = noted()
    gold = {name: (len(text), quotes) for name, text, quotes in books(arguments.litbank, arguments.novels, 0)}
    kept = sorted(arguments.rankers.glob("fold-*.npz")) if arguments.rankers else []
    fold = folds(sorted(gold), len(kept)) if kept else {}
    tally, by_novel, narrators = Tally(), Tally(), Tally()
    confused, torn, characters, seconds = 0, 0, 0, 0.0
    for name, (length, quotes) in gold.items():
        path = arguments.novels / f"{name}.txt"
        if not path.exists() or (arguments.only and not name.startswith(tuple(arguments.only))):
            continue
        passes = load(io.BytesIO(kept[fold[name]].read_bytes())) if kept else rankers()
        text = path.read_text(encoding="utf-8")
        began = time.process_time()
        novel = Novel.of(text, passes)
        seconds += time.process_time() - began
        characters += len(text)
        if quotes:
            litbank(novel, quotes, "LitBank, whole novel", tally)
            litbank(Novel.of(text[:length], passes), quotes, "LitBank, sample alone", tally)
        if name not in people:
            continue
        labels = list(named(text, novel, people[name]))
        match = who_is_who(novel, labels)
        wrong = Counter[str]()
        for quote, person in labels:
            number = novel.speaker(quote)
            right = match.get(number) == person.name
            tally.add("a name stands beside it", right)
            by_novel.add(f"{name[:24]} {'I' * novel.reading.first_person}", right)
            if not right:
                wrong[f"{person.name} not {', '.join(sorted(novel.names.get(number, ())))[:70]}"] += 1
        merged, split = merged_and_split(novel, people[name])
        confused, torn = confused + len(merged), torn + len(split)
        tellers = {plain(each) for person in people[name] if person.tells for each in person.names}
        if tellers:
            narrators.add(
                "narrators with their name", bool(novel.names.get(novel.result.narrator, frozenset()) & tellers)
            )
        _hidden(name, text, novel, labels, match, passes, tally)
        if arguments.wrong:
            print(f"== {name}\n  wrong: {wrong.most_common(12)}")
            print(
                "".join(f"  merged {each}\n" for each in merged) + "".join(f"  split {each}\n" for each in split),
                end="",
            )
    for title, each in (("Speeches", tally), ("A name beside it, by novel", by_novel), ("Narrators", narrators)):
        print(title)
        each.show()
    print(f"members of the cast with the names of several people: {confused}; people in several members: {torn}")
    print(f"{characters / 1e6:.1f} million characters in {seconds:.1f} s of processor time")


def _hidden(
    name: str,
    text: str,
    novel: Novel,
    labels: Sequence[tuple[int, Person]],
    match: Mapping[int, str],
    passes: Sequence[Odds],
    tally: Tally,
) -> None:
    """The same speeches with the name hidden. A novel is cut into the same turns whether names are hidden or not."""
    book = self_labelled(name, text, seed=2)
    decoded = decode(book.company, passes)
    for quote, person in labels:
        place = novel.turn_of[quote]
        if place in book.truth:
            tally.add(f"a name, {book.kind[place]}", match.get(decoded.speakers[place]) == person.name)


if __name__ == "__main__":
    main()
