"""Which language a text is in, told by its commonest words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_STOP_WORDS: Final[dict[str, frozenset[str]]] = {
    "en": frozenset(["the", "and", "of", "to", "was", "he", "she", "his", "her", "that", "it", "with", "had", "you", "for", "not", "but", "they", "were", "this", "said", "is", "are", "my"]),
    "de": frozenset(["der", "die", "das", "und", "ist", "nicht", "ich", "sie", "er", "ein", "eine", "den", "dem", "mit", "zu", "von", "auf", "sich", "war", "es", "wir", "auch", "aber", "wie"]),
    "fr": frozenset(["le", "la", "les", "et", "est", "une", "des", "dans", "que", "qui", "il", "elle", "pas", "vous", "nous", "pour", "sur", "avec", "au", "ce", "je", "du", "un", "était"]),
    "es": frozenset(["el", "la", "los", "las", "que", "y", "una", "de", "en", "se", "no", "por", "con", "para", "su", "lo", "como", "pero", "más", "él", "había", "un", "es", "del", "era"]),
    "it": frozenset(["il", "la", "che", "di", "e", "un", "una", "non", "per", "con", "gli", "le", "della", "si", "era", "sono", "ma", "come", "più", "lo", "nel", "alla", "del", "mi"]),
    "pt": frozenset(["o", "a", "os", "as", "que", "e", "de", "uma", "um", "não", "se", "do", "da", "em", "com", "para", "por", "mais", "como", "mas", "ele", "ela", "era", "foi", "na", "no"]),
    "nl": frozenset(["de", "het", "een", "en", "van", "ik", "niet", "dat", "hij", "zij", "was", "op", "te", "met", "voor", "zijn", "maar", "er", "aan", "als", "haar", "ze", "je"]),
}  # fmt: skip
NAMES: Final[dict[str, str]] = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "und": "an unknown language",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 20_000
_FEW_WORDS = 12
_FEWEST = 0.12
_FEWEST_ENGLISH = 0.06
"""The least part of a text that its common words make up; English dialogue has few."""
_BEYOND_LATIN = "\u0250"


def detect_language(text: str) -> str:
    """ISO 639-1 code of the text's language, "und" when it is none of those known here.

    A text of a few words in Latin letters counts as English unless another language's words are in it."""
    middle = max(0, (len(text) - _SAMPLE) // 2)
    words = [word.casefold() for word in _WORD.findall(text[middle : middle + _SAMPLE])]
    counts = Counter(words)
    hits = {code: sum(counts[word] for word in stop_words) for code, stop_words in _STOP_WORDS.items()}
    best = max(hits, key=lambda code: (hits[code], code == "en"))
    if len(words) <= _FEW_WORDS:
        if any(word[0] >= _BEYOND_LATIN for word in words):
            return "und"
        return best if hits[best] >= hits["en"] + 2 else "en"
    return best if hits[best] >= (_FEWEST_ENGLISH if best == "en" else _FEWEST) * len(words) else "und"
