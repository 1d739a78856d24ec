"""Who gets which voice: the most important roles first, each as distinct as the voices allow.

Everybody leans towards voices of their own, by a hash of their name (rendezvous hashing: Thaler and Ravishankar, 1998), so that
who they are decides and not how much they happen to say: the next chapter of a book, alone or added to the last, gives
most people the voices that they had.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from narratix.events.catalogue import CastMember, Segment
from narratix.ports import Voice

_AGES: Final = {"child": 0, "young": 1.1, "adult": 1.2, "old": 2.2}
"""Young and grown-up voices can stand for each other; a child's or an old one's cannot."""

_AGE_WORDS: Final = {
    "child": "girl boy child kid lad lass baby infant urchin schoolboy schoolgirl",
    "young": "young maid maiden prince princess youth",
    "old": "old aged grandmother grandfather granny grandpa elder crone ancient hag",
}
_AGE_OF: Final = {word: age for age, words in _AGE_WORDS.items() for word in words.split()}
_MANNERED: Final = frozenset({"whispering", "giant", "elf"})
"""Traits that are right for whoever is called so, and strange for everybody else."""
_LEANING: Final = 0.5
"""How much a name can make of a voice, in the units of quality: half of what parts the best voice from the worst."""
_ALIKE: Final = 0.1
"""Octaves of pitch within which two voices of one accent are hard to tell apart."""
_TOO_ALIKE: Final = 0.8


class UnknownVoice(ValueError):
    """A wish names a voice that the engine does not have."""


def cast_voices(
    cast: Sequence[CastMember], segments: Sequence[Segment], voices: Sequence[Voice], wishes: Mapping[str, str]
) -> dict[str, str]:
    """A voice id for every cast id.

    `wishes` maps names or aliases (any case) to voice ids and is obeyed to the letter. Everybody else is cast in
    the order of how much they say, the narrator first: gender must fit, then a voice nobody has is taken before
    one that is shared, then one that is good, suits them by age and manner, is nobody's double, and that their
    name leans to; the narrator gets the best. A wished voice is kept for whom it was wished, whether they
    speak here or not. The same input gives the same voices. Raises UnknownVoice.
    """
    by_id = {voice.id: voice for voice in voices}
    said = Counter[str]()
    for segment in segments:
        said[segment.speaker] += segment.end - segment.start
    wanted = _wishes(cast, wishes, by_id)
    chosen: dict[str, str] = {}
    taken = Counter(wanted.values()) | Counter(set(wishes.values()))
    for member in sorted(cast, key=lambda member: (not member.narrator, -said[member.id], member.id)):
        voice = wanted.get(member.id)
        if voice is None:
            voice = _best(member, voices, taken, [by_id[each] for each in taken]).id
            taken[voice] += 1
        chosen[member.id] = voice
    return {member.id: chosen[member.id] for member in cast}


def _wishes(cast: Sequence[CastMember], wishes: Mapping[str, str], by_id: Mapping[str, Voice]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    asked = {name.casefold(): voice for name, voice in wishes.items()}
    for name, voice in asked.items():
        if voice not in by_id:
            known = ", ".join(sorted(by_id))
            raise UnknownVoice(f"There is no voice called {voice!r} for {name!r}; choose one of: {known}.")
    for member in cast:
        wish = next((asked[name] for name in _names(member) if name in asked), None)
        if wish is not None:
            wanted[member.id] = wish
    return wanted


def kept_voices(
    cast: Sequence[CastMember], voices: Mapping[str, str], before: Mapping[str, str], wishes: Mapping[str, str]
) -> dict[str, str]:
    """The wishes by which a book's next chapter gives everybody the voice they have in this one, by every name of theirs that
    nobody else bears. `before` are the wishes of this chapter, which speak for whoever is not in it; `wishes` those for the next,
    which go first."""
    bearers = Counter(name for member in cast for name in _names(member))
    asked = {name.casefold() for name in wishes}
    kept = {
        name: voices[member.id]
        for member in cast
        if asked.isdisjoint(_names(member))
        for name in _names(member)
        if bearers[name] == 1
    }
    return {**before, **kept, **wishes}


def _names(member: CastMember) -> list[str]:
    """Whatever somebody is called by in a wish, each once, their name first."""
    names = (member.name, *member.aliases, *(("narrator",) if member.narrator else ()))
    return list(dict.fromkeys(name.casefold() for name in names))


def age_of(member: CastMember) -> str:
    """child, young, adult or old, by what somebody is called."""
    return next((_AGE_OF[word] for word in sorted(_called(member)) if word in _AGE_OF), "adult")


def _called(member: CastMember) -> set[str]:
    return {word for name in (member.name, *member.aliases) for word in name.casefold().split()}


def _best(member: CastMember, voices: Sequence[Voice], taken: Counter[str], in_use: Sequence[Voice]) -> Voice:
    called, age = _called(member), age_of(member)

    def score(voice: Voice) -> tuple[bool, int, float, str]:
        fits = member.gender == "unknown" or voice.gender in (member.gender, "unknown")
        # a manner is as odd in somebody who has not got it as its lack is in somebody who has
        odd = abs(_AGES[voice.age] - _AGES[age]) + len(_MANNERED & (called ^ set(voice.traits)))
        leans = 0.0 if member.narrator else _LEANING * _affinity(member.name, voice)
        alike = _TOO_ALIKE if any(_distance(voice, other) < _ALIKE for other in in_use) else 0.0
        return (not fits, taken[voice.id], -(voice.quality + leans - alike - 0.8 * odd), voice.id)

    return min(voices, key=score)


def _affinity(name: str, voice: Voice) -> float:
    """0..1, for ever the same for a name and a voice."""
    digest = hashlib.sha256(f"{name.casefold()}\0{voice.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _distance(one: Voice, other: Voice) -> float:
    """How far two voices are from each other, in octaves of pitch, another accent being a third of one."""
    pitch = abs(math.log2(one.pitch_hz / other.pitch_hz)) if one.pitch_hz and other.pitch_hz else 0.5
    return pitch + (0.3 if one.accent != other.accent else 0.0)
