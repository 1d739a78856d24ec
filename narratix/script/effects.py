"""Sounds on the very words that make them: what is heard in the story, and nothing that is only spoken of."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from narratix.events.catalogue import EffectCue
from narratix.script.layout import Block
from narratix.script.quotes import Quote


@dataclass(frozen=True, slots=True)
class Effect:
    """A sound that the rules know: its prompt, its weight (how much a listener misses it), the words that make it."""

    prompt: str
    weight: float
    pattern: str


# fmt: off
EFFECTS: Final[Mapping[str, Effect]] = {
    "thunder": Effect("a rolling clap of thunder", 1.0,
        r"thunder(?:clap|s)? (?:rolled|crashed|growled|boomed|rumbled|broke|cracked|roared|pealed|echoed)|"
        r"(?:clap|peal|crash|crack|roll|rumble|roar|growl)s? of (?:distant )?thunder|it thundered|thunderclap|the thunder\b"),
    "gunshot": Effect("a single gunshot with a short echo", 1.0,
        r"(?:gun|pistol|rifle|musket)?shots? (?:rang|rung|cracked|echoed|sounded)|(?:gun|pistol|rifle|revolver|musket|cannon) "
        r"(?:went off|fired|cracked|barked|roared|boomed)|fired (?:his|her|the|a|my|two|three|both)?\s?(?:\w+ )?"
        r"(?:gun|pistol|rifle|revolver|musket|shots?|cannon|barrels)|report of (?:a|the|his) (?:\w+ )?(?:gun|pistol|rifle|revolver|musket)|"
        r"pistol[- ]shot|gunshot|volley of (?:shots|musketry)"),
    "glass": Effect("glass breaking and falling on a hard floor", 0.95,
        r"(?:glass|window|bottle|mirror|tumbler|goblet|pane|windowpane|decanter)s? (?:was |were )?(?:broke|shattered|smashed|crashed|splintered|cracked)"
        r"|(?:broke|shattered|smashed|dropped) (?:the|a|one|his|her) (?:\w+ )?(?:glass|window|bottle|mirror|tumbler|goblet|pane|decanter)|"
        r"(?:crash|tinkle|smash|sound|shatter) of (?:broken |breaking |falling )?glass|(?:breaking|shattering) glass"),
    "knock": Effect("knuckles knocking on a wooden door", 0.95,
        r"knock(?:ed|s|ing)? (?:\w+ )?(?:at|on|upon) the (?:\w+ )?(?:door|gate|window|panel|wall)|(?:a|another|the) (?:\w+ )?"
        r"(?:knock|rap|tap|tapping|knocking|rapping) (?:at|on|upon|came)|(?:tapped|rapped|hammered|pounded|thumped) "
        r"(?:\w+ )?(?:at|on|upon) the (?:\w+ )?(?:door|gate|window)|there was a (?:\w+ )?knock"),
    "door": Effect("a heavy wooden door opening and closing", 0.8,
        r"doors? (?:\w+ )?(?:was |were )?(?:suddenly |slowly |softly )?(?:opened|slammed|shut|closed|creaked|banged|burst open|flew open|swung|"
        r"flung open|thrown open)|(?:opened|slammed|shut|closed|banged|unlocked|flung open|threw open|pushed open|burst open|burst through) "
        r"(?:the|his|her|my|that|a) (?:\w+ )?door|slam of (?:a|the) (?:\w+ )?door|creak(?:ing)? of (?:a|the) (?:\w+ )?door"),
    "bell": Effect("a bell ringing", 0.9,
        r"(?:door-?|church |dinner |ship's |great |little )?bells? (?:\w+ )?(?:rang|rung|tolled|tinkled|jingled|pealed|clanged|sounded|chimed|ringing|tolling)|"
        r"(?:rang|pulled|tolled|rung) (?:the|a|his|her) (?:\w+ )?bell|(?:tolling|ringing|clang|tinkle|jingle|peal|sound) of (?:the |a )?(?:\w+ )?bells?"),
    "clock": Effect("an old clock striking the hour", 0.9,
        r"clocks? (?:\w+ )?(?:struck|strikes|chimed|ticked|ticking|tolled|boomed|striking)|(?:tick(?:ing)?|chim(?:e|es|ing)|striking|stroke|strokes) of (?:the|a) (?:\w+ )?clock|"
        r"(?:struck|striking) (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|midnight|the hour)\b"),
    "train": Effect("a steam train passing with its whistle", 0.9,
        r"(?:train|locomotive) (?:\w+ )?(?:roared|whistled|rumbled|thundered|rattled|rushed|rolled|puffed|pulled|steamed|screeched|started|clattered)|"
        r"(?:whistle|rumble|roar) of (?:a|the) (?:\w+ )?(?:train|locomotive|engine)"),
    "explosion": Effect("a deep explosion", 1.0,
        r"(?:bomb|shell|powder|mine|boiler) (?:\w+ )?(?:exploded|burst|blew up)|(?:deafening|terrific|tremendous|loud|violent) explosion\b(?! of (?:oaths|laughter|rage|mirth))|exploded with a"),
    "carriage": Effect("a horse-drawn carriage rolling over cobbles", 0.75,
        r"(?:carriage|coach|cab|wagon|cart|hansom|wheels) (?:\w+ )?(?:rattled|rolled|rumbled|clattered|drove up|crunched|drew up)|"
        r"(?:sound|rattle|rumble|noise|roll) of (?:the )?(?:carriage |coach |cart )?wheels"),
    "horse": Effect("a horse's hoofs at a gallop", 0.8,
        r"horses? (?:\w+ )?(?:galloped|neighed|whinnied|trotted|snorted|cantered|pranced|reared)|(?:sound|clatter|beat|thud|tramp|clop|ring|trampling|noise) of "
        r"(?:\w+ |the |a )?(?:hoofs|hooves|hoof-?beats)|hoof-?beats|(?:galloped|trotted|cantered) (?:up|down|away|along|off|past|across)"),
    "footsteps": Effect("footsteps on a wooden floor", 0.75,
        r"(?:foot)?steps (?:\w+ )?(?:approached|sounded|echoed|came|rang|died|passed|receded|hurried|drew near)|"
        r"(?:sound|tread|tramp|patter|noise|echo) of (?:\w+ |his |her |their |heavy |the )?(?:foot)?(?:steps|feet)|heard (?:\w+ )?(?:\w+ )?"
        r"(?:footsteps|footfalls?|steps)|(?:foot)(?:steps|falls?) (?:on|in|upon|outside|behind|along)|"
        r"(?:heavy|quick|light|stealthy) (?:foot)?steps?\b|(?:ran|rushed|came running|hurried|tramped|clattered) (?:up|down) ?the (?:\w+ )?(?:stairs|stair|steps|staircase)|came running (?:up|down)stairs"),
    "rain": Effect("steady rain", 0.8,
        r"rain (?:\w+ )?(?:fell|poured|beat|beating|pattered|pattering|lashed|drummed|streamed|dripped|began|came|drove|falling|swept|splashed|hammered)|"
        r"it (?:was raining|rained|was pouring|began to rain)|(?:patter|sound|drumming|beat|splash|hiss|noise) of (?:the )?rain|"
        r"(?:heavy|pouring|driving|pelting|steady|cold|drizzling|pelted by) rain\b|(?:in|through) the rain\b"),
    "wind": Effect("wind howling around a house", 0.75,
        r"(?:wind|gale|breeze|storm|tempest) (?:\w+ )?(?:howled|blew|moaned|whistled|sighed|roared|shrieked|screamed|rose|rushed|raged|blowing|howling|swept|wailed|rattled|sobbed)|"
        r"(?:gusts?|howl(?:ing)?|moan(?:ing)?|roar|sigh(?:ing)?|whistling|blast) of (?:the |a )?wind|howling (?:wind|gale|storm)"),
    "fire": Effect("a crackling fire", 0.7,
        r"(?:fire|flames|logs|blaze) (?:\w+ )?(?:crackled|roared|blazed|crackling|hissed|leaped|leapt|burned brightly)|crackling (?:fire|logs|flames)|"
        r"(?:crackl(?:e|ing)|roar) of (?:the |a )?(?:\w+ )?(?:fire|flames|logs)|(?:roaring|blazing) fire"),
    "sea": Effect("waves breaking on a shore", 0.8,
        r"(?:waves?|surf|breakers|billows|tide) (?:\w+ )?(?:broke|crashed|rolled|lapped|beat|boomed|roared|dashed|thundered|washed|breaking|lapping|rippled)|"
        r"ripple lapping|(?:roar|sound|murmur|wash|boom|splash|thunder) of (?:the )?(?:\w+ )?(?:sea|surf|waves|breakers|ocean)"),
    "water": Effect("a splash in water", 0.6,
        r"(?:with a|a great|a loud|a) splash\b|splashed (?:into|through|in)|plunged into the (?:water|river|sea|lake|stream|pool)|"
        r"(?:stream|brook|river|fountain|water) (?:\w+ )?(?:gurgled|babbled|splashed|murmured|dripped|trickled|gushed)|(?:drip|trickle|gurgle|sound) of (?:the )?(?:running )?water"),
    "birds": Effect("birds singing in the morning", 0.5,
        r"(?:birds?|larks?|nightingales?|robins?|thrush(?:es)?|sparrows?|blackbirds?) (?:\w+ )?(?:sang|sung|chirped|twittered|warbled|trilled|singing|chirping|carolled|called)|"
        r"(?:song|singing|twitter(?:ing)?|chirping) of (?:the )?(?:\w+ )?birds|birdsong"),
    "owl": Effect("an owl hooting at night", 0.65, r"owls? (?:\w+ )?(?:hooted|hooting|screeched|called|cried)|hoot(?:ing)? of an owl"),
    "dog": Effect("a dog barking", 0.75,
        r"(?:dogs?|hounds?|mastiff|terrier|puppy|spaniel) (?:\w+ )?(?:barked|howled|growled|bayed|barking|yelped|whined|snarled)|(?:bark(?:ing)?|howl(?:ing)?|baying|yelp(?:ing)?) of (?:a|the|his|some) (?:\w+ )?(?:dogs?|hounds?)"),
    "cat": Effect("a cat mewing", 0.6, r"(?:cats?|kitten) (?:\w+ )?(?:mewed|purred|meowed|miaowed|hissed|yowled|purring|mewing)"),
    "wolf": Effect("wolves howling far away", 0.85, r"wol(?:f|ves) (?:\w+ )?(?:howled|howling|bayed)|(?:howl(?:ing)?) of (?:a|the|many)? ?wol(?:f|ves)"),
    "crowd": Effect("a crowd murmuring and calling", 0.65,
        r"crowd (?:\w+ )?(?:roared|cheered|murmured|shouted|yelled|surged|gasped|screamed|hooted|applauded|cried)|(?:murmur|roar|shouts?|cries|hum|noise|buzz|cheers) "
        r"(?:of|from) the (?:crowd|mob|multitude|throng|audience)|hubbub"),
    "swords": Effect("swords clashing", 0.9, r"(?:clash|ring|clang|clink) of (?:steel|swords|blades|cutlasses|arms)|(?:swords|blades|cutlasses) (?:\w+ )?(?:clashed|rang|met|crossed)"),
    "phone": Effect("a telephone ringing", 0.9, r"(?:tele)?phone (?:\w+ )?(?:rang|rung|buzzed|shrilled|ringing)"),
    "engine": Effect("a motor engine starting", 0.75, r"(?:engine|motor|car) (?:\w+ )?(?:roared|started up|purred|coughed|throbbed|spluttered|screeched|revved)"),
}
# fmt: on


def _across_lines(pattern: str) -> str:
    """Words of one phrase may stand on two lines of a wrapped text."""
    return pattern.replace("[- ]", "[-\\s]").replace(" ", "\\s+").replace("\\s+?", "\\s*")


_ANY = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<{name}>{_across_lines(effect.pattern)})" for name, effect in EFFECTS.items())
    + r")(?![\w-])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[.!?][\"”’']")
_NOT_HEARD = re.compile(
    r"\b(?:no|not|never|without|nor|neither|n['’]t|hardly|scarcely|instead of|nothing|neither|cannot|cease[ds]?|stopped)\b"
    r"|n['’]t\b"
    r"|\b(?:like|as (?:if|though)|than|resembl\w+|as \w+ as|kind of|sort of|such as)\b"
    r"|\b(?:if|would|could|might|should|may|unless|until|till|whenever|whether|lest|perhaps|must|will|shall|'ll|’ll)\b"
    r"|\b(?:remember\w*|recall\w*|dream\w*|imagin\w+|fanc(?:y|ied)|thought (?:of|about)|thinking (?:of|about)|used to|years ago|"
    r"long ago|once upon|in (?:my|his|her) (?:youth|childhood)|expect\w*|wait(?:ed|ing) for|hop(?:ed|ing)|fear(?:ed|ing)|afraid|"
    r"pretend\w*|wish(?:ed|ing)?|want(?:ed|ing)?|before|about to|ready to|read (?:of|about)|told|spoke of|talked of|story of|"
    r"promis\w+|try|tried|trying|had (?:\w+ )?been|picture of|painting of|seem(?:ed|s)?)\b",
    re.IGNORECASE,
)
_FIGURE_AFTER = re.compile(
    r"^\W{0,2}(?:of (?:protest|applause|laughter|words|abuse|tears|oaths|anger|rage|emotion|fate|questions|criticism|blows|indignation|"
    r"opportunity|hope|thought|memory|fortune|love|passion|mirth|cheers|kisses|grief|voices|arrows|bullets)\b|(?:in|from) (?:his|her|my) "
    r"(?:heart|mind|soul|head|ears|eyes|dreams|voice)|(?:\w+ ){0,2}(?:had )?(?:stopped|ceased|was over|had passed|ended)\b)",
    re.IGNORECASE,
)
_DENSITY = 180
"""At most one sound for about 12 s of speech, at 15 characters a second."""
_SAME_AGAIN = 1_200
_LONG_SOUNDS = frozenset(("rain", "wind", "fire", "sea", "crowd", "birds"))


def effect_cues(text: str, blocks: Sequence[Block], quotes: Sequence[Quote]) -> list[EffectCue]:
    """The sounds of the narration in order of place, ranked by importance, never closer than about 12 s of speech.

    Left out: what is denied, compared, wished, remembered or over, and what people only talk about."""
    starts = [quote.start for quote in quotes]
    found: list[tuple[float, int, int, str]] = []
    last: dict[str, int] = {}
    number = 0
    for match in _ANY.finditer(text):
        start, end = match.span()
        while number < len(blocks) and blocks[number].end <= start:
            number += 1
        if number >= len(blocks) or blocks[number].kind != "paragraph":
            continue
        place = bisect_left(starts, start + 1) - 1
        if place >= 0 and quotes[place].end > start:
            continue
        if not _is_heard(text, start, end, max(blocks[number].start, quotes[place].end if place >= 0 else 0)):
            continue
        name = str(match.lastgroup)
        again = name in last and start - last[name] < _SAME_AGAIN * (3 if name in _LONG_SOUNDS else 1)
        weight = EFFECTS[name].weight - (0.5 if again else 0.0)
        if again and name in _LONG_SOUNDS:
            continue
        last[name] = start
        found.append((-weight, start, end, name))
    chosen = _thin(sorted(found))
    ranked = {start: rank for rank, (_, start, _, _) in enumerate(chosen, 1)}
    return [
        EffectCue(start=start, end=end, name=name, prompt=EFFECTS[name].prompt, rank=ranked[start])
        for _, start, end, name in sorted(chosen, key=lambda item: item[1])
    ]


def _thin(found: Sequence[tuple[float, int, int, str]]) -> list[tuple[float, int, int, str]]:
    """The most important first; each keeps its distance from those chosen."""
    kept: list[int] = []
    chosen: list[tuple[float, int, int, str]] = []
    for item in found:
        place = bisect_left(kept, item[1])
        close = (place < len(kept) and kept[place] - item[1] < _DENSITY) or (
            place > 0 and item[1] - kept[place - 1] < _DENSITY
        )
        if not close:
            insort(kept, item[1])
            chosen.append(item)
    return chosen


def _is_heard(text: str, start: int, end: int, floor: int) -> bool:
    """Whether the sentence lets the sound happen now."""
    before = text[max(floor, start - 120) : start]
    for stop in _SENTENCE_END.finditer(before):
        before_start = stop.end()
        if not before[:before_start].rstrip().endswith(("Mr.", "Mrs.", "Dr.")):
            tail = before_start
            before = " " * tail + before[tail:]
    clause = re.split(r"[;:—]|--|, (?:and|but|when|then)\b", before)[-1]
    if _NOT_HEARD.search(clause) or re.search(r"\b(?:no|not|never|without)\b", text[start:end], re.IGNORECASE):
        return False
    return _FIGURE_AFTER.match(text[end : end + 60]) is None
