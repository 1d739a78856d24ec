"""What speaks for somebody as the speaker of a turn: a row of numbers for every candidate, which the ranker weighs.

Presence (who was mentioned lately, and as the subject) says whom a pronoun means, as in centering theory; turns that
alternate, vocatives and the narration around a speech follow Muzny, Fang, Chang and Jurafsky, "A Two-stage Sieve Approach
for Quote Attribution" (EACL 2017).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from narratix.script.lexicon import Sex
from narratix.script.reading import Turn
from narratix.script.references import Mention

FEATURES: Final = (
    # of the turn: the same for all candidates
    "bias", "pronoun_cue", "noun_cue", "plain_cue", "alone_in_paragraph", "first_person", "crowd", "follows_closely",
    # the cue: "she said", "the old man asked"
    "cue_sex", "cue_other_sex", "cue_unknown_sex", "cue_last_subject", "cue_last_mention", "cue_earlier", "cue_present",
    "cue_rank", "noun_own", "noun_own_weight", "noun_owned",
    # the narration of the turn's own paragraph
    "beat_before", "beat_behind", "beat_adjoins", "beat_share", "beat_named", "beat_object", "beat_sex", "beat_other_sex",
    # the narration before and behind
    "told_subject", "told_first", "told_mention", "told_last", "told_leads", "tells_next",
    # what is said to whom, and of whom
    "addresses", "talks_of", "addressed_before", "addressed_earlier", "addressed_next", "talked_of_before",
    "talked_of_next", "called_before", "calls", "called_next", "called_sex", "called_other_sex", "called_sex_next",
    "called_other_sex_next",
    # who speaks before and after
    "spoke_here", "spoke_before", "spoke_asking", "spoke_apart", "spoke_that", "spoke_that_apart", "spoke_third", "newcomer",
    "speaks_next", "speaks_here_next", "speaks_then", "speaks_third", "speaks_soon", "spoke_lately", "lately_age",
    # who it is
    "age", "age_rank", "salience", "cues", "cues_share", "weight", "named", "described", "narrator", "narrator_says_i",
    "absent", "unknown_sex",
)  # fmt: skip
"""The columns of the evidence, in order."""

_COLUMN: Final = {name: column for column, name in enumerate(FEATURES)}
_BESIDE = 3
_CLOSE = 2
_LATELY = 10
_OLDEST = 20
_AROUND = 150
"""Paragraphs either way, in which whoever speaks and is told of counts."""


@dataclass(slots=True)
class Person:
    """What is known of a character before any turn is decided."""

    sex: Sex
    named: bool
    cues: Sequence[int]
    """The blocks in which a cue names them, in order."""
    told: Sequence[int]
    """The blocks whose narration tells of them, one for each time, in order."""
    narrator: bool
    absent: bool


@dataclass(slots=True)
class Scene:
    """What surrounds one turn. Speakers are numbers of characters, -1 where there is none; the mappings are keyed by them."""

    turn: Turn
    sex: Sex
    """That the cue's pronoun or noun tells."""
    noun: int
    """The character that the cue's noun would mean by itself."""
    around: Sequence[tuple[Mention, int]]
    told: Sequence[tuple[Mention, int]]
    tells: Sequence[tuple[Mention, int]]
    leads: bool
    """The narration before ends in a colon or a comma."""
    present: int
    """Whom a pronoun of that sex would mean."""
    before: Sequence[tuple[Turn, int]]
    """The last turns with their speakers, the nearest first."""
    after: Sequence[tuple[Turn, Mapping[int, float]]]
    """The next turns with the probabilities of their speakers, the nearest first."""
    called: Mapping[int, int]
    """Character -> how far behind (1, 2) a turn addressed them."""
    recent: Mapping[int, int]
    salience: Mapping[int, float]
    first_person: bool
    meant: Mapping[str, frozenset[int]]
    """Who is addressed or talked of in this turn, the one before and the one after."""
    called_sex: Sex = "unknown"
    """Of whom the turn before calls "sir", "madam" or the like, and the turn after."""
    called_sex_next: Sex = "unknown"


def evidence(scene: Scene, candidates: Sequence[int], people: Sequence[Person]) -> NDArray[np.float32]:
    """A row of FEATURES for each candidate."""
    rows = np.zeros((len(candidates), len(FEATURES)), dtype=np.float32)
    shared = _of_turn(scene, len(candidates))
    by_age = sorted(candidates, key=lambda number: scene.turn.block - scene.recent.get(number, -_OLDEST))
    fitting = [number for number in by_age if people[number].sex in (scene.sex, "unknown")]
    fitting.sort(key=lambda number: -scene.salience.get(number, 0.0))
    cue = _Cue.of(scene, people)
    beat = _Beat.of(scene)
    cues = {number: _nearby(people[number].cues, scene.turn.block) for number in candidates}
    for place, number in enumerate(candidates):
        person = people[number]
        found = dict(shared)
        _weigh_cue(found, scene, cue, number, person, fitting)
        _weigh_beat(found, scene, beat, number, person)
        _weigh_telling(found, scene, number)
        _weigh_address(found, scene, number, person)
        _weigh_turns(found, scene, number)
        _weigh_person(found, scene, number, person, by_age, cues)
        row = rows[place]
        for name, value in found.items():
            row[_COLUMN[name]] = value
    return rows


