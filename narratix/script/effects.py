"""Sounds on the very words that make them: what is heard in the story, and nothing that is only spoken of."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Sequence

from narratix.events.catalogue import EffectCue
from narratix.honorifics import NOT_HONORIFICS
from narratix.script.layout import Block
from narratix.script.quotes import Quote
from narratix.script.sounds import EFFECTS, compiled

_PATTERNS = compiled()
_SENTENCE_END = re.compile(rf"[.!?]{NOT_HONORIFICS}(?=\s)|[.!?][\"”’']")
_NOT_HEARD = re.compile(
    r"\b(?:no|not|never|nobody|none|without|nor|neither|n['’]t|hardly|scarcely|instead of|nothing|neither|cannot|cease[ds]?|stopped)\b"
    r"|n['’]t\b"
    r"|\b(?:like|as (?:if|though)|than|resembl\w+|as \w+ as|kind of|sort of|such as)\b"
    r"|\b(?:if|would|could|might|should|may|unless|until|till|whenever|whether|lest|perhaps|must|will|shall|'ll|’ll)\b"
    r"|\b(?:remember\w*|recall\w*|dream\w*|imagin\w+|fanc(?:y|ied)|thought (?:of|about)|thinking (?:of|about)|used to|years ago|"
    r"long ago|once upon|in (?:my|his|her) (?:youth|childhood)|expect\w*|wait(?:ed|ing) for|hop(?:ed|ing)|fear(?:ed|ing)|afraid|"
    r"pretend\w*|wish(?:ed|ing)?|want(?:ed|ing)?|before|about to|ready to|read (?:of|about)|told|spoke of|talked of|story of|"
    r"promis\w+|try|tried|trying|had (?:\w+ )?been|picture of|painting of|seem(?:ed|s)?)\b",
    re.IGNORECASE,
)
_FIGURE_AFTER = re.compile(
    r"^\W{0,2}(?:of (?:protest|applause|laughter|words|abuse|tears|oaths|anger|rage|emotion|fate|questions|criticism|blows|indignation|"
    r"opportunity|hope|thought|memory|fortune|love|passion|mirth|cheers|kisses|grief|voices|arrows|bullets)\b|(?:in|from) (?:his|her|my) "
    r"(?:heart|mind|soul|head|ears|eyes|dreams|voice)|(?:\w+ ){0,2}(?:had )?(?:stopped|ceased|was over|had passed|ended)\b)",
    re.IGNORECASE,
)
_DENSITY = 180
"""At most one sound for about 12 s of speech, at 15 characters a second."""
_SAME_AGAIN = 1_200


def effect_cues(text: str, blocks: Sequence[Block], quotes: Sequence[Quote]) -> list[EffectCue]:
    """The sounds of the narration in order of place, ranked by importance, never closer than about 12 s of speech.

    Left out: what is denied, compared, wished, remembered or over, and what people only talk about."""
    starts = [quote.start for quote in quotes]
    found: list[tuple[float, int, int, str]] = []
    last: dict[str, int] = {}
    for block in blocks:
        for start, end, name in _sounds_in(text, block):
            place = bisect_left(starts, start + 1) - 1
            if place >= 0 and quotes[place].end > start:
                continue
            if not _is_heard(text, start, end, max(block.start, quotes[place].end if place >= 0 else 0)):
                continue
            effect = EFFECTS[name]
            again = name in last and start - last[name] < _SAME_AGAIN * (3 if effect.lasting else 1)
            if again and effect.lasting:
                continue
            last[name] = start
            found.append((-effect.weight + (0.5 if again else 0.0), start, end, name))
    chosen = _thin(sorted(found))
    ranked = {start: rank for rank, (_, start, _, _) in enumerate(chosen, 1)}
    return [
        EffectCue(start=start, end=end, name=name, prompt=EFFECTS[name].prompt, rank=ranked[start])
        for _, start, end, name in sorted(chosen, key=lambda item: item[1])
    ]


def _sounds_in(text: str, block: Block) -> list[tuple[int, int, str]]:
    """Every mention of a sound in a paragraph, in order; where two overlap, the one that begins first, or stands first in
    the table of sounds."""
    if block.kind != "paragraph":
        return []
    lowered = text[block.start : block.end].lower()
    found = [
        (match.start(), place, match.end(), name)
        for place, (name, (stems, pattern)) in enumerate(_PATTERNS.items())
        if any(stem in lowered for stem in stems)
        for match in pattern.finditer(text, block.start, block.end)
    ]
    kept: list[tuple[int, int, str]] = []
    for start, _, end, name in sorted(found):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, name))
    return kept


def _thin(found: Sequence[tuple[float, int, int, str]]) -> list[tuple[float, int, int, str]]:
    """The most important first; each keeps its distance from those chosen."""
    kept: list[int] = []
    chosen: list[tuple[float, int, int, str]] = []
    for item in found:
        place = bisect_left(kept, item[1])
        close = (place < len(kept) and kept[place] - item[1] < _DENSITY) or (
            place > 0 and item[1] - kept[place - 1] < _DENSITY
        )
        if not close:
            insort(kept, item[1])
            chosen.append(item)
    return chosen


def _is_heard(text: str, start: int, end: int, floor: int) -> bool:
    """Whether the sentence lets the sound happen now."""
    sentence = _SENTENCE_END.split(text[max(floor, start - 120) : start])[-1]
    clause = re.split(r"[;:—]|--|, (?:and|but|when|then)\b", sentence)[-1]
    if _NOT_HEARD.search(clause) or re.search(r"\b(?:no|not|never|without)\b", text[start:end], re.IGNORECASE):
        return False
    return _FIGURE_AFTER.match(text[end : end + 60]) is None
