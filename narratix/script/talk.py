"""What conversations tell of who is who."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from narratix.script.names import BEFORE_GIVEN_NAMES
from narratix.script.references import Reference

_ENOUGH_PARAGRAPHS, _SELDOM = 5, 12
_TELLING = 3
"""So many exchanges tell something."""


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
            if one.title and one.title not in BEFORE_GIVEN_NAMES:
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
