"""References to people: names with their titles, descriptions such as "the old man", pronouns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from narratix.script.lexicon import (
    ABBREVIATED_TITLES,
    ADJECTIVE_TITLES,
    ADVERBS,
    ARTICLES,
    AUXILIARIES,
    DEMONYMS,
    GIVEN_NAMES,
    NOT_NAMES,
    PEOPLE,
    POSSESSIVES,
    PREPOSITIONS,
    SPEECH_VERBS,
    SURE_VERBS,
    TITLES,
    VERBS,
)
from narratix.script.words import Token, touches

Form = Literal["name", "noun", "pronoun"]
_PRONOUNS = frozenset(
    ["i", "me", "my", "myself", "he", "him", "his", "himself", "she", "her", "herself", "they", "we", "it"]
)
_SUBJECTS = frozenset(["i", "he", "she", "they", "we", "it"])
_LINKS = frozenset(["of", "de", "van", "von", "du", "la", "le", "di", "da", "del", "mac", "st"])
_ANAPHORIC = frozenset(("other", "latter", "former", "companion", "speaker", "newcomer", "friend"))
"""Nouns that, like a pronoun, take up somebody whom the story has named."""
VOICE = "voice"
"""The voice of somebody whom the story does not name yet; "his voice" is his."""
_ENTERING = frozenset(("a", "an", "another"))
_WEIGHTLESS = frozenset(("certain", "said", "same"))
"""Adjectives that tell nothing of whom they stand before: "a certain tall soldier" is the tall soldier."""
_MONTHS = frozenset(("march", "april", "may", "june", "august"))
_BEFORE_MONTHS = frozenset(
    ("last", "in", "of", "since", "next", "early", "late", "this", "every", "until", "till", "by")
)
_LONGEST_PHRASE = 4
_OFTEN = 3
_NEVER_NAMES = ARTICLES | POSSESSIVES | PREPOSITIONS | (TITLES - ADJECTIVE_TITLES)
_NOT_BEHIND_TITLES = NOT_NAMES - TITLES
_VOICES = frozenset(("voice", "tones", "tone"))


class Reference(NamedTuple):
    """How a text refers to somebody: words in lower case, titles apart ("mr", ("holmes",))."""

    form: Form
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A reference at [start, end). `subject`: it seems to be the subject of its clause."""

    start: int
    end: int
    reference: Reference
    subject: bool
    after: int
    """Index of the token behind it in the stretch it was found in."""
    enters: bool = False
    """It brings somebody new: "a man", "an old woman"."""


@dataclass(slots=True)
class NameBook:
    """Which capitalised words of this text name somebody or something."""

    capital: Counter[str] = field(default_factory=Counter)
    initial: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)
    titled: set[str] = field(default_factory=set)
    speaking: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    """Of a verb of speech behind them, as in "Elena whispered"."""

    def read(self, stretch: Sequence[Token], *, quoted: bool) -> None:
        for index, token in enumerate(stretch):
            if not token.capital:
                self.lower[token.lower] += 1
                continue
            opens = index == 0 or (any(mark in token.gap for mark in '.!?:…"“‘”’—(\n') and not touches(token.gap))
            if index and touches(token.gap) and token.gap[0] != ".":
                opens = False
            before = stretch[index - 1].lower if index else ""
            abbreviated = token.gap[:1] != "." or before in ABBREVIATED_TITLES
            if before in TITLES and before not in ADJECTIVE_TITLES and touches(token.gap) and abbreviated:
                self.titled.add(token.lower)
            elif opens or (index and token.gap[:1] == "." and before not in ABBREVIATED_TITLES):
                self.initial[token.lower] += 1
            else:
                self.capital[token.lower] += 1
            follows = stretch[index + 1] if index + 1 < len(stretch) else None
            if not quoted and follows is not None and follows.lower in SURE_VERBS and follows.gap.isspace():
                self.subjects[token.lower] += 1
            if not quoted and index and before in SPEECH_VERBS and token.gap.isspace():
                self.speaking[token.lower] += 1

    def is_name(self, token: Token) -> bool:
        """Whether the token names somebody or something, rather than opening a sentence."""
        word = token.lower
        if not token.capital or word in _PRONOUNS:
            return False
        if self.speaking[word] >= _OFTEN and word not in _NEVER_NAMES:
            return True
        if word in DEMONYMS and self.speaking[word] + self.subjects[word] > 1:
            return True
        if word in GIVEN_NAMES or word in self.titled:
            return word not in NOT_NAMES or word in self.titled
        if word in NOT_NAMES or word in SPEECH_VERBS or word in ADVERBS or len(word) < 2 or "'" in word:
            return False
        if word in self.speaking:
            return True
        if word in self.subjects and not self.lower[word]:
            return True
        return self.capital[word] > self.lower[word]


def is_verb(token: Token) -> bool:
    word = token.lower
    return (
        word in SPEECH_VERBS or word in AUXILIARIES or word in VERBS or (word.endswith("ed") and len(word) > 3)
    ) and not token.capital


