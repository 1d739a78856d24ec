"""Turns whose speaker is known: LitBank's by annotation, others because a name stands beside them, which is then hidden."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from narratix.script.attribution import prepare
from narratix.script.company import Company
from narratix.script.decoding import Decoded, Odds, decode
from narratix.script.layout import find_blocks
from narratix.script.quotes import find_quotes
from narratix.script.reading import Reading, Turn, read
from narratix.script.references import Reference
from training.fitting import Example

_HIDDEN = 0.4
_AFTER_A_CUE = 120
_LONGEST_CHAIN = 9
ALTERNATING = "alternating"
_LIKELY = 0.3
_PRONOUN = {"female": "she", "male": "he"}


@dataclass(slots=True)
class Book:
    """A text that was read, with some cues hidden; `truth` and `kind` are by turn."""

    work: str
    company: Company
    truth: dict[int, int]
    kind: dict[int, str]
    quotes: list[tuple[int, int]] = field(default_factory=list)
    gold: list[tuple[int, int, str]] = field(default_factory=list)


def annotated(work: str, text: str, gold: Sequence[tuple[int, int, str]]) -> Book:
    """A text as it is, with the turns that LitBank annotates."""
    reading, quotes = _read(text)
    company = prepare(reading)
    book = Book(work, company, {}, {}, quotes, list(gold))
    turn_of = {number: place for place, turn in enumerate(reading.turns) for number in turn.quotes}
    said: dict[int, str] = {}
    for start, end, speaker in gold:
        found = best_overlap(start, end, quotes)
        if found is not None:
            said.setdefault(turn_of[found], speaker)
    meant = _who_is_who(company, said)
    for place, speaker in said.items():
        if speaker in meant:
            book.truth[place] = meant[speaker]
            book.kind[place] = kind_of(reading.turns[place])
    return book


def kind_of(turn: Turn) -> str:
    """How a turn says who speaks: explicit (a name), noun, pronoun or implicit."""
    form = turn.cue.reference.form if turn.cue else ""
    return {"name": "explicit", "noun": "noun", "pronoun": "pronoun"}.get(form, "implicit")


def _read(text: str) -> tuple[Reading, list[tuple[int, int]]]:
    blocks = find_blocks(text)
    quotes = find_quotes(text, blocks)
    return read(text, blocks, quotes), [(quote.start, quote.end) for quote in quotes]


def best_overlap(start: int, end: int, quotes: Sequence[tuple[int, int]]) -> int | None:
    """The quote that shares most characters with [start, end), when it is at least half of the shorter."""
    best, most = None, 0
    for number, (first, last) in enumerate(quotes):
        if first >= end:
            break
        shared = min(end, last) - max(start, first)
        if shared > most and shared * 2 >= min(end - start, last - first):
            best, most = number, shared
    return best


def _who_is_who(company: Company, said: dict[int, str]) -> dict[str, int]:
    """LitBank's speakers among the characters found: by the names beside their turns, else by the annotation's own words."""
    votes = Counter((who, company.fixed[place]) for place, who in said.items() if company.fixed[place] >= 0)
    meant: dict[str, int] = {}
    for (who, number), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if who not in meant and number not in meant.values():
            meant[who] = number
    for who in sorted(set(said.values()) - set(meant)):
        words = tuple(who.rsplit("-", 1)[0].lower().replace(".", "").split("_"))
        if words == ("i",) or "narrator" in words:
            if company.narrator >= 0 and company.narrator not in meant.values():
                meant[who] = company.narrator
            continue
        number = _called(company, words)
        if number >= 0 and number not in meant.values():
            meant[who] = number
    return meant


def _called(company: Company, words: tuple[str, ...]) -> int:
    exact = [
        (character.weight, character.number)
        for character in company.characters
        for reference in character.references
        if ((reference.title, *reference.words) if reference.title else reference.words)
        in (words, words[1:] if words[0] in ("the", "a", "an") else words)
    ]
    return max(exact)[1] if exact else -1


# -- hidden cues -----------------------------------------------------------------------------------


def self_labelled(work: str, text: str, seed: int) -> Book:
    """A text in which two of five names and callings beside a speech are hidden: all of the cue, or its name behind a pronoun, or only that
    it is a cue. Who spoke stays known. Turns amid a plain exchange of two are known as well. The cast is the one found with all names in sight."""
    reading, quotes = _read(text)
    company = prepare(reading)
    truth: dict[int, int] = {}
    kind: dict[int, str] = {}
    for place, number in _alternating(company):
        truth[place] = number
        kind[place] = ALTERNATING
    for place, turn in enumerate(reading.turns):
        number = company.fixed[place]
        cue = turn.cue
        if number < 0 or cue is None or cue.enters or cue.reference.form == "pronoun":
            continue
        dice = random.Random(f"{work}:{seed}:{turn.start}")  # other turns may come and go with the rules
        if dice.random() > _HIDDEN:
            continue
        sex = company.people[number].sex
        draw = dice.random()
        truth[place] = number
        if draw < 0.45 and sex in _PRONOUN:
            kind[place] = "as pronoun"
            pronoun = Reference("pronoun", "", (_PRONOUN[sex],))
            turn.cue = replace(cue, reference=pronoun)
            for block in range(max(0, turn.block - 1), turn.block + 1):
                reading.mentions[block] = [
                    replace(mention, reference=pronoun) if cue.start <= mention.start < cue.end else mention
                    for mention in reading.mentions[block]
                ]
        elif draw < 0.55:
            kind[place] = "as subject"
            turn.cue = None
        else:
            kind[place] = "hidden"
            turn.cue = None
            for block in range(max(0, turn.block - 1), turn.block + 1):
                reading.mentions[block] = [
                    mention
                    for mention in reading.mentions[block]
                    if not cue.start <= mention.start < cue.end + _AFTER_A_CUE
                ]
        company.fixed[place] = -1
    return Book(work, company, truth, kind, quotes)


def _alternating(company: Company) -> Iterator[tuple[int, int]]:
    """Turns without a cue amid a conversation of two whose ends, decided by names, agree that they take turns."""
    reading, fixed = company.reading, company.fixed
    turns = reading.turns

    def adjoin(place: int) -> bool:
        return 0 < place < len(turns) and turns[place].block == turns[place - 1].block + 1

    def bare(place: int) -> bool:
        return turns[place].cue is None and not reading.mentions[turns[place].block] and not turns[place].continues

    for first in range(len(turns)):
        last = first + 1
        while last < len(turns) and adjoin(last) and fixed[last] < 0 and bare(last):
            last += 1
        if fixed[first] < 0 or not 2 <= last - first <= _LONGEST_CHAIN or not adjoin(last) or fixed[last] < 0:
            continue
        one, other = fixed[first], fixed[last]
        if (last - first) % 2 == 0:
            if other != one:
                continue
            before = fixed[first - 1] if adjoin(first) else -1
            behind = fixed[last + 1] if adjoin(last + 1) else -1
            other = before if before not in (-1, one) else behind
        if other not in (-1, one):
            yield from ((place, other if (place - first) % 2 else one) for place in range(first + 1, last))


# -- gathering -------------------------------------------------------------------------------------


def gather(book: Book, passes: Sequence[Odds]) -> tuple[list[list[Example]], Decoded]:
    """The examples that each pass over a book meets, and how the last pass decided."""
    found: list[list[Example]] = [[] for _ in passes]

    def watch(number: int, place: int, candidates: Sequence[int], rows: NDArray[np.float32]) -> None:
        who = book.truth.get(place)
        if who is not None and who in candidates:
            as_it_stands = bool(book.gold) or book.kind[place] == ALTERNATING
            weight = _LIKELY if book.kind[place] == ALTERNATING else 1.0
            way = "" if as_it_stands else book.kind[place]
            found[number].append(Example(rows, candidates.index(who), weight, way))

    return found, decode(book.company, passes, [partial(watch, number) for number in range(len(passes))])
