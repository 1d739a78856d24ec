"""Who speaks each turn: names beside the speech first, then everything that makes a person likely.

The order of the evidence follows the sieve of Muzny, Fang, Chang and Jurafsky, "A Two-stage Sieve Approach for Quote
Attribution" (EACL 2017); where no name stands beside a speech, the candidates are scored on all of it together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from narratix.script.cast import Character
from narratix.script.company import Company
from narratix.script.decoding import Odds, decode
from narratix.script.gathering import gather
from narratix.script.ranker import rankers
from narratix.script.reading import Reading
from narratix.script.references import Reference
from narratix.script.revealing import reveal
from narratix.script.sexes import CALLED, SAID, prior, sex_of_pronoun
from narratix.script.talk import Talk
from narratix.script.tellers import FIRST_PERSON, Teller, tellers, told_by


@dataclass(slots=True)
class Attribution:
    """Speakers by turn: numbers into `characters`, and how sure each is (0..1)."""

    characters: list[Character]
    meaning: dict[Reference, int]
    speakers: list[int]
    confidences: list[float]
    narrator: int
    tellers: Sequence[Teller] = ()
    """Who tells the parts that others than the narrator tell."""


def attribute(reading: Reading, passes: Sequence[Odds] | None = None) -> Attribution:
    """Decide for every turn. `passes` are the rankers of each reading, the shipped ones by default.
    A turn without any candidate gets a new, nameless character."""
    company = prepare(reading)
    decoded = decode(company, rankers() if passes is None else passes)
    _learn_sexes(reading, company.characters, decoded.speakers)
    return Attribution(
        company.characters,
        dict(company.meaning),
        decoded.speakers,
        decoded.confidences,
        company.narrator,
        company.tellers,
    )


def prepare(reading: Reading) -> Company:
    """The cast of a reading, its narrator and what is known of everybody's sex, before any turn is decided."""
    characters, meaning = _characters(reading)
    told = tellers(reading.parts, reading.mentions, meaning, reading.ends)
    if _join_married(told, characters, meaning):
        told = tellers(reading.parts, reading.mentions, meaning, reading.ends)
    narrator = _chief_teller(told, reading.ends) if reading.first_person else -1
    if narrator < 0:
        narrator = _narrator(reading, characters, meaning, told)
    for number in {narrator, *(teller.number for teller in told)} - {-1}:
        characters[number].narrator = True
    revealed = reveal(reading, characters, meaning)
    return Company(reading, characters, meaning, narrator, revealed, told)


def _join_married(told: Sequence[Teller], characters: list[Character], meaning: dict[Reference, int]) -> bool:
    """Two women who tell and share a given name are one who married: Mina Murray, then Mina Harker. Says whether any were."""
    by_name: dict[str, int] = {}
    joined = False
    for number in dict.fromkeys(teller.number for teller in told):
        own = characters[number]
        given = {one.words[0] for one in own.references if one.form == "name" and len(one.words) > 1}
        known = next((by_name[word] for word in sorted(given) if word in by_name), number)
        by_name.update(dict.fromkeys(given, known))
        if known != number and own.sex == "female":
            _take_over(known, number, characters, meaning)
            joined = True
    return joined


def _take_over(number: int, other: int, characters: list[Character], meaning: dict[Reference, int]) -> None:
    """Everything that means `other` means `number` from now on."""
    own, gone = characters[number], characters[other]
    own.references.update(gone.references)
    own.votes.update(gone.votes)
    meaning.update(dict.fromkeys(gone.references, number))
    gone.references.clear()


def _chief_teller(told: Sequence[Teller], ends: int) -> int:
    """Who tells most of a story of which headings say who tells it, -1 when they leave much of it open."""
    shares = Counter[int]()
    for teller in told:
        shares[teller.number] += teller.end - teller.start
    return shares.most_common(1)[0][0] if shares and shares.total() >= _NEARLY_ALL * ends else -1


def _characters(reading: Reading) -> tuple[list[Character], dict[Reference, int]]:
    counts: Counter[Reference] = Counter()
    for block in reading.mentions:
        counts.update(mention.reference for mention in block if mention.reference.form != "pronoun")
    for turn in reading.turns:
        counts.update(turn.addressed)
        if turn.cue and turn.cue.reference.form != "pronoun":
            counts[turn.cue.reference] += 1
    counts.update(reading.spoken)
    counts.update(part.writer for part in reading.parts if part.writer is not None)
    return gather(counts, reading.sexes, _talk(reading))


def _talk(reading: Reading) -> Talk:
    """Who answers whom, and who calls whom, by the names beside the speeches and in them."""
    talk = Talk()
    for block in reading.mentions:
        if named := {mention.reference for mention in block if mention.reference.form == "name"}:
            talk.tell(named)
    for before, turn in zip((None, *reading.turns), reading.turns, strict=False):
        own = turn.cue.reference if turn.cue is not None and turn.cue.reference.form == "name" else None
        if own is not None:
            for reference in turn.addressed:
                talk.part(own, reference, 2)
        if before is None or turn.block - before.block != 1 or before.cue is None or turn.continues:
            continue
        other = before.cue.reference
        if other.form != "name":
            continue
        if own is not None and own != other:
            talk.part(own, other, 1)
        if own != other:
            for reference in turn.addressed:
                talk.join(other, reference)
    return talk


