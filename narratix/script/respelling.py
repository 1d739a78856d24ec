"""Pronunciations spelled by the ear, as dictionaries for everybody do: her-MY-oh-nee is /hɜːrˈmaɪoʊniː/.

Syllables are parted by hyphens and the stressed one stands in capitals. The sounds are those of Wikipedia's key
(https://en.wikipedia.org/wiki/Help:Pronunciation_respelling_key) and the nearest of everyday spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_VOWELS: Final = {
    "eye": "aɪ", "igh": "aɪ", "air": "ɛər", "eer": "ɪər", "oor": "ʊər", "ire": "aɪər", "owr": "aʊər", "oir": "ɔɪər",
    "arr": "ær", "err": "ɛr", "irr": "ɪr", "orr": "ɒr", "urr": "ʌr", "ah": "ɑː", "ar": "ɑːr", "aw": "ɔː", "au": "ɔː",
    "ay": "eɪ", "ai": "eɪ", "ey": "eɪ", "ee": "iː", "ea": "iː", "eh": "ɛ", "er": "ɜːr", "ur": "ɜːr", "ew": "uː", "ih": "ɪ",
    "ie": "aɪ", "oh": "oʊ", "oa": "oʊ", "oe": "oʊ", "oo": "uː", "uu": "ʊ", "or": "ɔːr", "ow": "aʊ", "ou": "aʊ", "oy": "ɔɪ",
    "oi": "ɔɪ", "uh": "ʌ", "a": "æ", "e": "ɛ", "i": "ɪ", "o": "ɒ", "u": "ʌ", "y": "aɪ", "ə": "ə",
}  # fmt: skip
_OPEN: Final = {"a": "ɑː", "o": "oʊ", "i": "iː", "u": "uː"}
"""Short vowels at the end of a syllable are long."""

_CONSONANTS: Final = {
    "tch": "tʃ", "ch": "tʃ", "sh": "ʃ", "th": "θ", "dh": "ð", "zh": "ʒ", "ng": "ŋ", "nk": "ŋk", "kh": "k", "gh": "ɡ", "ck": "k",
    "ph": "f", "wh": "w", "qu": "kw", "kw": "kw", "x": "ks", "c": "k", "q": "k", "j": "dʒ", "y": "j", "g": "ɡ", "r": "r",
} | {letter: letter for letter in "bdfhklmnpstvwz"}  # fmt: skip
_CONSONANT: Final = "|".join(sorted(_CONSONANTS, key=len, reverse=True))
_VOWEL: Final = "|".join(sorted(_VOWELS, key=len, reverse=True))
_SYLLABLE: Final = re.compile(rf"((?:{_CONSONANT})*?)({_VOWEL})((?:{_CONSONANT})*)")


def ipa_of(respelling: str) -> str | None:
    """The IPA of a respelling whose syllables are parted by hyphens; None for one that has other spellings."""
    syllables = respelling.split("-")
    if len(syllables) < 2:
        return None
    stressed = next((n for n, each in enumerate(syllables) if each.isupper()), 0)
    out = ""
    for number, syllable in enumerate(syllables):
        match = _SYLLABLE.fullmatch(syllable.casefold())
        if match is None:
            return None
        vowel = _VOWELS[match[2]] if match[3] else _OPEN.get(match[2], _VOWELS[match[2]])
        if number != stressed:
            vowel = {"ʌ": "ə", "ɜːr": "ər"}.get(vowel, vowel)
        mark = "ˈ" if number == stressed else ""
        out += mark + _sounds(match[1], _CONSONANTS) + vowel + _sounds(match[3], _CONSONANTS)
    return out


def _sounds(letters: str, sounds: Mapping[str, str]) -> str:
    doubled = re.sub(r"(.)\1", r"\1", letters)
    return re.sub(_CONSONANT, lambda match: sounds[match.group()], doubled)
