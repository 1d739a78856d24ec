"""What the rules of normalisation look at: source words, cut at dashes and dots, without the marks around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from narratix.providers.speech.abbreviations import STARTERS

_JOINTS: Final = re.compile(r"([—…]+)")
_GLUED: Final = re.compile(
    r"(?:(?<=\bMr\.)|(?<=\bMrs\.)|(?<=\bDr\.)|(?<=\bSt\.)|(?<=\bNo\.)|(?<=\bp\.)|(?<=\bpp\.))(?=[\dA-Z])"
)
"""Where a short form stands before its name without a blank."""
_PARTS: Final = re.compile(r"([(\[¿¡'‘’]*)(.*?)([.,;:!?)\]'’&+=@×÷§*]*)", re.DOTALL)
_SHORT_DOT: Final = re.compile(r"\.([,;:])")
_SIGNS: Final = {"&": " and", "+": " plus", "=": " equals", "@": " at", "×": " times", "÷": " divided by"}


@dataclass(slots=True)
class Atom:
    """`lead` and `tail` are the marks around `core`, `joint` a dash or dots behind it. `owner` is the number of its source
    word. `said` replaces core once a rule has spoken."""

    owner: int
    lead: str
    core: str
    tail: str
    joint: str = ""
    said: str | None = None
    initial: bool = False
    ends_paragraph: bool = False

    @property
    def dotted(self) -> bool:
        return self.tail.startswith(".")

    @property
    def plain(self) -> bool:
        """Small letters, and no dot that might be a short form's."""
        return self.core.isalpha() and self.core.islower() and not self.dotted

    @property
    def figures(self) -> bool:
        """Whether it was written with figures."""
        return bool(re.match(r"[£$€]?\d", self.core))

    @property
    def shouts(self) -> bool:
        """Whether it is written in capitals, more than one, and is no string of initials."""
        bare = [each for each in self.core if each.isalpha()]
        return self.core.isupper() and len(bare) > 1 and "." not in self.core and not any(map(str.isdigit, self.core))

    @property
    def shouted(self) -> bool:
        return self.shouts and not (self.said or "").startswith("the ")

    def say(self, words: str, *, dot: bool | None = None) -> None:
        """Say `words` instead of the core. `dot`: whether a dot behind it is kept, as a full stop."""
        self.said = words
        if dot is not None and self.dotted:
            self.tail = ("." if dot else "") + self.tail[1:]

    def __str__(self) -> str:
        tail = "".join(_SIGNS.get(mark, mark) for mark in _SHORT_DOT.sub(r"\1", self.tail))
        return f"{self.lead}{self.core if self.said is None else self.said}{tail}{self.joint}"


class Atoms:
    """The atoms of a text, in order."""

    def __init__(self, words: Sequence[str], paragraphs: Collection[int] = ()) -> None:
        self._count = len(words)
        self._atoms: list[Atom] = []
        for owner, word in enumerate(words):
            self._atoms += _cut(owner, word)
            self._atoms[-1].ends_paragraph = owner in paragraphs

    def __len__(self) -> int:
        return len(self._atoms)

    def __getitem__(self, at: int) -> Atom:
        return self._atoms[at]

    def before(self, at: int) -> Atom | None:
        """The atom before, unless a dash parts them."""
        return self._atoms[at - 1] if at and not self._atoms[at - 1].joint else None

    def after(self, at: int) -> Atom | None:
        """The atom behind, unless a dash parts them."""
        return self._atoms[at + 1] if at + 1 < len(self._atoms) and not self._atoms[at].joint else None

    def begins_sentence(self, at: int) -> bool:
        """Whether the atom at `at` seems to begin a sentence where a short form's dot leaves it open, or there is none."""
        if at >= len(self._atoms):
            return True
        core = self._atoms[at].core
        return core[:1].isupper() and core.casefold() in STARTERS

    def stops(self, at: int) -> bool:
        """Whether a dot behind the atom at `at`, which belongs to a short form, is a full stop too: a capital follows."""
        after = self.after(at)
        return after is None or after.core[:1].isupper()

    def spoken(self) -> list[str]:
        """What each source word says."""
        out = [""] * self._count
        for atom in self._atoms:
            gap = " " if out[atom.owner] and atom.core else ""
            out[atom.owner] += gap + str(atom)
        return out


def _cut(owner: int, word: str) -> Iterator[Atom]:
    lead = ""
    found: Atom | None = None
    for piece in _JOINTS.split(word):
        if not piece:
            continue
        if _JOINTS.fullmatch(piece):
            if found is None:
                lead += piece
            else:
                found.joint += piece
            continue
        for part in _GLUED.split(piece):
            if found is not None:
                yield found
            parts = _PARTS.fullmatch(part)
            assert parts is not None
            found = Atom(owner, lead + parts[1], parts[2], parts[3])
            lead = ""
    yield found or Atom(owner, lead, "", "")
