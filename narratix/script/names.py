"""When two names can be one person's, and how a name is shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from narratix.script.lexicon import (
    ABBREVIATED_TITLES,
    FEMALE_TITLES,
    GIVEN_NAMES,
    MALE_TITLES,
    NICKNAMES,
    sex_of_title,
)
from narratix.script.references import Reference

_TITLE_OF_SPELLING = {
    "mister": "mr", "missus": "mrs", "missis": "mrs", "mester": "mr",
    "doctor": "dr", "captain": "capt", "colonel": "col", "general": "gen", "professor": "prof", "sergeant": "sgt",
    "lieutenant": "lt", "reverend": "rev", "major": "maj",
}  # fmt: skip
OF_OFFICE = frozenset(
    [
        "dr",
        "capt",
        "col",
        "gen",
        "prof",
        "sgt",
        "lt",
        "rev",
        "maj",
        "king",
        "queen",
        "prince",
        "princess",
        "duke",
        "duchess",
        "count",
        "countess",
        "baron",
        "squire",
        "parson",
        "inspector",
        "judge",
        "admiral",
        "emperor",
        "empress",
        "lord",
        "lady",
    ]
)
_STEM = 4
_ROYAL = frozenset(("king", "queen", "emperor", "empress", "pope"))
"""Nobody with a family name: King John is not Sir John Durbeyfield."""
LEARNED = frozenset(("dr", "capt", "col", "gen", "prof", "sgt", "lt", "rev", "maj", "judge", "inspector"))
"""Titles that stand in the place of "Mr."; none of them belongs to the wife."""
_WITHOUT_ARTICLE = ABBREVIATED_TITLES | {"miss", "master"}
"""Titles that stand behind an article only by chance ("the Miss Hale of old")."""
BEFORE_GIVEN_NAMES = frozenset(
    ("miss", "master", "sir", "lady", "uncle", "aunt", "princess", "prince", "sister", "brother")
)
SMALL = frozenset(("of", "de", "van", "von", "du", "la", "le", "di", "da", "and"))
_PARTICLES = SMALL - {"of", "and"}


def plain_title(title: str) -> str:
    return _TITLE_OF_SPELLING.get(title, title)


def core(reference: Reference) -> tuple[str, ...]:
    """The words without a place, and a family name as one: "Lord Crocker of Crocker" is Lord Crocker, "Van Helsing" one word."""
    words = reference.words
    if "of" in words and words.index("of") > 0:
        words = words[: words.index("of")]
    if len(words) > 1 and words[-2] in _PARTICLES:
        words = (*words[:-2], f"{words[-2]} {words[-1]}")
    return (f"st {words[0]}", *words[1:]) if reference.title in ("st", "saint") else words


def roots(short: str) -> frozenset[str]:
    """The names that a short one can stand for: "lizzy" for "elizabeth", "georgie" for "george"."""
    known = NICKNAMES.get(short, frozenset())
    if known or short in GIVEN_NAMES or not short.endswith(("ie", "y", "ey")):
        return known
    stem = short.removesuffix("ie") if short.endswith("ie") else short.removesuffix("ey").removesuffix("y")
    single = stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem
    return frozenset(name for name in (stem, single, stem + "e") if len(name) > 2)


def _same_given(one: str, other: str) -> bool:
    if one == other or one in roots(other) or other in roots(one) or bool(roots(one) & roots(other)):
        return True
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]
    return _is_pet_form(one, other) or _is_pet_form(other, one)


def _is_pet_form(short: str, name: str) -> bool:
    """ "Dunsey" of "Dunstan": an ending of endearment on what the name begins with."""
    if short in GIVEN_NAMES or not short.endswith(("ie", "y", "ey")):
        return False
    stem = short.removesuffix("ie") if short.endswith("ie") else short.removesuffix("ey").removesuffix("y")
    return len(stem) >= _STEM and name != short and name.startswith(stem)


def titles_fit(one: Reference, other: Reference) -> bool:
    """Whether one person can bear both titles; people who share their whole name may rise or marry."""
    title, other_title = plain_title(one.title), plain_title(other.title)
    if title == other_title or not title or not other_title:
        return True
    pair = {title, other_title}
    sexes = {sex_of_title(title), sex_of_title(other_title)}
    if sexes == {"female", "male"} or ("female" in sexes and pair & LEARNED):
        return False
    if len(core(one)) > 1 and core(one) == core(other):
        return True
    if "mr" in pair:
        return not pair & {"dr", "sir", "lord", "king", "prince", "duke", "count", "earl", "baron"}
    if "miss" in pair:
        return not pair & {"mrs", "lady", "countess", "duchess", "queen", "mother", "grandmother"}
    return not pair <= (FEMALE_TITLES | MALE_TITLES) - {
        "capt",
        "col",
        "maj",
        "gen",
        "lt",
        "sgt",
        "master",
        "monsieur",
        "sir",
    }


def compatible(one: Reference, other: Reference) -> bool:
    """Whether two names can be the same person's."""
    if not titles_fit(one, other):
        return False
    short, long = sorted((core(one), core(other)), key=len)
    if len(short) == 1 < len(long) and one.title != other.title and {one.title, other.title} & _ROYAL:
        return False
    if len(short) == 1:
        brief = one if short == core(one) else other
        if len(long) == 1:
            return short == long or (
                not one.title
                and not other.title
                and bool({*short, *long} & set(NICKNAMES))
                and _same_given(short[0], long[0])
            )
        if short[0] == long[-1]:
            return True
        if brief.title == "mrs" or (brief.title in ("mr", "dr") and short[0] not in GIVEN_NAMES):
            return False
        fuller = other if brief is one else one
        noble = fuller.title in ("lady", "sir", "lord", "king", "queen") and brief.title != fuller.title
        return _same_given(short[0], long[0]) and (short[0] == long[0] or not noble)
    if "mrs" in (one.title, other.title) and one.title != other.title and GIVEN_NAMES.get(long[0]) != "female":
        return False
    if sorted(short) == sorted(long):
        return True  # "Harker, Jonathan"
    return _same_given(short[0], long[0]) and short[-1] == long[-1]


