"""Who is in a story, and what is known of them before any turn is decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from narratix.script.addresses import called_as
from narratix.script.cast import Character
from narratix.script.evidence import Person
from narratix.script.lexicon import ANIMALS, GIVEN_NAMES, PEOPLE
from narratix.script.reading import Reading, Turn
from narratix.script.references import VOICE, Reference
from narratix.script.tellers import FIRST_PERSON, Teller, told_by

_ANYBODY = frozenset(
    ["man", "woman", "girl", "boy", "lady", "gentleman", "fellow", "child", "youth", "lad", "lass", "person"]
) | {"creature", "voice", "young", "old", "other"}
_SPEAKING = PEOPLE - ANIMALS
_USUAL = 3
_LONG_ENOUGH = 12
"""In a story of so many turns, whoever is there is told of."""


class Revealed(NamedTuple):
    """Within [start, end) a description means character `number`: the stranger whom somebody then calls by name."""

    start: int
    end: int
    number: int


@dataclass(slots=True)
class Company:
    """The characters of a reading. They grow by one nameless voice when somebody unknown speaks."""

    reading: Reading
    characters: list[Character]
    meaning: Mapping[Reference, int]
    narrator: int
    revealed: Mapping[int, Sequence[Revealed]] = field(default_factory=dict)
    """Descriptions, by the number of their own character, that mean somebody who is named later."""
    tellers: Sequence[Teller] = ()
    """Who tells the parts that somebody else than `narrator` may tell, in order."""
    people: list[Person] = field(init=False)
    fixed: list[int] = field(init=False)
    """By turn: whom a name beside it, or a calling, says to speak; -1 for nobody."""
    may_speak: list[bool] = field(init=False)
    bearers: Mapping[str, frozenset[int]] = field(init=False)
    """Plain word -> who goes by it: the mothers ("his mother", "Mother Hubbard"), the captains."""

    def __post_init__(self) -> None:
        self.fixed = [self._named_by_cue(turn) for turn in self.reading.turns]
        cued: dict[int, list[int]] = defaultdict(list)
        for turn in self.reading.turns:
            cued[self._cue_means(turn)].append(turn.block)
        told: dict[int, list[int]] = defaultdict(list)
        for number, block in enumerate(self.reading.mentions):
            for mention in block:
                told[self.means(mention.reference, mention.start)].append(number)
        present = told.keys() | set(self.fixed)
        tells = len(self.reading.turns) >= _LONG_ENOUGH
        self.people = [
            Person(
                character.sex,
                character.named,
                cued[character.number],
                told[character.number],
                character.number == self.narrator,
                tells and character.number not in present and character.number != self.narrator,
            )
            for character in self.characters
        ]
        self.may_speak = [_is_person(character, len(cued[character.number])) for character in self.characters]
        self.bearers = _bearers(self.characters)

    def somebody(self) -> int:
        """The nameless voice of whoever is not in the cast."""
        for character in self.characters:
            if not character.references and not character.narrator:
                return character.number
        self.characters.append(Character(len(self.characters)))
        self.people.append(Person("unknown", named=False, cues=(), told=(), narrator=False, absent=True))
        self.may_speak.append(True)
        return len(self.characters) - 1

    def teller_at(self, offset: int) -> int:
        """Who says "I" in the narration at a place, -1 for nobody."""
        teller = told_by(self.tellers, offset)
        return self.narrator if teller < 0 else teller

    def people_told_by(self, teller: int) -> list[Person]:
        """Everybody, of whom only `teller` tells the story."""
        if teller == self.narrator:
            return self.people
        return [
            replace(person, narrator=number == teller) if person.narrator or number == teller else person
            for number, person in enumerate(self.people)
        ]

    def _named_by_cue(self, turn: Turn) -> int:
        if turn.cue is None:
            return -1
        if turn.cue.reference.form == "noun":
            meant = self._cue_means(turn)
            plain = meant >= 0 and (turn.cue.enters or self._is_plain(turn.cue.reference, meant, turn.cue.start))
            return meant if plain else -1
        if turn.cue.reference.words == ("we",):
            return self.teller_at(turn.cue.start)
        return self._cue_means(turn)

    def _is_plain(self, description: Reference, meant: int, offset: int) -> bool:
        """Whether a description needs no weighing: a calling that somebody goes by ("the captain") or one of the teller's own
        people ("my mother"), not one that may take up anybody of that sex ("the man", "her mother")."""
        if self.characters[meant].named or (description.title in ("my", "our") and self.teller_at(offset) >= 0):
            return True
        return (
            not description.title and description.words[-1] not in _ANYBODY and self.characters[meant].weight >= _USUAL
        )

    def _cue_means(self, turn: Turn) -> int:
        return -1 if turn.cue is None else self.means(turn.cue.reference, turn.cue.start)

    def means(self, reference: Reference, offset: int) -> int:
        """Whom a reference at a place means, -1 for a pronoun other than a narrator's "I"."""
        if self.tellers and reference.form == "pronoun" and reference.words[0] in FIRST_PERSON:
            return self.teller_at(offset)
        number = self.meaning.get(reference, -1)
        for revealed in self.revealed.get(number, ()):
            if revealed.start <= offset < revealed.end:
                return revealed.number
        return number


def _bearers(characters: Sequence[Character]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for character in characters:
        for reference in character.references:
            for word in (reference.title if reference.form == "name" else "", reference.words[-1]):
                if plain := called_as(word):
                    found[plain].add(character.number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _is_person(character: Character, cues: int) -> bool:
    if character.references and all(reference.words == (VOICE,) for reference in character.references):
        return False  # whoever it is, the story goes on to tell of them by another name
    if cues or character.narrator:
        return True
    return any(
        (reference.form == "noun" and reference.words[-1] in _SPEAKING)
        or (
            reference.form == "name"
            and ((reference.title and reference.title != "st") or reference.words[0] in GIVEN_NAMES)  # "St. Petersburg"
        )
        for reference in character.references
    )
