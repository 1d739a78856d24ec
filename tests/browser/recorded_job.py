"""A short drama as the service would record it: its text and its events, for the tests of the page's pure modules.

The events are built from the catalogue's own types; a change of their shape breaks this file first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
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

SECONDS_PER_CHARACTER = 0.016


def history() -> list[dict[str, Any]]:
    """The events as they are streamed (`event: recorded`)."""
    found: list[dict[str, Any]] = []
    for version, event in enumerate(events(), 1):
        data = msgspec.to_builtins(event)
        chained = (found[-1]["hash"] if found else "") + json.dumps(data)
        found.append({
            "position": version, "event_id": f"e{version}", "job_id": "j", "version": version,
            "type": type(event).__name__, "schema_version": 1, "recorded_at": f"2026-01-01T00:00:{version:02}Z",
            "data": data, "metadata": {}, "hash": hashlib.sha256(chained.encode()).hexdigest(),
        })  # fmt: skip
    return found


def events() -> Iterator[Event]:
    """A whole making, in which line 6 fails once and is spoken after line 7."""
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    yield JobSubmitted(
        title=TITLE, text_sha256=sha256, text_key=f"texts/{sha256}.txt", characters=len(TEXT), options=Options()
    )
    music = MusicCue(start=0, end=len(TEXT), mood="playful", intensity=0.4, prompt="a crooked little waltz")
    effect = EffectCue(start=0, end=5, name="teacup", prompt="a teacup set down", rank=1)
    yield ScriptWritten(engine="rules", text_sha256=sha256, language="en", segments=segments(), cast=CAST,
                        music=(music,), effects=(effect,))  # fmt: skip
    yield VoicesCast(engine="kokoro", voices=VOICES)
    yield SoundPlanned(lead_in=1.0, tail=1.0, music=(_planned_music(),), effects=(_planned_effect(),))
    for line in range(6):
        yield _spoken(line)
    yield MusicComposed(cue="m1", clip_key="clips/m1.flac", duration=20.0, energies=(0.01,), usage=_usage("composer"))
    yield AttemptFailed(stage="speak_line", item="6", attempt=1, attempts=4, retry_in=1.0,
                        reason="The speech engine did not answer within 30 seconds.")  # fmt: skip
    for line in (7, 6, *range(8, len(PARTS))):
        yield _spoken(line)
    yield EffectRendered(effect="e1", clip_key="clips/e1.flac", duration=0.8, onset=0.1, energies=(0.01,),
                         usage=_usage("foley"))  # fmt: skip
    duration = 2.0 + len(TEXT) * SECONDS_PER_CHARACTER
    yield DramaMixed(timeline_sha256=sha256, master=("masters/m.flac",), reels=1, remixed=1, profile="podcast", file=_file("wav"), duration=duration,
                     loudness_lufs=-16.02, true_peak_dbtp=-2.1,
                     gates=(Gate(name="loudness", value=-16.02, limit="-16 +-1", passed=True),))  # fmt: skip
    yield DramaPublished(files=(_file("wav"),), captions=(_file("vtt"), _file("srt")),
                         chapters=(Chapter(title=TITLE, begins=0.0, ends=duration),), peaks_key="peaks/p.json")  # fmt: skip
    yield JobCompleted(duration=duration)


def segments() -> tuple[Segment, ...]:
    found, at = [], 0
    for speaker, direction, text in PARTS:
        kind = "narration" if speaker == "narrator" else "speech"
        found.append(
            Segment(start=at, end=at + len(text), kind=kind, speaker=speaker, direction=direction)  # type: ignore[arg-type]
        )
        at += len(text)
    return tuple(found)


def words(line: int) -> tuple[Word, ...]:
    """Every word of a line, evenly paced."""
    start, text = segments()[line].start, PARTS[line][2]
    return tuple(
        Word(
            start=start + word.start(),
            end=start + word.end(),
            begins=round(word.start() * SECONDS_PER_CHARACTER, 3),
            ends=round(word.end() * SECONDS_PER_CHARACTER, 3),
        )
        for word in re.finditer(r"\w[\w’-]*", text)
    )


def _spoken(line: int) -> LineSpoken:
    duration = round(len(PARTS[line][2].strip()) * SECONDS_PER_CHARACTER, 3)
    energies = tuple(0.01 * (1 + i % 3) for i in range(max(1, int(duration * 10))))
    return LineSpoken(line=line, clip_key=f"clips/{line}.flac", duration=duration, words=words(line),
                      energies=energies, usage=_usage("kokoro"))  # fmt: skip


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
