"""Captions: the words of the drama, with their speakers, at the time at which they are heard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from narratix.honorifics import HONORIFICS
from narratix.sound.lines import PlacedLine

LONGEST_CAPTION = 84
"""Two lines of 42 characters, the usual measure of subtitles."""
LINGER_SECONDS = 0.7
_TITLE = re.compile(rf"\b(?:{'|'.join(HONORIFICS)}|[A-Z])\.\s*$")
"""What belongs to the name behind it: a title or an initial."""
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]»]*\s*$")
_CLAUSE_END = re.compile(r"[,;:—–-]+[\"'”’)\]»]*\s*$")
_MARKUP = re.compile(r"<(?=/?[A-Za-z])")
"""What players of SubRip, which has no way to escape anything, would take for a tag and hide."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Shown from `begins` to `ends`, seconds of the drama. `text` is the story's own, on one line."""

    begins: float
    ends: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words that belong together: characters [start, end) of the text, seconds of the drama."""

    start: int
    end: int
    begins: float
    ends: float


def captions(text: str, names: Mapping[str, str], placed: Sequence[PlacedLine]) -> tuple[Caption, ...]:
    """Captions of at most 84 characters for every spoken line, in order. Each begins with its first
    word. Together those of a line hold all of its text, in the wording in which it is spoken. `names` maps cast ids to
    names."""
    made: list[Caption] = []
    for line in placed:
        if line.spoken is None:
            continue
        speaker = _one_line(names.get(line.segment.speaker, line.segment.speaker))
        said, start, end = _said(text, line)
        for group in _groups(said, _pieces(said, start, end, line)):
            shown = _one_line(said[group[0].start : group[-1].end])
            if shown:
                made.append(Caption(group[0].begins, group[-1].ends, speaker, shown))
    return tuple(_lingering(made))


def to_vtt(captions: Iterable[Caption]) -> str:
    """WebVTT (W3C), each caption in a voice span."""
    blocks = ["WEBVTT"]
    for number, caption in enumerate(captions, start=1):
        times = f"{_clock(caption.begins, '.')} --> {_clock(caption.ends, '.')}"
        blocks.append(f"{number}\n{times}\n<v {_escaped(caption.speaker)}>{_escaped(caption.text)}")
    return "\n\n".join(blocks) + "\n"


def to_srt(captions: Iterable[Caption]) -> str:
    """SubRip. It has no voices: the name is written out when the speaker changes."""
    blocks = []
    before = None
    for number, caption in enumerate(captions, start=1):
        said = _MARKUP.sub("‹", caption.text.replace("-->", "→"))
        if caption.speaker != before:
            said = f"{caption.speaker}: {said}"
        before = caption.speaker
        blocks.append(f"{number}\n{_clock(caption.begins, ',')} --> {_clock(caption.ends, ',')}\n{said}\n")
    return "\n".join(blocks)


def to_json(text: str, names: Mapping[str, str], placed: Sequence[PlacedLine]) -> str:
    """Every spoken line with its words, for players that follow the text word by word: seconds of the drama, and `start`
    and `end` in characters of the story, whose own spelling `text` keeps; of a line that was revised, in those of its own
    wording."""
    lines = [
        {
            "speaker": names.get(line.segment.speaker, line.segment.speaker),
            "begins": round(line.begins, 3),
            "ends": round(line.ends, 3),
            "text": _one_line(said[start:end]),
            "words": [
                {
                    "text": said[word.start : word.end],
                    "start": word.start,
                    "end": word.end,
                    "begins": round(line.begins + word.begins, 3),
                    "ends": round(line.begins + word.ends, 3),
                }
                for word in line.spoken.words
            ],
        }
        for line in placed
        for said, start, end in [_said(text, line)]
        if line.spoken is not None
    ]
    return json.dumps({"lines": lines}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _said(text: str, line: PlacedLine) -> tuple[str, int, int]:
    """The words of a line: characters [start, end) of the story, or the wording that it has instead."""
    if line.wording is None:
        return text, line.segment.start, line.segment.end
    return line.wording.text, 0, len(line.wording.text)


def _pieces(text: str, first: int, last: int, line: PlacedLine) -> list[_Piece]:
    """The words of a line with what stands between them, so that they tile its text [first, last). A line without word
    times counts as one word; one that is longer than a caption is cut, its time shared by length."""
    assert line.spoken is not None
    words = line.spoken.words
    starts = [first, *(_opening(text, a.end, b.start) for a, b in pairwise(words))]
    ends = [*starts[1:], last]
    times = [(line.begins + w.begins, line.begins + w.ends) for w in words] or [(line.begins, line.ends)]
    pieces: list[_Piece] = []
    for start, end, (begins, stops) in zip(starts, ends, times, strict=True):
        cuts = [*range(start, end, LONGEST_CAPTION), end]
        rate = (stops - begins) / max(1, end - start)
        pieces += [_Piece(a, b, begins + (a - start) * rate, begins + (b - start) * rate) for a, b in pairwise(cuts)]
    return pieces


def _opening(text: str, end: int, start: int) -> int:
    """Where, between two words, the second one's own marks begin: after the last blank (“opening” quotes
    belong to it, closing ones and full stops do not)."""
    between = text[end:start]
    blanks = [i for i, char in enumerate(between) if char.isspace()]
    return end + blanks[-1] + 1 if blanks else start


def _groups(text: str, pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Captions of pieces: each as long as it may be, ending with a sentence or a clause if it can."""
    groups: list[list[_Piece]] = []
    rest = list(pieces)
    while rest:
        fits = 1
        while fits < len(rest) and _length(text, rest[: fits + 1]) <= LONGEST_CAPTION:
            fits += 1
        if fits < len(rest):
            fits = _best_break(text, rest, fits)
        groups.append(rest[:fits])
        rest = rest[fits:]
    return groups


def _best_break(text: str, pieces: Sequence[_Piece], fits: int) -> int:
    for mark, least in ((_SENTENCE_END, LONGEST_CAPTION // 4), (_CLAUSE_END, LONGEST_CAPTION // 3)):
        for count in range(fits, 0, -1):
            if _length(text, pieces[:count]) < least:
                break
            so_far = text[pieces[0].start : pieces[count - 1].end]
            if mark.search(so_far) and not _TITLE.search(so_far):
                return count
    while fits > 1 and _TITLE.search(text[pieces[0].start : pieces[fits - 1].end]):
        fits -= 1
    return fits


def _length(text: str, pieces: Sequence[_Piece]) -> int:
    return len(_one_line(text[pieces[0].start : pieces[-1].end]))


def _lingering(made: Sequence[Caption]) -> list[Caption]:
    """Each stays a little, to be read, but never into the next; none is shorter than a millisecond."""
    shown = []
    for index, caption in enumerate(made):
        following = made[index + 1].begins if index + 1 < len(made) else float("inf")
        ends = min(max(caption.ends, caption.begins) + LINGER_SECONDS, following)
        shown.append(replace(caption, ends=max(ends, caption.begins + 0.001)))
    return shown


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"
