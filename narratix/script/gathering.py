"""References that mean the same person, gathered into characters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from narratix.script.cast import Character
from narratix.script.lexicon import (
    ADJECTIVE_TITLES,
    GIVEN_NAMES,
    Sex,
    sex_of_title,
)
from narratix.script.names import (
    BEFORE_GIVEN_NAMES,
    LEARNED,
    OF_OFFICE,
    SMALL,
    compatible,
    core,
    plain_title,
    roots,
    titles_fit,
)
from narratix.script.references import Reference
from narratix.script.sexes import STRONG, verdict
from narratix.script.talk import Talk

_FAR_RARER = 10
_OF_SOLDIERS = frozenset(("capt", "col", "gen", "maj", "lt", "sgt"))
_LEANING = 8
"""Decibans that keep somebody from a title of the other sex: Halsey Innes is not Miss Innes."""


def gather(
    counts: Mapping[Reference, int],
    votes: Mapping[Reference, Counter[str]] | None = None,
    talk: Talk | None = None,
) -> tuple[list[Character], dict[Reference, int]]:
    """Merge references into characters; returns them and the number of the character that each reference means.

    Fuller names come first and attract the shorter ones that fit them. `votes` says how often "he" and "she" took up each
    reference, which parts a husband from his wife where only a family name is given, and `talk` who was seen to talk with
    whom, which parts a father from his son. A rank alone ("the captain") joins the
    one person who bears it.
    """
    gathering = _Gathering(counts, votes or {}, talk or Talk())
    ranks = []
    for reference in sorted((ref for ref in counts if ref.form == "name"), key=gathering.order):
        if not reference.title and len(reference.words) == 1 and plain_title(reference.words[0]) in OF_OFFICE:
            ranks.append(reference)
        else:
            gathering.add(reference)
    gathering.add_ranks(ranks)
    _gather_nouns(counts, gathering.characters, gathering.meaning, gathering.votes)
    return gathering.characters, gathering.meaning


@dataclass(slots=True)
class _Gathering:
    """Names on their way to characters."""

    counts: Mapping[Reference, int]
    votes: Mapping[Reference, Counter[str]]
    talk: Talk
    characters: list[Character] = field(default_factory=list)
    meaning: dict[Reference, int] = field(default_factory=dict)
    by_word: dict[str, list[Character]] = field(default_factory=lambda: defaultdict(list))

    def order(self, reference: Reference) -> tuple[object, ...]:
        """Full names, then "Mr. Holmes", then "Holmes"; the commonest first."""
        words = core(reference)
        return (-min(2, len(words)), not reference.title, -self.counts[reference], -len(words), reference)

    def add(self, reference: Reference) -> None:
        words = core(reference)
        near = dict.fromkeys(
            character.number for word in (words[-1], words[0], *roots(words[0])) for character in self.by_word[word]
        )
        fitting = [
            self.characters[number]
            for number in near
            if self._fits(reference, self.characters[number]) and not self._is_elder(reference, self.characters[number])
        ]
        if fitting:
            character = max(fitting, key=lambda one: (*self._liking(reference, one), one.weight, -one.number))
        else:
            character = Character(len(self.characters))
            self.characters.append(character)
        self._join(reference, character)

    def _join(self, reference: Reference, character: Character) -> None:
        character.references[reference] += self.counts[reference]
        character.votes.update(self.votes.get(reference, {}))
        self.meaning[reference] = character.number
        for word in (*core(reference), *roots(core(reference)[0])):
            if word not in SMALL and character not in self.by_word[word]:
                self.by_word[word].append(character)

    def add_ranks(self, ranks: Sequence[Reference]) -> None:
        """ "Captain" alone, as a name, is whoever is called so most."""
        for reference in ranks:
            rank = plain_title(reference.words[0])
            bearers = [character for character in self.characters if rank in character.titles]
            if bearers:
                self._join(reference, max(bearers, key=lambda one: (_titled(one, rank), one.weight, -one.number)))
            else:
                self.add(reference)

    def _fits(self, reference: Reference, character: Character) -> bool:
        """A short name must fit the full ones; two short ones of one person ("Amelia", "Miss Sedley") need not be alike."""
        others = list(character.references)
        if any(self._are_brothers(reference, other) for other in others):
            return False
        if self.talk.verdict(reference, self._known_as(reference, character)) < 0:
            return False
        full = [other for other in others if len(core(other)) > 1]
        if len(core(reference)) > 1 or not full:
            return self._same_sex(reference, others) and all(compatible(reference, other) for other in others)
        if not self._same_sex(reference, others) or any(not titles_fit(reference, other) for other in others):
            return False
        return any(compatible(reference, other) for other in full)

    def _are_brothers(self, one: Reference, other: Reference) -> bool:
        """Whether "Mr. Lennox" and "Captain Lennox", whom a paragraph tells of together, are two."""
        titles = {plain_title(one.title), plain_title(other.title)}
        return "mr" in titles and bool(titles & _OF_SOLDIERS) and self.talk.together[one][other] > 0

    def _same_sex(self, reference: Reference, others: Sequence[Reference]) -> bool:
        own = self._sex(reference)
        enough = STRONG if sex_of_title(reference.title) == "unknown" else _LEANING
        return own == "unknown" or all(self._sex(other, enough) in (own, "unknown") for other in others)

    def _sex(self, reference: Reference, enough: int = STRONG) -> Sex:
        """By the title, else by the pronouns that take the reference up, else by the given name; `enough` is asked where no given
        name tells it."""
        known = sex_of_title(reference.title)
        if known != "unknown":
            return known
        votes = Counter(self.votes.get(reference, {}))
        if len(reference.words) > 1:
            votes.update(self.votes.get(Reference("name", "", reference.words[:1]), {}))
        if (told := verdict(votes, enough=STRONG)) != "unknown":
            return told
        words = core(reference)
        if plain_title(reference.title) in LEARNED and len(words) == 1:
            return "female" if votes["female"] > votes["male"] else "male"
        given = GIVEN_NAMES.get(words[0], "unknown") if len(words) > 1 or not reference.title else "unknown"
        return verdict(votes, enough=enough) if given == "unknown" else given

    def _is_elder(self, reference: Reference, character: Character) -> bool:
        """Whether "Mrs. Lennox" is rather the parent of the "Mary Lennox" whom the story calls Mary, or
        "Miss Branghton" the elder sister of one who is "Miss Polly" nearly as often."""
        if len(core(reference)) > 1 or not reference.title:
            return False
        if not any(other.words[-1] == reference.words[-1] for other in character.references if len(core(other)) > 1):
            return False
        if self.talk.verdict(reference, self._known_as(reference, character)) > 0:
            return False
        title = plain_title(reference.title)
        given = [Reference("name", "", (word,)) for word in self._given(reference, character)]
        if title not in BEFORE_GIVEN_NAMES and (meet := self.talk.meet(reference, given)) is not None:
            return meet
        if title not in ("mr", "mrs", "miss", "squire"):
            return False
        if reference.title == "mrs" and Reference("name", "mr", reference.words) in self.counts:
            return not any(other.title == "mrs" for other in character.references)
        if reference.title == "miss":
            return 10 * self._called_by_given_name(reference, character, "miss") > 7 * self.counts[reference]
        bare = self._called_by_given_name(reference, character, "")
        return bare > 1 and (8 if title == "mrs" else 2) * bare > self.counts[reference]

    def _called_by_given_name(self, reference: Reference, character: Character, title: str) -> int:
        """How often the character goes by a given name alone, behind a title or none."""
        return sum(self.counts.get(Reference("name", title, (word,)), 0) for word in self._given(reference, character))

    @staticmethod
    def _given(reference: Reference, character: Character) -> set[str]:
        """The given names in the character's full ones."""
        return {other.words[0] for other in character.references if len(core(other)) > 1} - set(reference.words)

    def _known_as(self, reference: Reference, character: Character) -> set[Reference]:
        """The character's names with the given ones that are still to join."""
        given = {Reference("name", "", (word,)) for word in self._given(reference, character)}
        return {*character.references, *(one for one in given if one in self.counts)}

    def _liking(self, reference: Reference, character: Character) -> tuple[bool, ...]:
        """What speaks for one of several people whom a name fits: the given name itself, that they are not far rarer, the title, the eldest sister for
        "Miss Bennet", and a man for a family name alone, rather the one who is not called by his given name."""
        words = core(reference)
        alone = len(words) == 1
        given = alone and any(
            other.words[0] == words[0] and (len(core(other)) > 1 or other.title in BEFORE_GIVEN_NAMES)
            for other in character.references
        )
        titled = bool(reference.title) and plain_title(reference.title) in character.titles
        eldest = reference.title != "miss" or given or not self._called_by_given_name(reference, character, "miss")
        family = alone and not given and (not reference.title or plain_title(reference.title) in ("mr", "mrs"))
        known = character.weight + self._called_by_given_name(reference, character, "")
        weighty = given or not family or known * _FAR_RARER >= self.counts[reference]
        man = not family or bool(reference.title) or character.sex != "female"
        head = not family or self._called_by_given_name(reference, character, "") <= self.counts[reference]
        return given, weighty, eldest, titled, man and head, man, not character.titles & {"uncle", "aunt"}


