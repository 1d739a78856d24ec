"""Who speaks each turn: names beside the speech first, then everything that makes a person likely.

The order of the evidence follows the sieve of Muzny, Fang, Chang and Jurafsky, "A Two-stage Sieve Approach for Quote
Attribution" (EACL 2017); where no name stands beside a speech, the candidates are scored on all of it together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narratix.script.cast import Character, gather
from narratix.script.decoding import WEIGHTS, Decoder, sex_of_pronoun
from narratix.script.reading import Reading
from narratix.script.references import Reference


@dataclass(slots=True)
class Attribution:
    """Speakers by turn: numbers into `characters`, and how sure each is (0..1)."""

    characters: list[Character]
    meaning: dict[Reference, int]
    speakers: list[int]
    confidences: list[float]
    narrator: int


def attribute(reading: Reading, weights: Mapping[str, float] = WEIGHTS) -> Attribution:
    """Decide for every turn. Raises nothing: a turn without any candidate gets a new, nameless character."""
    characters, meaning = _characters(reading)
    narrator = _narrator(reading, characters, meaning)
    _vote_on_sexes(reading, characters, meaning)
    decoder = Decoder(reading, characters, meaning, narrator, weights)
    decoder.run()
    return Attribution(decoder.characters, meaning, decoder.speakers, decoder.confidences, narrator)


def _characters(reading: Reading) -> tuple[list[Character], dict[Reference, int]]:
    counts: Counter[Reference] = Counter()
    for block in reading.mentions:
        counts.update(mention.reference for mention in block if mention.reference.form != "pronoun")
    for turn in reading.turns:
        counts.update(turn.addressed)
        if turn.cue and turn.cue.reference.form != "pronoun":
            counts[turn.cue.reference] += 1
    counts.update(reading.spoken)
    return gather(counts)


def _narrator(reading: Reading, characters: list[Character], meaning: dict[Reference, int]) -> int:
    """The number of a first-person narrator, -1 without one. Known by name when people who talk with "I" call somebody by
    a name that the narration never uses."""
    if not reading.first_person:
        return -1
    told = {
        meaning[mention.reference]
        for block in reading.mentions
        for mention in block
        if mention.reference.form != "pronoun"
    }
    called: Counter[int] = Counter()
    for turn in reading.turns:
        own = turn.cue is not None and turn.cue.reference.words == ("i",)
        if not own:
            called.update({meaning[reference] for reference in turn.addressed})
    talked_of: Counter[int] = Counter()
    for reference, count in reading.spoken.items():
        if reference in meaning:
            talked_of[meaning[reference]] += count
    likely = [
        (count, -number)
        for number, count in called.items()
        if number not in told and count >= 2 and count >= 2 * talked_of[number]
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


def _vote_on_sexes(reading: Reading, characters: Sequence[Character], meaning: Mapping[Reference, int]) -> None:
    """A pronoun votes for the last person named before it in its paragraph."""
    for block in reading.mentions:
        last = -1
        subject = -1
        for mention in block:
            if mention.reference.form == "pronoun":
                sex = sex_of_pronoun(mention.reference)
                if sex != "unknown" and last >= 0:
                    characters[last].votes[sex] += 2 if last == subject else 1
                continue
            last = meaning[mention.reference]
            if mention.subject:
                subject = last
