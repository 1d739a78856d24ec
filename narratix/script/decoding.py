"""Who speaks a turn that no name stands beside: every likely person is scored on all the evidence together.

Presence (who was mentioned lately, and as the subject) says whom a pronoun means, as in centering theory; a person whom the
story brings in with "a" takes the stage.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from narratix.script.cast import Character
from narratix.script.lexicon import GIVEN_NAMES, PEOPLE, Sex
from narratix.script.reading import Reading, Turn
from narratix.script.references import Mention, Reference

WEIGHTS: Mapping[str, float] = {
    "cue_sex": 2.1,
    "cue_other_sex": -6.0,
    "cue_unknown_sex": 0.6,
    "cue_last_subject": 2.0,
    "cue_earlier_here": 1.0,
    "cue_present": 1.5,
    "beat_subject": 3.0,
    "beat_first": 0.6,
    "beat_mention": 0.2,
    "beat_sex": 1.0,
    "beat_other_sex": -1.5,
    "spoke_before": -2.5,
    "spoke_before_apart": -0.3,
    "spoke_before_that": 1.2,
    "was_addressed": 1.1,
    "addresses": -5.0,
    "is_addressed_next": 1.0,
    "speaks_next": -2.4,
    "speaks_after_next": 0.9,
    "told_subject": 2.8,
    "told_mention": 0.4,
    "age": -0.15,
    "spoken_before": 0.35,
    "narrator": 0.3,
    "named": 0.5,
    "absent": -1.5,
    "beat_behind": 1.2,
    "beat_before": 0.8,
    "salience_speaker": 0.6,
    "salience_addressed": 0.5,
    "salience_subject": 0.6,
    "salience_enters": 2.5,
    "salience_other": 0.4,
    "salience_fade": 0.6,
}
"""What each kind of evidence is worth, chosen on the development part of LitBank."""

_WINDOW = 14
_POOL = 12
_BESIDE = 3
_OFTEN = 6
_NEAR = 1_500
_MANY = 100
_FORGOTTEN = 0.05


_SEX_OF_PRONOUN: Mapping[str, Sex] = {
    "she": "female", "her": "female", "herself": "female", "he": "male", "him": "male", "his": "male",
    "himself": "male",
}  # fmt: skip


def sex_of_pronoun(reference: Reference) -> Sex:
    return _SEX_OF_PRONOUN.get(reference.words[0], "unknown") if reference.form == "pronoun" else "unknown"


@dataclass(slots=True)
class Decoder:
    reading: Reading
    characters: list[Character]
    meaning: Mapping[Reference, int]
    narrator: int
    weights: Mapping[str, float]
    speakers: list[int] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    fixed: list[int] = field(default_factory=list)
    sexes: list[Sex] = field(default_factory=list)
    spoken: Counter[int] = field(default_factory=Counter)
    recent: dict[int, int] = field(default_factory=dict)
    """Character -> block of the last mention or speech, most recent last."""
    people: list[bool] = field(default_factory=list)
    salience: dict[int, float] = field(default_factory=dict)
    resolved: dict[int, int] = field(default_factory=dict)
    """Offset of a pronoun -> whom it means."""
    block: int = -1
    around: Sequence[Mention] = ()
    """Mentions near the turn in its own block, and `told` in the block before."""
    told: Sequence[Mention] = ()
    present: set[int] = field(default_factory=set)
    """Those whom the narration itself speaks of, not only people in their speeches."""

    def run(self) -> None:
        turns = self.reading.turns
        self.sexes = [character.sex for character in self.characters]
        self.fixed = [self._named_by_cue(turn) for turn in turns]
        told = Counter(number for number in self.fixed if number >= 0)
        seen = {self._who(mention) for block in self.reading.mentions for mention in block}
        self.present = seen.union(self.fixed)
        self.people = [_is_person(character, told[character.number]) for character in self.characters]
        block = -1
        unread: Sequence[Mention] = ()
        place_in_block = 0
        for place, turn in enumerate(turns):
            while block < turn.block:
                self._note_all(unread[place_in_block:])
                place_in_block = 0
                block += 1
                self.block = block
                unread = self.reading.mentions[block]
                self._fade()
            said_before = place_in_block
            while place_in_block < len(unread) and unread[place_in_block].start < turn.start:
                place_in_block += 1
            self._note_all(unread[said_before:place_in_block])
            self.around = self._near(turn.block, turn.start - _NEAR, turn.end + _NEAR)
            self.told = self._near(turn.block - 1, turn.start - 2 * _NEAR, turn.start) if turn.block else ()
            speaker, confidence = self._decide(place, turn)
            self.speakers.append(speaker)
            self.confidences.append(confidence)
            self.spoken[speaker] += 1
            if turn.cue is not None and turn.cue.reference.form == "pronoun":
                self.resolved[turn.cue.start] = speaker
            self._note(speaker, turn.block, self.weights["salience_speaker"])
            for reference in turn.addressed:
                if self.people[self.meaning[reference]]:
                    self._note(self.meaning[reference], turn.block, self.weights["salience_addressed"])

    # -- what was seen so far ------------------------------------------------------------------

    def _note_all(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            number = self.meaning.get(mention.reference, -1)
            if number < 0:
                sex = sex_of_pronoun(mention.reference)
                number = self.resolved.get(mention.start, -1)
                if number < 0 and sex != "unknown":
                    number = self._refer(sex)
                if number < 0:
                    continue
                self.resolved[mention.start] = number
            if self.people[number]:
                weight = self.weights["salience_subject" if mention.subject else "salience_other"]
                if mention.enters and mention.subject:
                    weight += self.weights["salience_enters"]
                self._note(number, self.block, weight)

    def _note(self, number: int, block: int, salience: float) -> None:
        self.recent.pop(number, None)
        self.recent[number] = block
        self.salience[number] = self.salience.get(number, 0.0) + salience

    def _fade(self) -> None:
        fade = self.weights["salience_fade"]
        self.salience = {number: value * fade for number, value in self.salience.items() if value > _FORGOTTEN}

    def _refer(self, sex: Sex) -> int:
        """Whom "he" or "she" means here: the most present person of that sex, -1 for nobody."""
        best, most = -1, 0.1
        for number, value in self.salience.items():
            if number == self.narrator or not self.people[number]:
                continue
            own = self.sexes[number]
            fit = value if own == sex else value * 0.4 if own == "unknown" else 0.0
            if fit > most:
                best, most = number, fit
        return best

    def _near(self, block: int, start: int, end: int) -> Sequence[Mention]:
        """The mentions of a block that begin in [start, end); a block may be a whole book."""
        found = self.reading.mentions[block]
        if len(found) < _MANY:
            return [mention for mention in found if start <= mention.start < end]
        first = bisect_left(found, start, key=_start)
        return found[first : bisect_left(found, end, first, key=_start)]

    def _who(self, mention: Mention) -> int:
        number = self.meaning.get(mention.reference, -1)
        return number if number >= 0 else self.resolved.get(mention.start, -1)

    def _named_by_cue(self, turn: Turn) -> int:
        if turn.cue is None:
            return -1
        if turn.cue.reference.words == ("we",):
            return self.narrator
        return self.meaning.get(turn.cue.reference, -1)

    # -- deciding ------------------------------------------------------------------------------

    def _decide(self, place: int, turn: Turn) -> tuple[int, float]:
        if self.fixed[place] >= 0:
            return self.fixed[place], 0.95 if self.characters[self.fixed[place]].named else 0.9
        if turn.continues and place:
            return self.speakers[-1], 0.9 * self.confidences[-1] + 0.05
        candidates = self._candidates(place, turn)
        if not candidates:
            return self._somebody(), 0.1
        scores = {number: self._score(number, place, turn) for number in candidates}
        best = max(scores, key=lambda number: (scores[number], -number))
        total = sum(math.exp(score - scores[best]) for score in scores.values())
        return best, round(min(0.9, 0.95 / total), 3)

    def _somebody(self) -> int:
        for character in self.characters:
            if not character.references and not character.narrator:
                return character.number
        self.characters.append(Character(len(self.characters)))
        self.sexes.append("unknown")
        self.people.append(True)
        return len(self.characters) - 1

    def _candidates(self, place: int, turn: Turn) -> list[int]:
        pool: dict[int, None] = {}
        for mention in self.around:
            number = self._who(mention)
            if number >= 0 and self.people[number]:
                pool[number] = None
        for number in reversed(self.recent):
            if turn.block - self.recent[number] > _WINDOW and len(pool) >= 2:
                break
            pool[number] = None
            if len(pool) >= _POOL:
                break
        for number in self.fixed[place + 1 : place + 4]:
            if number >= 0:
                pool[number] = None
        for other in self.reading.turns[max(0, place - 1) : place]:
            for reference in other.addressed:
                if self.people[self.meaning[reference]]:
                    pool[self.meaning[reference]] = None
        if len(pool) < 2:
            pool.update(dict.fromkeys(self._ahead(place, turn)))
        if self.narrator >= 0:
            pool[self.narrator] = None
        return list(pool)

    def _ahead(self, place: int, turn: Turn) -> Iterator[int]:
        """At a story's start the speakers are often named only after they spoke."""
        for block in self.reading.mentions[turn.block + 1 : turn.block + 5]:
            for mention in block:
                number = self.meaning.get(mention.reference, -1)
                if number >= 0 and self.people[number]:
                    yield number
        for other in self.reading.turns[place : place + 5]:
            for reference in other.addressed:
                if self.people[self.meaning[reference]]:
                    yield self.meaning[reference]

    def _score(self, number: int, place: int, turn: Turn) -> float:
        weights = self.weights
        turns = self.reading.turns
        score = self._cue_score(number, turn) + self._beat_score(number, turn)
        if place:
            previous = turns[place - 1]
            near = turn.block - previous.block <= 1
            if self.speakers[-1] == number:
                if turn.block > previous.block:
                    score += weights["spoke_before" if near else "spoke_before_apart"]
            elif turn.block - previous.block <= 2 and number in self._addressed(previous):
                score += weights["was_addressed"]
            if (
                place > 1
                and self.speakers[-2] == number != self.speakers[-1]
                and turn.block - turns[place - 2].block <= 4
            ):
                score += weights["spoke_before_that"]
        if number in self._addressed(turn):
            score += weights["addresses"]
        if place + 1 < len(turns) and turns[place + 1].block - turn.block <= 2:
            if self.fixed[place + 1] == number:
                score += weights["speaks_next"]
            elif number in self._addressed(turns[place + 1]):
                score += weights["is_addressed_next"]
            if place + 2 < len(turns) and turns[place + 2].block - turn.block <= 4 and self.fixed[place + 2] == number:
                score += weights["speaks_after_next"]
        score += self._told_score(number, place, turn)
        score += weights["age"] * min(_WINDOW, turn.block - self.recent.get(number, turn.block - 2))
        score += weights["spoken_before"] * math.log1p(min(_OFTEN, self.spoken[number]))
        score += weights["narrator"] * (number == self.narrator)
        score += weights["absent"] * (number not in self.present and number != self.narrator)
        return score + weights["named"] * self.characters[number].named

    def _addressed(self, turn: Turn) -> set[int]:
        return {self.meaning[reference] for reference in turn.addressed}

    def _cue_score(self, number: int, turn: Turn) -> float:
        if turn.cue is None or turn.cue.reference.form != "pronoun":
            return 0.0
        weights = self.weights
        score = 0.0
        sex = sex_of_pronoun(turn.cue.reference)
        if sex != "unknown":
            own = self.sexes[number]
            key = "cue_unknown_sex" if own == "unknown" else "cue_sex" if own == sex else "cue_other_sex"
            score += weights[key]
            if number == self.narrator:
                return -20.0
            if number == self._refer(sex):
                score += weights["cue_present"]
        earlier = [
            mention
            for stretch in (self.told, self.around)
            for mention in stretch
            if mention.start < turn.cue.start and self._who(mention) >= 0
        ]
        here = [mention for mention in earlier if mention.start >= turn.start - 600]
        fitting = [
            mention for mention in here if sex == "unknown" or self.sexes[self._who(mention)] in (sex, "unknown")
        ]
        if fitting:
            subjects = [mention for mention in fitting if mention.subject]
            if subjects and self._who(subjects[-1]) == number:
                score += weights["cue_last_subject"]
            elif any(self._who(mention) == number for mention in fitting):
                score += weights["cue_earlier_here"]
        return score

    def _beat_score(self, number: int, turn: Turn) -> float:
        """The narration of the turn's own paragraph."""
        weights = self.weights
        found = self.around
        subjects = [mention for mention in found if mention.subject]
        score = 0.0
        own = {mention.start for mention in found if self._who(mention) == number}
        if own:
            score += weights["beat_mention"]
            if any(0 <= start - turn.end <= _BESIDE for start in own):
                score += weights["beat_behind"]
            before = [mention for mention in subjects if mention.start < turn.start]
            if before and before[-1].start in own:
                score += weights["beat_before"]
            if any(mention.start in own for mention in subjects):
                score += weights["beat_subject"] / (1 + len({self._who(mention) for mention in subjects} - {-1}) * 0.35)
                if subjects[0].start in own:
                    score += weights["beat_first"]
        elif turn.cue is None and subjects and (sex := sex_of_pronoun(subjects[0].reference)) != "unknown":
            if self.sexes[number] == sex:
                score += weights["beat_sex"]
            elif self.sexes[number] != "unknown" or number == self.narrator:
                score += weights["beat_other_sex"]
        return score

    def _told_score(self, number: int, place: int, turn: Turn) -> float:
        """The narration right before the turn's paragraph, when nobody speaks in it."""
        before = turn.block - 1
        if before < 0 or (place and self.reading.turns[place - 1].block == before):
            return 0.0
        found = [mention for mention in self.told if self._who(mention) >= 0]
        subjects = [mention for mention in found if mention.subject]
        if subjects and self._who(subjects[-1]) == number:
            return self.weights["told_subject"]
        mentioned = any(self._who(mention) == number for mention in found)
        return self.weights["told_mention"] if mentioned else 0.0


def _start(mention: Mention) -> int:
    return mention.start


def _is_person(character: Character, told: int) -> bool:
    if told or character.narrator:
        return True
    return any(
        (reference.form == "noun" and reference.words[-1] in PEOPLE)
        or (reference.form == "name" and (reference.title or reference.words[0] in GIVEN_NAMES))
        for reference in character.references
    )
