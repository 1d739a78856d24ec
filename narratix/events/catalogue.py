"""Every event that can stand in a job's history, in the order in which things happen.

Events are immutable values. Their names and fields are permanent: a change of shape needs a new
`schema_version` and an upcaster (`narratix.events.codec`). They carry keys, offsets and numbers;
the story's text and all sound live in object storage, so that expiry deletes content and the log
stays verifiable.

Units, wherever a field does not say otherwise: seconds, characters (offsets into the story's
text as Python counts them), LUFS, dBTP, US dollars.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Gender = Literal["female", "male", "unknown"]
Kind = Literal["narration", "speech"]
Format = Literal["mp3", "m4b", "wav", "opus"]
Profile = Literal["podcast", "acx", "broadcast"]


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=False, gc=False):
    """A part of an event. Events are trees, so the collector of cycles need not look at them: reading is a third faster."""


class Event(Value, frozen=True, kw_only=True):
    """A transition of a job. Its class name is its stored type."""


# -- values ------------------------------------------------------------------------------------


class Options(Value, frozen=True, kw_only=True):
    """What the submitter asked for. `engine` names the speech engine ("" = the service's default);
    `voices` maps a character's name, casefolded, to a voice id, `pronunciations` a word, casefolded, to a
    respelling or to /IPA/; `formats` lists the deliverables, the first being the one that a listener hears. Without
    `stream` nobody listens before it is finished, and no passage is mixed by itself. `profile` says for whom it is
    mastered; with `stems` dialogue, music and effects are published each by itself, too."""

    engine: str = ""
    formats: tuple[Format, ...] = ("mp3", "m4b")
    voices: dict[str, str] = {}
    pronunciations: dict[str, str] = {}
    music: bool = True
    effects: bool = True
    stream: bool = True
    seed: int = 0
    profile: Profile = "podcast"
    stems: bool = False


class Segment(Value, frozen=True, kw_only=True):
    """One tile [start, end) of the text. All segments together cover it exactly, in order.

    Blanks belong to the segment before them (the first segment takes leading blanks). A `speech`
    segment includes its quotation marks. `speaker` is a cast id. `direction` is a short free text
    for the voice ("whispering", "" for none), `speed` a factor (1.0 = normal), `pause_after`
    seconds of silence, `confidence` 0..1 in the speaker.
    """

    start: int
    end: int
    kind: Kind
    speaker: str
    direction: str = ""
    speed: float = 1.0
    pause_after: float = 0.3
    confidence: float = 1.0


class CastMember(Value, frozen=True, kw_only=True):
    """Somebody who speaks. Ids are `narrator`, then `c1`, `c2`, ... in order of appearance."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    gender: Gender = "unknown"
    narrator: bool = False


class MusicCue(Value, frozen=True, kw_only=True):
    """Music under the characters [start, end). `mood` is one word of `narratix.script.moods.MOODS`,
    `intensity` 0..1, `prompt` a sentence for an engine that reads one."""

    start: int
    end: int
    mood: str
    intensity: float
    prompt: str


class EffectCue(Value, frozen=True, kw_only=True):
    """A sound on the words [start, end). `name` is one of the effect names ("door"), `rank` 1 is
    the most important of the drama."""

    start: int
    end: int
    name: str
    prompt: str
    rank: int


class Word(Value, frozen=True, kw_only=True, array_like=True):
    """A source word: offsets into the whole text (of a line that was revised: into its own wording), seconds into its
    clip."""

    start: int
    end: int
    begins: float
    ends: float


class Usage(Value, frozen=True, kw_only=True):
    """What a provider's call consumed. `units` counts `unit`s ("characters", "tokens", "seconds");
    `cost_usd` is 0 for a local engine; `cached` says that an artefact found by its key was used."""

    provider: str
    model: str
    unit: str = "characters"
    units: float = 0.0
    cost_usd: float = 0.0
    cached: bool = False


class PlannedMusic(Value, frozen=True, kw_only=True):
    """A music cue with all that its engine needs; `lines` are [first, last) line numbers."""

    id: str
    first_line: int
    last_line: int
    mood: str
    intensity: float
    prompt: str
    seconds: float
    seed: int


class PlannedEffect(Value, frozen=True, kw_only=True):
    """An effect placed on the word that starts at character `start` of line `line`, `distance` metres away. One that is a
    bed goes on until line `last_line` begins; 0 where it lasts as long as it lasts."""

    id: str
    line: int
    start: int
    end: int
    name: str
    prompt: str
    seconds: float
    gain_db: float
    pan: float
    seed: int
    distance: float = 1.0
    last_line: int = 0


class PlannedPlace(Value, frozen=True, kw_only=True):
    """Lines [first_line, last_line) happen at a place that can be heard: one of `narratix.script.places.PLACES`."""

    first_line: int
    last_line: int
    name: str


class Fragment(Value, frozen=True, kw_only=True, array_like=True):
    """A part of a passage that can be fetched and played alone."""

    key: str
    seconds: float
    size_bytes: int


class Gate(Value, frozen=True, kw_only=True):
    """One check of the finished sound. `limit` is a sentence-like bound such as "-16 +-1"."""

    name: str
    value: float
    limit: str
    passed: bool


class PublishedFile(Value, frozen=True, kw_only=True):
    """A deliverable in object storage."""

    format: str
    key: str
    size_bytes: int
    content_type: str


class Chapter(Value, frozen=True, kw_only=True):
    title: str
    begins: float
    ends: float


# -- one job's life ----------------------------------------------------------------------------


class JobSubmitted(Event, frozen=True, kw_only=True):
    """A text was accepted. It lies in object storage under `text_key`."""

    title: str
    text_sha256: str
    text_key: str
    characters: int
    options: Options


class ScriptWritten(Event, frozen=True, kw_only=True):
    """The text was tiled and labelled; the tiling was checked against `text_sha256`."""

    engine: str
    text_sha256: str
    language: str
    segments: tuple[Segment, ...]
    cast: tuple[CastMember, ...]
    music: tuple[MusicCue, ...]
    effects: tuple[EffectCue, ...]
    notes: tuple[str, ...] = ()
    usage: tuple[Usage, ...] = ()


class VoicesCast(Event, frozen=True, kw_only=True):
    """Every cast id has a voice id of `engine`. `usage` is what it took to make voices that there were not before."""

    engine: str
    voices: dict[str, str]
    usage: tuple[Usage, ...] = ()


class SoundPlanned(Event, frozen=True, kw_only=True):
    """Where music and effects lie, and in which `places` the story happens. `passages` are the first lines of the stretches
    in which the drama is mixed."""

    lead_in: float
    tail: float
    music: tuple[PlannedMusic, ...]
    effects: tuple[PlannedEffect, ...]
    passages: tuple[int, ...] = ()
    places: tuple[PlannedPlace, ...] = ()


class LineRevised(Event, frozen=True, kw_only=True):
    """Line `line` is performed otherwise from here on: by `speaker`, with `direction`, and in the wording that lies
    under `text_key`; where that is empty, in the story's own words. The story's text itself stays as it is.

    What was made of it counts no more: its clip, where it was `spoken`, and the `passages` in which it is heard, of
    which so many were `mixed`."""

    line: int
    speaker: str
    direction: str
    text_sha256: str
    text_key: str
    spoken: bool
    passages: tuple[int, ...]
    mixed: int


class LineSpoken(Event, frozen=True, kw_only=True):
    """Line `line` (the number of its segment) has a clip: mono, 44.1 kHz, plain speech at -19 LUFS, a whisper a little
    softer and a shout a little louder.

    `energies` are K-weighted mean squares per 100 ms (ITU-R BS.1770-5) of the stored clip. `revision` is here and in
    what follows the version of the last LineRevised that it knows of, 0 for none; made after an older one, it is stale."""

    line: int
    clip_key: str
    duration: float
    words: tuple[Word, ...]
    energies: tuple[float, ...]
    usage: Usage
    revision: int = 0


class MusicComposed(Event, frozen=True, kw_only=True):
    """Cue `cue` has a stereo, 44.1 kHz, seamlessly looping clip."""

    cue: str
    clip_key: str
    duration: float
    energies: tuple[float, ...]
    usage: Usage


class EffectRendered(Event, frozen=True, kw_only=True):
    """Effect `effect` has a mono, 44.1 kHz clip. `onset` is where its sound is first heard."""

    effect: str
    clip_key: str
    duration: float
    onset: float
    energies: tuple[float, ...]
    usage: Usage


class PassageMixed(Event, frozen=True, kw_only=True):
    """Passage `passage` can be heard: `fragments` of AAC in fragmented MP4, to which the header under `header_key`
    belongs. It begins at second `begins` of the stream's own time. One that is too short to be heard alone has no
    fragment. Its lines from `first_line` on begin at seconds `lines` of the drama."""

    passage: int
    first_line: int
    lines: tuple[float, ...]
    header_key: str
    begins: float
    duration: float
    fragments: tuple[Fragment, ...]
    revision: int = 0


class StreamOpened(Event, frozen=True, kw_only=True):
    """The beginning of the drama can be heard while the rest is made: `duration` seconds so far."""

    duration: float


class StreamSealed(Event, frozen=True, kw_only=True):
    """All `passages` of the drama can be heard; the stream grows no more."""

    passages: int
    duration: float


class DramaMixed(Event, frozen=True, kw_only=True):
    """The drama is one sound, made of `reels` that were mixed each by itself, `remixed` of them for this event; the
    others were there already. `timeline_sha256` names what was mixed, `master` lists lossless files that are, one
    after another, all of it. Measures are of the decoded deliverable, `file`; `profile` sets the gates."""

    timeline_sha256: str
    master: tuple[str, ...]
    reels: int
    remixed: int
    profile: Profile
    file: PublishedFile
    duration: float
    loudness_lufs: float
    true_peak_dbtp: float
    gates: tuple[Gate, ...]
    revision: int = 0


class DramaPublished(Event, frozen=True, kw_only=True):
    """`stems` are dialogue, music and effects before the limiter, where they were asked for; their sum is the mix."""

    files: tuple[PublishedFile, ...]
    captions: tuple[PublishedFile, ...]
    chapters: tuple[Chapter, ...]
    peaks_key: str
    stems: tuple[PublishedFile, ...] = ()
    revision: int = 0


class JobCompleted(Event, frozen=True, kw_only=True):
    duration: float


class AttemptFailed(Event, frozen=True, kw_only=True):
    """An attempt at a piece of work failed. `retry_in` is None when no attempt is left."""

    stage: str
    item: str
    attempt: int
    attempts: int
    reason: str
    retry_in: float | None


class JobFailed(Event, frozen=True, kw_only=True):
    stage: str
    item: str
    reason: str


class JobCancelled(Event, frozen=True, kw_only=True):
    reason: str = ""


class JobRetried(Event, frozen=True, kw_only=True):
    """A job that had ended goes on: a failed or cancelled one, or one whose line was revised. All that was made is kept."""


class FeedbackGiven(Event, frozen=True, kw_only=True):
    rating: int
    comment: str = ""


class HoldPlaced(Event, frozen=True, kw_only=True):
    """The content must be kept until the hold is released, whatever its age: a legal hold."""

    reason: str


class HoldReleased(Event, frozen=True, kw_only=True):
    """The content may expire again."""

    reason: str = ""


class DramaExpired(Event, frozen=True, kw_only=True):
    """The content was deleted from storage; this history remains."""


class EventSkipped(Event, frozen=True, kw_only=True):
    """Somebody decided that `subscription` passes over the event of this job that stands at `position` of the log, for
    `reason`. `problem` is what the subscription said of it. Whoever folds the log anew for it does the same."""

    subscription: str
    position: int
    reason: str
    problem: str = ""


EVENTS: tuple[type[Event], ...] = (
    JobSubmitted,
    ScriptWritten,
    VoicesCast,
    SoundPlanned,
    LineRevised,
    LineSpoken,
    MusicComposed,
    EffectRendered,
    PassageMixed,
    StreamOpened,
    StreamSealed,
    DramaMixed,
    DramaPublished,
    JobCompleted,
    AttemptFailed,
    JobFailed,
    JobCancelled,
    JobRetried,
    FeedbackGiven,
    HoldPlaced,
    HoldReleased,
    DramaExpired,
    EventSkipped,
)
