"""Written English as it is said: one spoken form for each source word.

The words come cleaned of markup and quotation marks (`words.source_words`) and go out in the same number and order, so that
whatever is said of a word stays its own: of "£3 4s." the first says "three pounds" and the second "four shillings". A form
may be several words. A sound that no spelling stands for is written /in IPA/ (pronunciations.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from types import MappingProxyType
from typing import Final

from narratix.providers.speech import figures, outbursts
from narratix.providers.speech.abbreviations import (
    AFTER_NUMBERS,
    ALONE,
    ALWAYS,
    BEFORE_NAMES,
    BEFORE_NUMBERS,
    DAYS,
    MONTH_OF,
    NUMBERED,
    REIGNING,
    SHORT_WORDS,
    SPELLED,
    STARTERS,
    SYMBOLS,
)
from narratix.providers.speech.atoms import Atoms
from narratix.providers.speech.lexicon import pronounced
from narratix.providers.speech.numerals import cardinal, ordinal, roman
from narratix.script.pronunciations import Pronunciations

LETTER_A: Final = "/ˈeɪ/"
"""The letter's name; "A" alone would be the article."""

_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
_DOTTED: Final = re.compile(r"(?:[^\W\d_]{1,2}\.)+(?:[^\W\d_]{1,2})?")
_SPELT: Final = re.compile(r"[^\W\d_](?:-[^\W\d_]){2,}(?:'s)?")
_ACRONYM: Final = re.compile(r"([A-Z][A-Z&]+)((?:'|’)?s)?")
_SITE: Final = re.compile(
    r"(?:https?://)?(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|co\.uk|io|uk|de|fr)(?:/\S*)?"
)
_ROMAN_ORDINAL: Final = re.compile(r"([IVXLC]{2,})(?:st|nd|rd|th)")
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_EITHER: Final = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)+")


def normalise(
    words: Sequence[str], paragraphs: Collection[int] = (), pronunciations: Pronunciations = MappingProxyType({})
) -> list[str]:
    """What is said for each of the words. One that is written as it is said comes back as it is. `paragraphs` are the
    numbers of the words that end one; `pronunciations` come before every rule."""
    atoms = Atoms(words, paragraphs)
    if pronunciations:
        for at in range(len(atoms)):
            atoms[at].said = pronounced(atoms[at].core, pronunciations)
    for at in range(len(atoms)):
        for rule in _RULES_FOR_PLAIN if atoms[at].plain else RULES:
            if atoms[at].said is not None:
                break
            rule(atoms, at)
    return atoms.spoken()


# -- words and letters -------------------------------------------------------------------------


def letters(text: str) -> str:
    """The letters' names: with dots between them the voices spell them."""
    only = [each for each in text.upper() if each.isalpha()]
    return LETTER_A if only == ["A"] else ".".join(only)


def _addresses(atoms: Atoms, at: int) -> None:
    """a.name@host.org, www.host.org"""
    atom = atoms[at]
    if _ADDRESS.fullmatch(atom.core) or _SITE.fullmatch(atom.core):
        bare = re.sub(r"^https?://", "", atom.core).replace("www.", "w.w.w dot ").rstrip("/")
        bare = re.sub(r"(?<=[\w-])\.(?=[\w-]{2})", " dot ", bare)
        atom.said = " ".join(bare.replace("@", " at ").replace("/", " slash ").replace("_", " ").split())


def _saint_or_street(atoms: Atoms, at: int) -> None:
    """St. is a saint before a name and a street behind one; so are the doctor and the drive."""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    if atom.core not in ("St", "Dr", "Mt", "Ft"):
        return
    name_follows = after is not None and after.core[:1].isupper() and not atom.tail.strip(".")
    behind_name = (
        before is not None and before.core[:1].isupper() and not before.tail and before.core not in STARTERS_UP
    )
    numbered = (
        behind_name and at > 1 and any(each.core[:1].isdigit() for each in (atoms[at - 2], atoms[max(0, at - 3)]))
    )
    if name_follows and not numbered:
        atom.say({"St": "Saint", "Dr": "Doctor", "Mt": "Mount", "Ft": "Fort"}[atom.core], dot=False)
    elif (behind_name or (before is not None and before.figures)) and atom.core in ("St", "Dr") and atom.dotted:
        atom.say({"St": "Street", "Dr": "Drive"}[atom.core], dot=atoms.begins_sentence(at + 1))