def reference_at(stretch: Sequence[Token], index: int, book: NameBook, *, lenient: bool = False) -> Mention | None:
    """The reference that begins at token `index`, if one does. `lenient` takes any noun after an article, as is right
    beside a verb of speech ("said the raven")."""
    token = stretch[index]
    if lenient and (owner := _owner_of_voice(stretch, index, book)):
        return owner
    if token.lower in _PRONOUNS and (not token.capital or token.lower == "i" or _opens(stretch, index)):
        follows_noun = token.lower in POSSESSIVES and index + 1 < len(stretch) and touches(stretch[index + 1].gap)
        if follows_noun and (phrase := _described(stretch, index, lenient=lenient)):
            return phrase
        return Mention(token.start, token.end, Reference("pronoun", "", (token.lower,)), False, index + 1)
    if token.lower == "another" and lenient and not _noun_follows(stretch, index):
        return Mention(token.start, token.end, Reference("noun", "", ("other",)), False, index + 1)
    if token.lower in ARTICLES or token.lower in POSSESSIVES:
        return _named(stretch, index + 1, book, index) or _described(stretch, index, lenient=lenient)
    return _named(stretch, index, book, index) or _relative(stretch, index, book)


def _relative(stretch: Sequence[Token], index: int, book: NameBook) -> Mention | None:
    """ "Tom's aunt", "Mrs. Hale's maid": somebody known by whose they are, as "his aunt" is."""
    if not stretch[index].capital:
        return None
    for place in range(index, min(len(stretch) - 1, index + _LONGEST_PHRASE)):
        token, follows = stretch[place], stretch[place + 1]
        if not (book.is_name(token) or token.lower in TITLES) or not touches(follows.gap):
            return None
        if token.possessive:
            if follows.lower not in PEOPLE or follows.capital or follows.possessive:
                return None
            return Mention(
                stretch[index].start, follows.end, Reference("noun", "his", (follows.lower,)), False, place + 2
            )
    return None


def _owner_of_voice(stretch: Sequence[Token], index: int, book: NameBook) -> Mention | None:
    """ "Jane's voice" and "the voice of Jane" are Jane."""
    for place in range(index, min(len(stretch), index + _LONGEST_PHRASE)):
        token = stretch[place]
        if place > index and not touches(token.gap):
            return None
        if token.possessive and place + 1 < len(stretch):
            behind = stretch[place + 1 : place + 3]
            if not any(word.lower in _VOICES for word in behind):
                return None
            whole = [*stretch[:place], replace(token, possessive=False)]
            found = reference_at(whole, index, book)
            return found if found is not None and found.after == place + 1 else None
        if token.lower in _VOICES and place + 2 < len(stretch) and stretch[place + 1].lower == "of":
            return reference_at(stretch, place + 2, book)
    return None


def _noun_follows(stretch: Sequence[Token], index: int) -> bool:
    if index + 1 >= len(stretch) or not stretch[index + 1].gap.isspace():
        return False
    following = stretch[index + 1]
    return following.lower not in PREPOSITIONS and following.lower not in ADVERBS and not following.adverbial


def _opens(stretch: Sequence[Token], index: int) -> bool:
    return index == 0 or not touches(stretch[index].gap) or stretch[index].gap[0] == "."


def _named(stretch: Sequence[Token], index: int, book: NameBook, begin: int) -> Mention | None:
    """A name, with titles before it. After an article, capitalised nouns name too ("the Hatter")."""
    title = ""
    size = len(stretch)
    if index >= size or (index > begin and not touches(stretch[index].gap)):
        return None
    if stretch[index].lower in _MONTHS and index and stretch[index - 1].lower in _BEFORE_MONTHS:
        return None
    position = index
    while position + 1 < size and stretch[position].lower in TITLES and touches(stretch[position + 1].gap):
        capital = stretch[position].capital
        follows = stretch[position + 1]
        if not capital and stretch[position].lower not in ADJECTIVE_TITLES:
            break
        is_title_of = follows.lower in TITLES or book.is_name(follows) or (follows.capital and capital)
        full_stop = stretch[position + 1].gap[0] == "." and stretch[position].lower not in ABBREVIATED_TITLES
        if not is_title_of or full_stop or stretch[position].possessive or follows.lower in _NOT_BEHIND_TITLES:
            break
        if stretch[position].lower not in ADJECTIVE_TITLES:
            title = stretch[position].lower
        position += 1
    words: list[str] = []
    while position < size:
        token = stretch[position]
        if words and not _extends(stretch, position):
            break
        if (
            book.is_name(token) or (words and _is_initial(stretch, position)) or (not words and title and token.capital)
        ) or (
            words
            and token.lower in _LINKS
            and position + 1 < size
            and stretch[position + 1].capital
            and touches(stretch[position + 1].gap)
            and (token.lower != "of" or begin < index or title)
        ):
            words.append(token.lower)
        else:
            break
        position += 1
        if token.possessive:
            break
    if not words:
        head = stretch[index]
        noun = head.capital and head.lower in PEOPLE and (begin < index or not _opens(stretch, index))
        if not noun or head.lower in NOT_NAMES:
            return None
        words.append(head.lower)
        position = index + 1
        if (
            position + 1 < size
            and stretch[position].lower == "of"
            and stretch[position + 1].capital
            and touches(stretch[position + 1].gap)
        ):
            words.extend(("of", stretch[position + 1].lower))
            position += 2
    last = stretch[position - 1]
    return _mention(stretch, begin, position, Reference("name", title, tuple(words)), last)


