"""Where a story happens, as far as it can be heard: a room rings otherwise than a cave, and in the open nothing rings.

A place is known by what the narration says of where people are or go ("they crept into the cave", "In the great hall
..."), never by what somebody only talks of, remembers, compares or denies. It holds until the narration moves on, or the
scene ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from narratix.events.catalogue import Segment
from narratix.honorifics import NOT_HONORIFICS
from narratix.script.layout import find_blocks

_NOUNS: Final[Mapping[str, str]] = {
    "cabin": "cabin|berth|carriage|cab|coach|hansom|brougham|compartment|closet|cupboard|wardrobe|lift|elevator|wagon|car|"
    "motor-?car|taxi|coffin",
    "room": "room|bed-?room|bed-?chamber|sitting-?room|drawing-?room|dining-?room|waiting-?room|bath-?room|class-?room|parlou?r|"
    "kitchen|scullery|pantry|study|office|chamber|library|nursery|attic|garret|lounge|flat|apartment|lodgings|shop|inn|tavern|"
    "pub|bar|cottage|hut|shed|cell|studio|laboratory|surgery|infirmary|house|home|farmhouse|bakery|smithy|forge|signal-?box|"
    "schoolroom|guardroom|booking-?office|ward|mill|salon|boudoir|saloon",
    "hall": "hall|ball-?room|banquet(?:ing)?-?hall|throne-?room|theatre|theater|auditorium|court-?room|gallery|museum|warehouse|barn|"
    "factory|station|concourse|hangar|arena|gymnasium|rotunda|palace|castle|tower|belfry|lighthouse",
    "corridor": "corridor|passageway|hallway|staircase|stairwell|vestibule|lobby",
    "church": "church|cathedral|chapel|abbey|minster|nave|chancel|temple|basilica|mosque|monastery|cloister",
    "vault": "cellar|crypt|vault|dungeon|tomb|catacombs?|sewer|tunnel|undercroft|basement|oubliette|mausoleum",
    "cave": "cave|cavern|grotto|mine|mineshaft|pit",
    "woods": "woods?|forest|grove|jungle|thicket|copse|spinney|orchard",
    "street": "street|alley|alleyway|lane|square|courtyard|farmyard|stable-?yard|inn-?yard|market|market-?place|plaza|quay|docks?|pier|platform|arcade|"
    "canyon|gorge|ravine",
    "open": "garden|lawn|fields?|meadow|moor|moors|heath|hill|hills|hillside|hilltop|mountain|mountainside|cliffs?|beach|shore|"
    "sand|sands|sea|ocean|lake|lakeside|river|riverbank|bank|road|roadside|highway|path|track|park|desert|island|prairie|plain|"
    "valley|deck|boat|rowing-?boat|raft|bridge|terrace|balcony|roof|verandah?|porch|churchyard|graveyard|cemetery|camp|clearing|"
    "pasture|snow|rain|night|sunshine|sunlight|moonlight|storm|air|open|marsh|swamp|ferry|wharf|crossing",
}
PLACES: Final = tuple(_NOUNS)
"""Every place that is told apart: by its sound, so that an inn is a room, and a deck is open air."""

_PLACE_OF: Final = {place: re.compile(rf"(?:{nouns})", re.IGNORECASE) for place, nouns in _NOUNS.items()}
_ALL: Final = "|".join(_NOUNS.values())
_DETERMINER: Final = (
    r"(?:the|an?|his|her|its|their|our|my|your|this|that|one|another|some|old|[A-Z][\w’'-]+[’']s|(?:[a-z]+[’']s))"
)
_ADJECTIVE: Final = r"(?!(?:of|the|an?|and|or|in|to|for|with|on|at|from|by|his|her|its|into|front|as|that|who|which|was|had)\b)[\w’'-]+,?\s+"
_WHERE: Final = rf"(?:{_DETERMINER}\s+)?(?:{_ADJECTIVE}){{0,3}}?(?P<noun>{_ALL})"
"""A place with at most three words before it. What follows must not make it part of another thing."""
_NO_THING: Final = (
    r"(?![\w’'-])(?!\s+(?:doors?|windows?|clocks?|bells?|tables?|chairs?|floors?|walls?|keys?|lamps?|lights?|master|boys?|man|men|"
    r"maid|steps?|gates?|roof|cat|mice|mouse|mouth|keeper|owner|servants?|bed|fire|stove|sink|plans?|taxes|party|parties|for\s+"
    r"(?:doubt|improvement|more|error|debate|argument))\b)"
)
_GO: Final = (
    r"went|go|goes|going|came|come|coming|walked|walking|ran|running|run|hurried|rushed|crept|crawled|stepped|stumbled|strode|climbed|"
    r"descended|rode|drove|sailed|marched|wandered|passed|slipped|plunged|dashed|led|followed|brought|carried|dragged|taken|took|"
    r"showed|shown|ushered|pushed|thrown|threw|locked|turned|returned|moved|retired|retreated|burst|fled|escaped|journeyed|"
    r"arrived|set\s+out|sat|seated|stood|lay|knelt|waited|lived|slept|stayed|gathered|assembled|met|dined|worked|hid|lingered|paused|"
    r"stopped|halted|rested|was|were|found\s+\w+(?:sel(?:f|ves))?|woke|awoke|landed|walks|runs|steps|stands|sits|enters?|waits|emerged"
)
_INTO: Final = (
    r"into|in|inside|within|through|to|at|on|onto|upon|across|along|down|up|over|by|beneath|under|aboard|around|round"
)
_MOVES: Final = re.compile(
    rf"\b(?:{_GO})\b(?:\s+[\w’'-]+,?){{0,4}}?\s+(?:{_INTO})\s+{_WHERE}{_NO_THING}"
    rf"|\b(?:entered|reached|crossed|gained|explored|searched)\s+{_WHERE.replace('?P<noun>', '?P<reached>')}{_NO_THING}",
    re.IGNORECASE,
)
_OPENS: Final = re.compile(
    rf"\s*(?:(?:deep|far|high|alone|back|down|out|up|once|meanwhile|later|outside)\s+)?"
    rf"(?:in|inside|within|at|on|aboard|beneath|under)\s+{_WHERE}{_NO_THING}",
    re.IGNORECASE,
)
"""What a sentence opens with: "In the great hall, ..." """
_LEAVES: Final = re.compile(
    r"\b(?:went|came|walked|ran|stepped|hurried|rushed|strode|crept|slipped|emerged|set|rode|dashed)\s+(?:\w+\s+){0,2}?"
    r"(?:outside|outdoors|out\s+of\s+doors|out\s+into\s+the\s+(?:open|night|air|rain|snow|sun\w*|dark\w*|wind|morning|cold|storm))\b",
    re.IGNORECASE,
)
_NOT_THERE: Final = re.compile(
    r"\b(?:no|not|never|nobody|none|without|nor|neither|hardly|scarcely|cannot|instead\s+of)\b|n[’']t\b"
    r"|\b(?:like|as\s+(?:if|though)|than|resembl\w+|such\s+as|seem\w*)\b"
    r"|\b(?:if|would|could|might|should|may|unless|until|till|whether|must|will|shall|had\s+(?:\w+\s+)?been|had|used\s+to)\b|[’'](?:ll|d)\b"
    r"|\b(?:remember\w*|recall\w*|dream\w*|imagin\w+|thought\s+(?:of|about)|thinking\s+(?:of|about)|wish\w*|want\w*|hop(?:ed|ing)|"
    r"years\s+ago|long\s+ago|about\s+to|told|spoke|talked|heard|said|picture|painting|photograph|map|story|tales?|looked|looking|"
    r"gazed|gazing|stared|staring|saw|glanced|peered|pointed|see|watched|smell\w*)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(rf"[.!?…]+{NOT_HONORIFICS}[\"”’')\]]*(?=\s|$)|\n\s*\n")
_CLAUSE: Final = re.compile(
    r"[;:—]|--|,\s+(?:and|then|as(?!\s+(?:if|though)))\b|\b(?:and\s+then|but|when|while|where)\b"
)


@dataclass(frozen=True, slots=True)
class Stay:
    """Lines [first, last) happen at `place`, one of `PLACES`."""

    first: int
    last: int
    place: str


def scenes(text: str, segments: Sequence[Segment]) -> tuple[int, ...]:
    """The first lines of the scenes: the story's, and those behind its headings and breaks."""
    begins = [segment.start for segment in segments]
    breaks = (block.end for block in find_blocks(text) if block.kind != "paragraph")
    return tuple(sorted({0, *(line for line in (bisect_left(begins, end) for end in breaks) if line < len(segments))}))


