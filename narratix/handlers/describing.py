"""What the story tells of a character, as a wish for a voice: gender, age, manner of speaking, and lines of their own."""

from __future__ import annotations

from collections import Counter
from typing import Final

from narratix.job import Job
from narratix.ports import Described
from narratix.script.casting import age_of

FEWEST_LINES: Final = 3
"""Who says less is not worth a voice of their own."""

LONGEST_SAMPLE: Final = 300
SHORTEST_SAMPLE: Final = 100
"""Characters; a shorter sample is none."""

_PEOPLE: Final = {
    ("female", "child"): "A little girl",
    ("female", "young"): "A young woman",
    ("female", "adult"): "A woman of middle age",
    ("female", "old"): "An old woman",
    ("male", "child"): "A little boy",
    ("male", "young"): "A young man",
    ("male", "adult"): "A man of middle age",
    ("male", "old"): "An old man",
}


def described(job: Job, text: str, most: int) -> dict[str, Described]:
    """The characters who say most, at most so many, by cast id; without the narrator and those for whom a voice was wished.

    Names are left out, so that an old man of one story can be found again in another. Two of a kind within a drama are
    told apart by their ordinals.
    """
    assert job.script is not None
    said = Counter(segment.speaker for segment in job.script.segments if segment.kind == "speech")
    wished = set(job.options.voices)
    wanted: dict[str, Described] = {}
    kinds: Counter[str] = Counter()
    for member in sorted(job.script.cast, key=lambda member: (-said[member.id], member.id)):
        if member.narrator or said[member.id] < FEWEST_LINES or member.gender == "unknown":
            continue
        if wished & {name.casefold() for name in (member.name, *member.aliases)}:
            continue
        spoken = [
            segment for segment in job.script.segments if segment.speaker == member.id and segment.kind == "speech"
        ]
        manners = Counter(segment.direction for segment in spoken if segment.direction)
        manner = f", often {manners.most_common(1)[0][0]}" if sum(manners.values()) * 3 >= len(spoken) else ""
        description = f"{_PEOPLE[member.gender, age_of(member)]}{manner}. A natural, clear voice of an audio drama."
        sample = ""
        for segment in spoken:
            line = " ".join(text[segment.start : segment.end].strip().strip('“”"').split())
            if len(sample) + len(line) < LONGEST_SAMPLE:
                sample = f"{sample} {line}".strip()
        kinds[description] += 1
        wanted[member.id] = Described(
            description, sample if len(sample) >= SHORTEST_SAMPLE else "", kinds[description] - 1
        )
        if len(wanted) == most:
            break
    return wanted
