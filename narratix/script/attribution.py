"""Who speaks each turn: names beside the speech first, then everything that makes a person likely.

The order of the evidence follows the sieve of Muzny, Fang, Chang and Jurafsky, "A Two-stage Sieve Approach for Quote
Attribution" (EACL 2017); where no name stands beside a speech, the candidates are scored on all of it together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from narratix.script.cast import Character, Talk, gather
from narratix.script.decoding import Decoder, Odds, sex_of_pronoun
from narratix.script.ranker import rankers
from narratix.script.reading import Reading, Turn
from narratix.script.references import Reference
from narratix.script.revealing import reveal


@dataclass(slots=True)
class Attribution:
    """Speakers by turn: numbers into `characters`, and how sure each is (0..1)."""

    characters: list[Character]
    meaning: dict[Reference, int]
    speakers: list[int]
    confidences: list[float]
    narrator: int


def attribute(reading: Reading, passes: Sequence[Odds] | None = None) -> Attribution:
    """Decide for every turn. `passes` are the rankers of the first and the second reading, the shipped ones by default.
    A turn without any candidate gets a new, nameless character."""
    decoder = prepare(reading)
    decoded = decoder.decode(rankers() if passes is None else passes)
    _learn_sexes(reading, decoder.characters, decoded.speakers)
    return Attribution(
        decoder.characters, dict(decoder.meaning), decoded.speakers, decoded.confidences, decoder.narrator
    )


def prepare(reading: Reading) -> Decoder:
    """The cast of a reading, its narrator and what is known of everybody's sex, before any turn is decided."""
    characters, meaning = _characters(reading)
    narrator = _narrator(reading, characters, meaning)
    revealed = reveal(reading, characters, meaning)
    return Decoder(reading, characters, meaning, narrator, revealed)


def _characters(reading: Reading) -> tuple[list[Character], dict[Reference, int]]:
    counts: Counter[Reference] = Counter()
    for block in reading.mentions:
        counts.update(mention.reference for mention in block if mention.reference.form != "pronoun")
    for turn in reading.turns:
        counts.update(turn.addressed)
        if turn.cue and turn.cue.reference.form != "pronoun":
            counts[turn.cue.reference] += 1
    counts.update(reading.spoken)
    return gather(counts, _sex_votes(reading), _talk(reading))


def _talk(reading: Reading) -> Talk:
    """Who answers whom, and who calls whom, by the names beside the speeches and in them."""
    talk = Talk()
    for block in reading.mentions:
        if named := {mention.reference for mention in block if mention.reference.form == "name"}:
            talk.tell(named)
    before: Turn | None = None
    for turn in reading.turns:
        own = turn.cue.reference if turn.cue is not None and turn.cue.reference.form == "name" else None
        if own is not None:
            for reference in turn.addressed:
                talk.part(own, reference, 2)
        before, turn_before = turn, before
        if turn_before is None or turn.block - turn_before.block != 1 or turn_before.cue is None or turn.continues:
            continue
        other = turn_before.cue.reference
        if other.form != "name":
            continue
        if own is not None and own != other:
            talk.part(own, other, 1)
        if own != other:
            for reference in turn.addressed:
                talk.join(other, reference)
    return talk


def _narrator(reading: Reading, characters: list[Character], meaning: dict[Reference, int]) -> int:
    """The number of a first-person narrator, -1 without one. Known by name when people who talk with "I" call somebody by
    a name that the narration never uses."""
    if not reading.first_person:
        return -1
    told: Counter[int] = Counter()
    introduced: Counter[int] = Counter()
    for block in reading.mentions:
        for before, mention in pairwise((None, *block)):
            if mention is None or mention.reference.form == "pronoun":
                continue
            told[meaning[mention.reference]] += 1
            own = before is not None and before.reference.words in _FIRST_PERSON
            if (
                own
                and before is not None
                and mention.start - before.end <= _APPOSED
                and mention.reference.form == "name"
            ):
                introduced[meaning[mention.reference]] += 1
    called: Counter[int] = Counter()
    for turn in reading.turns:
        own = turn.cue is not None and turn.cue.reference.words == ("i",)
        if not own:
            called.update({meaning[reference] for reference in turn.addressed})
        else:
            called.subtract({meaning[reference] for reference in turn.addressed})
    talked_of: Counter[int] = Counter()
    for reference, count in reading.spoken.items():
        if reference in meaning:
            talked_of[meaning[reference]] += count
    likely = [
        (count + 3 * introduced[number] - 2 * told[number], -number)
        for number, count in called.items()
        if characters[number].has_a_name
        and count + introduced[number] >= 2
        and count + 4 * introduced[number] >= 4 * told[number]
        and 2 * (count + 4 * introduced[number]) >= talked_of[number]
    ]
    if likely:
        number = -max(likely)[1]
    else:
        number = len(characters)
        characters.append(Character(number))
    characters[number].narrator = True
    for word in ("i", "me", "my", "myself"):
        meaning[Reference("pronoun", "", (word,))] = number
    return number


def _learn_sexes(reading: Reading, characters: Sequence[Character], speakers: Sequence[int]) -> None:
    """Whoever is still of unknown sex: by "he said" beside their speeches, and by the "sir" of those who talk with them."""
    unknown = {character.number for character in characters if character.sex == "unknown"}
    turns = reading.turns
    for place, (turn, speaker) in enumerate(zip(turns, speakers, strict=True)):
        if speaker not in unknown:
            continue
        sex = sex_of_pronoun(turn.cue.reference) if turn.cue is not None else "unknown"
        if sex != "unknown":
            characters[speaker].votes[sex] += 1
        for other in (place - 1, place + 1):
            if 0 <= other < len(turns) and speakers[other] != speaker and abs(turns[other].block - turn.block) <= 2:
                characters[speaker].votes.update(turns[other].calls)


_FIRST_PERSON = (("i",), ("me",))
_APPOSED = 3
_TAKES_UP = frozenset(("he", "she", "himself", "herself"))
"""Pronouns that rather mean the last person named than the object of what that person does."""


def _sex_votes(reading: Reading) -> dict[Reference, Counter[str]]:
    """A pronoun votes for the last person named before it in its paragraph, twice when that is the subject."""
    votes: dict[Reference, Counter[str]] = defaultdict(Counter)
    for block in reading.mentions:
        last: Reference | None = None
        subject: Reference | None = None
        for mention in block:
            if mention.reference.form == "pronoun":
                sex = sex_of_pronoun(mention.reference)
                if sex != "unknown" and last is not None and mention.reference.words[0] in _TAKES_UP:
                    votes[last][sex] += 2 if last == subject else 1
                continue
            last = mention.reference
            if mention.subject:
                subject = last
    return votes