_FAR: Final = re.compile(
    r"\b(?:far(?:-|\s+)(?:away|off|below|above)|in\s+the\s+distance|distant(?:ly)?|from\s+afar|afar|miles?\s+(?:away|off)|"
    r"(?:across|over|down)\s+the\s+(?:valley|water|river|lake|fields?|hills?|bay|moors?|roofs)|on\s+the\s+other\s+side\s+of\s+the\s+"
    r"(?:water|river|lake|valley|bay|hill|town))\b",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"\b(?:outside|downstairs|upstairs|overhead|(?:from|somewhere)\s+(?:above|below|behind|beyond)|next\s+door|in\s+the\s+next\s+room|"
    r"behind\s+the\s+(?:wall|door)|muffled|down\s+the\s+(?:street|road|lane|corridor|passage|hall)|along\s+the\s+(?:street|road|"
    r"corridor|passage)|faint(?:ly)?)\b",
    re.IGNORECASE,
)
FAR_METRES, AWAY_METRES, NEAR_METRES = 40.0, 8.0, 1.0


def distance(text: str, start: int, end: int) -> float:
    """How far away, in metres, what the characters [start, end) name is heard: as the words in its sentence tell."""
    before = [m.end() for m in _SENTENCE.finditer(text, max(0, start - 300), start)]
    behind = _SENTENCE.search(text, end, end + 200)
    sentence = text[before[-1] if before else max(0, start - 300) : behind.start() if behind else end + 200]
    if _FAR.search(sentence):
        return FAR_METRES
    return AWAY_METRES if _AWAY.search(sentence) else NEAR_METRES


