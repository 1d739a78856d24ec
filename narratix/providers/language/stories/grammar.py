"""The little markup of the story library, and its agreement with persons and nouns.

{place}              a word of the story            {Place}           the same, with a capital
{a vessel}           with its article, "an old tug" {A vessel}        "An old tug"
{hero}               a person's name
{hero.they}          she, he                        {hero.They}       She, He
{hero.them}          her, him                       {hero.their}      her, his
{hero.themself}      herself, himself
{hero:girl/boy}      one word for a woman, another for a man
[rain|sleet]         one of them, drawn by the seed; slots may stand inside
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PersonGender = Literal["female", "male"]

_PRONOUNS: Mapping[PersonGender, Mapping[str, str]] = {
    "female": {"they": "she", "them": "her", "their": "her", "theirs": "hers", "themself": "herself"},
    "male": {"they": "he", "them": "him", "their": "his", "theirs": "his", "themself": "himself"},
}

_DETAIL = re.compile(r"<([^<>]*)>")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")
_PERSON = re.compile(r"(?P<role>\w+)(?:\.(?P<pronoun>\w+)|:(?P<female>[^/]*)/(?P<male>[^/]*))?")

_VOWEL_SOUND = re.compile(r"[aeiou]|hour|honest|heir|honou?r", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(r"one\b|once|uni[^nm]|use|euro|ewe|ukulele|utensil", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    gender: PersonGender


def article(noun: str) -> str:
    """ "a" or "an", by the sound that `noun` begins with."""
    vowel = _VOWEL_SOUND.match(noun) and not _CONSONANT_SOUND.match(noun)
    return "an" if vowel else "a"


def in_full(pattern: str) -> str:
    """The telling with all its details."""
    return _DETAIL.sub(r"\1", pattern).strip()


def in_brief(pattern: str) -> str:
    """The telling without them, the gaps closed."""
    kept = _DETAIL.sub("", pattern)
    paragraphs = (" ".join(paragraph.split()) for paragraph in kept.split("\n\n"))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def expand(pattern: str, persons: Mapping[str, Person], words: Mapping[str, str], draw: random.Random) -> str:
    """Fill every choice and slot of `pattern`. Raises KeyError, naming the slot, where one is unknown."""
    drawn = _CHOICE.sub(lambda found: draw.choice(found[1].split("|")), pattern)
    return _SLOT.sub(lambda found: _fill(found[1], persons, words), drawn)


def _fill(slot: str, persons: Mapping[str, Person], words: Mapping[str, str]) -> str:
    before, blank, rest = slot.partition(" ")
    if blank and before in ("a", "A"):
        noun = words[rest]
        return f"{_with_case_of(before, article(noun))} {noun}"
    found = _PERSON.fullmatch(slot)
    if found and found["role"] in persons:
        return _refer(persons[found["role"]], found)
    return _with_case_of(slot, words[slot[:1].lower() + slot[1:]])


def _refer(person: Person, found: re.Match[str]) -> str:
    if found["pronoun"]:
        pronoun = _PRONOUNS[person.gender][found["pronoun"].lower()]
        return _with_case_of(found["pronoun"], pronoun)
    if found["female"] is not None:
        return found[person.gender]
    return person.name


def _with_case_of(model: str, text: str) -> str:
    return text[:1].upper() + text[1:] if model[:1].isupper() else text
