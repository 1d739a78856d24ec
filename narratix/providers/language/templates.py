"""Stories without a model: seeded plots told in interchangeable scenes (`stories/`).

A story is a pure function of (template, premise, length, seed): the seed casts the parts, draws the
words and each scene's telling, and chooses which optional scenes fit the length asked for.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narratix.ports import ProviderError, StoryDraft
from narratix.providers.language.safety import review
from narratix.providers.language.stories import Plot, Scene, plot
from narratix.providers.language.stories.grammar import Person, PersonGender, expand, in_brief, in_full

ENGINE = "templates-1"
"""Changes whenever the same arguments would give another story."""

SHORTEST, LONGEST = 300, 1_500
LONGEST_PREMISE = 500


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    title: str
    description: str


TEMPLATES: tuple[Template, ...] = tuple(
    Template(id=told.id, title=told.title, description=told.description)
    for told in map(plot, ("adventure", "mystery", "science-fiction", "fairy-tale", "ghost-story", "comedy"))
)


def write_story(template: str, premise: str, length: int, seed: int) -> StoryDraft:
    """A story of `length` words, give or take 15 %, the same for the same arguments.

    The premise is data: bounded to 500 characters, freed of control characters and quoted as what
    the story is said to be about. Where it introduces "a girl called Zoe", the hero is Zoe.

    Raises ProviderError(permanent=True) for an unknown template, a length outside 300..1500, and a
    premise that the offline rules block.
    """
    known = ", ".join(known.id for known in TEMPLATES)
    if template not in {known.id for known in TEMPLATES}:
        raise ProviderError(f"There is no story template called {template!r}; choose one of: {known}.", permanent=True)
    if not SHORTEST <= length <= LONGEST:
        raise ProviderError(f"A story can have {SHORTEST} to {LONGEST} words; {length} were asked for.", permanent=True)
    clean = clean_premise(premise)
    judged = review(clean)
    if judged.verdict == "block":
        raise ProviderError(judged.sentence, permanent=True)

    told = plot(template)
    draw = random.Random(f"{ENGINE} {template} {length} {seed} {clean}")
    persons = _cast(told, clean, draw)
    words = _words(told, draw)
    title = _title_case(expand(draw.choice(told.titles), persons, words, draw))
    frame = _frame(told, clean, length, persons, words, draw)
    room = length - _count(*frame)
    scenes = [(scene, expand(telling, persons, words, draw)) for scene, telling in _tellings(told.scenes, room, draw)]
    text = "\n\n".join(frame + _fit(scenes, room, draw))
    return StoryDraft(title=title, text=text, engine=ENGINE, safety=review(text).sentence)


# -- the premise -------------------------------------------------------------------------------

_INTRODUCED = re.compile(
    r"\b(?:(?P<female>girl|woman|queen|princess|mother|grandmother|sister|daughter)"
    r"|(?:boy|man|king|prince|father|grandfather|brother|son))\s+(?:called|named)\s+(?P<name>[A-Z][a-z]{1,14})\b"
)


def clean_premise(premise: str) -> str:
    """At most 500 characters in one line, without control characters and double quotation marks, which
    would make a speech of it."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in premise[:LONGEST_PREMISE])
    visible = "".join(c for c in visible if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn"))
    opened = re.sub(r"(^|[\s(\[=])[\"“„«]", r"\1‘", visible)
    return " ".join(re.sub(r"[\"“”„«»]", "’", opened).split())


def _frame(
    told: Plot,
    premise: str,
    length: int,
    persons: Mapping[str, Person],
    words: Mapping[str, str],
    draw: random.Random,
) -> list[str]:
    """The opening that quotes the premise, which takes no more than a twentieth of the story."""
    if not re.search(r"\w", premise):
        return []
    spoken = premise.split()
    quoted = " ".join(spoken[: length // 20])
    if len(spoken) > length // 20:
        quoted = quoted.rstrip(",;:-–—.!?") + "…"
    if quoted.startswith(("A ", "An ", "The ")):
        quoted = quoted[0].lower() + quoted[1:]
    if not quoted.endswith((".", "!", "?", "…")):
        quoted += "."
    return [expand(draw.choice(told.frame), persons, {**words, "premise": quoted}, draw)]


# -- persons and words -------------------------------------------------------------------------


def _cast(told: Plot, premise: str, draw: random.Random) -> dict[str, Person]:
    """Give every role a gender and a name; no two names of a story begin alike, where that can be had."""
    persons: dict[str, Person] = {}
    initials: set[str] = set()
    for role, names in told.cast.items():
        introduced = _INTRODUCED.search(premise) if role == told.hero else None
        gender: PersonGender = draw.choice(("female", "male"))
        pool = names.female if gender == "female" else names.male
        shuffled = draw.sample(pool, len(pool))
        name = next((name for name in shuffled if _initial(name) not in initials), shuffled[0])
        if introduced:
            gender, name = ("female" if introduced["female"] else "male"), introduced["name"]
        persons[role] = Person(name, gender)
        initials.add(_initial(name))
    return persons


def _initial(name: str) -> str:
    return name.split()[-1][0]


def _words(told: Plot, draw: random.Random) -> dict[str, str]:
    drawn = {key: draw.choice(choices) for key, choices in told.words.items()}
    return {**drawn, **draw.choice(told.worlds)} if told.worlds else drawn


# -- the telling -------------------------------------------------------------------------------


def _tellings(scenes: Sequence[Scene], room: int, draw: random.Random) -> list[tuple[Scene, str]]:
    """Every scene with one of its tellings, in brief where the core scenes would otherwise fill `room` words."""
    drawn = [(scene, draw.choice(scene.text)) for scene in scenes]
    core = sum(_count(in_full(telling)) for scene, telling in drawn if scene.core)
    abridge = in_full if core <= room else in_brief
    return [(scene, abridge(telling)) for scene, telling in drawn]


def _fit(scenes: Sequence[tuple[Scene, str]], length: int, draw: random.Random) -> list[str]:
    """The core scenes and those optional ones that bring the story closest to `length` words."""
    room = length - sum(_count(text) for scene, text in scenes if scene.core)
    optional = [number for number, (scene, _) in enumerate(scenes) if not scene.core]
    chosen: dict[int, frozenset[int]] = {0: frozenset()}
    for number in draw.sample(optional, len(optional)):
        words = _count(scenes[number][1])
        for total, numbers in list(chosen.items()):
            chosen.setdefault(total + words, numbers | {number})
    best = chosen[min(chosen, key=lambda total: abs(total - room))]
    return [text for number, (scene, text) in enumerate(scenes) if scene.core or number in best]


def _count(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


_SMALL_WORDS = frozenset(["a", "an", "and", "at", "by", "from", "in", "of", "on", "that", "the", "to", "under", "who"])


def _title_case(title: str) -> str:
    first, *rest = title.split()
    return " ".join([first, *(w if w in _SMALL_WORDS else w[:1].upper() + w[1:] for w in rest)])
