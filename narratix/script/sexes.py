"""What a story tells of somebody's sex without saying it: weights of evidence, in decibans.

A deciban is ten times the decimal logarithm of how much likelier a sign is with one sex than with the other (I. J. Good,
"Probability and the Weighing of Evidence", 1950). The weights were measured on 75 novels by `training.weigh_sexes`, on the
names whose sex a title or a given name tells. Signs of one person hang together, so their sums overstate: a verdict also asks
that one side outweighs the other by half.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from narratix.script.lexicon import (
    GIVEN_NAMES,
    MOSTLY_MEN,
    PEOPLE,
    TITLES,
    Sex,
    is_trade,
    sex_of_noun,
    sex_of_title,
)
from narratix.script.references import Mention, Reference

_SEX_OF_PRONOUN: Final[Mapping[str, Sex]] = {
    "she": "female", "her": "female", "herself": "female", "he": "male", "him": "male", "his": "male",
    "himself": "male",
}  # fmt: skip
ENOUGH: Final = 6
"""So many decibans tell a sex: odds of four to one."""
STRONG: Final = 16
"""So many hold against a likeness of names."""
CALLED: Final = 7
""" "Yes, sir" in an answer, about whoever is answered."""
SAID: Final = 3
""" "She said" beside a speech that is somebody's only by all other signs."""
WEIGHTS: Final[Mapping[str, int]] = {
    "self, of a subject": 16, "self": 9, "apposed": 11, "alone, first": 10, "alone, later": 8, "contested, of a subject, first": 6,
    "contested, of a subject, later": 4, "contested, first": 3, "contested, later": 1,
}  # fmt: skip
"""Decibans by what a sign is: a pronoun is contested where its paragraph has somebody else whom it may mean; it is the first
behind a name, or a later one; "himself" in the name's own sentence is worth most."""
_SENTENCE_ENDS: Final = re.compile('[.!?;:"”]')
_OVERRULES, _BY_FAR = 100, 5
"""What it takes against a given name: a boy called Rose, all through a novel."""
_MEN: Final = 8
"""Of the people in novels whom a family name, a rank or a trade alone names, seven of eight are men."""
_WOMEN_IN_A: Final = 6
"""Names that end in -a: two of three, and nearly every given name."""
_LEARNED, _LEARNED_BY_FAR = 24, 4
"""What makes a woman of "the doctor", whose patients are as often meant by the pronouns behind him."""
_TELLERS: Final = 6
"""Who tells a story in the first person and never lets fall what he is: three of four are men."""


def sex_of_pronoun(reference: Reference) -> Sex:
    return _SEX_OF_PRONOUN.get(reference.words[0], "unknown") if reference.form == "pronoun" else "unknown"


def sex_of(reference: Reference) -> Sex:
    """The sex that a title, a noun or a given name tells."""
    if reference.form == "noun":
        return sex_of_noun(reference.words[-1])
    known = sex_of_title(reference.title)
    if known != "unknown" or (reference.title and len(reference.words) == 1):
        return known
    return GIVEN_NAMES.get(reference.words[0], "unknown")


def verdict(votes: Mapping[str, int], *, enough: int = ENOUGH) -> Sex:
    """The sex that the evidence tells."""
    female, male = votes.get("female", 0), votes.get("male", 0)
    if female - male >= enough and 2 * female >= 3 * male:
        return "female"
    return "male" if male - female >= enough and 2 * male >= 3 * female else "unknown"


def verdict_of_learned(votes: Mapping[str, int]) -> Sex:
    """The sex of somebody called by a rank or a degree that mostly men had."""
    female, male = votes.get("female", 0), votes.get("male", 0)
    return "female" if female - male >= _LEARNED and female >= _LEARNED_BY_FAR * male else "male"


