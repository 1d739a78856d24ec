"""From a text to a script by rules alone: the same text gives the same script, everywhere, at no cost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from narratix.events.catalogue import CastMember, Segment, Usage
from narratix.honorifics import NOT_HONORIFICS
from narratix.ports import Script
from narratix.script.attribution import Attribution, attribute
from narratix.script.directions import (
    CHAPTER,
    HEADING,
    PARAGRAPH,
    SCENE,
    direction_of,
    direction_of_words,
    lasting,
    pause_within,
    speed_of,
)
from narratix.script.effects import effect_cues
from narratix.script.language import NAMES, detect_language
from narratix.script.layout import Block, find_blocks
from narratix.script.moods import music_cues
from narratix.script.names import spellings
from narratix.script.quotes import Quote, find_quotes
from narratix.script.reading import Reading, read
from narratix.script.references import Reference
from narratix.script.tellers import told_by
from narratix.script.tiling import NothingToRead, Tile, check_tiling, tile

ENGINE = "rules-2"
NARRATOR = "narrator"
_SURE = 0.5
_CUE_REACH = 90
_CLAUSE_END = re.compile(rf"[.!?]{NOT_HONORIFICS}(?=\s|$)")
_SENTENCE_END = re.compile(r"[.!?][\"”’']*\s")


@dataclass(frozen=True, slots=True)
class _Line:
    """Who speaks a quote, how and how surely."""

    speaker: str
    direction: str
    confidence: float


_READ = _Line(NARRATOR, "", 1.0)


def write_script(text: str) -> Script:
    """Read a story into a script: segments that tile it, a cast, music and effects.

    Dialogue is given to its speakers in English; any other language is read by the narrator alone, and a note says so.
    Raises NothingToRead for a text without a letter or a digit. Linear in the text's length.
    """
    if not text.strip():
        raise NothingToRead("There is nothing to read aloud: the text is empty.")
    language = detect_language(text)
    blocks = find_blocks(text)
    quotes = find_quotes(text, blocks) if language == "en" else []
    tiles = tile(text, blocks, quotes)
    lines, cast, notes, told = _cast_lines(text, blocks, quotes, tiles)
    if language != "en":
        notes.append(
            f"The text seems to be in {NAMES[language]}; the rules know who speaks only in English, so the narrator reads all of it."
        )
    segments = tuple(_segment(text, blocks, tiles, place, lines, told) for place in range(len(tiles)))
    check_tiling(text, segments)
    return Script(
        engine=ENGINE,
        language=language,
        segments=segments,
        cast=tuple(cast),
        music=tuple(music_cues(text, blocks, [one.start for one in tiles], readable=language == "en")),
        effects=tuple(effect_cues(text, blocks, quotes)) if language == "en" else (),
        notes=tuple(notes),
        usage=(Usage(provider="rules", model=ENGINE, unit="characters", units=float(len(text)), cost_usd=0.0),),
    )


# -- cast ------------------------------------------------------------------------------------------


def _cast_lines(
    text: str, blocks: Sequence[Block], quotes: Sequence[Quote], tiles: Sequence[Tile]
) -> tuple[dict[int, _Line], list[CastMember], list[str], dict[int, _Line]]:
    reading = read(text, blocks, quotes)
    result = attribute(reading)
    shown = spellings(uses(text, reading))
    speaking = {tile.quote for tile in tiles}
    ids: dict[int, str] = {result.narrator: NARRATOR} if result.narrator >= 0 else {}
    cast = [_narrator(result, shown)]
    lines: dict[int, _Line] = {}
    doubtful = 0
    for turn, speaker, confidence in zip(reading.turns, result.speakers, result.confidences, strict=True):
        spoken = [number for number in turn.quotes if number in speaking]
        if not spoken:
            continue
        if speaker not in ids:
            ids[speaker] = f"c{len(cast)}"
            cast.append(_member(result, speaker, ids[speaker], shown))
        doubtful += confidence < _SURE
        direction = ""
        for number in spoken:
            direction = _direction(text, blocks[turn.block], quotes, number) or lasting(direction)
            lines[number] = _Line(ids[speaker], direction, confidence)
    for teller in result.tellers:
        if teller.number not in ids:
            ids[teller.number] = f"c{len(cast)}"
            cast.append(_member(result, teller.number, ids[teller.number], shown))
    # who tells a part reads it, but for its headings
    told = {
        tile.start: _Line(ids[number], "", 1.0)
        for tile in tiles
        if blocks[tile.block].kind != "heading" and (number := told_by(result.tellers, tile.start)) >= 0
    }
    notes = [f"The speaker of {doubtful} of {len(reading.turns)} speeches is a guess."] if doubtful else []
    return lines, _distinct(cast), notes, told


def uses(text: str, reading: Reading) -> Iterator[tuple[Reference, str]]:
    """Every name and description in the narration, with its spelling there."""
    for block in reading.mentions:
        for mention in block:
            if mention.reference.form != "pronoun":
                yield mention.reference, " ".join(text[mention.start : mention.end].split())


def _narrator(result: Attribution, shown: Mapping[Reference, str]) -> CastMember:
    if result.narrator < 0:
        return CastMember(id=NARRATOR, name="Narrator", narrator=True)
    character = result.characters[result.narrator]
    if not character.references:
        return CastMember(id=NARRATOR, name="Narrator", gender=character.sex, narrator=True)
    return CastMember(
        id=NARRATOR,
        name=character.name(shown),
        aliases=character.aliases(shown),
        gender=character.sex,
        narrator=True,
    )


def _member(result: Attribution, speaker: int, id: str, shown: Mapping[Reference, str]) -> CastMember:
    character = result.characters[speaker]
    if not character.references:
        return CastMember(id=id, name="A voice")
    return CastMember(id=id, name=character.name(shown), aliases=character.aliases(shown), gender=character.sex)


def _distinct(cast: Sequence[CastMember]) -> list[CastMember]:
    """People who would be shown by the same name are told apart by a number."""
    seen: Counter[str] = Counter()
    told_apart: list[CastMember] = []
    for member in cast:
        seen[member.name.casefold()] += 1
        count = seen[member.name.casefold()]
        told_apart.append(member if count == 1 else replace(member, name=f"{member.name} {count}"))
    return told_apart


# -- lines -----------------------------------------------------------------------------------------


def _direction(text: str, block: Block, quotes: Sequence[Quote], number: int) -> str:
    """From the words behind the quote, else from those before it in the same sentence, else from the speech itself."""
    quote = quotes[number]
    behind_end = min(block.end, quote.end + _CUE_REACH)
    if number + 1 < len(quotes):
        behind_end = min(behind_end, quotes[number + 1].start)
    before_start = max(block.start, quote.start - _CUE_REACH)
    if number:
        before_start = max(before_start, quotes[number - 1].end)
    behind = _CLAUSE_END.split(text[quote.end : behind_end], maxsplit=1)[0]
    before = text[before_start : quote.start]
    leads = before.rstrip().endswith((",", ":", "—", "-")) or text[quote.start - 1 : quote.start].isspace()
    opening = _SENTENCE_END.split(before)[-1] if leads else ""
    return direction_of(behind) or direction_of(opening) or direction_of_words(text[quote.start : quote.end])


def _segment(
    text: str,
    blocks: Sequence[Block],
    tiles: Sequence[Tile],
    place: int,
    lines: Mapping[int, _Line],
    told: Mapping[int, _Line],
) -> Segment:
    tile = tiles[place]
    line = lines.get(tile.quote) or told.get(tile.start, _READ)
    return Segment(
        start=tile.start,
        end=tile.end,
        kind=tile.kind,
        speaker=line.speaker,
        direction=line.direction,
        speed=speed_of(line.direction),
        pause_after=_pause(text, blocks, tiles, place),
        confidence=line.confidence,
    )


def _pause(text: str, blocks: Sequence[Block], tiles: Sequence[Tile], place: int) -> float:
    tile = tiles[place]
    if place + 1 == len(tiles):
        return PARAGRAPH
    following = tiles[place + 1].block
    if following == tile.block:
        return pause_within(text, tile.start, tile.end)
    if blocks[tile.block].kind == "heading":
        return HEADING
    if blocks[following].kind == "heading":
        return CHAPTER
    if any(block.kind == "break" for block in blocks[tile.block : following + 1]):
        return SCENE
    return PARAGRAPH