def _narrator(
    reading: Reading, characters: list[Character], meaning: dict[Reference, int], told: Sequence[Teller]
) -> int:
    """The number of a first-person narrator, -1 without one. Known by the names that people call who talk with "I", and that the
    narration hardly uses. What is `told` by others says nothing of them."""
    if not reading.first_person:
        return -1
    called = _Called.by(reading, meaning, told)
    likely = [
        (called.score(number), -number)
        for number in sorted({*called.by_others, *called.introduced})
        if characters[number].has_a_name and called.may_be_the_narrator(number)
    ]
    if likely:
        number = -max(likely)[1]
        _answers_to(number, characters, meaning, called)
    else:
        number = len(characters)
        characters.append(Character(number))
    for word in sorted(FIRST_PERSON):
        meaning[Reference("pronoun", "", (word,))] = number
    return number


def _answers_to(narrator: int, characters: list[Character], meaning: dict[Reference, int], called: _Called) -> None:
    """Other names by which "I" is called all the time: Rassendyll, whom his friends call Rudolf."""
    own = characters[narrator]
    for number in sorted(called.beside_i):
        other = characters[number]
        if number == narrator or not called.is_a_byname(number) or {own.sex, other.sex} == {"female", "male"}:
            continue
        _take_over(narrator, number, characters, meaning)


@dataclass(slots=True)
class _Called:
    """Who is called by name in a story told in the first person, by the numbers of characters."""

    turns: int
    own: int = 0
    """Turns of which the story says "said I"."""
    told: Counter[int] = field(default_factory=Counter)
    introduced: Counter[int] = field(default_factory=Counter)
    """ "I, Jim Hawkins" """
    by_others: Counter[int] = field(default_factory=Counter)
    beside_i: Counter[int] = field(default_factory=Counter)
    """Called in the turn before or behind one of the narrator's."""
    talked_of: Counter[int] = field(default_factory=Counter)
    cued: Counter[int] = field(default_factory=Counter)

    @classmethod
    def by(cls, reading: Reading, meaning: Mapping[Reference, int], told: Sequence[Teller]) -> _Called:
        turns = [turn for turn in reading.turns if told_by(told, turn.start) < 0]
        called = cls(len(turns))
        for block in reading.mentions:
            for before, mention in pairwise((None, *block)):
                if mention is None or mention.reference.form == "pronoun" or told_by(told, mention.start) >= 0:
                    continue
                called.told[meaning[mention.reference]] += 1
                own = before is not None and before.reference.words in _FIRST_PERSON
                if own and before is not None and mention.reference.form == "name":
                    called.introduced[meaning[mention.reference]] += mention.start - before.end <= _APPOSED
        says_i = [turn.cue is not None and turn.cue.reference.words == ("i",) for turn in turns]
        called.own = sum(says_i)
        for place, turn in enumerate(turns):
            named = {meaning[reference] for reference in turn.addressed}
            if turn.cue is not None and turn.cue.reference in meaning:
                called.cued[meaning[turn.cue.reference]] += 1
            if says_i[place]:
                called.by_others.subtract(named)
                continue
            called.by_others.update(named)
            if any(
                0 <= other < len(says_i) and says_i[other] and abs(turns[other].block - turn.block) <= _NEAR_I
                for other in (place - 1, place + 1)
            ):
                called.beside_i.update(named)
        for reference, count in reading.spoken.items():
            if reference in meaning:
                called.talked_of[meaning[reference]] += count
        return called

    def score(self, number: int) -> int:
        return self.by_others[number] + 3 * (self.beside_i[number] + self.introduced[number] - self.told[number])

    def may_be_the_narrator(self, number: int) -> bool:
        count, introduced, beside = self.by_others[number], self.introduced[number], self.beside_i[number]
        if count + beside + introduced < (_CALLED if self.turns >= _LONG_STORY else 2):
            return False
        if self.own >= _OFTEN_I and not introduced and (beside < 2 or beside * 8 < count):
            return False
        weight = count + 4 * introduced + 3 * beside
        return weight >= 3 * self.told[number] and 2 * weight >= self.talked_of[number]

    def is_a_byname(self, number: int) -> bool:
        count, beside = self.by_others[number], self.beside_i[number]
        return (
            beside >= _CALLED
            and 3 * beside >= count > 0
            and 3 * self.told[number] <= count
            and 10 * self.cued[number] <= count
        )


def _learn_sexes(reading: Reading, characters: Sequence[Character], speakers: Sequence[int]) -> None:
    """Whoever is still of unknown sex: by "he said" beside their speeches, by the "sir" of those who talk with them, and by what
    their name or calling makes likely."""
    unknown = {character.number for character in characters if character.sex == "unknown"}
    turns = reading.turns
    for place, (turn, speaker) in enumerate(zip(turns, speakers, strict=True)):
        if speaker not in unknown:
            continue
        sex = sex_of_pronoun(turn.cue.reference) if turn.cue is not None else "unknown"
        if sex != "unknown":
            characters[speaker].votes[sex] += SAID
        for other in (place - 1, place + 1):
            if 0 <= other < len(turns) and speakers[other] != speaker and abs(turns[other].block - turn.block) <= 2:
                characters[speaker].votes.update({sex: CALLED * count for sex, count in turns[other].calls.items()})
    for number in sorted(unknown):
        one = characters[number]
        one.votes.update(prior(one.references, narrator=one.narrator))


_FIRST_PERSON = (("i",), ("me",))
_NEARLY_ALL = 0.8
_APPOSED = 3
_NEAR_I = 2
_CALLED, _LONG_STORY, _OFTEN_I = 4, 100, 30
"""How often somebody must be called to be the narrator of a story of so many turns, and how many "said I" tell."""
