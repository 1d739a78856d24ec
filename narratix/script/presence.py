"""Who is present where a reading has come to: whom a pronoun means, as in centering theory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from narratix.script.evidence import Person
from narratix.script.lexicon import Sex

SPEAKS, IS_CALLED, IS_SUBJECT, IS_NAMED, ENTERS = 0.6, 0.5, 0.6, 0.4, 2.5
"""How much each adds to a person's presence."""
_FADES, _FORGOTTEN = 0.6, 0.05
"""What is left of it a paragraph later, and when it is nothing."""
_LEAST = 0.1
_OF_UNKNOWN_SEX = 0.4


@dataclass(slots=True)
class Presence:
    """Characters, by number. `recent`: the block of the last mention or speech of each, the most recent last. `salience`: how
    much each is on the stage."""

    recent: dict[int, int] = field(default_factory=dict)
    salience: dict[int, float] = field(default_factory=dict)

    def note(self, number: int, block: int, salience: float) -> None:
        self.recent.pop(number, None)
        self.recent[number] = block
        self.salience[number] = self.salience.get(number, 0.0) + salience

    def fade(self) -> None:
        self.salience = {number: value * _FADES for number, value in self.salience.items() if value > _FORGOTTEN}

    def most_present(self, sex: Sex, numbers: Iterable[int], people: Sequence[Person]) -> int:
        """The most present of `numbers` that may be of that sex, -1 for nobody."""
        best, most = -1, _LEAST
        for number in numbers:
            own, value = people[number].sex, self.salience[number]
            fit = value if own == sex else value * _OF_UNKNOWN_SEX if own == "unknown" else 0.0
            if fit > most:
                best, most = number, fit
        return best
