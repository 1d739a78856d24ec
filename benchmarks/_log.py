"""A long log, quickly: the histories of a few made-up jobs, copied under new ids, several jobs at a time.

Positions, versions, ids and times are as the service would have written them; the hash chain is not (it has the
right size and verifies nowhere), since only reading is measured on such a log.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from typing import Final

import asyncpg

from narratix.events import codec
from narratix.events.catalogue import (
    AttemptFailed,
    Chapter,
    DramaMixed,
    DramaPublished,
    EffectRendered,
    Event,
    Gate,
    JobCompleted,
    JobSubmitted,
    LineSpoken,
    MusicComposed,
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
from narratix.samples import SAMPLES
from narratix.script.engine import write_script

KINDS: Final = 32
"""Different histories; every job of the log is a copy of one."""

TOGETHER: Final = 12
"""Jobs whose events lie between each other's, as when that many are made at once."""

_KINDS: Final = """
create temporary table kinds (kind int, version int, last int, type text, schema_version smallint, data text)
"""
# jobs of one group begin together and end together, whatever their length
_FILL: Final = """
with numbered as (
    select job, kinds.*, job / $2 as grouped, version::float8 / last as place
    from generate_series(0, $1) as job join kinds on kind = job % $3),
ordered as (
    select *, row_number() over (order by grouped, place, job) as position from numbered)
insert into events (position, event_id, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
select position, gen_random_uuid(), md5('job ' || job)::uuid, version, type, schema_version, data::json,
       '{"actor":"worker:6f1d4e0a-51c7-4d6b-9a39-7c2f3b1f9e55","attempt":1}'::json,
       timestamptz '2026-01-01' + position * interval '0.05 s', sha256(position::text::bytea)
from ordered where position <= $4 order by position
"""


async def fill(connection: asyncpg.Connection, events: int) -> None:
    """Make the empty log of a database `events` long."""
    histories = [list(history(kind)) for kind in range(KINDS)]
    rows = [
        (kind, version, len(told), *codec.encode(event))
        for kind, told in enumerate(histories)
        for version, event in enumerate(told, 1)
    ]
    await connection.execute(_KINDS)
    await connection.copy_records_to_table("kinds", records=rows)
    jobs = events * KINDS // len(rows) + TOGETHER + KINDS
    await connection.execute(_FILL, jobs, TOGETHER, KINDS, events, timeout=3600)
    await connection.execute("drop table kinds")
    await connection.execute("vacuum analyze events", timeout=3600)


def history(kind: int) -> Iterator[Event]:
    """A job from its submission to its end, as the service makes it of the beginning of one of the sample stories."""
    given = random.Random(kind)
    sample = SAMPLES[kind % len(SAMPLES)]
    paragraphs = sample.text.split("\n\n")
    text = "\n\n".join(paragraphs[: given.randint(len(paragraphs) // 3, len(paragraphs))])
    digest, end = hashlib.sha256(text.encode()).hexdigest(), len(text)
    script = write_script(text)
    yield JobSubmitted(
        title=sample.title, text_sha256=digest, text_key=f"texts/{digest}.txt", characters=end, options=Options()
    )
    yield ScriptWritten(text_sha256=digest, **{name: getattr(script, name) for name in _SCRIPT})
    yield VoicesCast(engine="kokoro", voices={member.id: f"voice_{member.id}" for member in script.cast})
    yield SoundPlanned(
        lead_in=3.0,
        tail=4.0,
        music=tuple(
            PlannedMusic(
                id=f"m{n}",
                first_line=0,
                last_line=len(script.segments),
                mood=cue.mood,
                intensity=cue.intensity,
                prompt=cue.prompt,
                seconds=40.0,
                seed=n,
            )
            for n, cue in enumerate(script.music)
        ),
        effects=tuple(
            PlannedEffect(
                id=f"e{n}",
                line=n,
                start=cue.start,
                end=cue.end,
                name=cue.name,
                prompt=cue.prompt,
                seconds=8.0,
                gain_db=-2.0,
                pan=0.0,
                seed=n,
            )
            for n, cue in enumerate(script.effects)
        ),
    )
    if kind % 4 == 0:
        yield AttemptFailed(
            stage="speak_line", item="0", attempt=1, attempts=4, reason="It took too long.", retry_in=1.0
        )
    for number, segment in enumerate(script.segments):
        yield _spoken(given, text, number, segment)
    for n in range(len(script.music)):
        yield MusicComposed(
            cue=f"m{n}",
            clip_key=f"clips/music/{digest}.flac",
            duration=40.0,
            energies=_energies(given, 40.0),
            usage=_used,
        )
    for n in range(len(script.effects)):
        yield EffectRendered(
            effect=f"e{n}",
            clip_key=f"clips/effects/{digest}.flac",
            duration=8.0,
            onset=0.02,
            energies=_energies(given, 8.0),
            usage=_used,
        )
    file = PublishedFile(format="mp3", key=f"dramas/{digest}.mp3", size_bytes=1_234_567, content_type="audio/mpeg")
    yield DramaMixed(
        timeline_sha256=digest,
        master=(f"reels/{digest[:2]}/{digest}/master.flac",),
        reels=1,
        remixed=1,
        profile="podcast",
        file=file,
        duration=end / 15,
        loudness_lufs=-16.1,
        true_peak_dbtp=-1.9,
        gates=(Gate(name="loudness", value=-16.1, limit="-16 +-1 LUFS", passed=True),),
    )
    yield DramaPublished(
        files=(file,),
        captions=(file,),
        chapters=(Chapter(title="Chapter 1", begins=0.0, ends=end / 15),),
        peaks_key="dramas/peaks.json",
    )
    yield JobCompleted(duration=end / 15)


_SCRIPT: Final = ("engine", "language", "segments", "cast", "music", "effects", "notes", "usage")
_used: Final = Usage(provider="kokoro", model="kokoro-82m-v1.0-int8", units=42.0)


def _spoken(given: random.Random, text: str, number: int, segment: Segment) -> LineSpoken:
    """At fifteen characters a second."""
    duration = round((segment.end - segment.start) / 15, 3)
    words = tuple(
        Word(
            start=segment.start + word.start(),
            end=segment.start + word.end(),
            begins=round(word.start() / 15, 3),
            ends=round(word.end() / 15, 3),
        )
        for word in re.finditer(r"\w+", text[segment.start : segment.end])
    )
    digest = hashlib.sha256(f"{segment.start} {number}".encode()).hexdigest()
    return LineSpoken(
        line=number,
        clip_key=f"clips/speech/{digest[:2]}/{digest}.flac",
        duration=duration,
        words=words,
        energies=_energies(given, duration),
        usage=_used,
    )


def _energies(given: random.Random, seconds: float) -> tuple[float, ...]:
    return tuple(round(given.uniform(0.001, 0.02), 4) for _ in range(int(seconds * 10)))
