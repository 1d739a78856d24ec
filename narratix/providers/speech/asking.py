"""A line as a vendor is asked for it: with words that sound as they are to be said, and what asking costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from narratix.events.catalogue import Usage
from narratix.ports import Spoken
from narratix.providers.prices import used
from narratix.providers.speech.lexicon import respelled
from narratix.providers.speech.words import SourceWord, source_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`words` are those of the line, `sent` what is sent in its place, and `at[i]` where in it character i of the line
    went. Vendors take characters for what they are sent: `paid`."""

    words: Sequence[SourceWord]
    sent: str
    at: Sequence[int]
    paid: Usage

    @property
    def unspoken(self) -> Spoken | None:
        """What a line without a word is: nothing that anybody need be asked for. None for every other line."""
        return None if self.words else Spoken(np.zeros(0, np.float32), (), self.paid)


def asked(text: str, pronunciations: Mapping[str, str] | None, vendor: str, model: str, today: date) -> Asked:
    """Vendors know no pronunciations of ours: a word that has one is sent as one that sounds like it."""
    words = source_words(text)
    sent, at = respelled(text, pronunciations or {})
    paid = used(vendor, model, "characters", float(len(sent)) if words else 0.0, today)
    return Asked(words=words, sent=sent, at=at, paid=paid)
