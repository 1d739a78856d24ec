"""What can be said of a text without a model: a short list of rules, each for whole words.

Word lists misfire: "skill" holds "kill", and a mystery needs its murder. So these rules *block* only
what no story needs (sexual content about minors, working instructions for weapons of mass harm,
urging or teaching suicide), *warn* of what a listener may want to know beforehand, and pass the
rest. They never call a text safe: no rule here understands what it reads.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "block"]

POLICY = "offline-rules-1"
"""Changes whenever a rule does, so that a stored verdict names the rules it came from."""

UNREVIEWED = "offline rules, no AI review"


@dataclass(frozen=True, slots=True)
class Review:
    """`sentence` is for people; `categories` are sorted, and empty exactly when `verdict` is "ok"."""

    verdict: Verdict
    sentence: str
    categories: tuple[str, ...]
    policy: str = POLICY


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires where every pattern of `near` is found within `reach` characters of a match of `pattern`."""

    category: str
    verdict: Verdict
    pattern: re.Pattern[str]
    near: tuple[re.Pattern[str], ...] = ()
    reach: int = 0

    def fires(self, text: str) -> bool:
        return any(self._surrounded(text, found) for found in self.pattern.finditer(text))

    def _surrounded(self, text: str, found: re.Match[str]) -> bool:
        start, end = max(0, found.start() - self.reach), found.end() + self.reach
        return all(pattern.search(text, start, end) for pattern in self.near)


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)")


_MINOR = _words(
    r"child(?:ren)?",
    r"minors?(?! (?:injur|detail|key|chord|problem|offen))",
    r"under-?age",
    r"pre-?teens?",
    r"toddlers?",
    r"(?:little|young|school) ?(?:girl|boy)s?",
    r"(?:[1-9]|1[0-7])[- ]years?[- ]olds?",
    r"aged? (?:[1-9]|1[0-7])",
    r"(?:five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven)teen)[- ]years?[- ]olds?",
)
# Not plain "sex" or "sexual": treatises and survivors' accounts use them beside "children" (so does Herland, 1915).
_EXPLICIT = _words(
    r"(?:have|has|had|having) sex(?! education)",
    r"sex (?:scene|act|tape|toy)s?",
    r"sexual (?:act|scene|content|fantas(?:y|ie)|intercourse|encounter|relation)s?",
    r"sexually (?:explicit|aroused|attractive|suggestive)",
    r"sexuali[sz](?:e|es|ed|ing)",
    r"erotic(?:a|ally)?",
    r"orgasms?",
    r"porn(?:o|ography|ographic)?",
    r"masturbat(?:e|es|ed|ing|ion)",
    r"nude (?:photo|picture|image)s?",
    r"genitals?",
)
_WEAPON = _words(
    r"(?:pipe|nail|car|fertili[sz]er|dirty|petrol|nuclear) ?bombs?",
    r"explosives?(?: devices?| vests?)?",
    r"bombs?",
    r"nerve (?:gas|agents?)",
    r"mustard gas",
    r"sarin",
    r"ricin",
    r"anthrax",
    r"thermite",
    r"molotov cocktails?",
    r"ghost guns?",
)
_TEACHING = _words(
    r"how to (?:make|build|assemble|synthesi[sz]e|produce|mix|prepare|cook|print)",
    r"(?:instructions|recipe|steps|guide|tutorial) (?:for|to)",
    r"step[- ]by[- ]step",
    r"you(?: will|’ll|'ll)? need",
    r"step (?:1|one)",
)
_MEASURE = _words(
    r"\d+(?:[.,]\d+)? ?(?:g|kg|mg|ml|l|cl|grams?|kilograms?|millilit(?:er|re)s?|lit(?:er|re)s?|percent|°c)",
    r"\d+(?:[.,]\d+)? ?%",
    r"(?:ammonium nitrate|potassium chlorate|acetone|hydrogen peroxide|gunpowder|detonator|blasting cap)s?",
)

