"""The script engine over a language model: rules tile the text, the model finds the cast and labels the lines.

The ladder, where an answer is of no use: the chunk is halved and asked again, and at its end the rules label those
lines, which are then named in the script's notes. Nothing of the text can be lost on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from narratix.events.catalogue import CastMember, Gender, Segment, Usage
from narratix.ports import Script, StoryDraft, Unwanted
from narratix.providers.language import labels as contract
from narratix.providers.language.judging import judge
from narratix.providers.language.labels import Character, Chunk, FoundCast, Label, Unusable
from narratix.providers.language.oracle import Heard, Oracle, Question, prompt
from narratix.providers.language.storytelling import tell
from narratix.script.engine import NARRATOR, write_script
from narratix.script.tiling import NothingToRead

FIND_CAST: Final = "find-cast-1"
LABEL_LINES: Final = "label-lines-2"
DEEPEST: Final = 3
"""How often a chunk is halved before the rules take it: 60 lines become 8."""

AT_ONCE: Final = 3
GUESSED: Final = 0.4
"""The confidence of a line that the rules labelled because the model did not."""

UNNAMED: Final[dict[str, tuple[str, Gender]]] = {
    "man": ("A man", "male"),
    "woman": ("A woman", "female"),
    "voice": ("A voice", "unknown"),
}
"""Speakers that the cast list does not name."""


@dataclass(slots=True)
class _Reading:
    """What is known while a text is read. `rules` is the script that the rules made of it."""

    text: str
    rules: Script
    cast: list[Character] = field(default_factory=list)
    narrator: int | None = None
    usage: list[Usage] = field(default_factory=list)
    guessed: list[tuple[int, str]] = field(default_factory=list)

    @property
    def speakers(self) -> list[str]:
        people = [f"p{number}" for number in range(len(self.cast)) if number != self.narrator]
        return [NARRATOR, *people, *UNNAMED]

    def listed(self) -> str:
        """The closed cast list, as every question about lines shares it."""
        rows = [f"{NARRATOR}: reads what nobody speaks"]
        for number, character in enumerate(self.cast):
            called = ", ".join((character.name, *character.aliases))
            if number == self.narrator:
                rows[0] = f"{NARRATOR}: tells the story and speaks in it as {called} ({character.gender})"
            else:
                rows.append(f"p{number}: {called} ({character.gender})")
        rows += [f"{id}: {name}, when none of the above speaks" for id, (name, _) in UNNAMED.items()]
        return "<cast>\n" + "\n".join(rows).replace("</", "<\u200b/") + "\n</cast>"


class LabelledLanguage:
    """A language model as script engine and storyteller. `name` is how settings and scripts call it."""

    def __init__(self, name: str, oracle: Oracle) -> None:
        self.name = name
        self.provider = oracle.name
        self.model = oracle.model
        self._oracle = oracle

    # -- scripts ---------------------------------------------------------------------------

    async def write_script(self, text: str) -> Script:
        """Raises ProviderError: permanent for a text without anything to read and one that the policy refuses."""
        try:
            rules = await asyncio.to_thread(write_script, text)
        except NothingToRead as nothing:
            raise Unwanted(str(nothing)) from nothing
        judgement = await judge(self._oracle, text)
        if judgement.refused:
            raise Unwanted(judgement.sentence)
        reading = _Reading(text, rules, usage=list(judgement.usage))
        if not any(segment.kind == "speech" for segment in rules.segments):
            return self._script(reading, [], judgement.sentence)
        await self._find_cast(reading)
        labels = await self._label_all(reading)
        return self._script(reading, labels, judgement.sentence)

    async def _find_cast(self, reading: _Reading) -> None:
        narrator = ""
        for part in contract.cast_parts(reading.text):
            found = await self._ask_cast(reading, part)
            reading.cast = contract.merged(reading.cast, found.characters)
            narrator = narrator or found.narrator
        if not narrator:
            return
        reading.narrator = contract.place_of(narrator, reading.cast)
        if reading.narrator is None:
            reading.narrator = len(reading.cast)
            reading.cast.append(Character(name=narrator))

    async def _ask_cast(self, reading: _Reading, part: str) -> FoundCast:
        question = Question(
            prompt=FIND_CAST,
            instructions=prompt(FIND_CAST),
            data=contract.cast_question(part, reading.cast),
            schema=contract.cast_schema(),
        )
        answer = await self._oracle.ask(question)
        reading.usage.extend(answer.usage)
        try:
            if answer.stop != "end":
                raise Unusable(_why(answer.stop, answer.category))
            return contract.read_cast(answer.text)
        except Unusable:
            # the rules know most of a cast; who they miss still speaks as an unnamed voice
            members = [member for member in reading.rules.cast if not member.narrator]
            told = next((member for member in reading.rules.cast if member.narrator), None)
            first_person = told.name if told is not None and told.name != "Narrator" else ""
            return FoundCast(characters=tuple(map(_character, members)), narrator=first_person)

    async def _label_all(self, reading: _Reading) -> list[Label]:
        chunks = contract.chunks(reading.rules.segments, _paragraphs(reading))
        seats = asyncio.Semaphore(AT_ONCE)

        async def one(chunk: Chunk) -> list[Label]:
            async with seats:
                return await self._label(reading, chunk, 0)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(chunk)) for chunk in chunks]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first one cancelled the others
        return [label for task in tasks for label in task.result()]

    async def _label(self, reading: _Reading, chunk: Chunk, depth: int) -> list[Label]:
        speakers = reading.speakers
        question = Question(
            prompt=LABEL_LINES,
            instructions=prompt(LABEL_LINES),
            shared=reading.listed(),
            data=contract.label_question(reading.text, reading.rules.segments, chunk),
            schema=contract.label_schema(speakers),
            max_tokens=500 + contract.TOKENS_PER_LABEL * len(chunk.lines),
        )
        answer = await self._oracle.ask(question)
        reading.usage.extend(answer.usage)
        try:
            if answer.stop != "end":
                raise Unusable(_why(answer.stop, answer.category))
            return contract.read_labels(answer.text, chunk, speakers)
        except Unusable as problem:
            if depth < DEEPEST and len(chunk.lines) > 1:
                first, second = chunk.halves()
                return [
                    *await self._label(reading, first, depth + 1),
                    *await self._label(reading, second, depth + 1),
                ]
            reading.guessed.extend((line, str(problem)) for line in chunk.lines)
            return [self._guess(reading, line) for line in chunk.lines]

    def _guess(self, reading: _Reading, line: int) -> Label:
        """The rules' label of a line, in terms of the found cast."""
        segment = reading.rules.segments[line]
        member = next(member for member in reading.rules.cast if member.id == segment.speaker)
        place = contract.place_of(member.name, reading.cast)
        if member.narrator or (place is not None and place == reading.narrator):
            speaker = NARRATOR
        elif place is not None:
            speaker = f"p{place}"
        else:
            speaker = {"male": "man", "female": "woman"}.get(member.gender, "voice")
        return Label(
            id=line,
            speaker=speaker,
            direction=segment.direction,
            heard_through=contract.NOTHING,  # the direction of the rules has it
            speed=segment.speed,
            pause_after=segment.pause_after,
            confidence=min(GUESSED, segment.confidence),
        )

    def _script(self, reading: _Reading, labels: Sequence[Label], judged: str) -> Script:
        by_line = {label.id: label for label in labels}
        ids: dict[str, str] = {NARRATOR: NARRATOR}
        segments: list[Segment] = []
        for number, segment in enumerate(reading.rules.segments):
            if (label := by_line.get(number)) is not None:
                speaker = ids.setdefault(label.speaker, f"c{len(ids)}")
                segment = replace(
                    segment,
                    speaker=speaker,
                    direction=label.direction,
                    speed=round(label.speed, 2),
                    # the rules know of paragraph and scene ends, which no shorter pause may swallow
                    pause_after=round(max(label.pause_after, segment.pause_after), 2),
                    confidence=round(label.confidence, 2),
                )
            segments.append(segment)
        return Script(
            engine=f"{self._oracle.model}+{FIND_CAST}+{LABEL_LINES}",
            language=reading.rules.language,
            segments=tuple(segments),
            cast=tuple(_member(reading, speaker, id) for speaker, id in ids.items()),
            music=reading.rules.music,
            effects=reading.rules.effects,
            notes=(*self._notes(reading), f"Content: {judged}."),
            usage=(*reading.rules.usage, *_summed(reading.usage)),
        )

    def _notes(self, reading: _Reading) -> list[str]:
        if not reading.guessed:
            return [note for note in reading.rules.notes if "guess" not in note]
        lines = ", ".join(str(line) for line, _ in reading.guessed[:20])
        reasons = "; ".join(dict.fromkeys(reason for _, reason in reading.guessed))
        return [
            f"{len(reading.guessed)} lines were given to their speakers by the rules, for review ({lines}): {reasons}."
        ]

    # -- stories ---------------------------------------------------------------------------

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Heard | None = None
    ) -> StoryDraft:
        """`length` in words; `heard` is told the story as it is written. Raises ProviderError: permanent for an unknown
        template, and for a premise or a story that the policy refuses."""
        return await tell(self._oracle, template, premise, length, seed, heard)

    async def close(self) -> None:
        await self._oracle.close()


