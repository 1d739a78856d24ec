"""How a line is spoken: the voice's direction, its speed, and the silence behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_CUES: Final[Mapping[str, str]] = {
    "whispering": r"whisper\w*|under (?:his|her|its|my|their) breath|in an undertone|breathed",
    "shouting": r"shout\w*|yell\w*|bellow\w*|roar(?:ed|s|ing)|bawl\w*|scream\w*|shriek\w*|thundered|hollered|"
    r"at the top of (?:his|her|its|my|their) (?:voice|lungs)|cried out|called out|boomed",
    "crying": r"sobb\w*|weep\w*|wept|wail\w*|tearfully|in tears|whimper\w*|through (?:his|her|my) tears|"
    r"with tears in (?:his|her|my) eyes|blubber\w*",
    "laughing": r"laugh\w*|chuckl\w*|giggl\w*|with a grin|titter\w*",
    "angry": r"angr\w+|furious\w*|crossly|in a (?:\w+ )?(?:rage|fury|passion)|savagely|snarl\w*|growl\w*|snapp\w+|"
    r"fierce\w*|indignant\w*|wrathful\w*|irritabl\w+|hotly|raged|stormed|in an offended tone|hissed",
    "sad": r"sad(?:ly)?|mournful\w*|sorrowful\w*|dismal\w*|gloomily|miserabl[ey]|in a (?:mournful|melancholy|sad) tone|"
    r"wistful\w*|moan(?:ed|s|ing)|bitterly|despairing\w*|in despair|brokenly|sobered|heavily",
    "fearful": r"fearful(?:ly)?|afraid|terrified|in (?:\w+ )?terror|in (?:a )?fright|trembl\w*|tremulous\w*|quaver\w*|"
    r"shudder\w*|horrified|in horror|alarmed|in alarm",
    "nervous": r"nervous\w*|stammer\w*|stutter\w*|falter\w*|hesitat\w*|timid\w*|anxious\w*|uneas\w+|shyly|meekly|"
    r"in (?:some )?confusion|confused|haltingly",
    "excited": r"excited(?:ly)?|eager(?:ly)?|exclaim\w*|ejaculat\w*|breathless\w*|triumphant\w*|gasp\w*|panted|"
    r"in a great hurry|crow(?:ed|ing)",
    "cheerful": r"cheer(?:ful|i)\w*|merr(?:y|ily)|gaily|brightly|joyful\w*|joyous\w*|happily|delighted\w*|smil\w+|"
    r"pleasantly|jovial\w*|good-humou?redly|beam(?:ed|ing)",
    "tender": r"tender\w*|gentl[ey]|softly|lovingly|affectionate\w*|fondly|kind(?:ly|er)|soothing\w*|sooth(?:ed|es)|"
    r"coax\w*|in a (?:low and )?(?:gentle|soft|tender|kind) (?:voice|tone)|warmly|murmur\w*(?! to (?:him|her|it|my)self)",
    "stern": r"stern\w*|severe?ly|sharply|coldly|grim(?:ly)?|firmly|curtly|harsh\w*|gruff\w*|command(?:ed|s)|"
    r"ordered|gravely|solemn\w*|with (?:some )?severity|contemptuous\w*|haughti\w+|sulkily|shortly|icily",
    "mocking": r"mocking\w*|sneer\w*|jeer\w*|scoff\w*|scornful\w*|sarcastic\w*|with a (?:kind of )?(?:leer|sneer)|"
    r"dr(?:i|y)ly|ironical\w*|taunt\w*|sardonic\w*",
    "weary": r"wear(?:y|ily)|tired(?:ly)?|faint(?:ly)?|sleep(?:y|ily)|yawn\w*|drows\w+|in a (?:hoarse, )?feeble voice|"
    r"feebl[ey]|sigh\w*|with a (?:\w+ )?sigh|languid\w*|groan\w*|listless\w*",
    "surprised": r"surpris\w+|astonish\w*|amaze\w*|in (?:great )?wonder|incredulous\w*|startled|bewilder\w*|blankly",
    "pleading": r"plead\w*|begg(?:ed|ing)|implor\w*|beseech\w*|besought|entreat\w*|humbly|beg(?:s)?\b",
    "muttering": r"mutter\w*|mumbl\w*|grumbl\w*|grunt\w*|in a low (?:voice|tone)|murmur\w*(?= to (?:him|her|it|my)self)|to (?:himself|herself|itself|myself)",
    "thoughtful": r"thoughtful\w*|mus(?:ed|ing)|pensive\w*|reflect(?:ed|ively)|slowly|ponder\w*|dreamily|absently",
    "singing": r"sang|singing|hummed|humming|chant(?:ed|ing)",
    "calm": r"calm(?:ly)?|quiet(?:ly)?|composed(?:ly)?|placid\w*|serene\w*|coolly|politely|evenly",
    "urgent": r"urg(?:ed|ent|ently)|hurried(?:ly)?|hasti(?:ly)|hastily|quickly|rapidly|impatient\w*|desperate\w*",
}
_MEDIA: Final[Mapping[str, str]] = {
    "telephoning": r"(?:in)?to (?:the|his|her) (?:tele)?phone|(?:on|over|through|down) the (?:tele)?phone|into the receiver|"
    r"(?:on|over) the (?:other end of the )?line|(?:tele)?phoned|over the (?:radio|intercom)|(?:on|through|over) the wire",
    "reading": r"(?:the|his|her|its) (?:letter|note|message|telegram|card|inscription|notice|sign) (?:read|ran|said)|"
    r"(?:it|which|that) (?:read|ran) (?:as follows|thus)|read (?:aloud|out)|"
    r"reading (?:aloud|out|from)|(?:he|she|they|I) (?:had written|wrote)|wrote \w+|ran the (?:letter|note|message)",
    "thinking": r"(?<!\w )(?<!\w, )thought(?= (?!of\b|that\b|it\b|so\b))|thought(?= to (?:him|her|it|my)self)|"
    r"thought(?=[.,;:!?—]|$)|(?:said|saying|says) (?:\w+ )?to (?:himself|herself|itself|myself|themselves)|wondered|mused|"
    r"in (?:his|her|my) (?:own )?(?:mind|thoughts)|told (?:himself|herself|myself)",
}
"""What a speech is heard through; beside it, it may be spoken in any way."""

MEDIA: Final = tuple(_MEDIA)

DIRECTIONS: Final = (*_CUES, *_MEDIA)
"""Every direction a line can have besides "" (none); one of a way and one of a medium may stand together."""

SPEEDS: Final[Mapping[str, float]] = {
    "whispering": 0.95, "shouting": 1.04, "crying": 0.93, "laughing": 1.03, "angry": 1.05, "sad": 0.92, "fearful": 1.04,
    "nervous": 1.03, "excited": 1.08, "cheerful": 1.04, "tender": 0.95, "stern": 0.97, "mocking": 0.98, "weary": 0.9,
    "surprised": 1.04, "pleading": 1.0, "muttering": 0.98, "thoughtful": 0.92, "singing": 0.92, "calm": 0.97,
    "urgent": 1.1, "telephoning": 1.0, "reading": 0.97, "thinking": 0.97,
}  # fmt: skip

_ANY = re.compile(
    r"\b(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _CUES.items()) + r")(?![\w-])", re.IGNORECASE
)
_MEDIUM = re.compile(
    r"\b(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _MEDIA.items()) + r")(?![\w-])", re.IGNORECASE
)
_NEGATION = re.compile(
    r"\b(?:not|never|without|no|nor|hardly|scarcely|instead of|n['’]t)\W+(?:\w+\W+){0,2}$", re.IGNORECASE
)
_WEAK = frozenset(("laughing", "muttering", "cheerful", "tender", "calm"))
_MOMENTARY = frozenset(("laughing", "surprised", "singing", "excited", "thoughtful"))
_LOUD = re.compile(r"(?:\b[A-Z]{4,}\b.*!)|!{2,}", re.DOTALL)

LEVELS: Final = (
    (re.compile(r"\bwhisper|\bbreath|\bhiss"), -3.0),
    (
        re.compile(r"\bmutter|\bmurmur|\bmumbl|\bquiet|\bsoft|\bthinking|\bunder\b|\btender|\bweary|\bfaint|\bdying"),
        -1.5,
    ),
    (re.compile(r"\bshout|\bscream|\bshriek|\byell|\broar|\bbellow"), 1.5),
)
"""Decibels by which a line is softer or louder than plain speech: less than in life, so that a whisper is understood over
music, and a shout hurts nobody who listens through headphones."""

WITHIN_SENTENCE = 0.15
SENTENCE = 0.35
PARAGRAPH = 0.6
HEADING = 1.0
SCENE = 1.2
CHAPTER = 1.6
LONGEST_PAUSE = 1.8


def direction_of(cue: str) -> str:
    """The direction that the words beside a speech give, "" when they give none.

    The first that is not negated wins, save that an exact one beats "laughing", "calm" and their like. A medium comes
    behind it: "whispering, telephoning"."""
    cue = " ".join(cue.split())
    found, media = _found(_ANY, cue), _found(_MEDIUM, cue)
    exact = [name for name in found if name not in _WEAK]
    return ", ".join([*(exact or found)[:1], *media[:1]])


def _found(cues: re.Pattern[str], cue: str) -> list[str]:
    return [
        str(match.lastgroup)
        for match in cues.finditer(cue)
        if not _NEGATION.search(cue[max(0, match.start() - 40) : match.start()])
    ]


def direction_of_words(speech: str) -> str:
    """The direction that the speech itself shows, by capitals and marks."""
    return "shouting" if len(speech) < 400 and _LOUD.search(speech) else ""


def lasting(direction: str) -> str:
    """What of a direction still holds when its speaker goes on behind the words that gave it: a whisper, not a laugh."""
    return ", ".join(name for name in direction.split(", ") if name not in _MOMENTARY)


def speed_of(direction: str) -> float:
    """A factor on the normal speed."""
    speed = 1.0
    for name in direction.split(", "):
        speed *= SPEEDS.get(name, 1.0)
    return round(speed, 3)


def level_of(direction: str) -> float:
    """Decibels on the level of plain speech, for any words of direction."""
    low = direction.casefold()
    return next((level for words, level in LEVELS if words.search(low)), 0.0)


def pause_within(text: str, start: int, end: int) -> float:
    """Seconds behind a segment that the same paragraph goes on after."""
    closing = text[start:end].rstrip().rstrip("\"'”’»)*_]")
    return SENTENCE if closing[-1:] in (".", "!", "?", "…") else WITHIN_SENTENCE
