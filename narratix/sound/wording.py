"""What a line says instead of the story's own words, and where the story's words went."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True)
class Wording:
    """A line is spoken as `text`; the story has `source` there."""

    text: str
    source: str

    def carried(self, offset: int) -> int | None:
        """Where in `text` the word stands that holds character `offset` of `source`, or follows it; None where it is
        said no more."""
        for (_, ends), begins in zip(self._source_words, self._carried, strict=True):
            if offset < ends:
                return begins
        return None

    @cached_property
    def _source_words(self) -> list[tuple[int, int]]:
        return [found.span() for found in _WORD.finditer(self.source)]

    @cached_property
    def _carried(self) -> list[int | None]:
        """For each word of the source, where it begins in the text: words in the order that both share."""
        before = [self.source[start:end].casefold() for start, end in self._source_words]
        found = list(_WORD.finditer(self.text))
        after = [word[0].casefold() for word in found]
        places: list[int | None] = [None] * len(before)
        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            for i in range(block.size):
                places[block.a + i] = found[block.b + i].start()
        return places