def _titled(character: Character, rank: str) -> int:
    return sum(count for reference, count in character.references.items() if plain_title(reference.title) == rank)


def _gather_nouns(
    counts: Mapping[Reference, int],
    characters: list[Character],
    meaning: dict[Reference, int],
    votes: Mapping[Reference, Counter[str]],
) -> None:
    """Descriptions: a rank alone joins whoever bears it most, a lone noun the one longer description it ends."""
    offices: dict[str, list[Character]] = defaultdict(list)
    heads: dict[str, list[Character]] = defaultdict(list)
    for character in characters:
        for title in character.titles & OF_OFFICE:
            offices[title].append(character)
        for word in {reference.words[-1] for reference in character.references}:
            heads[word].append(character)
    longer: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    nouns = [reference for reference in counts if reference.form == "noun"]
    for reference in nouns:
        if len(reference.words) > 1 and not reference.title:
            longer[reference.words[-1]].add(reference.words)
    phrases: dict[tuple[str, tuple[str, ...]], Character] = {}
    for reference in sorted(nouns, key=lambda ref: (-len(ref.words), -counts[ref], ref)):
        words = reference.words
        owner = "my" if reference.title in ("my", "our") else "their" if reference.title else ""
        by_office = len(words) == 1 or (len(words) == 2 and words[0] in ADJECTIVE_TITLES)
        bearers = [] if owner or not by_office or words[-1] in ("lady", "lord") else offices[plain_title(words[-1])]
        if not bearers and not owner and len(words) == 1:
            bearers = heads[words[0]]
        if len(words) == 1 and not owner and len(longer[words[0]]) == 1:
            words = next(iter(longer[words[0]]))
        rank = plain_title(words[-1])
        known = (
            max(bearers, key=lambda one: (_titled(one, rank), one.weight, -one.number))
            if bearers
            else phrases.get((owner, words))
        )
        if known is None:
            known = phrases[owner, words] = Character(len(characters))
            characters.append(known)
        known.references[reference] += counts[reference]
        known.votes.update(votes.get(reference, {}))
        meaning[reference] = known.number
