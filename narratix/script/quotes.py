"""Finds what is said aloud: the spans of direct speech in a text, whatever marks it is written with.

Marks pair within a paragraph. A speech that is left open either goes on in the next paragraph (when that opens with
the same mark again, or closes it without opening) or ends with its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from narratix.script.layout import Block
from narratix.script.lexicon import SPEECH_VERBS

_PAIRS = {"“": "”", "«": "»", "»": "«", "„": "“”", "‹": "›", "›": "‹", "「": "」", "『": "』", "”": "”"}
_MARKS = re.compile(r"[\"“”„‟«»‹›‘’'「」『』]")
_STRAIGHT = re.compile('"')
_ELIDED = re.compile(
    r"(?:tis|twas|twere|twill|twould|twixt|em|til|till|cause|bout|n|round|neath|ere|im|er|ud|ave|e|is|as|s|d|ll|"
    r"cos|fraid|spect|pon|a|ud|ow|ouse|ome|ead|and|ad|old|ole|\d0s)\b",
    re.IGNORECASE,
)
_CLOSING_PUNCTUATION = frozenset('.,!?;:…—–-)]”"»*_')
_OPENING_CONTEXT = frozenset('([{—–-“"«_*/…,.:;!?')
_DASH = re.compile(r"(?:[—–―]|--)[ \t\u00a0]?(?=[\w¿¡«“\"…'’])|- (?=\w)")
_DASH_CUE = re.compile(r"[,.!?…](?=\s+(?:(?:I|he|she|they|[A-Z][\w.]+)\s+)?(?P<verb>[a-z]+)\b)", re.UNICODE)
_SCARE_LENGTH = 60
_FEW_WORDS = 2
_LOOKAHEAD = 4
_REACH = 3_000
"""How far marks are counted to see whether they balance."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of speech with its marks. `continues`: the same speech as the quote before it."""

    start: int
    end: int
    continues: bool = False


def find_quotes(text: str, blocks: Sequence[Block]) -> list[Quote]:
    """Every span of direct speech, in order, none overlapping. Marks about a word or a title are not speech."""
    paragraphs = [block for block in blocks if block.kind == "paragraph"]
    singles = _single_is_primary(text, paragraphs)
    if _speaks_in_dashes(text, paragraphs):
        return [quote for block in paragraphs for quote in _dash_quotes(text, block)]
    quotes: list[Quote] = []
    carried = ""
    for number, block in enumerate(paragraphs):
        found, carried = _scan(text, paragraphs, number, singles, carried)
        quotes.extend(quote for quote in found if quote.continues or _is_speech(text, quote, block))
    return quotes


def _single_is_primary(text: str, paragraphs: Sequence[Block]) -> bool:
    """British style: more paragraphs open with a single mark than with a double one."""
    single = double = inner_single = inner_double = 0
    for block in paragraphs:
        first = text[block.start]
        if first in "‘'" and not _ELIDED.match(text, block.start + 1):
            single += 1
        elif first in '"“„«':
            double += 1
        inner_single += text.count("‘", block.start, block.end)
        inner_double += text.count("“", block.start, block.end) + text.count('"', block.start, block.end) // 2
    if single or double:
        return single > double
    if inner_single or inner_double:
        return inner_single > inner_double
    return re.search(r"(?:^|\s)'[A-Z][^'\n]{0,300}[,.!?]'(?!\w)", text) is not None


# -- marks ---------------------------------------------------------------------------------------


def _family(mark: str) -> str:
    if mark in "‘’'":
        return "single"
    return "straight" if mark == '"' else "double"


def _scan(text: str, paragraphs: Sequence[Block], number: int, singles: bool, carried: str) -> tuple[list[Quote], str]:
    """The quotes of one paragraph, and the mark that it leaves open. `carried` is the one left open before it."""
    block = paragraphs[number]
    quotes: list[Quote] = []
    position = block.start
    continues = False
    if carried:
        closed = _carry(text, paragraphs, number, carried)
        if closed == block.end + 1:
            return [Quote(block.start, block.end, continues=True)], carried
        if closed > 0:
            quotes.append(Quote(block.start, closed, continues=True))
            position = closed
        else:
            continues = _family(text[block.start]) == _family(carried) and _opens(text, block.start, block, singles)
    while (opening := _next_opening(text, position, block, singles)) >= 0:
        closing = _closing(text, opening, block)
        if closing < 0:
            quotes.append(Quote(opening, block.end, continues and opening == block.start))
            return quotes, text[opening]
        quotes.append(Quote(opening, closing, continues and opening == block.start))
        position = closing
    return quotes, ""


