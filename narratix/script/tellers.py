"""Who tells which part of a story that several people tell: journals, letters, "First Narrative, contributed by Miss Clack".

A heading says who writes what follows, up to the next such heading. It is believed when that part is told by an "I", and does
not tell of its writer as of somebody else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from narratix.script.layout import Block
from narratix.script.references import Mention, NameBook, Reference, reference_at
from narratix.script.words import tokens

FIRST_PERSON: Final = frozenset(("i", "me", "my", "myself"))
_LONGEST_HEADING = 160
_DAILY = (
    r"(?:journal|diary|narrative|statement|memorandum|memoirs?|confession|manuscript|testimony|deposition|note-?book|log|"
    r"recollections|reminiscences)"
)
_WRITINGS = rf"(?:{_DAILY}|story|tale|account|letter|telegram|note|report|relation|record|evidence)"
_BEGINS, _ENDS = r"(?<![^\W_])", r"(?![^\W_])"  # a word's, beside the underscores of italics too
_BY: Final = re.compile(
    rf"{_BEGINS}(?:contributed|written|told|related|narrated|resumed|continued|concluded|kept|dictated|spoken|left|addressed)\s+by\s+"
    r"(?P<name>(?:the\s+)?[A-Z])",
    re.IGNORECASE,
)
_OF: Final = re.compile(
    rf"(?:{_BEGINS}{_WRITINGS}{_ENDS}[^.:;]{{0,12}}?(?:,|\b(?:from|by))|{_BEGINS}{_DAILY}\s+of)\s+(?P<name>(?:the\s+)?[A-Z])",
    re.IGNORECASE,
)
_OWN: Final = re.compile(
    rf"^[\W_]*(?P<name>[A-Z][\w.’' ]{{1,40}}?)['’]s?\s+(?:\w+\s+)?{_WRITINGS}{_ENDS}", re.IGNORECASE
)
_TO: Final = re.compile(r"^[\W_]*(?P<name>[A-Z][A-Z.’' ]{1,40}?)\s+(?:TO\s+[A-Z]|IN\s+CONTINUATION\b)")
_UNTOLD: Final = re.compile(r"^[\W_]*(?:the\s+)?\w+\s+narrative\W*$", re.IGNORECASE)
"""A heading that leaves it to the next to say who tells."""
_FEWEST = 2
"""A single heading may as well name whom a chapter is about."""
_SHARE = 12
"""Of so many people mentioned, at least one is "I" where somebody tells of himself."""
_SELDOM = 4
"""Whoever tells says "I" so many times, at least, for each time that the part names him."""


@dataclass(frozen=True, slots=True)
class Part:
    """From character `start` on, which is in `block`, the story is told by `writer`, None when the heading does not say who."""

    block: int
    start: int
    writer: Reference | None


class Teller(NamedTuple):
    """Within [start, end) "I" is character `number`."""

    start: int
    end: int
    number: int


def told_by(tellers: Sequence[Teller], offset: int) -> int:
    """Who of `tellers`, which are in order, says "I" at a place; -1 for none of them."""
    place = bisect_right(tellers, offset, key=_start) - 1
    return tellers[place].number if place >= 0 and offset < tellers[place].end else -1


def _start(teller: Teller) -> int:
    return teller.start


def find_parts(text: str, blocks: Sequence[Block], book: NameBook) -> list[Part]:
    """The headings that say who tells what follows them, in order."""
    found = []
    for number, block in enumerate(blocks):
        if block.kind == "break" or block.end - block.start > _LONGEST_HEADING or not _stands_apart(text, block):
            continue
        writer = _writer(text, block, book)
        if writer is not None or _UNTOLD.match(text[block.start : block.end]):
            found.append(Part(number, block.start, writer))
    return found


def _stands_apart(text: str, block: Block) -> bool:
    """A heading by its layout, or a line in italics, in brackets or mostly of capitalised words."""
    body = text[block.start : block.end]
    if block.kind == "heading" or body[0] in "_*(":
        return True
    words = re.findall(r"[^\W\d_]+", body)
    if sum(len(word) > 2 and word.isupper() for word in words) > 1:
        return True
    return not body.endswith((".", "!", "?")) and 2 * sum(word[0].isupper() for word in words) >= len(words)


def _writer(text: str, block: Block, book: NameBook) -> Reference | None:
    for pattern in (_BY, _OWN, _OF, _TO):
        match = pattern.search(text[block.start : block.end])
        if match is None:
            continue
        stretch = tokens(text, block.start + match.start("name"), block.end)
        plain = [replace(token, possessive=False) for token in stretch]
        if match.re is _OWN:
            plain = [token for token in plain if token.start < block.start + match.end("name")]
        found = reference_at(plain, 0, book) if plain else None
        if found is not None and found.reference.form == "name":
            return found.reference
    return None


def tellers(
    parts: Sequence[Part],
    told: Sequence[Sequence[Mention]],
    meaning: Mapping[Reference, int],
    ends: int,
) -> list[Teller]:
    """Who "I" is in the parts whose headings can be believed, in order. `told` are the mentions in the narration, by block;
    the story ends at character `ends`. A part that cannot be believed goes on as the one before it."""
    found: list[Teller] = []
    for part, following in zip_longest(parts, parts[1:]):
        end = following.start if following is not None else ends
        number = meaning.get(part.writer, -1) if part.writer is not None else -1
        mentions = chain.from_iterable(told[part.block : following.block if following is not None else len(told)])
        own, named, people = _counted(mentions, meaning, number)
        if number >= 0 and own * _SHARE >= max(people, 1) and own >= _SELDOM * named:
            found.append(Teller(part.start, end, number))
        elif found and found[-1].end == part.start and own < _SELDOM * named:
            found[-1] = found[-1]._replace(end=end)
    return found if len(found) >= _FEWEST else []


def _counted(mentions: Iterable[Mention], meaning: Mapping[Reference, int], writer: int) -> tuple[int, int, int]:
    """How often the narration says "I", how often it names the writer, and how often it mentions anybody."""
    own = named = people = 0
    for mention in mentions:
        people += 1
        own += mention.reference.words[0] in FIRST_PERSON
        named += writer >= 0 and meaning.get(mention.reference, -1) == writer
    return own, named, people
