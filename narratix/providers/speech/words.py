"""Words on the page and words in the mouth: what to say for each source word, and which word a sound is of.

A source word is a run without blanks that has a letter or a digit. What is said may differ from what is written
("7:30" is "seven thirty"); it stays with the source word that it stands for.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from narratix.providers.speech.normalise import normalise
from narratix.script.pronunciations import Pronunciations

READING = 2
"""Counts how texts have been read: a local voice's model carries it, so that no clip of an earlier reading is taken for
one of this."""

_MARKUP = str.maketrans("", "", '_*~`|\\^{}<>[]"“”„‟«»')
_DASH = re.compile(r"-{2,}|[―⸺⸻—]+|(?<!\d)–|–(?![\d£$€])|(?<![\w/])-(?!\w)")
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
_ENDS_SENTENCE = re.compile(r"[.!?…]['’)]*$")
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class SourceWord:
    """`text[start:end]` of the source; `spoken` is how it is handed to the phonemiser: one or more words (`normalise`),
    without markup and quotation marks. Marks that stand alone between words hang on to the word before."""

    start: int
    end: int
    spoken: str
    ends_sentence: bool = False
    ends_paragraph: bool = False


def source_words(text: str, pronunciations: Pronunciations | None = None) -> list[SourceWord]:
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
    starts = [start for start, _, _ in found]
    paragraphs = {bisect(starts, at) - 1 for at in breaks}
    written = [run for _, _, run in found]
    words: list[SourceWord] = []
    for i, spoken in enumerate(normalise(written, paragraphs, pronunciations or {})):
        paragraph = i in paragraphs
        ends = paragraph or _is_end(spoken, "".join(written[i + 1 : i + 2]))
        words.append(SourceWord(*found[i][:2], spoken, ends, paragraph))
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


def _clean(run: str) -> str:
    run = _DOTS.sub("…", _DASH.sub("—", run.translate(_MARKUP)))
    bare = re.sub(r"\W", "", run).casefold()
    if bare not in _ELIDED:
        run = _OPENING.sub(r"\1", run)
    if not bare.endswith("in"):  # runnin' keeps its mark, since without it it is another word
        run = _CLOSING.sub("", run)
    return run


def _is_end(word: str, following: str) -> bool:
    return bool(_ENDS_SENTENCE.search(word)) and not following[:1].islower()