def _carry(text: str, paragraphs: Sequence[Block], number: int, carried: str) -> int:
    """Where a speech left open before this paragraph closes in it: an offset, block.end + 1 when it goes on through
    the whole paragraph, -1 when it is over already."""
    family = _family(carried)
    for ahead, block in enumerate(paragraphs[number : number + _LOOKAHEAD]):
        for match in _MARKS.finditer(text, block.start, block.end):
            if _family(match.group()) != family:
                continue
            if _is_apostrophe(text, match.start(), block):
                continue
            if not _closes(text, match.start(), block, strictly=True):
                return -1
            return match.end() if ahead == 0 else paragraphs[number].end + 1
    return -1


def _next_opening(text: str, position: int, block: Block, singles: bool) -> int:
    for match in _MARKS.finditer(text, position, block.end):
        if _opens(text, match.start(), block, singles):
            return match.start()
    return -1


def _opens(text: str, offset: int, block: Block, singles: bool) -> bool:
    mark = text[offset]
    before = text[offset - 1] if offset > block.start else " "
    after = text[offset + 1] if offset + 1 < block.end else " "
    if mark in "“„«‹「『":
        return True
    if mark == '"':
        return not (after.isspace() and not before.isspace()) and not (before.isdigit() and not after.isalpha())
    if mark == "»":
        return (before.isspace() or before in _OPENING_CONTEXT) and not after.isspace()
    if mark not in "‘'" or not singles:
        return False
    if after.isspace() or not (before.isspace() or before in _OPENING_CONTEXT):
        return False
    if mark == "'" and after.islower() and _ELIDED.match(text, offset + 1):
        return False
    return after.isalnum() or after in "—–-…¡¿“\"’'(_*["


def _closing(text: str, opening: int, block: Block) -> int:
    """The offset behind the mark that closes the quote, -1 when none does. A speech that was never closed before the
    next opens ends at that one's blank."""
    mark = text[opening]
    if mark in "‘'":
        return _closing_single(text, opening, block)
    if mark == '"':
        for match in _STRAIGHT.finditer(text, opening + 1, block.end):
            offset = match.start()
            before, after = text[offset - 1], text[offset + 1 : offset + 2] or " "
            if (
                before.isspace()
                and after.isalpha()
                and text.count('"', offset, min(block.end, offset + _REACH)) % 2 == 0
            ):
                return offset
            return offset + 1
        return -1
    closers = _PAIRS[mark]
    depth = 1
    for match in _MARKS.finditer(text, opening + 1, block.end):
        offset = match.start()
        if match.group() == '"' and mark == "“" and not text[offset - 1].isspace():
            return match.end()
        if match.group() in closers:
            depth -= 1
        elif match.group() == mark:
            if mark == "“" and not text[offset + 1 : offset + 2].isalnum() and not text[offset - 1].isspace():
                depth -= 1
            elif (
                text.count(mark, offset, min(block.end, offset + _REACH))
                > text.count(closers[0], offset, min(block.end, offset + _REACH)) - depth
            ):
                return offset
            else:
                depth += 1
        if depth == 0:
            return match.end()
    return -1


def _closing_single(text: str, opening: int, block: Block) -> int:
    closer = "’" if text[opening] == "‘" else "'"
    weak = -1
    position = opening + 1
    while (offset := text.find(closer, position, block.end)) >= 0:
        position = offset + 1
        before = text[offset - 1]
        after = text[offset + 1] if offset + 1 < block.end else " "
        if before.isspace() or after.isalnum():
            continue
        between = text.find("‘", opening + 1, min(offset, opening + _REACH)) if closer == "’" else -1
        if before in _CLOSING_PUNCTUATION or after in ",.;:!?—–”)" or offset + 1 == block.end:
            nested = between >= 0 and text[between - 1].isspace() and text.find(closer, between, offset) < 0
            if nested:
                continue
            return offset + 1
        if weak < 0:
            weak = offset + 1
        if between >= 0 and weak > 0:
            return weak
    return weak