def _titles(atoms: Atoms, at: int) -> None:
    """Mr. Brown, Capt. Good, Wm. Shakespeare"""
    atom, after = atoms[at], atoms.after(at)
    full = BEFORE_NAMES.get(atom.core if not atom.core.isupper() else atom.core.capitalize())
    if full is None or (atom.core not in BEFORE_NAMES and atom.core.capitalize() not in ALONE):
        return
    named = after is not None and after.core[:1].isupper()
    if (atom.core.capitalize() in ALONE and (atom.dotted or named)) or (named and atom.dotted):
        atom.say(full, dot=False)


def _abbreviations(atoms: Atoms, at: int) -> None:
    """etc., vol., i.e., No. 5, the 5th inst., Tues., Dec. 22nd"""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    key = atom.core.casefold()
    numbered = after is not None and not atom.tail.strip(".") and (after.figures or _is_roman(after.core))
    if (atom.dotted or "." in key or key == "&c") and key in ALWAYS:
        atom.say(ALWAYS[key], dot=atom.dotted and atoms.begins_sentence(at + 1))
    elif key in BEFORE_NUMBERS and atom.dotted and numbered:
        atom.say(BEFORE_NUMBERS[key], dot=False)
    elif key in AFTER_NUMBERS and atom.dotted and before is not None and before.figures:
        atom.say(AFTER_NUMBERS[key], dot=atoms.begins_sentence(at + 1))
    elif key == "co" and atom.dotted and atom.core == "Co":
        atom.say("Company", dot=atoms.begins_sentence(at + 1))
    elif key == "v" and before is not None and after is not None and before.core.istitle() and after.core.istitle():
        atom.say("versus", dot=False)
    elif atom.dotted and atom.core in DAYS and (numbered or atom.tail.startswith(".,")):
        atom.say(DAYS[atom.core], dot=False)
    elif key in MONTH_OF and atom.core[:1].isupper() and atom.dotted:
        if MONTH_OF[key] != atom.core:  # "in May." ends a sentence
            atom.say(MONTH_OF[key], dot=not numbered and atoms.begins_sentence(at + 1))
    elif key == "w/o":
        atom.say("without")
    elif key in ("w/", "c/o"):
        atom.say("with" if key == "w/" else "care of")


def _is_roman(core: str) -> bool:
    """Whether it can be nothing but a Roman numeral: "I" can."""
    return core not in ("I", "i") and roman(core.upper()) > 0


def _initials(atoms: Atoms, at: int) -> None:
    """J. H. Watson, the U.S. Navy, an M.P., at 5 p.m., Ph.D."""
    atom, after = atoms[at], atoms.after(at)
    written = atom.core + ("." if atom.dotted else "")
    bare = re.sub(r"(?:'|’)s$", "", atom.core)
    if atom.core == "A" and not atom.dotted and (atom.tail or after is None or after.core in ("to", "and", "or")):
        atom.said = LETTER_A  # an article has its word behind it
    elif len(atom.core) == 1 and atom.core.isalpha() and atom.core.isupper() and atom.dotted:
        before = atoms.before(at)
        among = before is not None and (before.initial or before.core in BEFORE_NAMES)
        initial_follows = after is not None and (after.initial or (atom.core != "I" and after.core[:1].isupper()))
        if atom.core != "I" or among or initial_follows:
            atom.initial = True
            atom.say(letters(atom.core), dot=after is None or (not initial_follows and atoms.begins_sentence(at + 1)))
    elif "." in bare and (_INITIALS.fullmatch(written) or _DOTTED.fullmatch(bare)):
        possessive = atom.core[len(bare) :].replace("’", "'")
        atom.initial = atom.core.isupper()
        atom.say(letters(bare) + possessive, dot=atom.dotted and atoms.begins_sentence(at + 1))


def _spelt(atoms: Atoms, at: int) -> None:
    """C-A-T, but not w-w-what"""
    atom = atoms[at]
    if _SPELT.fullmatch(atom.core) and len({each for each in atom.core.casefold() if each.isalpha()}) > 1:
        atom.said = letters(atom.core)


