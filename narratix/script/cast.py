"""Who is in a story: references that mean the same person, and what is known of their sex."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from narratix.script.lexicon import (
    ABBREVIATED_TITLES,
    ADJECTIVE_TITLES,
    FEMALE_TITLES,
    GIVEN_NAMES,
    MALE_TITLES,
    NICKNAMES,
    PEOPLE,
    TITLES,
    Sex,
    sex_of_noun,
    sex_of_title,
)
from narratix.script.references import Reference

_TITLE_OF_SPELLING = {
    "mister": "mr", "missus": "mrs", "missis": "mrs", "mester": "mr",
    "doctor": "dr", "captain": "capt", "colonel": "col", "general": "gen", "professor": "prof", "sergeant": "sgt",
    "lieutenant": "lt", "reverend": "rev", "major": "maj",
}  # fmt: skip
_OF_OFFICE = frozenset(
    [
        "dr",
        "capt",
        "col",
        "gen",
        "prof",
        "sgt",
        "lt",
        "rev",
        "maj",
        "king",
        "queen",
        "prince",
        "princess",
        "duke",
        "duchess",
        "count",
        "countess",
        "baron",
        "squire",
        "parson",
        "inspector",
        "judge",
        "admiral",
        "emperor",
        "empress",
        "lord",
        "lady",
    ]
)
_LEARNED = frozenset(("dr", "capt", "col", "gen", "prof", "sgt", "lt", "rev", "maj", "judge", "inspector"))
"""Titles that stand in the place of "Mr."; none of them belongs to the wife."""
_BEFORE_GIVEN_NAMES = frozenset(
    ("miss", "master", "sir", "lady", "uncle", "aunt", "princess", "prince", "sister", "brother")
)
_FORMS_OF_ADDRESS = frozenset(("monsieur", "madame", "sirrah", "honey", "darling", "boss"))
_ENOUGH_VOTES = 4
_ENOUGH_PARAGRAPHS, _SELDOM = 5, 12
_FAR_RARER = 10
_TELLING = 3
"""So many exchanges tell something."""
_SMALL = frozenset(("of", "de", "van", "von", "du", "la", "le", "di", "da", "and"))


@dataclass(slots=True)
class Character:
    """Somebody in the story. `weight` counts references to them."""

    number: int
    references: Counter[Reference] = field(default_factory=Counter)
    votes: Counter[str] = field(default_factory=Counter)
    narrator: bool = False

    @property
    def weight(self) -> int:
        return self.references.total()

    @property
    def titles(self) -> set[str]:
        return {_plain(reference.title) for reference in self.references if reference.form == "name"} - {""}

    @property
    def named(self) -> bool:
        return any(reference.form == "name" for reference in self.references)

    @property
    def has_a_name(self) -> bool:
        """More than a title or a form of address, such as "Monsieur"."""
        return any(
            reference.form == "name" and not set(reference.words) <= TITLES | PEOPLE | _FORMS_OF_ADDRESS
            for reference in self.references
        )

    @property
    def sex(self) -> Sex:
        """From titles and nouns, else given names, else the pronouns that follow the name, else a rank that men mostly had."""
        certain: Counter[Sex] = Counter()
        likely: Counter[Sex] = Counter()
        for reference, count in self.references.items():
            if reference.form == "name":
                certain[sex_of_title(reference.title)] += count
                first = reference.words[0]
                if first in GIVEN_NAMES and not (reference.title and len(reference.words) == 1):
                    likely[GIVEN_NAMES[first]] += count
                noun = sex_of_noun(reference.words[0])
                certain[noun] += count
            else:
                certain[sex_of_noun(reference.words[-1])] += count
        for known in (certain, likely):
            del known["unknown"]
            if known:
                return known.most_common(1)[0][0]
        female, male = self.votes["female"], self.votes["male"]
        if self.titles & _LEARNED and (female < 2 * _ENOUGH_VOTES or female < 3 * male):
            return "male"
        if female >= 2 * male and female > 0:
            return "female"
        if male >= 2 * female and male > 0:
            return "male"
        return "unknown"

    def name(self, spellings: Mapping[Reference, str]) -> str:
        """The fullest name that is used often enough to be theirs."""
        known = [(ref, count) for ref, count in self.references.items() if ref.form == "name"] or list(
            self.references.items()
        )
        most = max(count for _, count in known)
        usual = [item for item in known if item[1] * 8 >= most]
        best = max(usual, key=lambda item: (len(item[0].words), bool(item[0].title), item[1], item[0]))[0]
        return _shown(best, spellings)

    def aliases(self, spellings: Mapping[Reference, str]) -> tuple[str, ...]:
        """Every other name they go by, the commonest first."""
        name = self.name(spellings)
        ordered = sorted(self.references.items(), key=lambda item: (-item[1], item[0]))
        shown = dict.fromkeys(_shown(reference, spellings) for reference, _ in ordered)
        return tuple(alias for alias in shown if alias != name)


@dataclass(slots=True)
class Talk:
    """What conversations tell of names: nobody answers or calls himself, and an answer often calls who spoke before it."""

    apart: defaultdict[Reference, Counter[Reference]] = field(default_factory=lambda: defaultdict(Counter))
    same: defaultdict[Reference, Counter[Reference]] = field(default_factory=lambda: defaultdict(Counter))
    told: Counter[Reference] = field(default_factory=Counter)
    """In how many paragraphs the narration uses a name."""
    together: defaultdict[Reference, Counter[Reference]] = field(default_factory=lambda: defaultdict(Counter))
    """In how many it uses two: of "Mr. Morgan" and "Eugene" a paragraph needs only one, when they are the same."""

    def part(self, one: Reference, other: Reference, weight: int) -> None:
        if one != other:
            self.apart[one][other] += weight
            self.apart[other][one] += weight

    def join(self, one: Reference, other: Reference) -> None:
        if one != other:
            self.same[one][other] += 1
            self.same[other][one] += 1

    def tell(self, named: set[Reference]) -> None:
        """A paragraph's names."""
        self.told.update(named)
        for one in named:
            if one.title and one.title not in _BEFORE_GIVEN_NAMES:
                self.together[one].update(named - {one})

    def meet(self, elder: Reference, given: Sequence[Reference]) -> bool | None:
        """Whether "Mr. Morgan" is told of together with "Eugene", as a father is with his son; None when it cannot be said."""
        fewest = min(self.told[elder], sum(self.told[each] for each in given))
        if fewest < _ENOUGH_PARAGRAPHS:
            return None
        together = sum(self.together[elder][each] for each in given)
        return together > 1 and together * _SELDOM > fewest

    def verdict(self, reference: Reference, others: Collection[Reference]) -> int:
        """Above 0 when the reference seems to mean whom the others mean, below when it seems to be somebody else."""
        parted = sum(self.apart[reference][other] for other in others)
        joined = sum(self.same[reference][other] for other in others)
        if parted >= _TELLING and parted > 2 * joined:
            return -1
        return 1 if joined >= _TELLING and joined > 2 * parted else 0


