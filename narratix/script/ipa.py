"""The International Phonetic Alphabet, and the alphabet of the local voices.

The networks know misaki's symbols (https://github.com/hexgrad/misaki/blob/main/EN_PHONES.md): IPA, save that a diphthong
and an affricate are one symbol each, and that American and British vowels are written as each of the two is trained.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

SYMBOLS: Final = frozenset(
    ' ;:,.!?—…"()“”̃AIOQSTWYabcdefhijklmnopqrstuvwxyzæçðøŋœɐɑɒɔɕɖəɚɛɜɟɡɣɤɥɨɪɯɰɲɳɴɸɹɻɽɾʁʂʃʈʊʋʌʎʒʔʝʣʤʥʦʧʨʰʲˈˌːβθχᵊᵝᵻ↓→↗↘ꭧ'
)
"""Every symbol that the networks know."""

_BOTH: Final = {
    "t͡ʃ": "ʧ", "d͡ʒ": "ʤ", "tʃ": "ʧ", "dʒ": "ʤ", "eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "ei": "A", "ai": "I", "au": "W",
    "oi": "Y", "r": "ɹ", "g": "ɡ", "'": "ˈ", "ˑ": "", ".": "", "‿": "", "͡": "", "(": "", ")": "", "n̩": "ᵊn", "l̩": "ᵊl",
    "m̩": "ᵊm", "r̩": "əɹ", "ɹ̩": "əɹ", "ɫ": "l", "ʍ": "w", "e": "ɛ", "ɘ": "ə", "ɵ": "ə", "y": "i", "ʉ": "u", "ʏ": "ʊ", "ɬ": "l",
    "ʔ": "t", "ħ": "h", "ɱ": "m",
}  # fmt: skip
_AMERICAN: Final = _BOTH | {
    "oʊ": "O", "əʊ": "O", "ou": "O", "ɑː": "ɑ", "iː": "i", "uː": "u", "ɔː": "ɔ", "ɜː": "ɜɹ", "ɜːr": "ɜɹ", "ɜːɹ": "ɜɹ",
    "ɝː": "ɜɹ", "ɝ": "ɜɹ", "ɚ": "əɹ", "ɪə": "ɪɹ", "ɪər": "ɪɹ", "ɪəɹ": "ɪɹ", "eə": "ɛɹ", "ɛə": "ɛɹ", "ɛər": "ɛɹ", "eər": "ɛɹ",
    "ʊə": "ʊɹ", "ʊər": "ʊɹ", "ɒ": "ɑ", "a": "æ", "aː": "ɑ", "ɾ": "T", "ː": "", "o": "ɔ",
}  # fmt: skip
_BRITISH: Final = _BOTH | {
    "oʊ": "Q", "əʊ": "Q", "ou": "Q", "æ": "a", "ɝː": "ɜː", "ɝ": "ɜː", "ɜː": "ɜː", "ɚ": "ə", "eə": "ɛː", "ɛə": "ɛː", "ɾ": "t",
    "ɜ": "ɜː", "o": "ɔ",
}  # fmt: skip
_LONGEST: Final = 3
_STRESSED: Final = re.compile(r"([ˈˌ])([^AIOQWYaeiouæɐɑɒɔəɚɛɜɨɪɯɶøœʊʌᵊᵻˈˌ ]+)(?=[AIOQWYaeiouæɐɑɒɔəɚɛɜɨɪɯɶøœʊʌᵊᵻ])")
"""IPA marks the stressed syllable, the networks its vowel."""


def to_symbols(ipa: str, *, british: bool) -> str:
    """The networks' symbols for a pronunciation in IPA. Those which they do not know stay as they are."""
    table: Mapping[str, str] = _BRITISH if british else _AMERICAN
    text = unicodedata.normalize("NFC", ipa).replace("ʼ", "'").replace(":", "ː")
    out, at = "", 0
    while at < len(text):
        size = next((size for size in range(_LONGEST, 0, -1) if text[at : at + size] in table), 0)
        out += table[text[at : at + size]] if size else text[at]
        at += size or 1
    return _STRESSED.sub(r"\2\1", out)


def unknown_symbols(ipa: str) -> list[str]:
    """The symbols of a pronunciation that the voices cannot say, each once."""
    strange = [symbol for symbol in to_symbols(ipa, british=False) if symbol not in SYMBOLS]
    return list(dict.fromkeys(strange))
