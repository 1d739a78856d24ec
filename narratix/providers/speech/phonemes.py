"""Text to phonemes (misaki's alphabet, which Kokoro and hibari share), each tied to its source word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from narratix.providers.speech.words import SourceWord, can_be_read, sentences
from narratix.script.ipa import to_symbols

SILENT = -1
"""The owner of a symbol that belongs to no word: blanks and punctuation, whose time is a pause."""

PHRASE_LIMIT = 300
"""Symbols to an utterance. The networks take 510, but hurry near the end of it; short utterances sound flat and
cost more, since every one begins and ends with silence."""

_PAUSES = {".": 0.38, "!": 0.38, "?": 0.40, "…": 0.45, ";": 0.26, ":": 0.26, "—": 0.24, ",": 0.16}
RESTS = _PAUSES | {",": 0.14}
"""The least silence at a mark within a phrase."""
_PARAGRAPH_PAUSE = 0.6
_IPA = re.compile(r"/([^/\s]+)/")
_PUNCTUATION = frozenset(' ;:,.!?—…"()“”')


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is uttered in one breath. `owners[i]` is the source word of `symbols[i]`, or SILENT;
    `pause` is the silence in seconds between this phrase and the next."""

    symbols: str
    owners: tuple[int, ...]
    pause: float

    def rests(self) -> Iterator[tuple[int, int, float]]:
        """For each mark between two words: the number of the symbol before it, of the one behind, counted from 1 as the
        networks' pad is 0, and the seconds of a rest there."""
        spoken = [at for at, owner in enumerate(self.owners) if owner != SILENT]
        for last, following in pairwise(spoken):
            between = self.symbols[last + 1 : following]
            rest = max((RESTS.get(mark, 0.0) for mark in between), default=0.0)
            if rest:
                yield last + 1, following + 1, rest


class Phonemiser:
    """`vocabulary` are the symbols that the network knows; others are left out."""

    def __init__(self, vocabulary: frozenset[str], *, british: bool) -> None:
        from hibari.g2p import G2P

        self._g2p: Any = G2P(british=british)
        self._vocabulary = vocabulary
        self._british = british

    def phrases(self, words: list[SourceWord]) -> list[Phrase]:
        """The words' utterances, in order. Words in other scripts than Latin own no symbol; empty when nothing can be said."""
        out: list[Phrase] = []
        symbols, paragraph = "", False
        held: list[int] = []
        for sentence in sentences(words):
            said, owned = self._say(words, [i for i in sentence if can_be_read(words[i].spoken)])
            if not said:
                paragraph = paragraph or words[sentence[-1]].ends_paragraph
                continue
            if symbols and (paragraph or len(symbols) + 1 + len(said) > PHRASE_LIMIT):
                out += _split(symbols, held, paragraph)
                symbols, held = "", []
            if symbols:
                symbols, held = symbols + " ", [*held, SILENT]
            symbols, held = symbols + said, held + owned
            paragraph = words[sentence[-1]].ends_paragraph
        out += _split(symbols, held, paragraph)
        return [phrase for phrase in out if any(owner != SILENT for owner in phrase.owners)]

    def _say(self, words: list[SourceWord], sentence: list[int]) -> tuple[str, list[int]]:
        owner_of = [i for i in sentence for _ in words[i].spoken.split()]
        text = _IPA.sub(self._link, " ".join(words[i].spoken for i in sentence).replace("’", "'"))
        symbols, owned, spoken = "", [], 0
        for token in self._g2p.phonemize_tokens(self._g2p.tokenize(text)):
            for symbol in token.phonemes or "":
                if symbol in self._vocabulary:
                    symbols += symbol
                    owned.append(SILENT if symbol in _PUNCTUATION else owner_of[spoken])
            if token.whitespace:
                symbols, owned, spoken = symbols + " ", [*owned, SILENT], spoken + 1
        return symbols, owned

    def _link(self, match: re.Match[str]) -> str:
        """IPA as hibari takes it: a link whose target are the symbols."""
        return f"[sound](/{to_symbols(match[1], british=self._british)}/)"


def _split(symbols: str, owned: list[int], paragraph: bool) -> Iterator[Phrase]:
    """Phrases of at most PHRASE_LIMIT symbols, cut after a clause where there is one, else between words."""
    while len(symbols) > PHRASE_LIMIT:
        window = symbols[:PHRASE_LIMIT]
        at = max(window.rfind(mark + " ") + 1 for mark in ";:—,…")
        if at < PHRASE_LIMIT // 3:
            at = window.rfind(" ")
        if at <= 0:
            at = PHRASE_LIMIT
        yield Phrase(symbols[:at], tuple(owned[:at]), _PAUSES.get(symbols[at - 1], 0.05))
        rest = symbols[at:].lstrip(" ")
        symbols, owned = rest, owned[len(symbols) - len(rest) :]
    if symbols:
        pause = _PARAGRAPH_PAUSE if paragraph else _PAUSES.get(symbols.rstrip()[-1:], 0.1)
        yield Phrase(symbols, tuple(owned), pause)
