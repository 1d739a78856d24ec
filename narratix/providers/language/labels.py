"""The labels-only contract: code tiles the text, a model says who speaks each line and how. Pure.

No model ever retypes prose, so none can lose or change a word. What it answers is checked: every line that was asked
for, once, with a speaker of the cast list. Whatever is wrong is said in a sentence, and the caller asks anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from narratix.events.catalogue import Gender, Segment
from narratix.script.directions import MEDIA

NOTHING: Final = "nothing"
"""What a line in the open air is heard through."""

CHUNK_CHARACTERS: Final = 9_000
"""Of text in one question. Its answer then stays well under a model's output limit."""

CHUNK_LINES: Final = 60
BEFORE_CHARACTERS: Final = 1_500
TOKENS_PER_LABEL: Final = 70
LONGEST_DIRECTION: Final = 60
CAST_CHARACTERS: Final = 120_000
"""Of text in one question for the cast."""


class Unusable(ValueError):
    """An answer that breaks its contract. Its text says how."""


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who speaks, as a model found them."""

    name: str
    aliases: tuple[str, ...] = ()
    gender: Gender = "unknown"


class FoundCast(msgspec.Struct, frozen=True, kw_only=True):
    characters: tuple[Character, ...]
    narrator: str = ""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says of line `id`, the number of a segment. Units as in `Segment`. `heard_through` is one of MEDIA, or
    NOTHING."""

    id: int
    speaker: str
    direction: str
    heard_through: str
    speed: float
    pause_after: float
    confidence: float


