"""A short drama as the service would record it: its text, its events, its sound.

The page is developed and tested against this history, so that a browser test needs neither voices nor a database. The
events are built from the catalogue's own types; a change of their shape breaks this file first.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from narratix.events.catalogue import (
    AttemptFailed,
    CastMember,
    Chapter,
    DramaMixed,
    DramaPublished,
    EffectCue,
    EffectRendered,
    Event,
    Gate,
    JobCompleted,
    JobFailed,
    JobSubmitted,
    LineSpoken,
    MusicComposed,
    MusicCue,
    Options,
    PlannedEffect,
    PlannedMusic,
    PublishedFile,
    ScriptWritten,
    Segment,
    SoundPlanned,
    Usage,
    VoicesCast,
    Word,
)

TITLE = "A Mad Tea-Party"
BROKEN_TITLE = "The Broken Wire"

# Lewis Carroll, Alice's Adventures in Wonderland, 1865. The script letter has two UTF-16 units, the tag is no tag.
PARTS: tuple[tuple[str, str, str], ...] = (
    ("narrator", "", "There was a table set out under a tree in front of the house, and the March Hare and the Hatter "
     "were having tea at it: a Dormouse was sitting between them, fast asleep.\n\n"),
    ("narrator", "", "The table was a large one, but the three were all crowded together at one corner of it: "),
    ("c1", "shouting", "“No room! No room!” "),
    ("narrator", "", "they cried out when they saw Alice coming. "),
    ("c2", "indignant", "“There’s plenty of room!” "),
    ("narrator", "", "said Alice indignantly, and she sat down in a large arm-chair at one end of the table. "
     "A card on the cake, signed 𝒜, said <b>eat me</b> & drink.\n\n"),
    ("c3", "encouraging", "“Have some wine,” "),
    ("narrator", "", "the March Hare said in an encouraging tone.\n\n"),
    ("narrator", "", "Alice looked all round the table, but there was nothing on it but tea. "),
    ("c2", "", "“I don’t see any wine,” "),
    ("narrator", "", "she remarked.\n\n"),
    ("c3", "", "“There isn’t any,” "),
    ("narrator", "", "said the March Hare.\n\n"),
    ("c2", "angry", "“Then it wasn’t very civil of you to offer it,” "),
    ("narrator", "", "said Alice angrily.\n\n"),
    ("c3", "", "“It wasn’t very civil of you to sit down without being invited,” "),
    ("narrator", "", "said the March Hare.\n\n"),
    ("c2", "", "“I didn’t know it was your table,” "),
    ("narrator", "", "said Alice; "),
    ("c2", "", "“it’s laid for a great many more than three.”\n\n"),
    ("c1", "curious", "“Your hair wants cutting,” "),
    ("narrator", "", "said the Hatter. He had been looking at Alice for some time with great curiosity, and this was "
     "his first speech.\n\n"),
    ("c2", "severe", "“You should learn not to make personal remarks,” "),
    ("narrator", "", "Alice said with some severity; "),
    ("c2", "", "“it’s very rude.”\n\n"),
    ("narrator", "", "The Hatter opened his eyes very wide on hearing this; but all he said was, "),
    ("c1", "musing", "“Why is a raven like a writing-desk?”\n\n"),
    ("c2", "bright", "“Come, we shall have some fun now!” "),
    ("narrator", "", "thought Alice. "),
    ("c4", "half asleep", "“You might just as well say,” "),
    ("narrator", "", "added the Dormouse, who seemed to be talking in his sleep, "),
    ("c4", "half asleep", "“that I breathe when I sleep is the same thing as I sleep when I breathe!”"),
)  # fmt: skip

TEXT = "".join(text for _, _, text in PARTS)

CAST = (
    CastMember(id="narrator", name="Narrator", narrator=True),
    CastMember(id="c1", name="The Hatter", aliases=("Hatter",), gender="male"),
    CastMember(id="c2", name="Alice", gender="female"),
    CastMember(id="c3", name="The March Hare", gender="male"),
    CastMember(id="c4", name="The Dormouse", gender="male"),
)
VOICES = {"narrator": "bm_george", "c1": "bm_fable", "c2": "bf_emma", "c3": "am_puck", "c4": "bm_lewis"}
PITCHES = {"narrator": 150.0, "c1": 190.0, "c2": 260.0, "c3": 220.0, "c4": 120.0}

LEAD_IN = 1.0
SECONDS_PER_CHARACTER = 0.016
PAUSE = 0.12
RATE = 8_000


@dataclass(frozen=True, slots=True)
class Planned:
    """An event and the seconds it comes after the one before."""

    after: float
    event: Event


@dataclass(frozen=True, slots=True)
class Hold:
    """A place where a held drama waits until it is let go, so that a test may look at it for as long as it needs."""


def segments() -> tuple[Segment, ...]:
    found, at = [], 0
    for speaker, direction, text in PARTS:
        kind = "narration" if speaker == "narrator" else "speech"
        found.append(
            Segment(start=at, end=at + len(text), kind=kind, speaker=speaker, direction=direction)  # type: ignore[arg-type]
        )
        at += len(text)
    return tuple(found)


def schedule(title: str, options: Options, pace: float) -> Iterator[Planned | Hold]:
    """The events of a drama, `pace` seconds apart for the lines. The broken one fails at line 9 until it is retried."""
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    yield Planned(0, JobSubmitted(title=title, text_sha256=sha256, text_key=f"texts/{sha256}.txt",
                                  characters=len(TEXT), options=options))  # fmt: skip
    music = MusicCue(start=0, end=len(TEXT), mood="playful", intensity=0.4, prompt="a crooked little waltz")
    effect = EffectCue(start=0, end=5, name="teacup", prompt="a teacup set down", rank=1)
    yield Planned(5 * pace, ScriptWritten(engine="rules", text_sha256=sha256, language="en", segments=segments(),
                                          cast=CAST, music=(music,), effects=(effect,)))  # fmt: skip
    yield Planned(2 * pace, VoicesCast(engine="kokoro", voices=VOICES))
    yield Planned(
        pace, SoundPlanned(lead_in=LEAD_IN, tail=1.0, music=(_planned_music(),), effects=(_planned_effect(),))
    )
    for line in range(len(PARTS)):
        if line == 4:
            yield Planned(pace, MusicComposed(cue="m1", clip_key="clips/m1.flac", duration=20.0, energies=(0.01,),
                                              usage=_usage("composer")))  # fmt: skip
        if line == 6:
            yield Planned(pace, AttemptFailed(stage="speak_line", item="6", attempt=1, attempts=4, retry_in=1.0,
                                              reason="The speech engine did not answer within 30 seconds."))  # fmt: skip
            yield Hold()
            yield Planned(2 * pace, _spoken(7))
        if line == 20:
            yield Hold()
        if line == 9 and title == BROKEN_TITLE:
            yield from _break_down(pace)
        if line != 7:
            yield Planned(pace, _spoken(line))
    yield Planned(pace, EffectRendered(effect="e1", clip_key="clips/e1.flac", duration=0.8, onset=0.1,
                                       energies=(0.01,), usage=_usage("foley")))  # fmt: skip
    duration = timeline()[-1][1] + 1.0
    yield Planned(3 * pace, DramaMixed(timeline_sha256=sha256, master_key="masters/m.flac", file=_file("wav"),
                                       duration=duration, loudness_lufs=-16.02, true_peak_dbtp=-2.1,
                                       gates=(Gate(name="loudness", value=-16.02, limit="-16 +-1", passed=True),)))  # fmt: skip
    yield Planned(2 * pace, DramaPublished(files=(_file("wav"),), captions=(_file("vtt"), _file("srt")),
                                           chapters=(Chapter(title=title, begins=0.0, ends=duration),),
                                           peaks_key="peaks/p.json"))  # fmt: skip
    yield Planned(0, JobCompleted(duration=duration))


def timeline() -> list[tuple[float, float]]:
    """When each line begins and ends in the finished drama."""
    times, at = [], LEAD_IN
    for _, _, text in PARTS:
        times.append((at, at + line_seconds(text)))
        at = times[-1][1] + PAUSE
    return times


def line_seconds(text: str) -> float:
    return round(max(0.3, len(text.strip()) * SECONDS_PER_CHARACTER), 3)


def words(line: int, offset: float = 0.0) -> list[tuple[int, int, float, float]]:
    """Offsets into the whole text and times for every word of a line."""
    segment, text = segments()[line], PARTS[line][2]
    per_character = line_seconds(text) / max(1, len(text.strip()))
    return [
        (
            segment.start + word.start(),
            segment.start + word.end(),
            round(offset + word.start() * per_character, 3),
            round(offset + word.end() * per_character, 3),
        )
        for word in re.finditer(r"\w[\w’-]*", text)
    ]


def result_script() -> list[dict[str, Any]]:
    """The script of the result object, with times on the final timeline."""
    return [
        msgspec.to_builtins(segment) | {"line": line, "begins": begins, "ends": ends, "words": words(line, begins)}
        for line, (segment, (begins, ends)) in enumerate(zip(segments(), timeline(), strict=True))
    ]


def clip(line: int) -> bytes:
    speaker, _, text = PARTS[line]
    return wav(_tone(PITCHES[speaker], line_seconds(text)))


def drama() -> bytes:
    """The whole: every line a tone at its time, in the pitch of its speaker."""
    samples = [0.0] * int((timeline()[-1][1] + 1.0) * RATE)
    for (speaker, _, text), (begins, _) in zip(PARTS, timeline(), strict=True):
        at = int(begins * RATE)
        tone = _tone(PITCHES[speaker], line_seconds(text))
        samples[at : at + len(tone)] = tone
    return wav(samples)


def peaks(count: int = 1000) -> list[float]:
    """The maxima of `drama()`, shaped like speech."""
    total = timeline()[-1][1] + 1.0
    found = []
    for i in range(count):
        at = (i + 0.5) / count * total
        line = next((n for n, (begins, ends) in enumerate(timeline()) if begins <= at < ends), None)
        found.append(0.04 if line is None else round(0.25 + 0.7 * _syllables(at * 7.3 + line), 3))
    return found


def captions(separator: str, header: str) -> str:
    def stamp(seconds: float) -> str:
        return f"{int(seconds // 3600):02}:{int(seconds // 60) % 60:02}:{seconds % 60:06.3f}".replace(".", separator)

    cues = [
        f"{line + 1}\n{stamp(begins)} --> {stamp(ends)}\n{text.strip().replace('<', '&lt;')}\n"
        for line, ((_, _, text), (begins, ends)) in enumerate(zip(PARTS, timeline(), strict=True))
    ]
    return header + "\n".join(cues)


def wav(samples: list[float]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(samples)}h", *(int(sample * 32767) for sample in samples)))
    return file.getvalue()


def _tone(pitch: float, seconds: float) -> list[float]:
    count = int(seconds * RATE)
    return [
        0.2 * math.sin(2 * math.pi * pitch * i / RATE) * (0.3 + 0.7 * _syllables(i / RATE * 5)) for i in range(count)
    ]


def _syllables(at: float) -> float:
    return abs(math.sin(at) * math.sin(at * 2.7 + 1.3))


def _break_down(pace: float) -> Iterator[Planned]:
    reason = "The speech engine said that its quota is used up."
    for attempt in range(1, 4):
        yield Planned(pace, AttemptFailed(stage="speak_line", item="9", attempt=attempt, attempts=3, reason=reason,
                                          retry_in=1.0 if attempt < 3 else None))  # fmt: skip
    yield Planned(pace, JobFailed(stage="speak_line", item="9", reason=reason))


def _spoken(line: int) -> LineSpoken:
    duration = line_seconds(PARTS[line][2])
    energies = tuple(
        round(0.03 * _syllables(line + 0.9 * i) ** 2 + 0.001, 5) for i in range(max(1, int(duration * 10)))
    )
    return LineSpoken(
        line=line,
        clip_key=f"clips/{line}.flac",
        duration=duration,
        words=tuple(Word(start=s, end=e, begins=b, ends=f) for s, e, b, f in words(line)),
        energies=energies,
        usage=_usage("kokoro"),
    )


def _planned_music() -> PlannedMusic:
    return PlannedMusic(id="m1", first_line=0, last_line=len(PARTS), mood="playful", intensity=0.4,
                        prompt="a crooked little waltz", seconds=20.0, seed=1)  # fmt: skip


def _planned_effect() -> PlannedEffect:
    return PlannedEffect(id="e1", line=0, start=0, end=5, name="teacup", prompt="a teacup set down", seconds=0.8,
                         gain_db=-6.0, pan=0.2, seed=1)  # fmt: skip


def _usage(provider: str) -> Usage:
    return Usage(provider=provider, model="1", units=100.0)


def _file(format: str) -> PublishedFile:
    return PublishedFile(format=format, key=f"dramas/d.{format}", size_bytes=100_000, content_type="audio/wav")