def stays(text: str, segments: Sequence[Segment]) -> tuple[Stay, ...]:
    """The places of an English story, in order; lines whose place is not told are in none. A place that is first named
    within a scene has been that of the scene from its beginning, unless somebody went there."""
    starts = scenes(text, segments)
    found: list[Stay] = []
    for begin, end in zip(starts, [*starts[1:], len(segments)], strict=True):
        narration = {
            line: text[segments[line].start : segments[line].end]
            for line in range(begin, end)
            if segments[line].kind == "narration"
        }
        here, since = _furnished(" ".join(narration.values())[:_SETTING], least=2), begin
        for line, words in narration.items():
            seen = _furnished(words, least=3, alone=True) if here else ""
            for place, arrives in [*_told(words), *([(seen, True)] if (seen == "open") != (here == "open") else [])]:
                if not place or place == here:
                    continue
                # who arrives was elsewhere before; what follows the words is there
                turns = line if here or arrives else begin
                if here:
                    _add(found, Stay(since, turns, here))
                here, since = place, turns
        if here:
            _add(found, Stay(since, end, here))
    return tuple(found)


_SETTING: Final = 1_500
"""So many characters of narration set a scene."""
_INDOORS: Final = re.compile(
    r"\b(chairs?|arm-?chair|fireside|fireplace|hearth|mantel-?piece|mantel-?shelf|shel(?:f|ves)|carpet|rug|curtains?|shutters?|ceiling|"
    r"cupboard|sofa|couch|desk|bookcase|bed|bedside|teapot|kettle|stove|latch|lamp|stool|bench|tablecloth|threshold|doorway|floor-?boards?|"
    r"candle|candlestick|table|grate)\b",
    re.IGNORECASE,
)
_OUTDOORS: Final = re.compile(
    r"\b(sky|stars?|moon|waves?|river|trees?|branch(?:es)?|bush(?:es)?|grass|hedges?|clouds?|horizon|shore|boat|oars?|bow|sails?|rocks?|"
    r"hills?|valley|fields?|road|path|snow|mud|meadow|stream|lightning|sunshine|gravel|reeds?|cliffs?|surf|sand)\b",
    re.IGNORECASE,
)


def _furnished(narration: str, least: int, *, alone: bool = False) -> str:
    """Whether the things that a narration names are those of a room or of the open: by `least` different ones more, or
    (`alone`) by so many where there is nothing of the other kind."""
    inside, outside = ({m[0].lower() for m in kind.finditer(narration)} for kind in (_INDOORS, _OUTDOORS))
    if alone and inside and outside:
        return ""
    more = len(inside) - len(outside)
    return "room" if more >= least else "open" if -more >= max(3, least) else ""


def _add(found: list[Stay], stay: Stay) -> None:
    if stay.first < stay.last:
        found.append(stay)


def _told(narration: str) -> Iterator[tuple[str, bool]]:
    """The places that a piece of narration says people are at, in order, and whether they arrive there."""
    begin = 0
    for stop in [*_SENTENCE.finditer(narration), None]:
        sentence = narration[begin : stop.start() if stop else len(narration)]
        begin = stop.end() if stop else begin
        told = [(match.start(), _place(match), False) for match in [_OPENS.match(sentence)] if match is not None]
        told += [(match.start(), _place(match), _arrives(match[0])) for match in _MOVES.finditer(sentence)]
        told += [(match.start(), "open", True) for match in _LEAVES.finditer(sentence)]
        for at, place, arrives in sorted(told):
            end = min((m.start() for m in _CLAUSE.finditer(sentence, at + 1)), default=len(sentence))
            first = max((m.end() for m in _CLAUSE.finditer(sentence, 0, at)), default=0)
            if place and not _NOT_THERE.search(sentence[first:end]):
                yield place, arrives


_STAYS: Final = re.compile(
    r"(?:sat|seated|stood|lay|knelt|waited|lived|slept|stayed|was|were|worked|dined|lingered|rested|stands|sits|waits)\b",
    re.IGNORECASE,
)


def _arrives(words: str) -> bool:
    return _STAYS.match(words) is None


def _place(match: re.Match[str]) -> str:
    groups = match.groupdict()
    noun = groups.get("noun") or groups.get("reached") or ""
    return next((place for place, nouns in _PLACE_OF.items() if nouns.fullmatch(noun)), "")
