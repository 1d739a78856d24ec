"""The words of a text and of what somebody heard, laid side by side."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from narratix.honorifics import NOT_HONORIFICS

_WORD: Final = re.compile(r"\d[\d,]*\d|[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END: Final = re.compile(rf"(?<!\b[A-Z])[.!?…]+{NOT_HONORIFICS}[\"'”’)\]]*(?=\s)|\n\s*\n")


@dataclass(frozen=True, slots=True)
class SourceWord:
    """Characters [start, end) of the text; `plain` is the word as it is compared."""

    start: int
    end: int
    plain: str


def source_words(text: str) -> list[SourceWord]:
    return [SourceWord(m.start(), m.end(), _plain(m[0])) for m in _WORD.finditer(text)]


def plain_words(text: str) -> list[str]:
    """Lower case, straight apostrophes, no commas within numbers; what a hyphen or a dash joins are two words."""
    return [_plain(word) for word in _WORD.findall(text)]


def sentences(text: str, words: Sequence[SourceWord]) -> list[tuple[int, int]]:
    """Ranges [first, last) of `words`: those between two ends of sentences, or of paragraphs. None is empty."""
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    number = [bisect_right(ends, word.start) for word in words]
    starts = [i for i in range(len(words)) if i == 0 or number[i] != number[i - 1]]
    return list(zip(starts, [*starts[1:], len(words)], strict=True))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was heard of a text. `heard_as[i]`: the number of the heard word that stands for source word i, None where
    nothing does; `same[i]`: whether it is that very word."""

    substituted: int
    deleted: int
    inserted: int
    heard_as: tuple[int | None, ...]
    same: tuple[bool, ...]

    @property
    def error_rate(self) -> float:
        return (self.substituted + self.deleted + self.inserted) / max(1, len(self.heard_as))


def compare(source: Sequence[str], heard: Sequence[str]) -> Comparison:
    """The alignment with the fewest errors, which all weigh the same (Levenshtein)."""
    import jiwer

    found = jiwer.process_words([" ".join(source)], [" ".join(heard)])
    heard_as: list[int | None] = [None] * len(source)
    same = [False] * len(source)
    for chunk in found.alignments[0]:
        if chunk.type in ("equal", "substitute"):
            for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
                heard_as[chunk.ref_start_idx + i] = chunk.hyp_start_idx + i
                same[chunk.ref_start_idx + i] = chunk.type == "equal"
    return Comparison(found.substitutions, found.deletions, found.insertions, tuple(heard_as), tuple(same))


def _plain(word: str) -> str:
    return word.lower().replace("’", "'").replace(",", "")