def _romans(atoms: Atoms, at: int) -> None:
    """Chapter XIV, Henry VIII, VII. The Adventure; I is a number only where nothing else is likely."""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    if (match := _ROMAN_ORDINAL.fullmatch(atom.core)) and roman(match[1]):
        atom.said = ordinal(roman(match[1]))
        return
    bare = re.sub(r"(?:'|’)s$", "", atom.core)
    cue = re.sub(r"\W", "", before.core).casefold() if before is not None and not before.tail.strip(".") else ""
    number = roman(bare.upper()) if bare.isupper() or (bare.islower() and cue in NUMBERED) else 0
    if not number:
        return
    possessive = atom.core[len(bare) :].replace("’", "'")
    heads = (at == 0 or atoms[at - 1].ends_paragraph) and not atom.joint and atom.tail in ("", ".", ":")
    alone = at + 1 == len(atoms) or atom.ends_paragraph
    title = atom.dotted and after is not None and after.core[:1].isupper()
    if heads and (alone or (title and after is not None and (bare != "I" or after.core.isupper()))):
        atom.said = cardinal(number)
    elif cue in NUMBERED and before is not None and (bare != "I" or (before.core[:1].isupper() and cue != "no")):
        atom.said = cardinal(number) + possessive
    elif before is not None and not before.tail and before.core[:1].isupper() and number < 50:
        named = before.core.istitle() and cue not in STARTERS
        if cue in REIGNING or (named and len(bare) > 1 and bare not in ("DI", "MI", "XL")):
            atom.say(f"the {ordinal(number)}{possessive}", dot=atoms.stops(at))


def _capitals(atoms: Atoms, at: int) -> None:
    """Capitals that shout become small letters; acronyms are spelled, or "FBI" would be said as a word.

    A capital word shouts when a neighbour does too, when it is long, and when it is a common short word."""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    if not atom.shouts:
        return
    bare = re.sub(r"\W", "", atom.core)
    near = any(each is not None and each.shouted for each in (before, after))
    vowels = bool(set(bare) & set("AEIOUY"))
    plain = re.sub(r"['’]\w+$", "", atom.core)
    acronym = _ACRONYM.fullmatch(atom.core.replace("’", "'"))
    if "&" in plain:
        atom.said = " and ".join(letters(part) for part in plain.split("&") if part)
    elif plain in SPELLED or (not vowels and len(plain) < 6 and plain.isalpha()):
        atom.said = letters(plain) + atom.core[len(plain) :].replace("’", "'").lower()
    elif near or len(bare) > 3 or plain.casefold() in SHORT_WORDS:
        atom.said = "I" + atom.core[1:].lower() if atom.core[:2] in ("I'", "I’") else atom.core.lower()
    elif acronym is not None:
        atom.said = letters(plain)


def _plural_acronyms(atoms: Atoms, at: int) -> None:
    """MPs, TVs"""
    match = re.fullmatch(r"([A-Z]{2,4})s", atoms[at].core)
    if match is not None and match[1].casefold() not in SHORT_WORDS:
        atoms[at].said = letters(match[1]) + "'s"


def _symbols(atoms: Atoms, at: int) -> None:
    """Smith & Co., and/or"""
    atom = atoms[at]
    core = atom.core
    if _EITHER.fullmatch(core):
        core = re.sub(r"(?i)\band/or\b", "and or", core).replace("/", " or ")
    for sign, word in SYMBOLS.items():
        if sign in core:
            core = core.replace(sign, f" {word} ")
    core = core.replace("/", " ")
    if core != atom.core:
        atom.said = " ".join(core.split())


Rule = Callable[[Atoms, int], None]
RULES: Final[Sequence[Rule]] = (
    _addresses,
    *figures.RULES,
    _saint_or_street,
    _titles,
    _abbreviations,
    _spelt,
    outbursts.stutters,
    _romans,
    _initials,
    outbursts.interjections,
    _plural_acronyms,
    _capitals,
    _symbols,
)
"""Each says an atom in its own way or leaves it; the first that says it counts."""

_RULES_FOR_PLAIN: Final[Sequence[Rule]] = (_romans, outbursts.interjections)

STARTERS_UP: Final = frozenset(each.capitalize() for each in STARTERS)