def _of_turn(scene: Scene, candidates: int) -> dict[str, float]:
    turn = scene.turn
    form = turn.cue.reference.form if turn.cue else ""
    last = scene.before[0][0] if scene.before else None
    return {
        "bias": 1.0,
        "pronoun_cue": form == "pronoun",
        "noun_cue": form == "noun",
        "plain_cue": form != "" and scene.sex == "unknown",
        "alone_in_paragraph": not scene.around and turn.cue is None,
        "first_person": scene.first_person,
        "crowd": math.log1p(candidates) / 3,
        "follows_closely": last is not None and turn.block - last.block <= 1,
    }


# -- the cue ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cue:
    last_subject: int = -1
    last_mention: int = -1
    earlier: frozenset[int] = frozenset()

    @classmethod
    def of(cls, scene: Scene, people: Sequence[Person]) -> _Cue:
        """Who fits the cue's pronoun among those named before it, here and in the paragraph before."""
        cue = scene.turn.cue
        if cue is None:
            return cls()
        fitting = [
            (mention, who)
            for stretch in (scene.told, scene.around)
            for mention, who in stretch
            if mention.start < cue.start
            and who >= 0
            and (scene.sex == "unknown" or people[who].sex in (scene.sex, "unknown"))
        ]
        if not fitting:
            return cls()
        subjects = [who for mention, who in fitting if mention.subject]
        return cls(subjects[-1] if subjects else -1, fitting[-1][1], frozenset(who for _, who in fitting))


def _weigh_cue(
    found: dict[str, float], scene: Scene, cue: _Cue, number: int, person: Person, fitting: Sequence[int]
) -> None:
    if scene.turn.cue is None:
        return
    if scene.sex != "unknown":
        same = person.sex == scene.sex and not (person.narrator and found["pronoun_cue"])
        known = person.sex != "unknown" or (person.narrator and found["pronoun_cue"])
        found["cue_sex" if same else "cue_other_sex" if known else "cue_unknown_sex"] = 1.0
        found["cue_present"] = number == scene.present
        if number in fitting:
            found["cue_rank"] = 1.0 / (1 + fitting.index(number))
    found["cue_last_subject"] = number == cue.last_subject
    found["cue_last_mention"] = number == cue.last_mention
    found["cue_earlier"] = number in cue.earlier
    if number == scene.noun:
        found["noun_own"] = 1.0
        found["noun_own_weight"] = math.log1p(_nearby(person.told, scene.turn.block)) / 4
        found["noun_owned"] = scene.turn.cue.reference.title != ""


# -- the narration ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Beat:
    before: int = -1
    behind: int = -1
    subjects: frozenset[int] = frozenset()
    sex: str = "unknown"

    @classmethod
    def of(cls, scene: Scene) -> _Beat:
        subjects = [(mention, who) for mention, who in scene.around if mention.subject]
        before = [who for mention, who in subjects if mention.start < scene.turn.start]
        behind = [who for mention, who in subjects if mention.start >= scene.turn.start]
        first = subjects[0][0].reference.words[0] if subjects and subjects[0][0].reference.form == "pronoun" else ""
        return cls(
            before[-1] if before else -1,
            behind[0] if behind else -1,
            frozenset(who for _, who in subjects),
            {"she": "female", "he": "male"}.get(first, "unknown"),
        )


def _weigh_beat(found: dict[str, float], scene: Scene, beat: _Beat, number: int, person: Person) -> None:
    own = [mention for mention, who in scene.around if who == number]
    if own:
        found["beat_before"] = number == beat.before
        found["beat_behind"] = number == beat.behind
        found["beat_adjoins"] = any(0 <= mention.start - scene.turn.end <= _BESIDE for mention in own)
        found["beat_named"] = any(mention.subject and mention.reference.form == "name" for mention in own)
        if number in beat.subjects:
            found["beat_share"] = 1.0 / len(beat.subjects)
        else:
            found["beat_object"] = 1.0
    if beat.sex != "unknown" and scene.turn.cue is None:
        if person.sex == beat.sex and not person.narrator:
            found["beat_sex"] = 1.0
        elif person.sex != "unknown" or person.narrator:
            found["beat_other_sex"] = 1.0


