"""Who is who in some novels, as noted by hand, and the speeches beside which one of their names stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NOTED: Final = Path(__file__).with_name("novel_casts.txt")
_VERB = (
    "said|asked|replied|cried|answered|exclaimed|returned|whispered|murmured|muttered|remarked|inquired|enquired|observed|"
    "continued|added|demanded|shouted|repeated|declared|growled|sighed|laughed|suggested|began|interrupted|called|rejoined|"
    "resumed|retorted"
)
_NAME = r"(?P<{0}>(?:[Tt]he |old |young |little |poor )?(?:[A-Z][\w’'.\-]*\.?)(?: (?:de|von|of|[A-Z][\w’'\-]*\.?))*)"
_GAP = r"(?:[ \t]+|[ \t]*\n(?![ \t]*\n))"
_BESIDE = re.compile(
    rf"[,.!?…—-](?P<mark>[”\"’']){_GAP}(?:(?P<verb>{_VERB})\s+{_NAME.format('after')}|{_NAME.format('before')}\s+(?:{_VERB})\b)"
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a novel, with every name noted, the fullest first. `tells`: the story, or a part of it, in the first person."""

    names: tuple[str, ...]
    tells: bool = False

    @property
    def name(self) -> str:
        return self.names[0]


def noted() -> dict[str, list[Person]]:
    """The people of each novel, by the name of its file."""
    people: dict[str, list[Person]] = {}
    work = ""
    for line in NOTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            work = line.strip("[]")
            people[work] = []
        elif line and not line.startswith("#"):
            names = tuple(name.strip() for name in line.removeprefix("I:").split(";"))
            people[work].append(Person(names, line.startswith("I:")))
    return people


def plain(name: str) -> str:
    """A name without what spellings differ in: "The Sergeant" and "sergeant", "Mr." and "Mr"."""
    words = name.casefold().replace("’", "'").replace(".", "").split()
    if words and words[0] in ("the", "old", "young", "little", "poor"):
        words = words[1:]
    return " ".join(words)


def called(people: Sequence[Person]) -> dict[str, Person]:
    """Plain name -> who bears it."""
    return {plain(name): person for person in people for name in person.names}


def beside_a_name(text: str, people: Sequence[Person]) -> Iterator[tuple[int, Person]]:
    """Where a speech ends beside which the story names its speaker (the offset of its closing mark), by a pattern that shares
    nothing with the rules it is to judge."""
    known = called(people)
    for match in _BESIDE.finditer(text):
        name = " ".join((match["after"] or match["before"]).split())
        person = known.get(plain(name.rstrip(".,")))
        if person is not None:
            yield match.start("mark"), person
