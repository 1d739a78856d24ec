"""Descriptions that turn out to be somebody: the stranger at the inn whom the captain then calls Black Dog."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from narratix.script.cast import Character
from narratix.script.company import Revealed
from narratix.script.reading import Reading
from narratix.script.references import Reference

_ON_STAGE = 8
"""How many paragraphs ago the description was last used when the name falls."""
_SEEN = 3
_AFTERWARDS = 10
"""For so many paragraphs the name must stand alone."""
_BREAK = 40


def reveal(
    reading: Reading, characters: Sequence[Character], meaning: Mapping[Reference, int]
) -> dict[int, list[Revealed]]:
    """Which descriptions mean somebody named later, by the description's character, and where.

    A new name falls in a speech while one who was only described is on the stage; soon that name speaks, and the story uses
    the description no more. The named character takes over what was counted for the description there."""
    told: dict[int, list[int]] = defaultdict(list)
    places: dict[int, list[tuple[int, int, Reference]]] = defaultdict(list)
    for number, block in enumerate(reading.mentions):
        for mention in block:
            if mention.reference.form != "pronoun":
                who = meaning[mention.reference]
                told[who].append(number)
                places[who].append((number, mention.start, mention.reference))
    described = [
        one.number
        for one in characters
        if not one.named
        and len(told[one.number]) >= _SEEN
        and not any(reference.title or reference.words[-1].endswith("s") for reference in one.references)
    ]
    speaks: dict[int, list[int]] = defaultdict(list)
    for turn in reading.turns:
        if turn.cue is not None and turn.cue.reference.form == "name":
            speaks[meaning[turn.cue.reference]].append(turn.block)
    found: dict[int, list[Revealed]] = defaultdict(list)
    known: set[int] = set()
    for turn in reading.turns:
        for reference in (*turn.addressed, *turn.talked_of):
            named = meaning[reference]
            if named in known or not told[named]:
                known.add(named)
                continue
            known.add(named)
            first_told = told[named][0]
            if not turn.block <= first_told <= turn.block + _ON_STAGE:
                continue
            if not any(turn.block <= block <= turn.block + _AFTERWARDS for block in speaks[named]):
                continue
            fitting = [
                one
                for one in described
                if _gives_way(told[one], turn.block, first_told)
                and {characters[one].sex, characters[named].sex} != {"female", "male"}
            ]
            if not fitting:
                continue
            one = max(fitting, key=lambda number: (_lately(told[number], turn.block), -number))
            start, end = _stretch(places[one], turn.block), reading.turns[-1].end
            later = told[one][bisect_right(told[one], first_told) :]
            if later:
                end = next(offset for block, offset, _ in places[one] if block == later[0])
            found[one].append(Revealed(start, end, named))
            for _, offset, own in places[one]:
                if start <= offset < end:
                    characters[one].references[own] -= 1
                    characters[named].references[own] += 1
            characters[one].references = +characters[one].references
    return dict(found)


def _gives_way(told: Sequence[int], block: int, first_told: int) -> bool:
    """Whether a description is on the stage at `block` and is used no more once the name is told."""
    before = bisect_right(told, block)
    if _lately(told, block) < _SEEN or block - told[before - 1] > _ON_STAGE:
        return False
    after = bisect_right(told, first_told)
    return after == len(told) or told[after] - first_told > _AFTERWARDS


def _lately(told: Sequence[int], block: int) -> int:
    return bisect_right(told, block) - bisect_left(told, block - _BREAK)


def _stretch(places: Sequence[tuple[int, int, Reference]], block: int) -> int:
    """The offset from which the description has been in use without a long break."""
    start, last = 0, block
    for number, offset, _ in reversed(places):
        if number > block:
            continue
        if last - number > _BREAK:
            break
        start, last = offset, number
    return start
