"""The table of decisions, and what events make of a job."""

from __future__ import annotations

from uuid import UUID

import pytest

from narratix.events.catalogue import (
    AttemptFailed,
    CastMember,
    DramaExpired,
    DramaMixed,
    DramaPublished,
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobRetried,
    JobSubmitted,
    LineSpoken,
    Options,
    PublishedFile,
    ScriptWritten,
    Segment,
    SoundPlanned,
    Usage,
    VoicesCast,
)
from narratix.handlers import HANDLERS
from narratix.job import Cancel, Command, Conclude, Expire, GiveFeedback, GiveUp, Job, Retry, Submit, decide, fold

ID = UUID("00000000-0000-0000-0000-000000000001")
USAGE = Usage(provider="silent", model="hum-1")
SUBMIT = Submit("The Bell", "ab" * 32, "texts/ab/ab.txt", 60, Options())
SUBMITTED = JobSubmitted(
    title="The Bell", text_sha256="ab" * 32, text_key="texts/ab/ab.txt", characters=60, options=Options()
)
SCRIPT = ScriptWritten(
    engine="rules-1",
    text_sha256="ab" * 32,
    language="en",
    segments=(
        Segment(start=0, end=40, kind="narration", speaker="narrator"),
        Segment(start=40, end=60, kind="speech", speaker="c1"),
    ),
    cast=(CastMember(id="narrator", name="Narrator", narrator=True), CastMember(id="c1", name="Anna")),
    music=(),
    effects=(),
)
CAST = VoicesCast(engine="silent", voices={"narrator": "v1", "c1": "v2"})
PLANNED = SoundPlanned(lead_in=0.3, tail=0.5, music=(), effects=())
FILE = PublishedFile(format="mp3", key="k", size_bytes=1, content_type="audio/mpeg")
MIXED = DramaMixed(
    timeline_sha256="cd" * 32,
    master=("m",),
    reels=1,
    remixed=1,
    profile="podcast",
    file=FILE,
    duration=3.0,
    loudness_lufs=-16.0,
    true_peak_dbtp=-2.0,
    gates=(),
)
PUBLISHED = DramaPublished(files=(FILE,), captions=(), chapters=(), peaks_key="p")


def spoken(line: int) -> LineSpoken:
    return LineSpoken(line=line, clip_key=f"c{line}", duration=1.0, words=(), energies=(), usage=USAGE)


def given(*events: Event) -> Job:
    return fold(Job(id=ID), events)


FAILED = JobFailed(stage="speak_line", item="1", reason="no voice")
NEW, QUEUED, RUNNING = given(), given(SUBMITTED), given(SUBMITTED, SCRIPT)
MIXING = given(SUBMITTED, SCRIPT, CAST, PLANNED, spoken(0), spoken(1), MIXED)
COMPLETED = given(SUBMITTED, SCRIPT, MIXED, PUBLISHED, JobCompleted(duration=3.0))
BROKEN = given(SUBMITTED, SCRIPT, FAILED)
STOPPED = given(SUBMITTED, JobCancelled())
GIVE_UP = GiveUp("speak_line", "1", 4, 4, "no voice", None)


@pytest.mark.parametrize(
    ("job", "command", "events"),
    [
        (NEW, SUBMIT, (SUBMITTED,)),
        (QUEUED, SUBMIT, ()),
        (RUNNING, Conclude(spoken(1)), (spoken(1),)),
        (MIXING, Conclude(PUBLISHED), (PUBLISHED, JobCompleted(duration=3.0))),
        (STOPPED, Conclude(spoken(1)), ()),
        (COMPLETED, Conclude(PUBLISHED), ()),
        (QUEUED, Cancel("enough"), (JobCancelled(reason="enough"),)),
        (STOPPED, Cancel(), ()),
        (COMPLETED, Cancel(), ()),
        (BROKEN, Retry(), (JobRetried(),)),
        (STOPPED, Retry(), (JobRetried(),)),
        (RUNNING, Retry(), ()),
        (BROKEN, GIVE_UP, ()),
        (RUNNING, GiveFeedback(5), ()),
        (COMPLETED, Expire(), (DramaExpired(),)),
        (RUNNING, Expire(), ()),
    ],
)
def test_given_a_job_when_a_command_comes_then_exactly_this_happens(
    job: Job, command: Command, events: tuple[Event, ...]
) -> None:
    assert decide(job, command) == events


def test_given_the_last_attempt_when_it_fails_then_the_job_fails_unless_it_can_do_without() -> None:
    types = [type(event) for event in decide(RUNNING, GIVE_UP)]
    assert types == [AttemptFailed, JobFailed]

    optional = decide(RUNNING, GiveUp("render_effect", "e1", 4, 4, "no bell", None, optional=True))
    assert [type(event) for event in optional] == [AttemptFailed]
    assert "render_effect e1" in fold(RUNNING, optional).missing


def test_given_a_failed_job_when_it_is_retried_then_what_was_made_is_kept() -> None:
    job = fold(given(SUBMITTED, SCRIPT, CAST, spoken(0), FAILED), [JobRetried()])
    assert (job.status, job.runs, job.error) == ("queued", 2, "")
    assert job.script == SCRIPT
    assert 0 in job.lines


def test_given_a_story_so_far_when_the_stages_are_asked_then_just_the_possible_work_is_named() -> None:
    def possible(*events: Event) -> list[str]:
        job = given(*events)
        return [f"{work.stage} {work.item}".strip() for handler in HANDLERS for work in handler.work(job)]

    assert possible(SUBMITTED) == ["write_script"]
    assert possible(SUBMITTED, SCRIPT) == ["cast_voices", "plan_sound"]
    assert possible(SUBMITTED, SCRIPT, CAST, PLANNED) == ["speak_line 0", "speak_line 1"]
    assert possible(SUBMITTED, SCRIPT, CAST, PLANNED, spoken(1)) == ["speak_line 0"]
    assert possible(SUBMITTED, SCRIPT, CAST, PLANNED, spoken(1), spoken(0)) == ["mix_drama"]
    assert possible(SUBMITTED, SCRIPT, CAST, PLANNED, spoken(0), spoken(1), MIXED) == ["publish_drama"]
    assert possible(SUBMITTED, SCRIPT, JobCancelled()) == []


def test_given_the_same_inputs_when_work_is_named_then_its_key_is_the_same_and_changes_with_them() -> None:
    [speak] = [handler for handler in HANDLERS if handler.name == "speak_line"]
    job = given(SUBMITTED, SCRIPT, CAST)
    recast = given(SUBMITTED, SCRIPT, VoicesCast(engine="silent", voices={"narrator": "v1", "c1": "v9"}))

    assert speak.piece(job, "1").key == speak.piece(given(SUBMITTED, SCRIPT, CAST), "1").key
    assert speak.piece(job, "0").key == speak.piece(recast, "0").key
    assert speak.piece(job, "1").key != speak.piece(recast, "1").key
