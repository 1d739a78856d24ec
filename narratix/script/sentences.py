"""Where sentences end, and where a long one may be cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from narratix.honorifics import HONORIFICS

_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？]+[」』”’）]*")
_CLAUSE = re.compile(r"(?:[,;:—–]|--)[\"'”’»)\]]*(?=\s)|[、，；：]|(?:—|--)(?=\w)")
_ABBREVIATIONS = frozenset(map(str.lower, HONORIFICS)) | {
    "gov", "sen", "jr", "sr", "esq", "mt", "no", "vs", "etc", "inst",
}  # fmt: skip


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets in (start, end] at which a sentence of text[start:end] is over, marks included, blanks not."""
    for match in _END.finditer(text, start, end):
        if _really_ends(text, match, start, end):
            yield match.end()
    yield end


def _really_ends(text: str, match: re.Match[str], start: int, end: int) -> bool:
    mark = match.group()
    after = text[match.end() : min(end, match.end() + 12)].lstrip()
    if mark[0] in "。！？":
        return True
    if after[:1].islower():
        return False
    if not mark.startswith(".") or mark.startswith(".."):
        return True
    word_start = match.start()
    while word_start > start and text[word_start - 1].isalpha() and match.start() - word_start < 12:
        word_start -= 1
    word = text[word_start : match.start()]
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return not is_initial and word.casefold() not in _ABBREVIATIONS


def cut(text: str, start: int, end: int, target: int, limit: int) -> list[int]:
    """Split text[start:end] into pieces of at most about `target` characters; returns the piece starts
    after the first, each at a word.

    Pieces end at sentence ends; a sentence longer than `limit` is cut at a clause or else at a blank, and a
    single token longer than that between two grapheme clusters.
    """
    cuts: list[int] = []
    piece = start
    last = start
    for stop in sentence_ends(text, start, end):
        if stop - piece > target and last > piece:
            cuts.append(last)
            piece = last
        if stop - piece > limit:
            inner = _cut_sentence(text, piece, stop, target, limit)
            cuts.extend(inner)
            piece = inner[-1] if inner else piece
        last = _skip_blanks(text, stop, end)
    return [offset for offset in cuts if start < offset < end]


def _cut_sentence(text: str, start: int, stop: int, target: int, limit: int) -> list[int]:
    cuts: list[int] = []
    while stop - start > limit:
        window = start + limit
        goal = start + target
        clauses = [match.end() for match in _CLAUSE.finditer(text, start + target // 4, window)]
        within = [offset for offset in clauses if offset <= goal]
        offset = within[-1] if within else (clauses[0] if clauses else -1)
        if offset < 0:
            offset = max(_last_blank(text, start, goal), -1)
        if offset < 0:
            offset = _cluster_start(text, start, goal)
        offset = _skip_blanks(text, offset, stop)
        if not start < offset < stop:
            break
        cuts.append(offset)
        start = offset
    return cuts


def _last_blank(text: str, start: int, before: int) -> int:
    for offset in range(before, start, -1):
        if text[offset].isspace() and not text[start:offset].isspace():
            return offset
    return -1


def _skip_blanks(text: str, offset: int, end: int) -> int:
    while offset < end and text[offset].isspace():
        offset += 1
    return offset


def _cluster_start(text: str, start: int, offset: int) -> int:
    """The last offset not after `offset` that does not tear a grapheme cluster, nearly as UAX 29 has it."""
    while offset > start + 1 and _joined(text[offset - 1], text[offset]):
        offset -= 1
    return offset


def _joined(before: str, after: str) -> bool:
    both_flags = "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff"
    return (
        unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or before == "\u200d"
        or both_flags
        or (before, after) == ("\r", "\n")
    )
