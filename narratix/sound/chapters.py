"""Chapters: where a listener may want to jump to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from narratix.events.catalogue import Chapter, PlannedMusic
from narratix.sound.lines import PlacedLine, word_begins

SHORTEST_CHAPTER = 2.0
_NUMBER = r"(?:\d+|[ivxlcdm]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|the\s+(?:first|last|end))"
_HEADING = re.compile(
    rf"^[ \t]*(?:\#+[ \t]*)?(?P<title>(?:(?:chapter|part|book|act|scene)\s+{_NUMBER}\b|prologue\b|epilogue\b|interlude\b)"
    r"[^\n]{0,80}?|(?<=\#[ \t])[^\n]{1,80}?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_BREAK = re.compile(r"^[ \t]*(?:(?:[*#~•⁂—–_=-][ \t]*){3,}|⁂|\#)[ \t]*$", re.MULTILINE)


def chapters(
    text: str, placed: Sequence[PlacedLine], music: Sequence[PlannedMusic], *, duration: float
) -> tuple[Chapter, ...]:
    """Chapters that cover [0, duration) without gaps: at the text's own headings; without any at its
    scene breaks; without those at every change of the music; else one."""
    headings = [(_heard_at(placed, m.start("title")), _title(m["title"])) for m in _HEADING.finditer(text)]
    opening = placed[0].begins if placed else 0.0
    if headings:
        if headings[0][0] < opening + SHORTEST_CHAPTER:  # the music before the first word belongs to it
            headings[0] = (0.0, headings[0][1])
        return _covering([(0.0, "Opening"), *headings], duration)
    breaks = [_heard_at(placed, _next_character(text, m.end())) for m in _BREAK.finditer(text)]
    starts = breaks or [_line_begins(placed, cue.first_line) for cue in music]
    return _numbered([0.0, *(begins for begins in starts if begins > opening)], duration)


def _covering(starts: Sequence[tuple[float, str]], duration: float) -> tuple[Chapter, ...]:
    """Later titles win over those that would last less than two seconds, such as an empty opening."""
    kept: list[tuple[float, str]] = []
    for begins, title in sorted(starts, key=lambda s: s[0]):
        if kept and begins - kept[-1][0] < SHORTEST_CHAPTER:
            kept[-1] = (kept[-1][0], title)
        elif not kept or begins <= duration - SHORTEST_CHAPTER:
            kept.append((begins, title))
    ends = [begins for begins, _ in kept[1:]] + [duration]
    return tuple(Chapter(title=title, begins=begins, ends=end) for (begins, title), end in zip(kept, ends, strict=True))


def _numbered(starts: Sequence[float], duration: float) -> tuple[Chapter, ...]:
    cut = _covering([(begins, "") for begins in starts], duration)
    return tuple(
        Chapter(title=f"Chapter {number}", begins=chapter.begins, ends=chapter.ends)
        for number, chapter in enumerate(cut, start=1)
    )


def _heard_at(placed: Sequence[PlacedLine], offset: int) -> float:
    """When the text from `offset` on is spoken."""
    index = bisect_right([line.segment.end for line in placed], offset)
    return word_begins(placed[index], offset) if index < len(placed) else (placed[-1].ends if placed else 0.0)


def _line_begins(placed: Sequence[PlacedLine], line: int) -> float:
    return placed[line].begins if line < len(placed) else 0.0


def _next_character(text: str, offset: int) -> int:
    return next((i for i in range(offset, len(text)) if not text[i].isspace()), len(text))


def _title(heading: str) -> str:
    return " ".join(heading.split()).rstrip(" .:—–-") or "Chapter"