def _why(stop: str, category: str) -> str:
    if stop == "refusal":
        return f"the model refused them ({category or 'no category named'})"
    return "the answer was cut off at its longest"


def _character(member: CastMember) -> Character:
    return Character(name=member.name, aliases=member.aliases, gender=member.gender)


def _member(reading: _Reading, speaker: str, id: str) -> CastMember:
    if speaker in UNNAMED:
        name, gender = UNNAMED[speaker]
        return CastMember(id=id, name=name, gender=gender)
    place = reading.narrator if speaker == NARRATOR else int(speaker[1:])
    if place is None:
        return CastMember(id=NARRATOR, name="Narrator", narrator=True)
    character = reading.cast[place]
    return CastMember(
        id=id,
        name=character.name,
        aliases=character.aliases,
        gender=character.gender,
        narrator=speaker == NARRATOR,
    )


def _paragraphs(reading: _Reading) -> list[int]:
    """The segments that begin a paragraph: blanks belong to the segment before them."""
    begins = [0]
    for number, segment in enumerate(reading.rules.segments[:-1], 1):
        words = reading.text[segment.start : segment.end]
        if "\n" in words[len(words.rstrip()) :]:
            begins.append(number)
    return begins


def _summed(usages: Sequence[Usage]) -> list[Usage]:
    """One entry per model, unit and whether it was remembered."""
    totals: dict[tuple[str, str, str, bool], Usage] = {}
    for usage in usages:
        key = (usage.provider, usage.model, usage.unit, usage.cached)
        old = totals.get(key)
        totals[key] = (
            usage
            if old is None
            else replace(old, units=old.units + usage.units, cost_usd=round(old.cost_usd + usage.cost_usd, 6))
        )
    return list(totals.values())
