"""Who speaks each turn: names beside the speech decide; elsewhere a ranker weighs the evidence for every likely person.

The text is read twice. The first reading goes forward and knows of the turns ahead only those that a name decides; the
second knows the odds of all of them, so that a conversation is settled from both of its ends.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from narratix.script.cast import Character
from narratix.script.evidence import Person, Scene, evidence
from narratix.script.lexicon import GIVEN_NAMES, PEOPLE, Sex, sex_of_noun
from narratix.script.reading import Reading, Turn
from narratix.script.references import Mention, Reference
from narratix.script.sexes import sex_of_pronoun

SURE_BY_NAME = 0.97
SURE_BY_RANK = 0.9
"""How often a cue that names somebody is right, and one that gives a rank or a description."""

_ANYBODY = frozenset(
    ["man", "woman", "girl", "boy", "lady", "gentleman", "fellow", "child", "youth", "lad", "lass", "person"]
) | {"creature", "voice", "young", "old", "other"}
_USUAL = 3
_WINDOW = 16
_POOL = 14
_AHEAD = 6
_BEHIND = 8
_NEAR = 1_500
_MANY = 100
_FORGOTTEN = 0.05
_ENOUGH = 2
_SPEAKS, _IS_CALLED, _IS_SUBJECT, _IS_NAMED, _ENTERS, _FADES = 0.6, 0.5, 0.6, 0.4, 2.5, 0.6
"""How much each adds to a person's presence, and what is left of it a paragraph later."""

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


class Revealed(NamedTuple):
    """Within [start, end) a description means character `number`: the stranger whom somebody then calls by name."""

    start: int
    end: int
    number: int


@dataclass(slots=True)
class Decoder:
    """Decides every turn of a reading. `characters` grows by one nameless voice when somebody unknown speaks."""

    reading: Reading
    characters: list[Character]
    meaning: Mapping[Reference, int]
    narrator: int
    revealed: Mapping[int, Sequence[Revealed]] = field(default_factory=dict)
    """Descriptions, by the number of their own character, that mean somebody who is named later."""
    people: list[Person] = field(init=False)
    fixed: list[int] = field(init=False)
    may_speak: list[bool] = field(init=False)
    most_cues: int = field(init=False)

    def __post_init__(self) -> None:
        self.fixed = [self._named_by_cue(turn) for turn in self.reading.turns]
        cues = Counter(self._cue_means(turn) for turn in self.reading.turns)
        seen = {self.meaning.get(mention.reference, -1) for block in self.reading.mentions for mention in block}
        present = seen.union(self.fixed)
        self.people = [
            Person(
                character.sex,
                character.named,
                cues[character.number],
                character.weight,
                character.number == self.narrator,
                character.number not in present and character.number != self.narrator,
            )
            for character in self.characters
        ]
        self.may_speak = [_is_person(character, cues[character.number]) for character in self.characters]
        self.most_cues = max((person.cues for person in self.people), default=0)

    def decode(self, passes: Sequence[Odds], watches: Sequence[Watch | None] = ()) -> Decoded:
        ahead: Sequence[Mapping[int, float]] = [{number: 1.0} if number >= 0 else {} for number in self.fixed]
        result = Decoded()
        for number, ranker in enumerate(passes):
            watch = watches[number] if number < len(watches) else None
            result = _Pass(self, ranker, ahead, watch).run()
            ahead = result.odds
        return result

    def somebody(self) -> int:
        """The nameless voice of whoever is not in the cast."""
        for character in self.characters:
            if not character.references and not character.narrator:
                return character.number
        self.characters.append(Character(len(self.characters)))
        self.people.append(Person("unknown", False, 0, 0, False, True))
        self.may_speak.append(True)
        return len(self.characters) - 1

    def _named_by_cue(self, turn: Turn) -> int:
        if turn.cue is None:
            return -1
        if turn.cue.reference.form == "noun":
            meant = self._cue_means(turn)
            return meant if meant >= 0 and self._is_plain(turn.cue.reference, meant) else -1
        if turn.cue.reference.words == ("we",):
            return self.narrator
        return self.meaning.get(turn.cue.reference, -1)

    def _is_plain(self, description: Reference, meant: int) -> bool:
        """Whether a description needs no weighing: a calling that somebody goes by ("the captain"), not one that may take up
        anybody of that sex ("the man", "her mother")."""
        if self.characters[meant].named:
            return True
        return (
            not description.title and description.words[-1] not in _ANYBODY and self.characters[meant].weight >= _USUAL
        )

    def _cue_means(self, turn: Turn) -> int:
        return -1 if turn.cue is None else self.means(turn.cue.reference, turn.cue.start)

    def means(self, reference: Reference, offset: int) -> int:
        """Whom a reference at a place means, -1 for a pronoun other than a narrator's "I"."""
        number = self.meaning.get(reference, -1)
        for revealed in self.revealed.get(number, ()):
            if revealed.start <= offset < revealed.end:
                return revealed.number
        return number


