"""Words of a stretch of text, with what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_POSSESSIVE = ("'s", "’s", "'S", "’S")


@dataclass(frozen=True, slots=True)
class Token:
    """A word at [start, end) without its possessive 's; `gap` is the text between it and the word before."""

    text: str
    lower: str
    start: int
    end: int
    gap: str
    possessive: bool

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def adverbial(self) -> bool:
        """By its ending; "Emily" is none."""
        return self.lower.endswith("ly") and not self.capital


def tokens(text: str, start: int, end: int) -> list[Token]:
    """The words of text[start:end], in order."""
    found: list[Token] = []
    previous = start
    for match in _WORD.finditer(text, start, end):
        word = match.group()
        possessive = word.endswith(_POSSESSIVE) and len(word) > 2
        if possessive:
            word = word[:-2]
        elif text[match.end() : match.end() + 1] in ("'", "’") and word.endswith(("s", "S")):
            possessive = text[match.end() + 1 : match.end() + 2].isspace()
        found.append(
            Token(
                word,
                word.lower().replace("’", "'"),
                match.start(),
                match.start() + len(word),
                text[previous : match.start()],
                possessive,
            )
        )
        previous = match.end()
    return found


def touches(gap: str) -> bool:
    """Whether two words belong together: only blanks, or an abbreviation's full stop, between them."""
    return gap.isspace() or (gap[:1] == "." and gap[1:].isspace() and "\n\n" not in gap)
