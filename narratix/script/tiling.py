"""Tiles: the text parted into spans that cover it exactly, so that nothing is lost and nothing retyped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from narratix.events.catalogue import Kind
from narratix.script.layout import Block
from narratix.script.quotes import Quote
from narratix.script.sentences import cut

TARGET_LENGTH = 320
LONGEST = 480


class NothingToRead(ValueError):
    """The text has no word that could be read aloud."""


class TilingBroken(ValueError):
    """The segments do not cover the text exactly, in order."""


class Span(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """Characters [start, end) of `block` (its number), and the number of the quote that they belong to, -1 for none."""

    start: int
    end: int
    block: int
    quote: int

    @property
    def kind(self) -> Kind:
        return "speech" if self.quote >= 0 else "narration"


def check_tiling(text: str, segments: Sequence[Span]) -> None:
    """Promise that the segments cover `text` exactly, in order. Raises TilingBroken, which says where they do not."""
    position = 0
    for number, segment in enumerate(segments):
        if segment.start != position:
            what = "a gap" if segment.start > position else "an overlap"
            raise TilingBroken(
                f"Segment {number} starts at character {segment.start}, but the one before ends at {position}: {what}."
            )
        if segment.end <= segment.start:
            raise TilingBroken(f"Segment {number} is empty: it starts at {segment.start} and ends at {segment.end}.")
        position = segment.end
    if position != len(text):
        raise TilingBroken(f"The segments end at character {position}, but the text has {len(text)}.")


def tile(text: str, blocks: Sequence[Block], quotes: Sequence[Quote]) -> list[Tile]:
    """Part the text at blocks, at quotes and, where those are long, at sentence ends. Blanks belong to the tile before
    them; a run without letter or digit joins a neighbour. Raises NothingToRead."""
    spoken = _merge_unspeakable(text, _pieces(text, blocks, quotes))
    if not spoken:
        raise NothingToRead("There is nothing to read aloud: the text has no letter and no digit.")
    tiles: list[Tile] = []
    for piece in spoken:
        end = piece.end
        while end > piece.start and text[end - 1].isspace():
            end -= 1
        starts = [piece.start, *_speakable_cuts(text, piece.start, end)]
        for start, stop in zip(starts, [*starts[1:], piece.end], strict=True):
            tiles.append(Tile(start, stop, piece.block, piece.quote))
    return tiles


def _pieces(text: str, blocks: Sequence[Block], quotes: Sequence[Quote]) -> list[Tile]:
    """Narration and speech in turn, blanks with what stands before them."""
    starts: list[tuple[int, int, int]] = []
    number = 0
    for index, block in enumerate(blocks):
        position = block.start
        while number < len(quotes) and quotes[number].start < block.end:
            quote = quotes[number]
            if quote.start > position:
                starts.append((position, index, -1))
            starts.append((quote.start, index, number))
            position = quote.end
            while position < block.end and text[position].isspace():
                position += 1
            number += 1
        if position < block.end:
            starts.append((position, index, -1))
    ends = [start for start, _, _ in starts[1:]] + [len(text)] * bool(starts)
    return [
        Tile(0 if place == 0 else start, end, block, quote)
        for place, ((start, block, quote), end) in enumerate(zip(starts, ends, strict=True))
    ]


def _merge_unspeakable(text: str, pieces: Sequence[Tile]) -> list[Tile]:
    """A run of marks alone goes to the narration before it, else after it, else to whatever is there; a mark that
    opens a paragraph goes to what follows."""
    merged: list[Tile] = []
    pending = -1
    for index, piece in enumerate(pieces):
        if any(map(str.isalnum, text[piece.start : piece.end])):
            start = pending if pending >= 0 else piece.start
            merged.append(Tile(start, piece.end, piece.block, piece.quote))
            pending = -1
            continue
        if pending >= 0:
            continue
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        opens_paragraph = (
            following is not None
            and following.block == piece.block
            and (index == 0 or pieces[index - 1].block != piece.block)
        )
        to_next = following is not None and following.quote < 0 and bool(merged) and merged[-1].quote >= 0
        if merged and not opens_paragraph and not to_next:
            before = merged[-1]
            merged[-1] = Tile(before.start, piece.end, before.block, before.quote)
        else:
            pending = piece.start
    if pending >= 0 and merged:
        before = merged[-1]
        merged[-1] = Tile(before.start, len(text), before.block, before.quote)
    return merged


def _speakable_cuts(text: str, start: int, end: int) -> list[int]:
    """Where to cut a long piece, so that no part is without a letter or digit."""
    if end - start <= TARGET_LENGTH:
        return []
    kept: list[int] = []
    previous = start
    for offset in cut(text, start, end, TARGET_LENGTH, LONGEST):
        if any(map(str.isalnum, text[previous:offset])):
            kept.append(offset)
            previous = offset
    if kept and not any(map(str.isalnum, text[kept[-1] : end])):
        kept.pop()
    return kept
