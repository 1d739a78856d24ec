"""When the weather of a story ends: "the rain had stopped at last"."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from narratix.events.catalogue import Segment

WEATHER: Final[Mapping[str, tuple[str, ...]]] = {
    "rain": ("rain", "storm"),
    "wind": ("wind", "storm"),
    "storm": ("storm", "blizzard", "rain", "wind"),
    "blizzard": ("blizzard",),
}
"""The effects (`narratix.script.sounds`) that are weather, and those that end with each."""

_NAMES: Final = {
    "rain": "rain(?:fall)?|downpour|shower",
    "wind": "wind|gale",
    "storm": "(?:thunder)?storm|tempest",
    "blizzard": "blizzard|snowfall|snow-?storm",
}
_BETWEEN: Final = (
    r"(?:\s+(?:had|has|have|finally|at|last|length|once|now|then|suddenly|slowly|gradually|all|outside|by|midnight|dawn|morning|"
    r"noon|evening|already)){0,4}"
)
_OVER: Final = (
    r"\s+(?:stopped|ceased|died\s+(?:down|away|out)|let\s+up|abated|subsided|blown\s+(?:itself\s+)?out|"
    r"passed(?!\s+(?:over|through|by))|(?:was|were)(?:\s+(?:all|now|at\s+last))?\s+over)\b"
)
_LULLS: Final = {
    kind: re.compile(rf"\b(?:{names}){_BETWEEN}{_OVER}(?!\s+(?:the|a|an|him|her|them|us|it)\b)", re.IGNORECASE)
    for kind, names in _NAMES.items()
}


def lulls(text: str, segments: Sequence[Segment]) -> dict[str, tuple[int, ...]]:
    """The lines in which the narration says that the weather is over, by the names of the effects that are silent from
    there on. What people say of it, in whatever tense, ends nothing."""
    begins = [segment.start for segment in segments]
    found: dict[str, set[int]] = {}
    for kind, pattern in _LULLS.items():
        for match in pattern.finditer(text):
            line = bisect_right(begins, match.start()) - 1
            if line >= 0 and segments[line].kind == "narration":
                for effect in WEATHER[kind]:
                    found.setdefault(effect, set()).add(line)
    return {effect: tuple(sorted(lines)) for effect, lines in found.items()}