RULES: tuple[Rule, ...] = (
    Rule("sexual content about minors", "block", _EXPLICIT, (_MINOR,), reach=120),
    Rule("weapon instructions", "block", _WEAPON, (_TEACHING, _MEASURE), reach=300),
    Rule(
        "self-harm encouragement",
        "block",
        _words(
            r"you (?:should|must|need to|ought to|have to) (?:just |really |go and )?(?:kill|hang|drown|cut) yourself",
            r"how to (?:kill (?:yourself|myself)|(?:commit|die by) suicide|end (?:your|my) (?:own )?life)",
            r"(?:best|easiest|quickest|fastest|painless|surest) (?:way|method)s? (?:to|of) "
            r"(?:kill(?:ing)? (?:yourself|myself|oneself)|(?:commit(?:ting)? )?suicide|end(?:ing)? (?:your|my) (?:own )?life)",
        ),
    ),
    Rule("weapons", "warn", _WEAPON, (_TEACHING,), reach=80),
    Rule(
        "graphic violence",
        "warn",
        _words(
            r"tortured to death",
            r"behead(?:s|ed|ing)?",
            r"decapitat(?:e|es|ed|ing|ion)",
            r"dismember(?:s|ed|ing|ment)?",
            r"disembowel(?:s|led|ling)?",
            r"mutilat(?:e|es|ed|ing|ion)",
            r"entrails",
            r"massacr(?:e|es|ed)",
            r"rap(?:e|es|ed|ist|ists)",
        ),
    ),
    Rule("sexual content", "warn", _EXPLICIT),
    Rule(
        "self-harm",
        "warn",
        _words(
            r"suicid(?:e|es|al)",
            r"self-harm(?:s|ed|ing)?",
            r"(?:kill|killed|kills|hang|hanged) (?:your|my|him|her|them)sel(?:f|ves)",
        ),
    ),
    Rule("drugs", "warn", _words("cocaine", "heroin", r"(?:crystal )?meth(?:amphetamine)?", "fentanyl", "opium")),
    Rule("strong language", "warn", _words(r"(?:mother)?fuck(?:s|ed|er|ers|ing)?", r"shit(?:s|ty)?", r"cunts?")),
    Rule(
        "hatred of a group",
        "warn",
        _words(
            r"(?:kill|exterminate|gas|deport|burn) (?:all )?(?:the )?"
            r"(?:jews|muslims|christians|blacks|whites|gays|immigrants|foreigners|gypsies)",
            r"(?:jews|muslims|christians|blacks|gays|immigrants|foreigners|gypsies) are (?:all )?"
            r"(?:vermin|animals|parasites|subhumans?|rats)",
        ),
    ),
    Rule(
        "personal data",
        "warn",
        re.compile(r"(?<!\d)\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?!\d)|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)"),
    ),
    Rule(
        "instructions to a model",
        "warn",
        _words(
            r"(?:ignore|disregard|forget) (?:all |any )?(?:the |your |my )?(?:previous|prior|above|earlier) "
            r"(?:instruction|prompt|rule|message)s?",
            r"system prompt",
        ),
    ),
)


def review(text: str) -> Review:
    """Judge a text by the offline rules, in time linear in its length.

    Case, compatibility forms (full-width letters), invisible characters and line breaks make no
    difference. The verdict is the gravest of all rules that fire."""
    plain = _plain(text)
    fired = [rule for rule in RULES if rule.fires(plain)]
    blocking = tuple(sorted({rule.category for rule in fired if rule.verdict == "block"}))
    if blocking:
        return Review(
            "block",
            f"This text cannot be used: it seems to contain {' and '.join(blocking)}. Change that passage and send it"
            f" again ({UNREVIEWED}).",
            blocking,
        )
    warning = tuple(sorted({rule.category for rule in fired}))
    if warning:
        return Review("warn", f"{UNREVIEWED}; listeners may want to know of: {', '.join(warning)}", warning)
    return Review("ok", UNREVIEWED, ())


def _plain(text: str) -> str:
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join(visible.casefold().split())