def _weigh_telling(found: dict[str, float], scene: Scene, number: int) -> None:
    if scene.told:
        subjects = [who for mention, who in scene.told if mention.subject and who >= 0]
        known = [who for _, who in scene.told if who >= 0]
        if subjects:
            found["told_subject"] = subjects[-1] == number
            found["told_first"] = subjects[0] == number
            found["told_leads"] = scene.leads and subjects[-1] == number
        found["told_mention"] = number in known
        found["told_last"] = bool(known) and known[-1] == number
    subjects = [who for mention, who in scene.tells if mention.subject and who >= 0]
    found["tells_next"] = bool(subjects) and subjects[0] == number


def _weigh_address(found: dict[str, float], scene: Scene, number: int, person: Person) -> None:
    meant = scene.meant
    found["addresses"] = number in meant["addresses"]
    found["talks_of"] = number in meant["talks_of"]
    found["addressed_before"] = scene.called.get(number) == 1
    found["addressed_earlier"] = scene.called.get(number) == 2
    found["addressed_next"] = number in meant["addressed_next"]
    found["talked_of_before"] = number in meant["talked_of_before"]
    found["talked_of_next"] = number in meant["talked_of_next"]
    found["called_before"] = number in meant["called_before"]
    found["calls"] = number in meant["called"]
    found["called_next"] = number in meant["called_next"]
    for sex, name in ((scene.called_sex, ""), (scene.called_sex_next, "_next")):
        if "unknown" not in (sex, person.sex):
            found[("called_sex" if sex == person.sex else "called_other_sex") + name] = 1.0


# -- the conversation ------------------------------------------------------------------------------


def _weigh_turns(found: dict[str, float], scene: Scene, number: int) -> None:
    block = scene.turn.block
    before = scene.before
    if before:
        gap = block - before[0][0].block
        if before[0][1] == number:
            name = "spoke_here" if gap == 0 else "spoke_before" if gap <= _CLOSE else "spoke_apart"
            found[name] = 1.0
            found["spoke_asking"] = gap <= _CLOSE and gap > 0 and before[0][0].asks
        elif len(before) > 1 and before[1][1] == number:
            near = block - before[1][0].block <= 2 * _CLOSE
            found["spoke_that" if near else "spoke_that_apart"] = 1.0
        elif len(before) > 2 and before[2][1] == number:
            found["spoke_third"] = 1.0
        elif gap <= _CLOSE:
            found["newcomer"] = all(who != number for _, who in before)
        turns = [
            place for place, (turn, who) in enumerate(before) if who == number and block - turn.block <= 2 * _LATELY
        ]
        if turns:
            found["spoke_lately"] = math.log1p(len(turns)) / 2
            found["lately_age"] = 1.0 / (1 + turns[0])
    soon = 0.0
    for place, (turn, odds) in enumerate(scene.after):
        ahead = turn.block - block
        if ahead > 2 * _LATELY:
            break
        likely = odds.get(number, 0.0)
        soon += likely
        if place == 0 and ahead == 0:
            found["speaks_here_next"] = likely
        elif place == 0 and ahead <= _CLOSE:
            found["speaks_next"] = likely
        elif place == 1 and ahead <= 2 * _CLOSE:
            found["speaks_then"] = likely
        elif place == 2 and ahead <= 3 * _CLOSE:
            found["speaks_third"] = likely
    found["speaks_soon"] = math.log1p(soon) / 2


def _nearby(blocks: Sequence[int], block: int) -> int:
    """How many of the blocks lie around one. In a long book nobody is near all the time: what counts is this part of it."""
    return bisect_right(blocks, block + _AROUND) - bisect_left(blocks, block - _AROUND)


def _weigh_person(
    found: dict[str, float],
    scene: Scene,
    number: int,
    person: Person,
    by_age: Sequence[int],
    cues: Mapping[int, int],
) -> None:
    age = min(_OLDEST, scene.turn.block - scene.recent.get(number, scene.turn.block - _OLDEST))
    found["age"] = math.log1p(max(0, age)) / 3
    found["age_rank"] = 1.0 / (1 + by_age.index(number))
    found["salience"] = math.log1p(scene.salience.get(number, 0.0))
    found["cues"] = math.log1p(cues[number]) / 5
    found["cues_share"] = cues[number] / max(1, *cues.values())
    found["weight"] = math.log1p(_nearby(person.told, scene.turn.block)) / 6
    found["named"] = person.named
    found["described"] = not person.named and not person.narrator
    found["narrator"] = person.narrator
    found["narrator_says_i"] = person.narrator and any(
        mention.subject and mention.reference.words == ("i",) for mention, _ in scene.around
    )
    found["absent"] = person.absent
    found["unknown_sex"] = person.sex == "unknown"