def overruled(sex: Sex, votes: Mapping[str, int]) -> bool:
    """Whether somebody is not of the sex that their given name usually has."""
    against = votes.get("male" if sex == "female" else "female", 0)
    own = votes.get(sex, 0)
    return against - own >= _OVERRULES and against >= _BY_FAR * own


def prior(references: Mapping[Reference, int], *, narrator: bool) -> Mapping[str, int]:
    """What names and callings alone make likely, for somebody of whom nothing else tells it."""
    if narrator:
        return {"male": _TELLERS}
    weight: Counter[str] = Counter()
    for reference, count in references.items():
        if reference.form == "noun":
            noun = reference.words[-1]
            if not reference.title and (noun in MOSTLY_MEN or is_trade(noun)):
                weight["male"] += count
        elif not set(reference.words) <= TITLES | PEOPLE:
            weight["female" if reference.words[0].endswith("a") else "male"] += count
        elif reference.words[-1] in MOSTLY_MEN or reference.words[-1] in TITLES:
            weight["male"] += count
    if not weight:
        return {}
    likelier = weight.most_common(1)[0][0]
    return {likelier: _MEN if likelier == "male" else _WOMEN_IN_A}


class Sign(NamedTuple):
    """Something that tells of the sex of whom a reference means; `kind` is one of WEIGHTS."""

    reference: Reference
    sex: Sex
    kind: str


def weigh(text: str, told: Sequence[Sequence[Mention]]) -> dict[Reference, Counter[str]]:
    """The evidence for every name and description in the narration (`told`, by block)."""
    votes: dict[Reference, Counter[str]] = defaultdict(Counter)
    for block in told:
        for sign in signs(text, block):
            votes[sign.reference][sign.sex] += WEIGHTS[sign.kind]
    return votes


def signs(text: str, block: Sequence[Mention]) -> Iterator[Sign]:
    """The pronouns of a paragraph, for whoever was named last before them, and the nouns beside a name ("his sister Anna",
    "Anna, a girl of ten")."""
    last: Mention | None = None
    before: Mention | None = None
    meant: set[Sex] = set()
    established: frozenset[Sex] = frozenset()
    people: dict[Reference, Sex] = {}
    rivals: frozenset[Sex] = frozenset()
    taken_up = False
    for mention in block:
        if mention.reference.form != "pronoun":
            if before is not None and before.reference.form != "pronoun":
                yield from _apposition(text[before.end : mention.start], before, mention)
            last, taken_up = mention, False
            people[mention.reference] = sex_of(mention.reference)
            rivals = frozenset(sex for reference, sex in people.items() if reference != mention.reference)
            established = frozenset(meant)
        elif (sex := sex_of_pronoun(mention.reference)) != "unknown":
            meant.add(sex)
            if last is None:
                continue
            here = not _SENTENCE_ENDS.search(text, last.end, mention.start)
            contested = sex in established or sex in rivals
            kind = _kind(mention.reference.words[0], last.subject, contested, here and not taken_up, not taken_up)
            if kind:
                yield Sign(last.reference, sex, kind)
            taken_up = True
        before = mention


def _kind(pronoun: str, subject: bool, contested: bool, near: bool, first: bool) -> str:
    if pronoun == "him":
        return ""  # rather the object of what somebody else does
    if pronoun in ("himself", "herself") and near:
        return "self, of a subject" if subject else "self"
    who = "contested, of a subject" if contested and subject else "contested" if contested else "alone"
    return f"{who}, {'first' if first else 'later'}"


def _apposition(gap: str, one: Mention, other: Mention) -> Iterator[Sign]:
    forms = (one.reference.form, other.reference.form)
    if forms == ("noun", "name") and gap.isspace():
        name, noun = other.reference, one.reference
    elif forms == ("name", "noun") and gap.strip() == "," and not other.reference.title:
        name, noun = one.reference, other.reference
    else:
        return
    if (sex := sex_of_noun(noun.words[-1])) != "unknown":
        yield Sign(name, sex, "apposed")