def _is_apostrophe(text: str, offset: int, block: Block) -> bool:
    if text[offset] not in "’'":
        return False
    after = text[offset + 1] if offset + 1 < block.end else " "
    before = text[offset - 1] if offset > block.start else " "
    if after.isalnum():
        return not before.isspace() or _ELIDED.match(text, offset + 1) is not None or text[offset] == "’"
    return before.isalnum() and offset + 1 < block.end and after.isspace()


def _closes(text: str, offset: int, block: Block, *, strictly: bool) -> bool:
    mark = text[offset]
    if mark in "“„«‹‘「『":
        return False
    if mark in "”»›」』":
        return True
    before = text[offset - 1] if offset > block.start else " "
    after = text[offset + 1] if offset + 1 < block.end else " "
    return not before.isspace() and not after.isalnum() and (not strictly or before in _CLOSING_PUNCTUATION)


# -- what is no speech ---------------------------------------------------------------------------


def _is_speech(text: str, quote: Quote, block: Block) -> bool:
    """A few words amid a sentence, without a mark of speech in or before them, are a name or a title."""
    inside = text[quote.start + 1 : quote.end - 1].strip()
    if not any(map(str.isalnum, inside)):
        return False
    before = text[max(block.start, quote.start - 40) : quote.start].rstrip()
    after = text[quote.end : min(block.end, quote.end + 40)].lstrip()
    if quote.end - quote.start > _SCARE_LENGTH or inside[-1] in ".!?…,—-;:":
        return not _is_mentioned(inside, before, after)
    if before.endswith((",", ":", ".", "!", "?", "—", "--", "”", '"', "’")) or not before:
        words = re.findall(r"[^\W\d_]+", after[:40])
        spoken = after[:1] in ",;" or any(word.casefold() in SPEECH_VERBS for word in words[:3])
        if before.endswith((",", ":")) and not inside[0].islower() and len(inside.split()) > 1:
            return True
        return spoken or not after
    last_words = re.findall(r"[^\W\d_]+", before)
    return any(word.casefold() in SPEECH_VERBS for word in last_words[-1:])


def _is_mentioned(inside: str, before: str, after: str) -> bool:
    """ "some “biltong,” or dried game-flesh": a word or two amid a sentence, with the sentence's own comma inside the marks."""
    few = inside[0].islower() and inside[-1] == "," and len(inside.split()) <= _FEW_WORDS
    if not few or not before[-1:].isalpha() or not after[:1].islower():
        return False
    last, following = re.findall(r"[^\W\d_]+", before)[-1], re.findall(r"[^\W\d_]+", after)[:3]
    return not any(word.casefold() in SPEECH_VERBS for word in (last, *following))


# -- dashes ----------------------------------------------------------------------------------------


def _speaks_in_dashes(text: str, paragraphs: Sequence[Block]) -> bool:
    opened = sum(_DASH.match(text, block.start) is not None for block in paragraphs)
    marked = sum(text[block.start] in '"“«‘„' for block in paragraphs)
    return opened >= 2 and opened > 2 * marked


def _dash_quotes(text: str, block: Block) -> list[Quote]:
    """A paragraph that opens with a dash is speech up to its cue (", said he."); a further dash, or the
    next sentence, is speech again."""
    if not _DASH.match(text, block.start):
        return []
    quotes: list[Quote] = []
    position = block.start
    while position < block.end:
        cue = next(
            (
                match
                for match in _DASH_CUE.finditer(text, position, block.end)
                if match["verb"].casefold() in SPEECH_VERBS
            ),
            None,
        )
        if cue is None:
            quotes.append(Quote(position, block.end))
            break
        quotes.append(Quote(position, cue.end()))
        stop = re.compile(r"[.!?](?=\s)|[:,]\s*[—–―]").search(text, cue.end(), block.end)
        if stop is None:
            break
        position = stop.end()
        while position < block.end and text[position].isspace():
            position += 1
    return quotes
