"""A job's events as sentences for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from narratix.events.catalogue import (
    AttemptFailed,
    DramaExpired,
    DramaMixed,
    DramaPublished,
    EffectRendered,
    Event,
    EventSkipped,
    FeedbackGiven,
    HoldPlaced,
    HoldReleased,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    JobSubmitted,
    LineRevised,
    LineSpoken,
    MusicComposed,
    PassageMixed,
    ScriptWritten,
    SoundPlanned,
    StreamOpened,
    StreamSealed,
    Usage,
    VoicesCast,
)
from narratix.events.store import Recorded

RUN_TOLD_SINGLY: Final = 6
"""So many spoken lines in a row are told one by one; a longer run is told as one."""

NAMES_TOLD: Final = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """A sentence of the story and when it happened."""

    at: datetime
    sentence: str


def chronicle(events: Sequence[Recorded]) -> list[Entry]:
    """The story of one job, from its first event on. Long runs of spoken lines become one sentence."""
    teller, told = _Teller(), []
    run: list[Recorded] = []
    for event in [*events, None]:
        if event is not None and isinstance(event.data, LineSpoken):
            run.append(event)
            continue
        told += _tell_run(teller, run)
        run = []
        if event is not None:
            told += [Entry(event.recorded_at, sentence) for sentence in teller.tell(event.data)]
    return told


def _tell_run(teller: _Teller, run: Sequence[Recorded]) -> list[Entry]:
    lines = [(event.recorded_at, event.data) for event in run if isinstance(event.data, LineSpoken)]
    if len(lines) <= RUN_TOLD_SINGLY:
        return [Entry(at, sentence) for at, line in lines for sentence in teller.tell(line)]
    numbers = sorted(line.line for _, line in lines)
    found = sum(line.usage.cached for _, line in lines)
    seconds = sum(line.duration for _, line in lines)
    speakers = len({teller.speaker(line.line) for _, line in lines})
    cached = f", {found} of them found as they had been spoken before" if found else ""
    return [
        Entry(
            lines[-1][0],
            f"{len(lines)} lines between {numbers[0]} and {numbers[-1]} were spoken by {_count(speakers, 'voice')}"
            f" ({seconds:.1f} s of speech{cached}).",
        )
    ]


class _Teller:
    """Remembers the names that later sentences need."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._speakers: tuple[str, ...] = ()
        self._voices: dict[str, str] = {}
        self._cues: dict[str, str] = {}
        self._lines = 0

    def speaker(self, line: int) -> str:
        return self._speakers[line] if line < len(self._speakers) else ""

    def tell(self, event: Event) -> list[str]:
        match event:
            case JobSubmitted():
                return [f"“{event.title}” was submitted: {event.characters} characters."]
            case ScriptWritten():
                return self._script(event)
            case VoicesCast():
                self._voices = dict(event.voices)
                cast = [f"{self._name(id)} is {voice}" for id, voice in event.voices.items()]
                return [f"Voices of {event.engine} were cast: {_listed(cast)}."]
            case SoundPlanned():
                self._cues = {cue.id: cue.mood for cue in event.music} | {cue.id: cue.name for cue in event.effects}
                told = f"{_count(len(event.music), 'music cue')}, {_count(len(event.effects), 'effect')}"
                places = list(dict.fromkeys(place.name for place in event.places))
                return [f"Sound was planned: {told}{f'; heard in: {_listed(places)}' if places else ''}."]
            case LineRevised():
                return [self._revision(event)]
            case LineSpoken():
                who = self.speaker(event.line)
                voice = f" in {self._voices[who]}" if who in self._voices else ""
                return [
                    f"Line {event.line} was spoken by {self._name(who)}{voice} ({event.duration:.1f} s{_found(event.usage)})."
                ]
            case MusicComposed():
                made = f"{event.duration:.1f} s{_found(event.usage)}"
                return [f"Music was composed for cue {event.cue}{self._cue(event.cue)} ({made})."]
            case EffectRendered():
                made = f"{event.duration:.1f} s{_found(event.usage)}"
                return [f"Effect {event.effect}{self._cue(event.effect)} was made ({made})."]
            case _:
                return [_tell_plainly(event)]

    def _script(self, script: ScriptWritten) -> list[str]:
        self._names = {member.id: member.name for member in script.cast}
        self._speakers = tuple(segment.speaker for segment in script.segments)
        told = [
            f"The story was read into {_count(len(script.segments), 'line')} by {script.engine}, with "
            f"{_count(len(script.music), 'music cue')} and {_count(len(script.effects), 'effect')}."
        ]
        for member in script.cast[: NAMES_TOLD + 1]:
            if not member.narrator:
                lines = sum(speaker == member.id for speaker in self._speakers)
                gender = "" if member.gender == "unknown" else f", {member.gender}"
                told.append(f"{member.name} was found{gender}, with {_count(lines, 'line')}.")
        if (more := len(script.cast) - NAMES_TOLD - 1) > 0:
            told.append(f"So were {more} more.")
        return told + list(script.notes)

    def _revision(self, event: LineRevised) -> str:
        line = event.line
        self._speakers = (*self._speakers[:line], event.speaker, *self._speakers[line + 1 :])
        how = f", {event.direction}" if event.direction else ""
        what = "in other words" if event.text_key else "in the story's own words"
        return f"Line {line} was revised: {self._name(event.speaker)} speaks it {what}{how}."

    def _name(self, id: str) -> str:
        return self._names.get(id, id or "somebody")

    def _cue(self, id: str) -> str:
        return f", {self._cues[id]}" if id in self._cues else ""