class _Labels(msgspec.Struct, frozen=True, kw_only=True):
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Segments [first, last) of a script, and which of them are speech, to be labelled."""

    first: int
    last: int
    lines: tuple[int, ...]

    def halves(self) -> tuple[Chunk, Chunk]:
        """Two chunks with half of the lines each; of at least two lines."""
        middle = self.lines[len(self.lines) // 2]
        return (
            Chunk(self.first, middle, tuple(line for line in self.lines if line < middle)),
            Chunk(middle, self.last, tuple(line for line in self.lines if line >= middle)),
        )


# -- the cast --------------------------------------------------------------------------------------


def cast_schema() -> dict[str, Any]:
    character = _object(
        name={"type": "string"},
        aliases={"type": "array", "items": {"type": "string"}},
        gender={"type": "string", "enum": ["female", "male", "unknown"]},
    )
    return _object(characters={"type": "array", "items": character}, narrator={"type": "string"})


def cast_parts(text: str) -> Iterator[str]:
    """The text in parts of at most CAST_CHARACTERS, cut at paragraph ends where there are any."""
    start = 0
    while start < len(text):
        end = min(len(text), start + CAST_CHARACTERS)
        if end < len(text):
            paragraph = text.rfind("\n\n", start + CAST_CHARACTERS // 2, end)
            end = paragraph + 2 if paragraph > 0 else end
        yield text[start:end]
        start = end


def cast_question(part: str, known: Sequence[Character]) -> str:
    names = msgspec.json.encode([character.name for character in known]).decode()
    return f"<known>{names}</known>\n<story>\n{_inert(part)}\n</story>"


def read_cast(answer: str) -> FoundCast:
    """Raises Unusable."""
    try:
        found = msgspec.json.decode(answer, type=FoundCast)
    except msgspec.MsgspecError as problem:
        raise Unusable(f"the cast list does not fit its schema ({problem})") from problem
    if any(not character.name.strip() for character in found.characters):
        raise Unusable("a character has no name")
    return found


def merged(known: Sequence[Character], found: Sequence[Character]) -> list[Character]:
    """One entry per character: who shares a name with a known one adds what else they are called."""
    characters = list(known)
    for new in found:
        name = _folded(new.name)
        place = next((i for i, old in enumerate(characters) if name in _names(old)), None)
        if place is None:
            characters.append(new)
            continue
        old = characters[place]
        others = dict.fromkeys(alias for alias in (*old.aliases, new.name, *new.aliases) if alias != old.name)
        gender = new.gender if old.gender == "unknown" else old.gender
        characters[place] = Character(name=old.name, aliases=tuple(others), gender=gender)
    return characters


def place_of(name: str, characters: Sequence[Character]) -> int | None:
    """The first character called `name`."""
    return next((i for i, one in enumerate(characters) if _folded(name) in _names(one)), None)


# -- the lines -------------------------------------------------------------------------------------


def chunks(segments: Sequence[Segment], blocks: Sequence[int]) -> list[Chunk]:
    """The script in chunks that end where a paragraph does; `blocks` are the segments that begin one."""
    begins = set(blocks)
    made: list[Chunk] = []
    first = 0
    for place in range(1, len(segments) + 1):
        at_end = place == len(segments)
        size = segments[place - 1].end - segments[first].start
        lines = sum(segment.kind == "speech" for segment in segments[first:place])
        full = size >= CHUNK_CHARACTERS or lines >= CHUNK_LINES
        overfull = size >= 2 * CHUNK_CHARACTERS or lines >= 2 * CHUNK_LINES
        if at_end or overfull or (full and place in begins):
            spoken = tuple(number for number in range(first, place) if segments[number].kind == "speech")
            if spoken:
                made.append(Chunk(first, place, spoken))
            first = place
    return made


def label_schema(speakers: Sequence[str]) -> dict[str, Any]:
    label = _object(
        id={"type": "integer"},
        speaker={"type": "string", "enum": list(speakers)},
        direction={"type": "string"},
        heard_through={"type": "string", "enum": [NOTHING, *MEDIA]},
        speed={"type": "number"},
        pause_after={"type": "number"},
        confidence={"type": "number"},
    )
    return _object(labels={"type": "array", "items": label})


def label_question(text: str, segments: Sequence[Segment], chunk: Chunk) -> str:
    asked = set(chunk.lines)
    rows = []
    for number in range(chunk.first, chunk.last):
        words = text[segments[number].start : segments[number].end].strip()
        rows.append(_json({"id": number, "speech": words} if number in asked else {"narration": words}))
    begins = segments[chunk.first].start
    before = text[max(0, begins - BEFORE_CHARACTERS) : begins].strip()
    lines = "\n".join(rows)
    return f"<before>\n{_inert(before)}\n</before>\n<lines>\n{lines}\n</lines>"


def read_labels(answer: str, chunk: Chunk, speakers: Sequence[str]) -> list[Label]:
    """The labels of a chunk, with directions, speeds and pauses brought within bounds; what a line is heard through stands
    at the end of its direction. Raises Unusable."""
    try:
        labels = msgspec.json.decode(answer, type=_Labels).labels
    except msgspec.MsgspecError as problem:
        raise Unusable(f"the labels do not fit their schema ({problem})") from problem
    ids = [label.id for label in labels]
    if len(set(ids)) < len(ids):
        raise Unusable("a line was labelled twice")
    if missing := sorted(set(chunk.lines) - set(ids)):
        raise Unusable(f"{len(missing)} of {len(chunk.lines)} lines were left out, the first is {missing[0]}")
    if foreign := sorted(set(ids) - set(chunk.lines)):
        raise Unusable(f"line {foreign[0]} was not asked for")
    known = set(speakers)
    if stranger := next((label for label in labels if label.speaker not in known), None):
        raise Unusable(f"line {stranger.id} was given to {stranger.speaker!r}, who is not in the cast")
    if muffled := next((label for label in labels if label.heard_through not in (NOTHING, *MEDIA)), None):
        raise Unusable(f"line {muffled.id} is heard through {muffled.heard_through!r}, which is nothing of the list")
    return [
        Label(
            id=label.id,
            speaker=label.speaker,
            direction=_direction(label),
            heard_through=label.heard_through,
            speed=min(1.25, max(0.8, label.speed)),
            pause_after=min(2.0, max(0.1, label.pause_after)),
            confidence=min(1.0, max(0.0, label.confidence)),
        )
        for label in sorted(labels, key=lambda label: label.id)
    ]


def _direction(label: Label) -> str:
    """As the rules write it: the way first, the medium behind it."""
    way = " ".join(label.direction.split())[:LONGEST_DIRECTION].rstrip(" ,")
    if label.heard_through == NOTHING or label.heard_through in re.findall(r"\w+", way.casefold()):
        return way
    return f"{way}, {label.heard_through}" if way else label.heard_through


# -- small things ----------------------------------------------------------------------------------


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _json(row: dict[str, Any]) -> str:
    return _inert(msgspec.json.encode(row).decode())


def _inert(text: str) -> str:
    """Text of a stranger cannot close the element that it stands in."""
    return text.replace("</", "<\u200b/")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split()).removeprefix("the ")


def _names(character: Character) -> set[str]:
    return {_folded(name) for name in (character.name, *character.aliases)}
