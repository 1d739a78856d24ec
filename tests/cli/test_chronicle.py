"""A job's events told as sentences."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from narratix.cli.story import chronicle
from narratix.events.catalogue import (
    EVENTS,
    AttemptFailed,
    CastMember,
    Event,
    JobFailed,
    LineSpoken,
    ScriptWritten,
    Segment,
    Usage,
    VoicesCast,
)
from narratix.events.codec import Unknown
from narratix.events.store import Recorded

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
JOB = uuid.UUID(int=1)


def recorded(*events: Event) -> list[Recorded]:
    return [
        Recorded(
            position=version,
            event_id=uuid.UUID(int=version),
            stream_id=JOB,
            version=version,
            type=type(event).__name__,
            schema_version=1,
            data=event,
            raw="{}",
            metadata="{}",
            recorded_at=BEGAN + timedelta(seconds=version),
            hash=b"",
        )
        for version, event in enumerate(events, 1)
    ]


def script(lines: int) -> ScriptWritten:
    cast = (
        CastMember(id="narrator", name="Narrator", narrator=True),
        CastMember(id="c1", name="Anna", gender="female"),
    )
    segments = tuple(
        Segment(start=number, end=number + 1, kind="speech", speaker=("narrator", "c1")[number % 2])
        for number in range(lines)
    )
    return ScriptWritten(
        engine="rules-1", text_sha256="", language="en", segments=segments, cast=cast, music=(), effects=()
    )


VOICES = VoicesCast(engine="kokoro", voices={"narrator": "bm_george", "c1": "af_bella"})


def spoken(line: int, *, cached: bool = False) -> LineSpoken:
    usage = Usage(provider="kokoro", model="k", cached=cached)
    return LineSpoken(line=line, clip_key="c", duration=2.3, words=(), energies=(), usage=usage)


def told(*events: Event) -> str:
    return "\n".join(entry.sentence for entry in chronicle(recorded(*events)))


def test_given_a_few_lines_when_told_then_each_has_its_speaker_and_voice() -> None:
    story = told(script(2), VOICES, spoken(1))
    assert "Anna was found, female, with 1 line." in story
    assert "Line 1 was spoken by Anna in af_bella (2.3 s)." in story


def test_given_many_lines_in_a_row_when_told_then_they_are_one_sentence_at_the_last_ones_time() -> None:
    events = recorded(script(20), VOICES, *(spoken(line, cached=line < 5) for line in range(20)))
    entries = chronicle(events)
    assert entries[-1].sentence == (
        "20 lines between 0 and 19 were spoken by 2 voices (46.0 s of speech, "
        "5 of them found as they had been spoken before)."
    )
    assert entries[-1].at == events[-1].recorded_at


def test_given_setbacks_when_told_then_reasons_and_what_follows_are_said() -> None:
    failed = AttemptFailed(stage="speak_line", item="3", attempt=1, attempts=4, reason="It was hoarse.", retry_in=1.5)
    story = told(failed, JobFailed(stage="speak_line", item="3", reason="It was hoarse."))
    assert "Attempt 1 of 4 at speak_line 3 failed, again in 1.5 s: It was hoarse." in story
    assert "The job failed at speak_line 3: It was hoarse." in story


def test_given_an_event_of_a_later_release_when_told_then_its_type_is_named() -> None:
    assert "CastMerged was recorded" in told(Unknown(type="CastMerged", data={}))


def test_given_the_catalogue_when_told_then_no_event_is_beyond_words() -> None:
    """A new event needs a sentence: the source of the story must name it."""
    import inspect

    import narratix.cli.story as module

    source = inspect.getsource(module)
    assert [
        event.__name__ for event in EVENTS if f"case {event.__name__}(" not in source and event is not LineSpoken
    ] == []
