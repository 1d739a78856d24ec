"""Who speaks each turn: names beside the speech decide; elsewhere a ranker weighs the evidence for every likely person.

The text is read three times. The first reading goes forward and knows of the turns ahead only those that a name decides; the
later ones know the odds of all of them. After each reading exchanges are decided as a whole, from both of their ends.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narratix.script.company import Company
from narratix.script.evidence import Person, Scene, evidence
from narratix.script.exchange import settle
from narratix.script.lexicon import Sex, sex_of_noun
from narratix.script.presence import ENTERS, IS_CALLED, IS_NAMED, IS_SUBJECT, SPEAKS, Presence
from narratix.script.reading import Turn
from narratix.script.references import Mention, Reference
from narratix.script.sexes import sex_of_pronoun

SURE_BY_NAME = 0.97
SURE_BY_RANK = 0.9
"""How often a cue that names somebody is right, and one that gives a rank or a description."""

_SUREST = 0.99
_WINDOW = 16
_POOL = 14
_AHEAD = 6
_BEHIND = 8
_NEAR = 1_500
_MANY = 100
_ENOUGH = 2

Watch = Callable[[int, Sequence[int], NDArray[np.float32]], None]
"""Called with the number of a turn, its candidates and their evidence."""


class Odds(Protocol):
    def odds(self, rows: NDArray[np.float32]) -> NDArray[np.float64]: ...


@dataclass(slots=True)
class Decoded:
    """Speakers by turn, how sure each is, and the odds of the candidates."""

    speakers: list[int] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    odds: list[Mapping[int, float]] = field(default_factory=list)

    def settle(self, turns: Sequence[Turn]) -> None:
        """Decide exchanges as a whole. What is sure by a name, or is nobody's, has one candidate and stays."""
        for place, (speaker, odds) in enumerate(settle(turns, self.odds)):
            if len(odds) > 1:
                self.speakers[place], self.odds[place] = speaker, odds
                self.confidences[place] = round(min(_SUREST, odds[speaker]), 3)


def decode(company: Company, passes: Sequence[Odds], watches: Sequence[Watch | None] = ()) -> Decoded:
    """Decide every turn, with a ranker for each reading."""
    ahead: Sequence[Mapping[int, float]] = [{number: 1.0} if number >= 0 else {} for number in company.fixed]
    result = Decoded()
    for number, ranker in enumerate(passes):
        watch = watches[number] if number < len(watches) else None
        result = _Pass(company, ranker, ahead, watch).run()
        result.settle(company.reading.turns)
        ahead = result.odds
    return result


