"""Whom a speech calls: people by their names, and by what they are to the speaker ("mamma", "sir", "Captain")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from narratix.script.lexicon import NOT_NAMES, Sex
from narratix.script.quotes import Quote
from narratix.script.references import NameBook, Reference, reference_at
from narratix.script.words import Token

_ADDRESS_BEFORE = frozenset(",.!?;:—-\"“‘'(…")
_ADDRESS_AFTER = frozenset(",.!?;:—-\"”’'…")
_ADDRESSES: Final[Mapping[str, Sex]] = {
    "sir": "male", "boy": "male", "lad": "male", "man": "male", "fellow": "male", "chap": "male", "sonny": "male",
    "madam": "female", "ma'am": "female", "miss": "female", "girl": "female", "madame": "female", "lady": "female",
}  # fmt: skip
_BEFORE_NAMES: Final = frozenset(("mr", "mrs", "miss", "dr", "sir", "lady", "lord"))
_ENDEARMENTS = frozenset(("dear", "dearest", "darling", "old", "good", "poor"))
_BEFORE = frozenset(("my", "dear", "dearest", "old", "young", "yes", "no", "good", "poor", "oh"))
_KIN: Final[Mapping[str, tuple[str, Sex]]] = {
    "mother": ("mother", "female"), "mamma": ("mother", "female"), "mama": ("mother", "female"), "ma": ("mother", "female"),
    "mum": ("mother", "female"), "mummy": ("mother", "female"), "mom": ("mother", "female"),
    "father": ("father", "male"), "papa": ("father", "male"), "pa": ("father", "male"), "dad": ("father", "male"),
    "daddy": ("father", "male"), "pop": ("father", "male"),
    "aunt": ("aunt", "female"), "auntie": ("aunt", "female"), "aunty": ("aunt", "female"), "uncle": ("uncle", "male"),
    "grandmother": ("grandmother", "female"), "grandma": ("grandmother", "female"), "granny": ("grandmother", "female"),
    "grandfather": ("grandfather", "male"), "grandpa": ("grandfather", "male"),
    "sister": ("sister", "female"), "brother": ("brother", "male"), "cousin": ("cousin", "unknown"),
    "son": ("son", "male"), "daughter": ("daughter", "female"), "nephew": ("nephew", "male"), "niece": ("niece", "female"),
    "nurse": ("nurse", "unknown"), "doctor": ("doctor", "unknown"), "captain": ("captain", "male"),
    "colonel": ("colonel", "male"), "major": ("major", "male"), "general": ("general", "male"),
    "sergeant": ("sergeant", "male"), "inspector": ("inspector", "male"), "professor": ("professor", "male"),
    "squire": ("squire", "male"), "landlord": ("landlord", "male"), "master": ("master", "male"),
}  # fmt: skip
"""What people call each other: the plain word, and the sex it tells."""


_FORMS: Final[Mapping[str, tuple[str, Sex]]] = {**{word: (word, sex) for word, sex in _ADDRESSES.items()}, **_KIN}


def called_as(word: str) -> str:
    """The plain word for what somebody is called: "mother" for "mamma"; "" for a word that calls nobody."""
    return _KIN[word][0] if word in _KIN else ""


def named_in(
    text: str, stretch: Sequence[Token], quote: Quote, book: NameBook
) -> tuple[list[Reference], list[Reference]]:
    """Whom a speech calls by name, and whom it only names."""
    addressed: list[Reference] = []
    talked_of: list[Reference] = []
    index = 0
    while index < len(stretch):
        token = stretch[index]
        may_name = token.capital and (token.lower not in NOT_NAMES or token.lower in _BEFORE_NAMES)
        found = reference_at(stretch, index, book) if may_name else None
        if found is None or found.reference.form != "name":
            index += 1
            continue
        left = index
        while left and stretch[left - 1].lower in _ENDEARMENTS:
            left -= 1
        if left and left != index and stretch[left - 1].lower == "my":
            left -= 1
        before = stretch[left].gap.strip() if left else "“"
        after = text[found.end : found.end + 2].strip() or text[found.end : quote.end].strip()[:1]
        called = before[-1:] in _ADDRESS_BEFORE and before != "" and after[:1] in _ADDRESS_AFTER and after != ""
        if left < index and stretch[left].lower in ("my", "dear") and after[:1] in _ADDRESS_AFTER and after:
            called = True
        if called or (left and stretch[left - 1].lower in ("oh", "o") and after[:1] in _ADDRESS_AFTER):
            addressed.append(found.reference)
        else:
            talked_of.append(found.reference)
        index = max(found.after, index + 1)
    return addressed, talked_of


def forms_of_address(stretch: Sequence[Token], text: str) -> Iterator[tuple[str, Sex]]:
    """What people are called between marks ("sir", "my boy", "mamma"): the plain word and the sex it tells."""
    for index, token in enumerate(stretch):
        form = _FORMS.get(token.lower)
        if form is None or text[token.end : token.end + 1] not in _ADDRESS_AFTER:
            continue
        before = stretch[index - 1].lower if index else ""
        between = token.gap.strip()[-1:] in _ADDRESS_BEFORE and (index == 0 or token.gap.strip())
        if between or before in _BEFORE:
            yield form
