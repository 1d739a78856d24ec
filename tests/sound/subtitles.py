"""Readers of caption files that are stricter than any player, written from the formats' own descriptions.

WebVTT: W3C Candidate Recommendation of 4 April 2019, sections 4.1 to 4.3 (https://www.w3.org/TR/webvtt1/), as far as
files of cues go: no regions, no styles, no settings. SubRip has no standard: this is what its author's program wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class NotValid(ValueError):
    """This is no such file. The text says where."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Shown from `begins` to `ends`, in milliseconds. `voice` is "" where the format tells none."""

    id: str
    begins: int
    ends: int
    voice: str
    text: str


_VTT_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_VTT_TIMINGS = re.compile(rf"{_VTT_TIME}[ \t]+-->[ \t]+{_VTT_TIME}")
_SRT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"
_SRT_TIMINGS = re.compile(rf"{_SRT_TIME} --> {_SRT_TIME}")
_TOKEN = re.compile(r"&(?P<reference>[^;&<]*);?|<(?P<tag>[^>]*)>|(?P<text>[^&<]+)|(?P<stray>.)", re.DOTALL)
_REFERENCES = {"amp": "&", "lt": "<", "gt": ">", "lrm": "\u200e", "rlm": "\u200f", "nbsp": "\u00a0"}
_SPANS = ("c", "i", "b", "u", "ruby", "rt", "v", "lang")


def read_vtt(data: bytes) -> list[Cue]:
    """The cues of a WebVTT file. Raises NotValid for anything that a conforming writer does not write: among others
    cues without length, cues that begin before the one before them, ids that occur twice, and markup that is not closed."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise NotValid(f"not UTF-8: {problem}") from problem
    if "\0" in text:
        raise NotValid("a NUL character")
    lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise NotValid(f"the first line is {lines[0]!r}")
    if len(lines) < 2 or lines[1] != "":
        raise NotValid("no blank line after the first one")
    cues: list[Cue] = []
    for number, block in _blocks(lines[2:], first=3):
        if re.match(r"NOTE(?:[ \t]|$)", block[0]):
            continue
        cue = _vtt_cue(number, block)
        if cues and cue.begins < cues[-1].begins:
            raise NotValid(f"line {number}: begins before the cue before it")
        if cue.id and any(cue.id == other.id for other in cues):
            raise NotValid(f"line {number}: a second cue {cue.id!r}")
        cues.append(cue)
    return cues


def read_srt(data: bytes) -> list[Cue]:
    """The blocks of a SubRip file. Raises NotValid for numbers out of order, and for blocks that do not follow the
    format to the letter."""
    lines = data.decode("utf-8").split("\n")
    cues: list[Cue] = []
    for number, block in _blocks(lines, first=1):
        timings = _SRT_TIMINGS.fullmatch(block[1]) if len(block) > 1 else None
        if block[0] != str(len(cues) + 1) or timings is None or len(block) < 3:
            raise NotValid(f"line {number}: no block of number, times and text")
        begins, ends = _milliseconds(*timings.groups()[:4]), _milliseconds(*timings.groups()[4:])
        if any("-->" in line for line in block[2:]):
            raise NotValid(f"line {number}: an arrow in the text")
        if begins >= ends or (cues and begins < cues[-1].ends):
            raise NotValid(f"line {number}: out of order")
        cues.append(Cue(block[0], begins, ends, "", "\n".join(block[2:])))
    return cues


def _blocks(lines: list[str], first: int) -> list[tuple[int, list[str]]]:
    """Runs of lines that are not empty, each with the number of its first one."""
    found: list[tuple[int, list[str]]] = []
    before = ""
    for number, line in enumerate(lines, start=first):
        if line and not before:
            found.append((number, []))
        if line:
            found[-1][1].append(line)
        before = line
    return found


def _vtt_cue(number: int, block: list[str]) -> Cue:
    id, rest = ("", block) if "-->" in block[0] else (block[0], block[1:])
    timings = _VTT_TIMINGS.fullmatch(rest[0]) if rest else None
    if timings is None:
        raise NotValid(f"line {number}: {rest[0] if rest else id!r} is no timing")
    begins, ends = _milliseconds(*timings.groups()[:4]), _milliseconds(*timings.groups()[4:])
    if begins >= ends:
        raise NotValid(f"line {number}: ends before it begins")
    payload = "\n".join(rest[1:])
    if "-->" in payload:
        raise NotValid(f"line {number}: an arrow in the text")
    voice, text = _payload(number, payload)
    return Cue(id, begins, ends, voice, text)


def _payload(number: int, payload: str) -> tuple[str, str]:
    """The first voice and the plain text of a cue."""
    voice, text = "", ""
    spans: list[str] = []
    for token in _TOKEN.finditer(payload):
        if token["reference"] is not None:
            if not token[0].endswith(";") or token["reference"] not in _REFERENCES:
                raise NotValid(f"line {number}: {token[0]!r} is no character reference")
            text += _REFERENCES[token["reference"]]
        elif token["tag"] is not None:
            voice = _tag(number, token["tag"], spans) or voice
        elif token["text"] is not None:
            text += token["text"]
        else:
            raise NotValid(f"line {number}: a stray {token['stray']!r}")
    if spans and spans != ["v"]:  # one voice span may stay open when it holds the whole cue
        raise NotValid(f"line {number}: {spans[-1]!r} is not closed")
    if spans == ["v"] and not payload.startswith("<v"):
        raise NotValid(f"line {number}: an open voice span that does not hold the whole cue")
    return voice, text


def _tag(number: int, tag: str, spans: list[str]) -> str:
    """Enter or leave a span; the voice that begins here, else ""."""
    if tag.startswith("/"):
        if not spans or spans[-1] != tag[1:]:
            raise NotValid(f"line {number}: {tag!r} closes nothing")
        spans.pop()
        return ""
    if re.fullmatch(_VTT_TIME, tag):
        return ""
    parts = re.fullmatch(r"([a-z]+)((?:\.[^\s.&<>]+)*)(?:[ \t\n]+([^\n]*))?", tag)
    if parts is None or parts[1] not in _SPANS:
        raise NotValid(f"line {number}: {tag!r} is no tag")
    annotation = (parts[3] or "").strip()
    if (parts[1] in ("v", "lang")) != bool(annotation):
        raise NotValid(f"line {number}: {tag!r} with{'' if annotation else 'out'} an annotation")
    spans.append(parts[1])
    return _payload(number, annotation)[1] if parts[1] == "v" else ""


def _milliseconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)