@dataclass(slots=True)
class _Pass:
    """One reading from the first turn to the last."""

    company: Company
    ranker: Odds
    ahead: Sequence[Mapping[int, float]]
    watch: Watch | None
    result: Decoded = field(default_factory=Decoded)
    presence: Presence = field(default_factory=Presence)
    resolved: dict[int, int] = field(default_factory=dict)
    """Offset of a pronoun -> whom it means."""
    block: int = -1
    teller: int = -1
    """Who tells the story where the reading has come to."""
    people: Sequence[Person] = ()

    def run(self) -> Decoded:
        reading = self.company.reading
        unread: Sequence[Mention] = ()
        place_in_block = 0
        self.teller, self.people = self.company.narrator, self.company.people
        for place, turn in enumerate(reading.turns):
            if (teller := self.company.teller_at(turn.start)) != self.teller:
                self.teller, self.people = teller, self.company.people_told_by(teller)
            while self.block < turn.block:
                self._note_all(unread[place_in_block:])
                place_in_block = 0
                self.block += 1
                unread = reading.mentions[self.block]
                self.presence.fade()
            said_before = place_in_block
            while place_in_block < len(unread) and unread[place_in_block].start < turn.start:
                place_in_block += 1
            self._note_all(unread[said_before:place_in_block])
            speaker, confidence, odds = self._decide(place, turn)
            self.result.speakers.append(speaker)
            self.result.confidences.append(confidence)
            self.result.odds.append(odds)
            if turn.cue is not None and turn.cue.reference.form == "pronoun":
                self.resolved[turn.cue.start] = speaker
            self.presence.note(speaker, turn.block, SPEAKS)
            for number in self._people_in(turn.addressed):
                self.presence.note(number, turn.block, IS_CALLED)
        return self.result

    # -- what was seen so far ------------------------------------------------------------------

    def _note_all(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            number = self.company.means(mention.reference, mention.start)
            if number < 0:
                sex = sex_of_pronoun(mention.reference)
                number = self.resolved.get(mention.start, -1)
                if number < 0 and sex != "unknown":
                    number = self._most_present(sex)
                if number < 0:
                    continue
                self.resolved[mention.start] = number
            if self.company.may_speak[number]:
                enters = ENTERS if mention.enters and mention.subject else 0.0
                self.presence.note(number, self.block, (IS_SUBJECT if mention.subject else IS_NAMED) + enters)

    def _most_present(self, sex: Sex) -> int:
        """Whom "he" or "she" means here, -1 for nobody; never who tells the story."""
        listeners = (
            number for number in self.presence.salience if number != self.teller and self.company.may_speak[number]
        )
        return self.presence.most_present(sex, listeners, self.people)

    def _near(self, block: int, start: int, end: int) -> list[tuple[Mention, int]]:
        """The mentions of a block that begin in [start, end), with whom they mean; a block may be a whole book."""
        if not 0 <= block < len(self.company.reading.mentions):
            return []
        found = self.company.reading.mentions[block]
        if len(found) >= _MANY:
            first = bisect_left(found, start, key=_start)
            found = found[first : bisect_left(found, end, first, key=_start)]
        return [(mention, self._who(mention)) for mention in found if start <= mention.start < end]

    def _who(self, mention: Mention) -> int:
        number = self.company.means(mention.reference, mention.start)
        return number if number >= 0 else self.resolved.get(mention.start, -1)

    # -- deciding ------------------------------------------------------------------------------

    def _decide(self, place: int, turn: Turn) -> tuple[int, float, Mapping[int, float]]:
        fixed = self.company.fixed[place]
        if fixed >= 0:
            sure = SURE_BY_NAME if self.company.characters[fixed].named else SURE_BY_RANK
            return fixed, sure, {fixed: 1.0}
        if turn.continues and place:
            speaker = self.result.speakers[-1]
            return speaker, round(0.9 * self.result.confidences[-1] + 0.05, 3), self.result.odds[-1]
        scene = self._scene(place, turn)
        candidates = self._candidates(place, scene)
        if not candidates:
            somebody = self.company.somebody()
            self.people = self.company.people_told_by(self.teller)
            return somebody, 0.1, {somebody: 1.0}
        rows = evidence(scene, candidates, self.people)
        if self.watch is not None:
            self.watch(place, candidates, rows)
        odds = self.ranker.odds(rows)
        best = int(odds.argmax())
        shares = {number: float(share) for number, share in zip(candidates, odds, strict=True)}
        return candidates[best], round(min(_SUREST, float(odds[best])), 3), shares

    def _scene(self, place: int, turn: Turn) -> Scene:
        company, turns = self.company, self.company.reading.turns
        cue = turn.cue.reference if turn.cue else None
        sex: Sex = "unknown"
        if cue is not None:
            sex = sex_of_noun(cue.words[-1]) if cue.form == "noun" else sex_of_pronoun(cue)
        previous = turns[place - 1] if place else None
        spoken_before = previous is not None and previous.block == turn.block - 1
        spoken_behind = place + 1 < len(turns) and turns[place + 1].block == turn.block + 1
        following = turns[place + 1] if place + 1 < len(turns) else None
        before = [
            (turns[each], self.result.speakers[each]) for each in range(place - 1, max(-1, place - 1 - _BEHIND), -1)
        ]
        called: dict[int, int] = {}
        for distance, (other, _) in enumerate(before[:_ENOUGH], 1):
            if turn.block - other.block <= 2 * distance:
                for number in self._people_in(other.addressed):
                    called.setdefault(number, distance)
        near_before = previous if previous is not None and turn.block - previous.block <= _ENOUGH else None
        near_after = following if following is not None and following.block - turn.block <= _ENOUGH else None
        return Scene(
            turn=turn,
            sex=sex,
            noun=company.means(cue, turn.cue.start) if cue is not None and turn.cue and cue.form == "noun" else -1,
            around=self._near(turn.block, turn.start - _NEAR, turn.end + _NEAR),
            told=[] if spoken_before else self._near(turn.block - 1, turn.start - 2 * _NEAR, turn.start),
            tells=[] if spoken_behind else self._near(turn.block + 1, turn.end, turn.end + _NEAR),
            leads=turn.led,
            present=self._most_present(sex) if sex != "unknown" else -1,
            before=before,
            after=[(turns[each], self.ahead[each]) for each in range(place + 1, min(len(turns), place + 1 + _BEHIND))],
            called=called,
            recent=self.presence.recent,
            salience=self.presence.salience,
            first_person=self.teller >= 0,
            meant={
                "addresses": self._people_in(turn.addressed),
                "talks_of": self._people_in(turn.talked_of),
                "addressed_next": self._people_in(near_after.addressed if near_after else ()),
                "talked_of_before": self._people_in(near_before.talked_of if near_before else ()),
                "talked_of_next": self._people_in(near_after.talked_of if near_after else ()),
                "called_before": self._called(near_before),
                "called": self._called(turn),
                "called_next": self._called(near_after),
            },
            called_sex=_only_sex(near_before),
            called_sex_next=_only_sex(near_after),
        )

    def _people_in(self, references: Sequence[Reference]) -> frozenset[int]:
        numbers = (self.company.meaning[reference] for reference in references)
        return frozenset(number for number in numbers if self.company.may_speak[number])

    def _called(self, turn: Turn | None) -> frozenset[int]:
        """Who may be meant by "mamma" or "Captain" in a turn."""
        if turn is None or not turn.called:
            return frozenset()
        return frozenset().union(*(self.company.bearers.get(word, frozenset()) for word in turn.called))

    def _candidates(self, place: int, scene: Scene) -> list[int]:
        company = self.company
        pool: dict[int, None] = {}
        if scene.noun >= 0:
            pool[scene.noun] = None
        for _, number in (*scene.around, *scene.told):
            if number >= 0 and company.may_speak[number]:
                pool[number] = None
        for number in reversed(self.presence.recent):
            if scene.turn.block - self.presence.recent[number] > _WINDOW and len(pool) >= _ENOUGH:
                break
            if company.may_speak[number]:
                pool[number] = None
            if len(pool) >= _POOL:
                break
        for number in company.fixed[place + 1 : place + 1 + _AHEAD]:
            if number >= 0 and company.may_speak[number]:
                pool[number] = None
        pool.update(dict.fromkeys(scene.called))
        if len(pool) < _ENOUGH + 1:
            pool.update(dict.fromkeys(self._further_on(place, scene.turn)))
        if self.teller >= 0:
            pool[self.teller] = None
        if scene.sex != "unknown" or scene.noun >= 0:
            pool.pop(self.teller, None)  # nobody tells of himself as "he" or "the man"
        others = [number for number in pool if number not in scene.meant["addresses"]]
        return others or list(pool)  # hardly anybody calls himself by his name

    def _further_on(self, place: int, turn: Turn) -> Iterator[int]:
        """At a story's start the speakers are often named only after they spoke."""
        company = self.company
        for block in company.reading.mentions[turn.block + 1 : turn.block + 5]:
            for mention in block:
                number = company.means(mention.reference, mention.start)
                if number >= 0 and company.may_speak[number]:
                    yield number
        for other in company.reading.turns[place : place + 5]:
            yield from sorted(self._people_in(other.addressed))


def _start(mention: Mention) -> int:
    return mention.start


def _only_sex(turn: Turn | None) -> Sex:
    """The sex of everybody whom a turn calls "sir", "madam" or the like, if it is one."""
    if turn is None:
        return "unknown"
    female, male = turn.calls["female"], turn.calls["male"]
    return "unknown" if bool(female) == bool(male) else "female" if female else "male"