def _shown(reference: Reference, spellings: Mapping[Reference, str]) -> str:
    if reference in spellings:
        return spellings[reference]
    title = reference.title.capitalize() + ("." if reference.title in ABBREVIATED_TITLES else "")
    words = " ".join(reference.words)
    return display_name(reference, f"{title} {words}".strip() if reference.form == "name" else words)


def _plain(title: str) -> str:
    return _TITLE_OF_SPELLING.get(title, title)


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
        if not reference.title and len(reference.words) == 1 and _plain(reference.words[0]) in _OF_OFFICE:
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
        words = _core(reference)
        return (-min(2, len(words)), not reference.title, -self.counts[reference], -len(words), reference)

    def add(self, reference: Reference) -> None:
        words = _core(reference)
        near = dict.fromkeys(
            character.number for word in (words[-1], words[0], *_roots(words[0])) for character in self.by_word[word]
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
        for word in _core(reference):
            if word not in _SMALL and character not in self.by_word[word]:
                self.by_word[word].append(character)

    def add_ranks(self, ranks: Sequence[Reference]) -> None:
        """ "Captain" alone, as a name, is whoever is called so most."""
        for reference in ranks:
            rank = _plain(reference.words[0])
            bearers = [character for character in self.characters if rank in character.titles]
            if bearers:
                self._join(reference, max(bearers, key=lambda one: (_titled(one, rank), one.weight, -one.number)))
            else:
                self.add(reference)

    def _fits(self, reference: Reference, character: Character) -> bool:
        """A short name must fit the full ones; two short ones of one person ("Amelia", "Miss Sedley") need not be alike."""
        others = list(character.references)
        if self.talk.verdict(reference, self._known_as(reference, character)) < 0:
            return False
        full = [other for other in others if len(_core(other)) > 1]
        if len(_core(reference)) > 1 or not full:
            return self._same_sex(reference, others) and all(_compatible(reference, other) for other in others)
        if not self._same_sex(reference, others) or any(not _titles_fit(reference, other) for other in others):
            return False
        return any(_compatible(reference, other) for other in full)

    def _same_sex(self, reference: Reference, others: Sequence[Reference]) -> bool:
        own = self._sex(reference)
        return own == "unknown" or all(self._sex(other) in (own, "unknown") for other in others)

    def _sex(self, reference: Reference) -> Sex:
        """By the title, else by the pronouns that take the reference up, else by the given name."""
        known = sex_of_title(reference.title)
        if known != "unknown":
            return known
        votes = Counter(self.votes.get(reference, {}))
        if len(reference.words) > 1:
            votes.update(self.votes.get(Reference("name", "", reference.words[:1]), {}))
        female, male = votes["female"], votes["male"]
        if max(female, male) >= _ENOUGH_VOTES:
            if female >= 3 * male:
                return "female"
            if male >= 3 * female:
                return "male"
        words = _core(reference)
        if _plain(reference.title) in _LEARNED and len(words) == 1:
            return "female" if female > male else "male"
        return GIVEN_NAMES.get(words[0], "unknown") if len(words) > 1 or not reference.title else "unknown"

    def _is_elder(self, reference: Reference, character: Character) -> bool:
        """Whether "Mrs. Lennox" is rather the parent of the "Mary Lennox" whom the story calls Mary, or
        "Miss Branghton" the elder sister of one who is "Miss Polly" nearly as often."""
        if len(_core(reference)) > 1 or not reference.title:
            return False
        if not any(other.words[-1] == reference.words[-1] for other in character.references if len(_core(other)) > 1):
            return False
        if self.talk.verdict(reference, self._known_as(reference, character)) > 0:
            return False
        title = _plain(reference.title)
        given = [Reference("name", "", (word,)) for word in self._given(reference, character)]
        if title not in _BEFORE_GIVEN_NAMES and (meet := self.talk.meet(reference, given)) is not None:
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
        return {other.words[0] for other in character.references if len(_core(other)) > 1} - set(reference.words)

    def _known_as(self, reference: Reference, character: Character) -> set[Reference]:
        """The character's names with the given ones that are still to join."""
        given = {Reference("name", "", (word,)) for word in self._given(reference, character)}
        return {*character.references, *(one for one in given if one in self.counts)}

    def _liking(self, reference: Reference, character: Character) -> tuple[bool, ...]:
        """What speaks for one of several people whom a name fits: the given name itself, that they are not far rarer, the title, the eldest sister for
        "Miss Bennet", and a man for a family name alone, rather the one who is not called by his given name."""
        words = _core(reference)
        alone = len(words) == 1
        given = alone and any(
            other.words[0] == words[0] and (len(_core(other)) > 1 or other.title in _BEFORE_GIVEN_NAMES)
            for other in character.references
        )
        titled = bool(reference.title) and _plain(reference.title) in character.titles
        eldest = reference.title != "miss" or given or not self._called_by_given_name(reference, character, "miss")
        family = alone and not given and (not reference.title or _plain(reference.title) in ("mr", "mrs"))
        known = character.weight + self._called_by_given_name(reference, character, "")
        weighty = given or not family or known * _FAR_RARER >= self.counts[reference]
        man = not family or bool(reference.title) or character.sex != "female"
        head = not family or self._called_by_given_name(reference, character, "") <= self.counts[reference]
        return given, weighty, eldest, titled, man and head, man, not character.titles & {"uncle", "aunt"}


def _titled(character: Character, rank: str) -> int:
    return sum(count for reference, count in character.references.items() if _plain(reference.title) == rank)


def _core(reference: Reference) -> tuple[str, ...]:
    """The words without a place: "Lord Crocker of Crocker" is Lord Crocker."""
    words = reference.words
    if "of" in words and words.index("of") > 0:
        words = words[: words.index("of")]
    return (f"st {words[0]}", *words[1:]) if reference.title in ("st", "saint") else words


def _roots(short: str) -> frozenset[str]:
    """The names that a short one can stand for: "lizzy" for "elizabeth", "georgie" for "george"."""
    known = NICKNAMES.get(short, frozenset())
    if known or short in GIVEN_NAMES or not short.endswith(("ie", "y", "ey")):
        return known
    stem = short.removesuffix("ie") if short.endswith("ie") else short.removesuffix("ey").removesuffix("y")
    single = stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem
    return frozenset(name for name in (stem, single, stem + "e") if len(name) > 2)


def _same_given(one: str, other: str) -> bool:
    if one == other or one in _roots(other) or other in _roots(one) or bool(_roots(one) & _roots(other)):
        return True
    return min(len(one), len(other)) == 1 and one[0] == other[0]


def _titles_fit(one: Reference, other: Reference) -> bool:
    """Whether one person can bear both titles; people who share their whole name may rise or marry."""
    title, other_title = _plain(one.title), _plain(other.title)
    if title == other_title or not title or not other_title:
        return True
    pair = {title, other_title}
    sexes = {sex_of_title(title), sex_of_title(other_title)}
    if sexes == {"female", "male"} or ("female" in sexes and pair & _LEARNED):
        return False
    if len(_core(one)) > 1 and _core(one) == _core(other):
        return True
    if "mr" in pair:
        return not pair & {"dr", "sir", "lord", "king", "prince", "duke", "count", "earl", "baron"}
    if "miss" in pair:
        return not pair & {"mrs", "lady", "countess", "duchess", "queen", "mother", "grandmother"}
    return not pair <= (FEMALE_TITLES | MALE_TITLES) - {
        "capt",
        "col",
        "maj",
        "gen",
        "lt",
        "sgt",
        "master",
        "monsieur",
        "sir",
    }


def _compatible(one: Reference, other: Reference) -> bool:
    """Whether two names can be the same person's."""
    if not _titles_fit(one, other):
        return False
    short, long = sorted((_core(one), _core(other)), key=len)
    if len(short) == 1:
        brief = one if short == _core(one) else other
        if len(long) == 1:
            return short == long or (
                not one.title
                and not other.title
                and bool({*short, *long} & set(NICKNAMES))
                and _same_given(short[0], long[0])
            )
        if short[0] == long[-1]:
            return True
        if brief.title == "mrs" or (brief.title in ("mr", "dr") and short[0] not in GIVEN_NAMES):
            return False
        fuller = other if brief is one else one
        noble = fuller.title in ("lady", "sir", "lord", "king", "queen") and brief.title != fuller.title
        return _same_given(short[0], long[0]) and (short[0] == long[0] or not noble)
    if "mrs" in (one.title, other.title) and one.title != other.title and GIVEN_NAMES.get(long[0]) != "female":
        return False
    return _same_given(short[0], long[0]) and short[-1] == long[-1]


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
        for title in character.titles & _OF_OFFICE:
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
        bearers = [] if owner or not by_office or words[-1] in ("lady", "lord") else offices[_plain(words[-1])]
        if not bearers and not owner and len(words) == 1:
            bearers = heads[words[0]]
        if len(words) == 1 and not owner and len(longer[words[0]]) == 1:
            words = next(iter(longer[words[0]]))
        rank = _plain(words[-1])
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


def display_name(reference: Reference, spelling: str) -> str:
    """How a cast list shows a reference: "Mr. Holmes", "The old man", "Mother"."""
    if reference.form == "noun":
        phrase = " ".join(reference.words)
        named = phrase if reference.title in ("my", "our") else f"the {phrase}"
        return named[0].upper() + named[1:]
    words = spelling.split()
    for article in ("the", "a", "an", "his", "her", "my", "our", "this", "that", "its", "their", "your"):
        if words and words[0].casefold() == article and len(words) > 1:
            words = ["The", *words[1:]] if article in ("the", "this", "that", "a") else words[1:]
            break
    shown = [word.capitalize() if word.isupper() and len(word) > 2 else word for word in words]
    return " ".join(word[0].upper() + word[1:] if word.casefold() not in _SMALL else word for word in shown)


def spellings(uses: Iterable[tuple[Reference, str]]) -> dict[Reference, str]:
    """The spelling by which each reference is shown: the most used one."""
    seen: dict[Reference, Counter[str]] = defaultdict(Counter)
    for reference, spelling in uses:
        seen[reference][display_name(reference, spelling)] += 1
    return {
        reference: min(counter, key=lambda spelling: (-counter[spelling], spelling))
        for reference, counter in seen.items()
    }
