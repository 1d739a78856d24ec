"""Who is in a story: references that mean the same person, and what is known of their sex."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from narratix.script.lexicon import (
    ABBREVIATED_TITLES,
    FEMALE_TITLES,
    GIVEN_NAMES,
    MALE_TITLES,
    NICKNAMES,
    Sex,
    sex_of_noun,
    sex_of_title,
)
from narratix.script.references import Reference

_TITLE_OF_SPELLING = {
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
    def sex(self) -> Sex:
        """From titles and nouns, else given names, else the pronouns that follow the name."""
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
        if female >= 2 * male and female > 0:
            return "female"
        return "male" if male >= 2 * female and male > 0 else "unknown"

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


def _shown(reference: Reference, spellings: Mapping[Reference, str]) -> str:
    if reference in spellings:
        return spellings[reference]
    title = reference.title.capitalize() + ("." if reference.title in ABBREVIATED_TITLES else "")
    words = " ".join(reference.words)
    return display_name(reference, f"{title} {words}".strip() if reference.form == "name" else words)


def _plain(title: str) -> str:
    return _TITLE_OF_SPELLING.get(title, title)


def gather(counts: Mapping[Reference, int]) -> tuple[list[Character], dict[Reference, int]]:
    """Merge references into characters; returns them and the number of the character that each reference means.

    Fuller names come first and attract the shorter ones that fit them: the same family name and no different given name,
    title or sex. A rank alone ("the captain") joins the one person who bears it.
    """
    characters: list[Character] = []
    by_word: dict[str, list[Character]] = defaultdict(list)
    meaning: dict[Reference, int] = {}
    names = [reference for reference in counts if reference.form == "name"]
    for reference in sorted(names, key=lambda ref: (-len(ref.words), not ref.title, -counts[ref], ref)):
        fitting = _fitting(reference, by_word, counts)
        if fitting is None:
            fitting = Character(len(characters))
            characters.append(fitting)
        fitting.references[reference] += counts[reference]
        meaning[reference] = fitting.number
        for word in reference.words:
            if word not in _SMALL and fitting not in by_word[word]:
                by_word[word].append(fitting)
    _gather_nouns(counts, characters, meaning)
    return characters, meaning


def _fitting(
    reference: Reference, by_word: Mapping[str, list[Character]], counts: Mapping[Reference, int]
) -> Character | None:
    candidates = [
        character
        for character in by_word.get(_last(reference), []) + by_word.get(reference.words[0], [])
        if all(_compatible(reference, other) for other in character.references)
        and not _is_elder(reference, character, counts)
    ]
    if not candidates:
        return None
    return max(candidates, key=lambda character: (_as_given(reference, character), character.weight, -character.number))


def _is_elder(reference: Reference, character: Character, counts: Mapping[Reference, int]) -> bool:
    """Whether "Mrs. Lennox" is rather the parent of the "Mary Lennox" whom the story calls Mary."""
    if reference.title not in ("mr", "mrs") or len(reference.words) > 1:
        return False
    given = {other.words[0] for other in character.references if len(other.words) > 1}
    bare = sum(counts.get(Reference("name", "", (word,)), 0) for word in given)
    return bare > 1 and 2 * bare > counts[reference]


def _last(reference: Reference) -> str:
    return reference.words[-1]


def _as_given(reference: Reference, character: Character) -> bool:
    return len(reference.words) == 1 and any(
        other.words[0] == reference.words[0] and len(other.words) > 1 for other in character.references
    )


def _compatible(one: Reference, other: Reference) -> bool:
    """Whether two names can be the same person's."""
    sexes = {sex_of_title(one.title), sex_of_title(other.title)} - {"unknown"}
    for reference in (one, other):
        if len(reference.words) > 1 or not reference.title:
            sexes |= {GIVEN_NAMES.get(reference.words[0], "unknown")} - {"unknown"}
    if len(sexes) > 1:
        return False
    title, other_title = _plain(one.title), _plain(other.title)
    if title != other_title and {title, other_title} <= (FEMALE_TITLES | MALE_TITLES) - {"", "mr", "sir", "capt"}:
        return False
    short, long = sorted((one.words, other.words), key=len)
    if len(short) == 1:
        if short[0] not in (long[0], long[-1]):
            return False
        given_with_title = short[0] == long[0] != long[-1] and bool(one.title if one.words is short else other.title)
        return not given_with_title or title not in ("mr", "mrs")
    first, second = short[0], long[0]
    same_given = (
        first == second
        or NICKNAMES.get(first, first) == NICKNAMES.get(second, second)
        or (min(len(first), len(second)) == 1 and first[0] == second[0])
    )
    return same_given and short[-1] == long[-1]


def _gather_nouns(counts: Mapping[Reference, int], characters: list[Character], meaning: dict[Reference, int]) -> None:
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
            longer[_last(reference)].add(reference.words)
    phrases: dict[tuple[str, tuple[str, ...]], Character] = {}
    for reference in sorted(nouns, key=lambda ref: (-len(ref.words), -counts[ref], ref)):
        words = reference.words
        owner = "my" if reference.title in ("my", "our") else "their" if reference.title else ""
        bearers = [] if owner else offices[_plain(words[-1])] or (heads[words[0]] if len(words) == 1 else [])
        if len(words) == 1 and not owner and len(longer[words[0]]) == 1:
            words = next(iter(longer[words[0]]))
        known = max(bearers, key=lambda one: (one.weight, -one.number)) if bearers else phrases.get((owner, words))
        if known is None:
            known = phrases[owner, words] = Character(len(characters))
            characters.append(known)
        known.references[reference] += counts[reference]
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
