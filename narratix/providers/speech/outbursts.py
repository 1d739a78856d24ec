"""What is no word: sounds ("Shhh!"), words that are drawn out, and stutters."""

from __future__ import annotations

import re
from typing import Final

from narratix.providers.speech.abbreviations import words_of
from narratix.providers.speech.atoms import Atoms
from narratix.providers.speech.numerals import roman

_STUTTER: Final = re.compile(r"((?:[^\W\d_]{1,3}-)+)([^\W\d_][\w'’]*)")
_LONG_DRAWN: Final = re.compile(r"([^\W\d_])\1{2,}")
_SOUNDS: Final = {
    r"h+m+": "/hm̩/", r"m{2,}": "/m̩/", r"m+-?h+m+": "/mhm/", r"sh{2,}": "/ʃʃʃ/", r"p+s+t+": "/pst/", r"b+r{2,}": "/bəɹ/",
    r"g+r{2,}": "/ɡəɹ/", r"z{2,}": "/zzz/", r"a+h{1,}|a{2,}": "ah", r"o+h{1,}": "oh", r"u+h{1,}": "/ˈʌ/", r"u+m{2,}|u+m": "um",
    r"e+r{3,}": "er", r"no{2,}": "no", r"so{2,}": "so", r"ye{2,}s+": "yes", r"tsk": "/tsk/", r"u+gh+": "/ˈʌɡ/",
    r"e+h+": "eh", r"ha{2,}": "ha",
}  # fmt: skip
_SOUND: Final = [(re.compile(pattern), said) for pattern, said in _SOUNDS.items()]
_ONSETS: Final = (
    ("sch", "sk"), ("th", ""), ("sh", "ʃ"), ("ch", "tʃ"), ("wh", "w"), ("ph", "f"), ("kn", "n"), ("wr", "ɹ"), ("gn", "n"),
    ("qu", "kw"), ("c", "k"), ("g", "ɡ"), ("j", "dʒ"), ("q", "kw"), ("r", "ɹ"), ("x", "z"), ("y", "j"),
)  # fmt: skip
_VOICED_TH: Final = words_of(
    "the that this these those they them their there then than thee thou thy thine though thus"
)
_VOWELS: Final = frozenset("aeiou")
_SOFT_C: Final = re.compile(r"c[eiy]")
_SOFT_G: Final = re.compile(r"g(?:e[no]|i[an]|y[mp])")


def stutters(atoms: Atoms, at: int) -> None:
    """W-what, b-but, th-that, I-I: the first sound again and again, not the name of its letter."""
    match = _STUTTER.fullmatch(atoms[at].core)
    if match is None:
        return
    word = match[2]
    starts = [start for start in match[1].split("-") if start]
    if not all(word.casefold().startswith(start.casefold()) for start in starts):
        return
    if any(len(start) > 1 and start.casefold() not in _clusters(word) for start in starts):
        return
    again = starts[0] if starts[0] == "I" and word[:1] == "I" and not word[1:2].isalpha() else _onset(starts[0], word)
    atoms[at].said = ", ".join([again] * len(starts)) + ", " + word


def _clusters(word: str) -> frozenset[str]:
    """The beginnings at which one can get stuck: the consonants before the first vowel."""
    consonants = re.match(r"[^aeiou]*", word.casefold()).group()  # type: ignore[union-attr]
    return frozenset(consonants[:end] for end in range(1, len(consonants) + 1))


def _onset(start: str, word: str) -> str:
    """A syllable of the word's first sound."""
    low = word.casefold()
    if low[0] in _VOWELS:
        return {"a": "/æ/", "e": "/ɛ/", "i": "/ɪ/", "o": "/ɒ/", "u": "/ʌ/"}[low[0]]
    if low.startswith("th"):
        return "/ðə/" if re.sub(r"\W.*", "", low) in _VOICED_TH else "/θə/"
    if _SOFT_C.match(low):
        return "/sə/"
    if _SOFT_G.match(low):
        return "/dʒə/"
    first, sound = next(((first, sound) for first, sound in _ONSETS if low.startswith(first)), (low[0], low[0]))
    rest = start.casefold()[len(first) :]  # st-stop repeats the whole cluster
    return f"/{sound}{rest.replace('r', 'ɹ')}ə/"


def interjections(atoms: Atoms, at: int) -> None:
    """Hmm, shhh, noooo; another letter that is drawn out is written as it mostly is, e and o twice."""
    atom = atoms[at]
    low = atom.core.casefold()
    if not low.replace("-", "").isalpha():
        return
    for pattern, said in _SOUND:
        if pattern.fullmatch(low):
            if low != said:
                atom.said = said
            return
    if _LONG_DRAWN.search(low) and not roman(atom.core):
        atom.core = _LONG_DRAWN.sub(lambda drawn: drawn[1] * (2 if drawn[1] in "eoEO" else 1), atom.core)
