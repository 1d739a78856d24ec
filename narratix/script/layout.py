"""The page's own structure: blocks of text parted by blank lines, and what each block is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from narratix.honorifics import HONORIFICS

BlockKind = Literal["paragraph", "heading", "break"]

_LINE = re.compile(r"[^\r\n\u2028\u2029]*(?:\r\n|[\r\n\u2028\u2029]|$)")
_HEADING_WORD = re.compile(
    r"(?:chapter|book|part|act|scene|stave|canto|volume|letter|prologue|epilogue|preface|introduction|interlude)\b"
    r"(?![,;])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:[IVXLC]+|\d{1,3})\s*[.:)]?(?:\s|$)")
_BARE = re.compile(
    r"(?:(?:chapter|book|part|stave|canto|volume)\s+(?:[IVXLC]+|\d{1,3}|the\s+\w+|\w+)|[IVXLC]+|\d{1,3})\s*[.:)]?",
    re.IGNORECASE,
)
_ENDS_A_SENTENCE = tuple(".!?…:;,\"'”’»—-")
_ENDS_A_PARAGRAPH = (".", "!", "?", "…", '"', "”", "’", "'", ":")
_ABBREVIATED = tuple(f"{short}." for short in HONORIFICS)
_OPENS_SPEECH = frozenset("\"“‘'«")
_ENDLESS = 8_000
"""Characters that no paragraph has, save in a text of other marks or of none."""
_SHORT_LINE = 0.75
_HEADING_LENGTH = 90
_WRAPPED_LINE = 100
_BLANKS = re.compile(r"[\s\ufeff]*")


@dataclass(frozen=True, slots=True)
class Block:
    """Characters [start, end) of the text, without the blanks around them."""

    start: int
    end: int
    kind: BlockKind


def find_blocks(text: str) -> list[Block]:
    """Part a text into paragraphs, headings and scene breaks (blocks without any letter or digit).

    A blank line ends a block. In a text that is not hard-wrapped, every line end does; in one that is
    wrapped but has no blank lines, an indented line begins a block.
    """
    blocks: list[Block] = []
    for start, end in _stretches(text):
        blocks.append(_block(text, start, end, title=_awaits_title(text, blocks)))
    return [part for block in blocks for part in _parted(text, block)]


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each block reaches, without the blanks around it."""
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text) if match.end() > match.start()]
    bodies = [text[start:end] for start, end in lines]
    filled = [body.rstrip() for body in bodies if _blank_length(body) < len(body)]
    has_blank_lines = len(filled) < len(bodies)
    wrapped = has_blank_lines and sum(len(body) <= _WRAPPED_LINE for body in filled) >= 0.9 * len(filled)
    indented = not has_blank_lines and len(filled) > 3 and _looks_wrapped(filled)

    begin = end = -1
    for (start, _), body in zip(lines, bodies, strict=True):
        blank = _blank_length(body)
        empty = blank == len(body)
        starts_anew = (indented and body[0] in " \t\u3000") or not (wrapped or indented)
        goes_on = body[0].islower() and not text[max(begin, end - 1) : end].endswith(_ENDS_A_SENTENCE)
        if begin >= 0 and (empty or (starts_anew and not goes_on)):
            yield begin, end
            begin = -1
        if empty:
            continue
        if begin < 0:
            begin = start + blank
        end = start + len(body.rstrip())
    if begin >= 0:
        yield begin, end


def _parted(text: str, block: Block) -> Iterator[Block]:
    """An endless block of lines is a text whose paragraphs only a short last line, or a speech on a line of its own, tells apart."""
    if block.end - block.start < _ENDLESS:
        yield block
        return
    lines = [match for match in _LINE.finditer(text, block.start, block.end) if match.group().strip()]
    width = sorted(len(line.group()) for line in lines)[len(lines) * 3 // 4]
    begin = block.start
    for line, following in pairwise(lines):
        body = line.group().rstrip()
        ends = body.endswith(_ENDS_A_PARAGRAPH) and not body.endswith(_ABBREVIATED)
        speech = following.group().lstrip()[:1] in _OPENS_SPEECH
        if width <= _WRAPPED_LINE and ends and (len(body) < _SHORT_LINE * width or speech):
            yield Block(begin, line.start() + len(body), "paragraph")
            begin = following.start() + _blank_length(following.group())
    yield Block(begin, block.end, "paragraph")


def _blank_length(body: str) -> int:
    """Blanks, and byte order marks, at the start of a line."""
    found = _BLANKS.match(body)
    return found.end() if found else 0


def _looks_wrapped(filled: list[str]) -> bool:
    """Most lines are about as long as the longest and stop in the midst of a sentence."""
    longest = max(len(line) for line in filled)
    full = [line for line in filled if len(line) > 0.8 * longest]
    if longest > _WRAPPED_LINE or len(full) < 0.6 * len(filled):
        return False
    return sum(not line.endswith(_ENDS_A_SENTENCE) for line in full) > 0.5 * len(full)


def _awaits_title(text: str, blocks: list[Block]) -> bool:
    """Whether a title may stand here: at the start of all, or behind a chapter's bare number."""
    return not blocks or (
        blocks[-1].kind == "heading" and bool(_BARE.fullmatch(text, blocks[-1].start, blocks[-1].end))
    )


def _block(text: str, start: int, end: int, *, title: bool) -> Block:
    if end - start > 400:
        return Block(start, end, "paragraph")
    body = text[start:end]
    if not any(map(str.isalnum, body)):
        return Block(start, end, "break")
    return Block(start, end, "heading" if _is_heading(body, title) else "paragraph")


def _is_heading(body: str, title: bool) -> bool:
    spoken = body[0] in _OPENS_SPEECH and len(body.split()) < 3  # “TOM!” opens a chapter, and is no title of one
    if title and 3 < len(body) <= _HEADING_LENGTH and body.isupper() and not spoken:
        return True
    if len(body) > _HEADING_LENGTH or body[0] in "\"“‘'«„—–-":
        return False
    if _HEADING_WORD.match(body) and not body.endswith((",", ";", "!", "?", "”", '"')):
        return body[0].isupper() and (len(body) < 40 or not body.endswith("."))
    if _NUMBERED.match(body) and (len(body) < 8 or body.isupper() or not body.endswith((".", "!", "?"))):
        return body[0].isdigit() or body.split()[0].rstrip(".:)") != "I" or body.isupper() or len(body) < 4
    letters = [character for character in body if character.isalpha()]
    if len(letters) > 3 and body.isupper() and not body.endswith(("!", "?", ",")):
        return True
    capitalised = sum(word[0].isupper() for word in body.split())
    short_title = title and not body.endswith(_ENDS_A_SENTENCE)
    return short_title and capitalised * 2 >= len(body.split())