def _is_person(character: Character, cues: int) -> bool:
    if cues or character.narrator:
        return True
    return any(
        (reference.form == "noun" and reference.words[-1] in PEOPLE)
        or (
            reference.form == "name"
            and ((reference.title and reference.title != "st") or reference.words[0] in GIVEN_NAMES)  # "St. Petersburg"
        )
        for reference in character.references
    )


@dataclass(slots=True)
class _Pass:
    """One reading from the first turn to the last."""

    decoder: Decoder
    ranker: Odds
    ahead: Sequence[Mapping[int, float]]
    watch: Watch | None
    result: Decoded = field(default_factory=Decoded)
    recent: dict[int, int] = field(default_factory=dict)
    """Character -> block of the last mention or speech, the most recent last."""
    salience: dict[int, float] = field(default_factory=dict)
    resolved: dict[int, int] = field(default_factory=dict)
    """Offset of a pronoun -> whom it means."""
    block: int = -1

    def run(self) -> Decoded:
        reading = self.decoder.reading
        unread: Sequence[Mention] = ()
        place_in_block = 0
        for place, turn in enumerate(reading.turns):
            while self.block < turn.block:
                self._note_all(unread[place_in_block:])
                place_in_block = 0
                self.block += 1
                unread = reading.mentions[self.block]
                self._fade()
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
            self._note(speaker, turn.block, _SPEAKS)
            for number in self._people_in(turn.addressed):
                self._note(number, turn.block, _IS_CALLED)
        return self.result

    # -- what was seen so far ------------------------------------------------------------------

    def _note_all(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            number = self.decoder.means(mention.reference, mention.start)
            if number < 0:
                sex = sex_of_pronoun(mention.reference)
                number = self.resolved.get(mention.start, -1)
                if number < 0 and sex != "unknown":
                    number = self._refer(sex)
                if number < 0:
                    continue
                self.resolved[mention.start] = number
            if self.decoder.may_speak[number]:
                enters = _ENTERS if mention.enters and mention.subject else 0.0
                self._note(number, self.block, (_IS_SUBJECT if mention.subject else _IS_NAMED) + enters)

    def _note(self, number: int, block: int, salience: float) -> None:
        self.recent.pop(number, None)
        self.recent[number] = block
        self.salience[number] = self.salience.get(number, 0.0) + salience

    def _fade(self) -> None:
        self.salience = {number: value * _FADES for number, value in self.salience.items() if value > _FORGOTTEN}

    def _refer(self, sex: Sex) -> int:
        """Whom "he" or "she" means here: the most present person of that sex, -1 for nobody."""
        best, most = -1, 0.1
        for number, value in self.salience.items():
            if number == self.decoder.narrator or not self.decoder.may_speak[number]:
                continue
            own = self.decoder.people[number].sex
            fit = value if own == sex else value * 0.4 if own == "unknown" else 0.0
            if fit > most:
                best, most = number, fit
        return best

    def _near(self, block: int, start: int, end: int) -> list[tuple[Mention, int]]:
        """The mentions of a block that begin in [start, end), with whom they mean; a block may be a whole book."""
        if not 0 <= block < len(self.decoder.reading.mentions):
            return []
        found = self.decoder.reading.mentions[block]
        if len(found) >= _MANY:
            first = bisect_left(found, start, key=_start)
            found = found[first : bisect_left(found, end, first, key=_start)]
        return [(mention, self._who(mention)) for mention in found if start <= mention.start < end]

    def _who(self, mention: Mention) -> int:
        number = self.decoder.means(mention.reference, mention.start)
        return number if number >= 0 else self.resolved.get(mention.start, -1)

    # -- deciding ------------------------------------------------------------------------------

    def _decide(self, place: int, turn: Turn) -> tuple[int, float, Mapping[int, float]]:
        fixed = self.decoder.fixed[place]
        if fixed >= 0:
            sure = SURE_BY_NAME if self.decoder.characters[fixed].named else SURE_BY_RANK
            return fixed, sure, {fixed: 1.0}
        if turn.continues and place:
            speaker = self.result.speakers[-1]
            return speaker, round(0.9 * self.result.confidences[-1] + 0.05, 3), self.result.odds[-1]
        scene = self._scene(place, turn)
        candidates = self._candidates(place, scene)
        if not candidates:
            somebody = self.decoder.somebody()
            return somebody, 0.1, {somebody: 1.0}
        rows = evidence(scene, candidates, self.decoder.people)
        if self.watch is not None:
            self.watch(place, candidates, rows)
        odds = self.ranker.odds(rows)
        best = int(odds.argmax())
        shares = {number: float(share) for number, share in zip(candidates, odds, strict=True)}
        return candidates[best], round(min(0.99, float(odds[best])), 3), shares

    def _scene(self, place: int, turn: Turn) -> Scene:
        decoder, turns = self.decoder, self.decoder.reading.turns
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
            noun=decoder.means(cue, turn.cue.start) if cue is not None and turn.cue and cue.form == "noun" else -1,
            around=self._near(turn.block, turn.start - _NEAR, turn.end + _NEAR),
            told=[] if spoken_before else self._near(turn.block - 1, turn.start - 2 * _NEAR, turn.start),
            tells=[] if spoken_behind else self._near(turn.block + 1, turn.end, turn.end + _NEAR),
            leads=turn.led,
            present=self._refer(sex) if sex != "unknown" else -1,
            before=before,
            after=[(turns[each], self.ahead[each]) for each in range(place + 1, min(len(turns), place + 1 + _BEHIND))],
            called=called,
            recent=self.recent,
            salience=self.salience,
            most_cues=decoder.most_cues,
            first_person=decoder.narrator >= 0,
            meant={
                "addresses": self._people_in(turn.addressed),
                "talks_of": self._people_in(turn.talked_of),
                "addressed_next": self._people_in(near_after.addressed if near_after else ()),
                "talked_of_before": self._people_in(near_before.talked_of if near_before else ()),
                "talked_of_next": self._people_in(near_after.talked_of if near_after else ()),
            },
        )

    def _people_in(self, references: Sequence[Reference]) -> frozenset[int]:
        numbers = (self.decoder.meaning[reference] for reference in references)
        return frozenset(number for number in numbers if self.decoder.may_speak[number])

    def _candidates(self, place: int, scene: Scene) -> list[int]:
        decoder = self.decoder
        pool: dict[int, None] = {}
        if scene.noun >= 0:
            pool[scene.noun] = None
        for _, number in (*scene.around, *scene.told):
            if number >= 0 and decoder.may_speak[number]:
                pool[number] = None
        for number in reversed(self.recent):
            if scene.turn.block - self.recent[number] > _WINDOW and len(pool) >= _ENOUGH:
                break
            pool[number] = None
            if len(pool) >= _POOL:
                break
        for number in decoder.fixed[place + 1 : place + 1 + _AHEAD]:
            if number >= 0:
                pool[number] = None
        pool.update(dict.fromkeys(scene.called))
        if len(pool) < _ENOUGH + 1:
            pool.update(dict.fromkeys(self._further_on(place, scene.turn)))
        if decoder.narrator >= 0:
            pool[decoder.narrator] = None
        if scene.sex != "unknown" or scene.noun >= 0:
            pool.pop(decoder.narrator, None)  # nobody tells of himself as "he" or "the man"
        return list(pool)

    def _further_on(self, place: int, turn: Turn) -> Iterator[int]:
        """At a story's start the speakers are often named only after they spoke."""
        decoder = self.decoder
        for block in decoder.reading.mentions[turn.block + 1 : turn.block + 5]:
            for mention in block:
                number = decoder.meaning.get(mention.reference, -1)
                if number >= 0 and decoder.may_speak[number]:
                    yield number
        for other in decoder.reading.turns[place : place + 5]:
            yield from sorted(self._people_in(other.addressed))


def _start(mention: Mention) -> int:
    return mention.start
