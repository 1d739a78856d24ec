"""Somebody in a story: the references that mean them, and what is known of their sex."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from narratix.script.lexicon import (
    GIVEN_NAMES,
    PEOPLE,
    TITLES,
    Sex,
    sex_of_noun,
    sex_of_title,
)
from narratix.script.names import LEARNED, plain_title, shown
from narratix.script.references import Reference
from narratix.script.sexes import overruled, verdict, verdict_of_learned

_FORMS_OF_ADDRESS = frozenset(("monsieur", "madame", "sirrah", "honey", "darling", "boss"))


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
        return {plain_title(reference.title) for reference in self.references if reference.form == "name"} - {""}

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
        del certain["unknown"], likely["unknown"]
        if certain:
            return certain.most_common(1)[0][0]
        if likely and not overruled(usual := likely.most_common(1)[0][0], self.votes):
            return usual
        if self.titles & LEARNED:
            return verdict_of_learned(self.votes)
        return verdict(self.votes)

    def name(self, spellings: Mapping[Reference, str]) -> str:
        """The fullest name that is used often enough to be theirs."""
        known = [(ref, count) for ref, count in self.references.items() if ref.form == "name"] or list(
            self.references.items()
        )
        most = max(count for _, count in known)
        usual = [item for item in known if item[1] * 8 >= most]
        best = max(usual, key=lambda item: (len(item[0].words), bool(item[0].title), item[1], item[0]))[0]
        return shown(best, spellings)

    def aliases(self, spellings: Mapping[Reference, str]) -> tuple[str, ...]:
        """Every other name they go by, the commonest first."""
        name = self.name(spellings)
        ordered = sorted(self.references.items(), key=lambda item: (-item[1], item[0]))
        called = dict.fromkeys(shown(reference, spellings) for reference, _ in ordered)
        return tuple(alias for alias in called if alias != name)
