"""The words beside a speech that say who speaks: "said Alice", "the Hatter went on", "Then he asked:"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from narratix.script.lexicon import ABBREVIATED_TITLES, ADVERBS, ARTICLES, AUXILIARIES, PEOPLE, SPEECH_VERBS, SURE_VERBS
from narratix.script.references import Mention, NameBook, Reference, is_verb, mentions, reference_at
from narratix.script.words import Token

_REACH = 30
_OBJECTS = frozenset(("me", "him", "her", "himself", "herself", "myself", "them", "it", "my", "his"))
_SUBJECT_OF = {"him": "he", "her": "she", "them": "they", "me": "i"}
_OPENS_ASIDE = frozenset(("after", "before", "with", "without", "upon", "on", "at", "who", "then", "as", "when", "in"))
_HEARD = frozenset(("heard", "hear", "hears"))


@dataclass(frozen=True, slots=True)
class Cue:
    """Who is said to speak, and the characters [start, end) that say so."""

    reference: Reference
    verb: str
    start: int
    end: int
    enters: bool = False
    """It brings somebody new: "said a man at the door"."""


def cue_after(stretch: Sequence[Token], book: NameBook, closing: str) -> Cue | None:
    """The cue that opens the narration behind a speech, whose last mark but the quotation mark is `closing`."""
    if not stretch or any(mark in stretch[0].gap for mark in ".!?:;"):
        return None
    first = stretch[0]
    start = 0
    while start < min(2, len(stretch)) and (stretch[start].adverbial or stretch[start].lower in ("then",)):
        start += 1
    if start < len(stretch) and not stretch[start].capital:
        word = stretch[start].lower
        if word in SPEECH_VERBS or (closing in (",", "!", "?") and word.endswith("ed") and len(word) > 4):
            return _verb_first(stretch, start, book)
    found = reference_at(stretch, 0, book, lenient=True)
    if found is None or not _can_speak(found):
        return None
    if (heard := _overheard(stretch, found.after, book)) is not None:
        return heard
    place = _verb_behind(stretch, found.after)
    if place < 0 and closing == "," and found.after < len(stretch) and is_verb(stretch[found.after]):
        following = stretch[found.after]
        return Cue(found.reference, following.lower, found.start, following.end)
    if place < 0 or (closing != "," and _is_indirect(stretch, place)):
        return None
    verb = stretch[place]
    sure = SURE_VERBS if closing == "." and (first.capital and first.lower != "i") else SPEECH_VERBS
    return Cue(found.reference, verb.lower, found.start, verb.end, found.enters) if verb.lower in sure else None


def _is_indirect(stretch: Sequence[Token], verb: int) -> bool:
    """ "I answered that it was": what follows is told, and no cue of the speech before it."""
    behind = stretch[verb + 1 : verb + 3]
    return any(token.lower == "that" and token.gap.isspace() for token in behind)


def _overheard(stretch: Sequence[Token], index: int, book: NameBook) -> Cue | None:
    """ "Mary heard her say": she speaks, and Mary listens."""
    while index < len(stretch) and (stretch[index].lower in AUXILIARIES or stretch[index].lower in ADVERBS):
        index += 1
    if index + 1 >= len(stretch) or stretch[index].lower not in _HEARD:
        return None
    found = reference_at(stretch, index + 1, book, lenient=True)
    if found is None or found.after >= len(stretch) or stretch[found.after].lower not in SPEECH_VERBS:
        return None
    reference = found.reference
    if reference.form == "pronoun" and reference.words[0] in _SUBJECT_OF:
        reference = Reference("pronoun", "", (_SUBJECT_OF[reference.words[0]],))
    verb = stretch[found.after]
    return Cue(reference, verb.lower, found.start, verb.end)


def _verb_first(stretch: Sequence[Token], index: int, book: NameBook) -> Cue | None:
    verb = stretch[index]
    position = index + 1
    while position < min(len(stretch), index + 3) and (
        stretch[position].adverbial or stretch[position].lower in ("out", "again", "then", "at", "last")
    ):
        position += 1
    if position >= len(stretch) or any(mark in stretch[position].gap for mark in '.!?;:"'):
        return None
    found = reference_at(stretch, position, book, lenient=True)
    if found is None:
        return None
    if not _can_speak(found):
        return None
    return Cue(found.reference, verb.lower, verb.start, found.end, found.enters)


def _can_speak(found: Mention) -> bool:
    reference = found.reference
    return reference.form != "pronoun" or reference.words[0] not in _OBJECTS


def _verb_behind(stretch: Sequence[Token], index: int) -> int:
    """Where the verb of speech is that a subject before token `index` governs, past adverbs, helpers and a short aside; -1."""
    position = index
    while position < min(len(stretch), index + 4):
        token = stretch[position]
        if any(mark in token.gap for mark in ".!?;:—") or "--" in token.gap:
            return -1
        if token.lower in SPEECH_VERBS and token.lower not in ("put", "started") and not token.capital:
            return position
        passes = token.lower in ADVERBS or token.lower in AUXILIARIES or token.adverbial
        if not passes:
            return -1
        position += 1
    return -1


def cue_before(text: str, stretch: Sequence[Token], book: NameBook, opening: int) -> Cue | None:
    """The cue that ends the narration before a speech which opens at character `opening`."""
    if not stretch:
        return None
    tail = text[stretch[-1].end : opening].strip()
    if tail and tail[-1] in ".!?…" and "," not in tail:
        return None
    introduced = tail.endswith((",", ":", "—", "-")) or ":" in tail
    begin = max(0, len(stretch) - _REACH)
    for index in range(len(stretch) - 1, begin, -1):
        ends = any(mark in stretch[index].gap for mark in '.!?;"”’')
        if ends and stretch[index - 1].lower not in ABBREVIATED_TITLES:
            begin = index
            break
    last = stretch[begin:]
    for index in sorted(range(len(last) - 1, -1, -1), key=lambda place: _is_noun(last, place)):
        token = last[index]
        near = len(last) - index <= 3
        if token.lower not in SPEECH_VERBS or token.capital or not (introduced or near):
            continue
        if not introduced and token.lower not in SURE_VERBS and not near:
            continue
        subject = _subject_before(last, index, book)
        if subject is not None:
            return Cue(subject.reference, token.lower, subject.start, token.end)
        found = reference_at(last, index + 1, book) if index + 1 < len(last) else None
        if found is not None and _can_speak(found):
            return Cue(found.reference, token.lower, token.start, found.end)
    if tail.endswith(":"):
        return _leader(last, book)
    return None


def _is_noun(stretch: Sequence[Token], index: int) -> bool:
    """ "with a sigh", "with a little laugh", but not "the man said"."""
    before = stretch[max(0, index - 2) : index]
    if not before or before[-1].lower in ARTICLES:
        return bool(before)
    return before[0].lower in ARTICLES and before[-1].lower not in PEOPLE and not before[-1].capital


def _leader(stretch: Sequence[Token], book: NameBook) -> Cue | None:
    """Who leads up to a speech without a verb of it: "Tom turned to Ann: ..." """
    subject = next((mention for mention in mentions(stretch, book) if mention.subject and _can_speak(mention)), None)
    return None if subject is None else Cue(subject.reference, "", subject.start, stretch[-1].end)


def _subject_before(stretch: Sequence[Token], verb: int, book: NameBook) -> Mention | None:
    """The subject of the verb at `verb`: what stands right before it, else the clause's first subject."""
    found = [mention for mention in mentions(stretch[: verb + 1], book) if mention.after <= verb]
    if not found:
        return None
    nearest = found[-1]
    between = stretch[nearest.after : verb]
    adjacent = all(token.lower in ADVERBS or token.lower in AUXILIARIES or token.adverbial for token in between)
    if adjacent and _can_speak(nearest) and nearest.reference.words[0] not in _OBJECTS:
        return nearest
    subjects = [mention for mention in found if mention.subject or _has_aside(stretch, mention.after, verb)]
    return next((mention for mention in reversed(subjects) if _can_speak(mention)), None)


def _has_aside(stretch: Sequence[Token], index: int, verb: int) -> bool:
    """ "my father, after showing a great concern at it, said": between commas, before the verb."""
    word = stretch[index].lower
    opens = word in _OPENS_ASIDE or word.endswith(("ing", "ed"))
    return index < verb and opens and stretch[index].gap.startswith(",") and stretch[verb].gap.startswith(",")