def _is_initial(stretch: Sequence[Token], position: int) -> bool:
    token = stretch[position]
    return (
        token.capital
        and len(token.lower) == 1
        and stretch[position + 1 : position + 2] != []
        and (stretch[position + 1].gap[:1] == ".")
    )


def _extends(stretch: Sequence[Token], position: int) -> bool:
    gap = stretch[position].gap
    initial = len(stretch[position - 1].lower) == 1 or stretch[position - 1].lower in ABBREVIATED_TITLES
    return (gap.isspace() and "\n\n" not in gap) or (gap[:1] == "." and initial and touches(gap))


def _described(stretch: Sequence[Token], index: int, *, lenient: bool) -> Mention | None:
    """An article or possessive, up to three words, and a noun for a person."""
    head = -1
    limit = min(len(stretch), index + 1 + _LONGEST_PHRASE)
    for position in range(index + 1, limit):
        token = stretch[position]
        if not token.gap.isspace():
            break
        if token.lower in PREPOSITIONS or token.lower in ARTICLES or token.lower in _PRONOUNS:
            break
        if token.capital and token.lower in TITLES and position + 1 < len(stretch) and stretch[position + 1].capital:
            break
        if token.lower in PEOPLE:
            head = position
            if token.possessive and not _is_owner(stretch, position):
                break
            continue
        if is_verb(token) and (head >= 0 or not lenient or not token.lower.endswith("ed")):
            break
        if token.lower in ADVERBS or (token.adverbial and head >= 0) or token.lower in ("and", "or", "but"):
            break
        if lenient and head < 0 and position == limit - 1:
            break
        if head >= 0:
            break
        if token.possessive:
            return None
    if head < 0 and lenient:
        head = _last_noun(stretch, index + 1, limit)
    if head < 0:
        return None
    phrase = [token for token in stretch[index + 1 : head + 1] if token.lower not in _WEIGHTLESS] or [stretch[head]]
    words = [f"{token.lower}'s" if token.possessive else token.lower for token in phrase]
    owner = stretch[index].lower
    title = owner if owner in POSSESSIVES else ""
    if words[-1] == VOICE and stretch[index].lower in _ENTERING:
        words = [VOICE]
    elif words[-1] == VOICE or (words[-1] in _ANAPHORIC and (title or len(words) == 1)):
        return _mention(stretch, index, head + 1, Reference("pronoun", title, (words[-1],)), stretch[head])
    return _mention(stretch, index, head + 1, Reference("noun", title, tuple(words)), stretch[head])


def _is_owner(stretch: Sequence[Token], position: int) -> bool:
    """Whether a possessive goes on to the person who is meant: "my brother's wife"."""
    return (
        position + 1 < len(stretch) and stretch[position + 1].lower in PEOPLE and not stretch[position + 1].possessive
    )


def _last_noun(stretch: Sequence[Token], first: int, limit: int) -> int:
    """The end of a phrase whose noun we do not know: the word before a mark, a preposition, an adverb or a verb."""
    last = -1
    for position in range(first, limit):
        token = stretch[position]
        stops = token.lower in PREPOSITIONS or token.lower in ADVERBS or token.lower in ("and", "or", "but", "as")
        if not token.gap.isspace() or stops or token.adverbial or is_verb(token):
            break
        last = position
    return last


def _mention(stretch: Sequence[Token], begin: int, stop: int, reference: Reference, last: Token) -> Mention | None:
    if last.possessive:
        return None
    enters = reference.form == "noun" and stretch[begin].lower in _ENTERING
    return Mention(stretch[begin].start, last.end, reference, False, stop, enters)


def mentions(stretch: Sequence[Token], book: NameBook) -> Iterable[Mention]:
    """Every reference in a stretch of narration, in order, with its part in the clause."""
    index = 0
    while index < len(stretch):
        found = reference_at(stretch, index, book)
        if found is None:
            index += 1
            continue
        yield replace(found, subject=_is_subject(stretch, index, found))
        index = max(found.after, index + 1)


def _is_subject(stretch: Sequence[Token], index: int, found: Mention) -> bool:
    reference = found.reference
    if reference.form == "pronoun":
        return reference.words[0] in _SUBJECTS
    before = stretch[index - 1].lower if index else ""
    if index and before in PREPOSITIONS and stretch[index].gap.isspace():
        return False
    follows = found.after
    while follows < len(stretch) and follows < found.after + 2:
        token = stretch[follows]
        if is_verb(token):
            return token.gap.isspace() or token.gap.strip() in (",", "")
        if not (token.lower in ADVERBS or token.adverbial):
            break
        follows += 1
    return index == 0 or (_opens(stretch, index) and before not in ("",))
