"""Trains `narratix/script/speakers.npz`, the ranker that says who speaks a line, and measures it on authors it has not seen.

    python -m training.train_speakers LITBANK NOVELS [--out FILE] [--folds 3] [--keep FOLDER] [--characters 130000]

LITBANK is the folder of LitBank's quotations (Sims and Bamman 2020, CC BY 4.0), NOVELS the same novels as plain text (public
domain). First each fold's books are scored by a ranker that was trained on the others (no author is in two folds); then the ranker
that is written is trained on all. The same corpora give the same file on the same machine. It takes about five minutes on one core.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.attribution import books
from narratix.script.decoding import Decoded
from narratix.script.evidence import FEATURES
from narratix.script.ranker import PASSES, Ranker, readings
from training.authors import folds
from training.examples import Book, annotated, best_overlap, gather, kind_of, self_labelled
from training.fitting import Example, fit, joined, prior, temperature

_HIDDEN, _EPOCHS, _SEEDS = 16, 20, 8
_CONTEXT = 40_000
_SHORTEST_NOVEL = 30_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("litbank", type=Path)
    parser.add_argument("novels", type=Path)
    parser.add_argument("--out", type=Path, default=Path("narratix/script/speakers.npz"))
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a folder for the rankers of the folds, fold-0.npz and so on")
    parser.add_argument("--characters", type=int, default=130_000, help="how much of each novel to learn from")
    arguments = parser.parse_args()
    library = _library(arguments.litbank, arguments.novels, arguments.characters)
    examples = [gather(book, (prior(), prior()))[0] for book in library]
    print(f"{sum(len(first) for first, _ in examples)} turns to learn from", flush=True)
    fold = folds(sorted({book.work for book in library}), arguments.folds)
    trained = {
        number: _fit_all([each for book, each in zip(library, examples, strict=True) if fold[book.work] != number])
        for number in range(arguments.folds)
    }
    degrees = _temperatures(library, examples, fold, trained)
    cooled = {number: _cooled(rankers, degrees) for number, rankers in trained.items()}
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        for number, rankers in cooled.items():
            _write(arguments.keep / f"fold-{number}.npz", rankers)
    _measure(library, fold, cooled)
    _write(arguments.out, _cooled(_fit_all(examples), degrees))


def _fit_all(examples: Sequence[Sequence[Sequence[Example]]]) -> list[Ranker]:
    """A ranker for each pass: the mean of several that differ by their seed."""
    joint = [[example for of_book in examples for example in of_book[place]] for place in range(PASSES)]
    return [joined([fit(each, _HIDDEN, _EPOCHS, seed) for seed in range(_SEEDS)]) for each in joint]


def _temperatures(
    library: Sequence[Book],
    examples: Sequence[Sequence[Sequence[Example]]],
    fold: Mapping[str, int],
    trained: Mapping[int, Sequence[Ranker]],
) -> list[float]:
    """By the annotated turns of books that the fold's rankers have not seen."""
    return [
        temperature(
            [
                (trained[fold[book.work]][place], [each for each in of_book[place] if not each.way])
                for book, of_book in zip(library, examples, strict=True)
                if book.gold
            ]
        )
        for place in range(PASSES)
    ]


def _cooled(trained: Sequence[Ranker], degrees: Sequence[float]) -> list[Ranker]:
    return [replace(each, temperature=degree) for each, degree in zip(trained, degrees, strict=True)]


def _write(out: Path, trained: Sequence[Ranker]) -> None:
    stored: dict[str, NDArray[np.floating[Any]]] = {
        f"{name}_{place}": value
        for place, ranker in enumerate(trained)
        for name, value in (
            ("hidden", ranker.hidden.astype(np.float16)),
            ("hidden_bias", ranker.hidden_bias),
            ("out", ranker.out),
            ("linear", ranker.linear),
            ("temperature", np.array(ranker.temperature, dtype=np.float32)),
        )
    }
    np.savez_compressed(out, allow_pickle=False, features=np.array(FEATURES), **stored)
    print(f"wrote {out}, {out.stat().st_size} bytes")


def _library(litbank: Path, novels: Path, characters: int) -> list[Book]:
    library = []
    for name, text, gold in books(litbank, novels, _CONTEXT):
        if gold:
            library.append(annotated(name, text, [(quote.start, quote.end, quote.speaker) for quote in gold]))
        novel = novels / f"{name}.txt"
        if novel.exists() and novel.stat().st_size > _SHORTEST_NOVEL:
            library.append(self_labelled(name, novel.read_text(encoding="utf-8")[:characters], seed=1))
        print(f"read {name}", flush=True)
    return library


# -- measuring -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, key: str, right: bool) -> None:
        counts = self.rows.setdefault(key, [0, 0])
        counts[0] += right
        counts[1] += 1

    def show(self) -> None:
        for key, (right, total) in sorted(self.rows.items()):
            print(f"  {key:24} {right / total:6.1%} of {total}")


def _measure(library: Sequence[Book], fold: Mapping[str, int], trained: Mapping[int, Sequence[Ranker]]) -> None:
    kinds, sure, hidden, by_book = _Tally(), _Tally(), _Tally(), _Tally()
    for book in library:
        decoded = gather(book, readings(*trained[fold[book.work]]))[1]
        if book.gold:
            _score(book, decoded, kinds, sure, by_book)
        else:
            for place, who in book.truth.items():
                hidden.add(book.kind[place], decoded.speakers[place] == who)
    for title, tally in (
        ("LitBank, all books unseen and by unseen authors:", kinds),
        ("Confidence and how often it was right:", sure),
        ("Names beside a speech that were hidden:", hidden),
        ("Book by book (I: first person):", by_book),
    ):
        print(title)
        tally.show()


def _score(book: Book, decoded: Decoded, kinds: _Tally, sure: _Tally, by_book: _Tally) -> None:
    turns = book.company.reading.turns
    turn_of = {number: place for place, turn in enumerate(turns) for number in turn.quotes}
    pairs = [best_overlap(start, end, book.quotes) for start, end, _ in book.gold]
    votes = Counter(
        (decoded.speakers[turn_of[own]], who)
        for own, (_, _, who) in zip(pairs, book.gold, strict=True)
        if own is not None
    )
    match: dict[int, str] = {}
    for (speaker, who), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if speaker not in match and who not in match.values():
            match[speaker] = who
    first_person = book.company.narrator >= 0
    for own, (_, _, who) in zip(pairs, book.gold, strict=True):
        right = own is not None and match.get(decoded.speakers[turn_of[own]]) == who
        kinds.add("all", right)
        kinds.add("missed" if own is None else kind_of(turns[turn_of[own]]), right)
        if first_person:
            kinds.add("first-person books", right)
        if own is not None:
            sure.add(f"{min(9, int(decoded.confidences[turn_of[own]] * 10)) / 10:.1f}", right)
        by_book.add(f"{book.work[:20]} {'I' * first_person}", right)


if __name__ == "__main__":
    main()
