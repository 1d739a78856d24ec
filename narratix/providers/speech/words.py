"""Words on the page and words in the mouth: what to say for each source word, and which word a sound is of.

A source word is a run without blanks that has a letter or a digit. What is said may differ from what is written
("7:30" is "seven thirty"), so every spoken word keeps the number of the source word that it stands for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_MARKUP = str.maketrans("", "", '_*~`|\\^{}<>[]"“”„‟«»')
_DASH = re.compile(r"-{2,}|[―⸺⸻—]+|(?<!\d)–|–(?!\d)|(?<!\w)-(?!\w)")
_DOTS = re.compile(r"\.{2,}|…+\.*")
_OPENING = re.compile(r"^([(—…]*)['‘’]+(?=\w)")
_CLOSING = re.compile(r"['’](?=\W*$)")
_ELIDED = frozenset(
    [
        "tis",
        "twas",
        "twere",
        "twill",
        "twould",
        "em",
        "til",
        "till",
        "cause",
        "bout",
        "round",
        "gainst",
        "neath",
        "tween",
        "n",
    ]
)
_ROMAN = re.compile(r"[IVXLC]+\W*$")
_ENDS_SENTENCE = re.compile(r"[.!?…]['’)]*$")
_PARAGRAPH = re.compile(r"\n\s*\n")
_ABBREVIATED = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "ft",
        "gen",
        "gov",
        "sen",
        "rep",
        "capt",
        "lt",
        "col",
        "sgt",
        "cmdr",
        "rev",
        "hon",
        "pres",
        "supt",
        "cpl",
        "maj",
        "adm",
        "fr",
        "msgr",
        "messrs",
        "no",
        "vs",
        "etc",
    ]
)


@dataclass(frozen=True, slots=True)
class SourceWord:
    """`text[start:end]` of the source; `spoken` is how it is handed to the phonemiser (markup and quotation marks
    gone, capitals calmed). Marks that stand alone between words hang on to the word before."""

    start: int
    end: int
    spoken: str
    ends_sentence: bool = False
    ends_paragraph: bool = False


def source_words(text: str) -> list[SourceWord]:
    """The source words of a text, in order."""
    runs = [(m.start(), m.end(), _clean(m.group())) for m in re.finditer(r"\S+", text)]
    breaks = [m.start() for m in _PARAGRAPH.finditer(text)]
    found: list[tuple[int, int, str]] = []
    for start, end, spoken in runs:
        if any(c.isalnum() for c in text[start:end]):
            found.append((start, end, spoken))
        elif found and spoken:
            first, last, before = found[-1]
            found[-1] = (first, last, _DOTS.sub("…", before + spoken))
    spoken_words = _calm([spoken for _, _, spoken in found])
    words: list[SourceWord] = []
    for i, ((start, end, _), spoken) in enumerate(zip(found, spoken_words, strict=True)):
        following = spoken_words[i + 1] if i + 1 < len(found) else ""
        reach = found[i + 1][0] if following else len(text)
        paragraph = any(end <= at < reach for at in breaks)
        words.append(SourceWord(start, end, spoken, paragraph or _is_end(spoken, following), paragraph))
    return words


def sentences(words: Sequence[SourceWord]) -> list[range]:
    """Which words form a sentence, as ranges of their numbers."""
    out: list[range] = []
    first = 0
    for i, word in enumerate(words):
        if word.ends_sentence or i + 1 == len(words):
            out.append(range(first, i + 1))
            first = i + 1
    return out


def can_be_read(word: str) -> bool:
    """Whether it has a Latin letter or a digit. The English networks would make gibberish of other scripts."""
    return any(c in "0123456789" or "LATIN" in unicodedata.name(c, "") for c in unicodedata.normalize("NFKD", word))


def owners(source: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each spoken word, the index of the source word that it stands for; never decreasing.

    Words that read the same are anchors; between two anchors the spoken words are shared out evenly.
    """
    match = SequenceMatcher(None, [_key(w) for w in source], [_key(w) for w in spoken], autojunk=False)
    out: list[int] = []
    for _, i1, i2, j1, j2 in match.get_opcodes():
        if i1 == i2:
            out += [max(0, min(i1 - 1, len(source) - 1))] * (j2 - j1)
        else:
            out += [i1 + k * (i2 - i1) // (j2 - j1) for k in range(j2 - j1)]
    return out


def _clean(run: str) -> str:
    run = _DOTS.sub("…", _DASH.sub("—", run.translate(_MARKUP)))
    bare = re.sub(r"\W", "", run).casefold()
    if bare not in _ELIDED:
        run = _OPENING.sub(r"\1", run)
    if not bare.endswith("in"):  # runnin' keeps its mark, since without it it is another word
        run = _CLOSING.sub("", run)
    return run


def _calm(words: list[str]) -> list[str]:
    """Capitals that shout become small letters; acronyms stay, or "FBI" would be said as a word.

    A capital word shouts when a neighbour does too, or when it is long.
    """
    loud = [w.isupper() and sum(c.isalpha() for c in w) > 1 and not _is_initials(w) for w in words]
    out: list[str] = []
    for i, word in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else ""
        near = (i > 0 and loud[i - 1]) or (i + 1 < len(words) and loud[i + 1])
        if loud[i] and _ROMAN.fullmatch(word):
            out.append(word)
        elif loud[i] and _ROMAN.fullmatch(after):  # "CHAPTER IV": the number is read after a capital
            out.append(word.capitalize())
        elif loud[i] and (near or sum(c.isalpha() for c in word) > 3):
            out.append(word.lower())
        else:
            out.append(word)
    return out


def _is_initials(word: str) -> bool:
    return bool(re.fullmatch(r"(?:\w\.)+\W*", word))


def _is_end(word: str, following: str) -> bool:
    if not _ENDS_SENTENCE.search(word) or following[:1].islower():
        return False
    bare = re.sub(r"\W", "", word)
    return not (word.endswith(".") and (bare.casefold() in _ABBREVIATED or (len(bare) == 1 and bare != "I")))


def _key(word: str) -> str:
    return re.sub(r"\W", "", word).casefold() or word