def _tell_plainly(event: Event) -> str:
    match event:
        case PassageMixed():
            seconds = f"{event.duration:.1f} s from {event.begins:.1f} s on"
            return f"Passage {event.passage} can be heard ({seconds})."
        case StreamOpened():
            return f"The stream opened: {event.duration:.1f} s can be heard already."
        case StreamSealed():
            return f"The stream was sealed: {event.duration:.1f} s in {_count(event.passages, 'passage')}."
        case DramaMixed():
            failed = [gate.name for gate in event.gates if not gate.passed]
            gates = f"; outside its limit: {', '.join(failed)}" if failed else "; every check passed"
            return (
                f"The drama was mixed: {event.duration:.1f} s, {event.loudness_lufs:.1f} LUFS, "
                f"peak {event.true_peak_dbtp:.1f} dBTP{gates}. {event.remixed} of {event.reels} reels were mixed for it."
            )
        case DramaPublished():
            files = ", ".join(file.format for file in event.files)
            return f"It was published as {files}, with captions and {_count(len(event.chapters), 'chapter')}."
        case JobCompleted():
            return "The job was completed."
        case AttemptFailed():
            what = f"{event.stage} {event.item}".strip()
            then = "it was given up" if event.retry_in is None else f"again in {event.retry_in:.1f} s"
            return f"Attempt {event.attempt} of {event.attempts} at {what} failed, {then}: {event.reason}"
        case JobFailed():
            return f"The job failed at {f'{event.stage} {event.item}'.strip()}: {event.reason}"
        case JobCancelled():
            return f"It was cancelled: {event.reason}" if event.reason else "It was cancelled."
        case JobRetried():
            return "It was taken up again; what was made is kept."
        case FeedbackGiven():
            return f"A listener gave {event.rating} of 5" + (f": “{event.comment}”" if event.comment else ".")
        case HoldPlaced():
            return f"A hold was placed on its files: {event.reason}"
        case HoldReleased():
            return "The hold was released." + (f" {event.reason}" if event.reason else "")
        case DramaExpired():
            return "The drama expired: its files were deleted, this history stays."
        case EventSkipped():
            return f"{event.subscription} was told to pass over position {event.position}: {event.reason}"
        case _:
            kind = getattr(event, "type", type(event).__name__)
            return f"{kind} was recorded, of which this release knows nothing more."


def _found(usage: Usage) -> str:
    return ", found as it had been made before" if usage.cached else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(items: Sequence[str]) -> str:
    shown = ", ".join(items[:NAMES_TOLD])
    return f"{shown} and {len(items) - NAMES_TOLD} more" if len(items) > NAMES_TOLD else shown