def shown(reference: Reference, spellings: Mapping[Reference, str]) -> str:
    if reference in spellings:
        return spellings[reference]
    title = reference.title.capitalize() + ("." if reference.title in ABBREVIATED_TITLES else "")
    words = " ".join(reference.words)
    return display_name(reference, f"{title} {words}".strip() if reference.form == "name" else words)


def display_name(reference: Reference, spelling: str) -> str:
    """How a cast list shows a reference: "Mr. Holmes", "The old man", "Mother"."""
    if reference.form == "noun":
        phrase = " ".join(reference.words)
        named = phrase if reference.title in ("my", "our") else f"the {phrase}"
        return named[0].upper() + named[1:]
    words = spelling.split()
    for article in ("the", "a", "an", "his", "her", "my", "our", "this", "that", "its", "their", "your"):
        if words and words[0].casefold() == article and len(words) > 1:
            keeps = article in ("the", "this", "that", "a") and words[1].casefold().rstrip(".") not in _WITHOUT_ARTICLE
            words = ["The", *words[1:]] if keeps else words[1:]
            break
    capitals = [word.capitalize() if word.isupper() and len(word) > 2 else word for word in words]
    return " ".join(
        word[0].upper() + word[1:] if word.casefold() not in SMALL else word.casefold() for word in capitals
    )


def spellings(uses: Iterable[tuple[Reference, str]]) -> dict[Reference, str]:
    """The spelling by which each reference is shown: the most used one."""
    seen: dict[Reference, Counter[str]] = defaultdict(Counter)
    for reference, spelling in uses:
        seen[reference][display_name(reference, spelling)] += 1
    return {
        reference: min(counter, key=lambda spelling: (-counter[spelling], spelling))
        for reference, counter in seen.items()
    }
