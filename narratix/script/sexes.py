"""What a story tells of somebody's sex without saying it: weights of evidence, in decibans.

A deciban is ten times the decimal logarithm of how much likelier a sign is with one sex than with the other (I. J. Good,
"Probability and the Weighing of Evidence", 1950). The weights were measured on 75 novels (`corpora/novels`), on the names
whose sex a title or a given name tells. Signs of one person hang together, so their sums overstate: a verdict also asks
that one side outweighs the other by half.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

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
_APPOSED: Final = 11
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


def weigh(text: str, told: Sequence[Sequence[Mention]]) -> dict[Reference, Counter[str]]:
    """The evidence for every name and description in the narration (`told`, by block): the pronouns that take it up in its
    paragraph, and the nouns beside it ("his sister Anna", "Anna, a girl of ten")."""
    votes: dict[Reference, Counter[str]] = defaultdict(Counter)
    for block in told:
        _weigh_block(text, block, votes)
    return votes


def _weigh_block(text: str, block: Sequence[Mention], votes: dict[Reference, Counter[str]]) -> None:
    last: Mention | None = None
    before: Mention | None = None
    meant: set[Sex] = set()
    rivals: Mapping[Reference, Sex] = {}
    people: dict[Reference, Sex] = {}
    established: frozenset[Sex] = frozenset()
    taken_up = 0
    for mention in block:
        if mention.reference.form != "pronoun":
            if before is not None and before.reference.form != "pronoun":
                _weigh_apposition(text[before.end : mention.start], before, mention, votes)
            last, taken_up = mention, 0
            people[mention.reference] = sex_of(mention.reference)
            rivals = {reference: sex for reference, sex in people.items() if reference != mention.reference}
            established = frozenset(meant)
        elif (sex := sex_of_pronoun(mention.reference)) != "unknown":
            meant.add(sex)
            if last is None:
                continue
            contested = sex in established or sex in rivals.values()
            here = not _SENTENCE_ENDS.search(text, last.end, mention.start)
            pronoun = mention.reference.words[0]
            votes[last.reference][sex] += _weight(pronoun, last.subject, contested, first=not taken_up, here=here)
            taken_up += 1
        before = mention


def _weight(pronoun: str, subject: bool, contested: bool, *, first: bool, here: bool) -> int:
    """How much a pronoun behind a name tells of it. `subject`: the name is the subject of its clause; `contested`: the paragraph has
    somebody else whom the pronoun may mean; `here`: it is in the name's own sentence."""
    if pronoun == "him":
        return 0  # rather the object of what somebody else does
    if pronoun in ("himself", "herself") and first and here:
        return 16 if subject else 9
    if not contested:
        return 10 if first else 8
    if subject:
        return 6 if first else 4
    return 3 if first else 1


def _weigh_apposition(gap: str, one: Mention, other: Mention, votes: dict[Reference, Counter[str]]) -> None:
    forms = (one.reference.form, other.reference.form)
    if forms == ("noun", "name") and gap.isspace():
        name, noun = other.reference, one.reference
    elif forms == ("name", "noun") and gap.strip() == "," and not other.reference.title:
        name, noun = one.reference, other.reference
    else:
        return
    if (sex := sex_of_noun(noun.words[-1])) != "unknown":
        votes[name][sex] += _APPOSED
