"""What the stages need from the outside world. Each port is an ability; adapters live in `providers/`.

Contracts that hold for every port:

* calls are cancellable: a cancelled call leaves nothing half-written behind;
* `ProviderError` (or a subclass) is the only error an adapter raises for a fault of its provider;
  anything else is a bug;
* sound arrays are float32, 44,100 Hz, shape (n,) for mono and (n, 2) for stereo, full scale 1.0.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from narratix.events.catalogue import (
    CastMember,
    Chapter,
    EffectCue,
    Gate,
    Gender,
    MusicCue,
    Segment,
    Usage,
)

SAMPLE_RATE = 44_100

Sound = npt.NDArray[np.float32]

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "mp3": "audio/mpeg",
    "m4b": "audio/mp4",
    "wav": "audio/wav",
    "opus": "audio/ogg",
}
"""The deliverables. A format's name is also the suffix of its files."""


class ProviderError(Exception):
    """A provider could not do its work. Its text is a sentence for people.

    `permanent`: trying again cannot help. `retry_after`: seconds the provider asked us to wait.
    """

    def __init__(self, sentence: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.retry_after = retry_after


class Unwanted(ProviderError):
    """What was asked for is refused, and another provider of the same port is not to be asked either."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, permanent=True)


class NotStored(ProviderError):
    """No object lies under this key."""


@runtime_checkable
class Warms(Protocol):
    """What some adapters of every port can do besides."""

    async def warm(self) -> None:
        """Load now what the first call would have to wait for, and return when that has been started. Harmless to repeat.
        What goes wrong is the first call's to tell."""
        ...


# -- language ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Script:
    """A text, tiled and labelled. `language` is an ISO 639-1 code, `notes` are sentences for people."""

    engine: str
    language: str
    segments: tuple[Segment, ...]
    cast: tuple[CastMember, ...]
    music: tuple[MusicCue, ...]
    effects: tuple[EffectCue, ...]
    notes: tuple[str, ...] = ()
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryDraft:
    title: str
    text: str
    engine: str
    safety: str
    usage: tuple[Usage, ...] = ()


class Language(Protocol):
    """Reads a story into a script, and writes stories. Its use is charged under `provider` and `model`."""

    name: str
    provider: str
    model: str

    async def write_script(self, text: str) -> Script: ...

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Callable[[str], None] | None = None
    ) -> StoryDraft:
        """`length` in words. `heard` is told each piece of the text as it is written, where the engine writes by and by;
        the title comes as its first line. Raises ProviderError(permanent=True) for an unknown template."""
        ...

    async def close(self) -> None: ...


# -- speech ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """`id` is permanent and unique within its engine. `age` is child, young, adult or old;
    `traits` are single words; `pitch_hz` is the median fundamental, for keeping voices apart."""

    id: str
    name: str
    gender: Gender
    accent: str
    age: str = "adult"
    traits: tuple[str, ...] = ()
    pitch_hz: float = 0.0
    quality: float = 0.5


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """Offsets into the text given to `speak`; seconds into the sound it returned."""

    start: int
    end: int
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Mono speech without leading or trailing silence, and one entry per word of the source."""

    sound: Sound
    words: tuple[SpokenWord, ...]
    usage: Usage


class Speech(Protocol):
    """Speaks a line."""

    name: str
    model: str

    @property
    def voices(self) -> Sequence[Voice]:
        """Known once `ready` was awaited; a local engine knows them from the beginning."""
        ...

    async def ready(self) -> None:
        """Learn who can speak. Harmless to repeat."""
        ...

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        """Deterministic for a local engine. A text without anything speakable gives an empty sound. `pronunciations`
        maps words, casefolded, to a respelling or /IPA/ (`narratix.script.pronunciations`)."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Described:
    """A voice that is wished for: what it is like, in a sentence or two, and something that it would say (may be empty).
    Another `ordinal` gives another voice of the same description."""

    description: str
    sample: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Designed:
    """Voice ids for the keys that were asked for, as far as there was room for them, and what that took."""

    voices: Mapping[str, str]
    usage: tuple[Usage, ...] = ()


class Design(Protocol):
    """Makes voices of an engine from descriptions. One that was made before is found again; one that was not used for a
    day is deleted."""

    most: int
    """So many voices can be kept at once."""

    async def design(self, wanted: Mapping[str, Described]) -> Designed:
        """The first come first, where there is not room for all. Raises ProviderError."""
        ...


# -- music and effects -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rendered:
    """`onset`: seconds from the start until the sound is first clearly heard (0 for music)."""

    sound: Sound
    usage: Usage
    onset: float = 0.0


class Music(Protocol):
    """Composes a stereo bed that loops seamlessly."""

    name: str
    model: str

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        """About `seconds` long (whole bars), at most 120 s. The same arguments give the same sound."""
        ...

    async def close(self) -> None: ...


class Effects(Protocol):
    """Makes a mono sound effect."""

    name: str
    model: str

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered: ...

    async def close(self) -> None: ...


# -- storage -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`modified`: when it was put, in seconds since 1970, where a listing told it."""

    key: str
    size_bytes: int
    content_type: str
    modified: float | None = field(default=None, compare=False)


class Storage(Protocol):
    """Objects by key. Keys are lower-case paths such as `clips/ab/abcdef.flac`. A put is durable and
    atomic when it returns; a reader never sees half an object."""

    name: str

    async def put(self, key: str, data: bytes, content_type: str) -> StoredObject: ...

    async def put_file(self, key: str, path: Path, content_type: str) -> StoredObject: ...

    async def get(self, key: str) -> bytes:
        """Raises NotStored."""
        ...

    async def fetch_file(self, key: str, path: Path) -> None:
        """Write the object to `path` in flat memory. Raises NotStored."""
        ...

    async def head(self, key: str) -> StoredObject | None: ...

    async def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredObject]: ...

    async def url(self, key: str, seconds: int, *, filename: str | None = None) -> str:
        """A GET address that works for `seconds`. `filename` makes a browser save under that name."""
        ...

    async def close(self) -> None: ...


# -- mastering ---------------------------------------------------------------------------------

MASTER: Final = "master.flac"
"""In the directory of a reel, its mix: FLAC, 24 bit."""
STEMS: Final = ("dialogue", "music", "effects")
"""What it is mixed of; NAME.flac beside it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A clip on the timeline. Speech and effects are mono and panned (-1..1); music is stereo and,
    with `loops`, repeats until `ends`; so does an effect that is a bed. It is heard from `offset` seconds of the clip on.
    Fades are seconds, equal-power. `place` rings with it (`narratix.sound.rooms`), even after it has ended; it is `distance`
    metres away."""

    key: str
    begins: float
    ends: float
    gain_db: float = 0.0
    pan: float = 0.0
    fade_in: float = 0.005
    fade_out: float = 0.005
    loops: bool = False
    energies: tuple[float, ...] = ()
    offset: float = 0.0
    place: str = ""
    distance: float = 1.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that the mix consists of: three stems of cues, seconds long, mastered to `loudness`."""

    duration: float
    dialogue: tuple[Cue, ...]
    music: tuple[Cue, ...]
    effects: tuple[Cue, ...]
    loudness_lufs: float = -16.0
    peak_dbtp: float = -2.0
    profile: str = "podcast"

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Those of all stems."""
        return (*self.dialogue, *self.music, *self.effects)


@dataclass(frozen=True, slots=True)
class Mixed:
    """`peaks` are the waveform's maxima, 0..1, about 1,000 of them."""

    duration: float
    loudness_lufs: float
    true_peak_dbtp: float
    gates: tuple[Gate, ...]
    peaks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a stretch of a deliverable sounds like when it is decoded. `energies` are those per 100 ms, `peak` is the true
    one, an amplitude; `click_db` tells of the worst join of two cues; `quiet` counts frames of 50 ms under -50 dBFS: the
    run at the beginning, the longest one, the one at the end, and all frames."""

    samples: int
    energies: tuple[float, ...]
    mean_square: float
    peak: float
    click_db: float
    quiet: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Reel:
    """A stretch of a finished drama, of so many samples. `peaks` are the maxima of every 10 ms in thousandths; `voice`
    and `bed` the energies per 100 ms of the dialogue and of what is under it; `floor_dbfs` that of the quietest half
    second of the dialogue; `heard` what the first deliverable sounds like there, where that is joined of reels."""

    samples: int
    peaks: tuple[int, ...]
    voice: tuple[float, ...]
    bed: tuple[float, ...]
    floor_dbfs: float
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a drama, encoded: its fragments (seconds, bytes), which all have the same header."""

    fragments: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """`cover` is a picture as PNG; empty for none."""

    title: str
    artist: str = "Narratix"
    chapters: tuple[Chapter, ...] = ()
    comment: str = ""
    cover: bytes = b""


class Mastering(Protocol):
    """Mixes a timeline in reels and makes deliverables of them. Memory does not grow with the drama's length."""

    def reel_files(self, formats: Sequence[str], *, stems: bool) -> tuple[str, ...]:
        """The names of the files that are written for a reel of a drama in these formats."""
        ...

    def part_file(self, format: str) -> str:
        """The one of them of which a deliverable in this format is made."""
        ...

    async def reel(
        self,
        timeline: Timeline,
        clips: Mapping[str, Path],
        first: int,
        last: int,
        *,
        gain_db: float,
        formats: Sequence[str],
        stems: bool,
        out: Path,
    ) -> Reel:
        """Mix samples [first, last) of the timeline and write `reel_files` into the directory `out`: the MASTER, what
        deliverables in `formats` (the first is the one to be measured) are joined of, and with `stems` those (24 bit, 6 dB
        down, before the limiter). `clips` has a local file for each cue that is heard there or close by."""
        ...

    async def deliver(
        self, timeline: Timeline, reels: Sequence[Path], samples: int, out: Path, format: str, tags: Tags
    ) -> None:
        """Make a deliverable of the directories of all reels, in order, each with its `part_file`; they hold `samples`
        together. It appears when it is whole."""
        ...

    async def join(self, files: Sequence[Path], out: Path) -> None:
        """Make one FLAC of several, one after another. It appears when it is whole."""
        ...

    async def measure(self, timeline: Timeline, deliverable: Path, format: str, reels: Sequence[Reel]) -> Mixed:
        """Measure the first deliverable as it is decoded, and judge it by the gates of the timeline's profile."""
        ...

    async def passage(
        self, timeline: Timeline, clips: Mapping[str, Path], first: int, last: int, *, begins: int, out: Path
    ) -> Passage:
        """Mix samples [first, last) of the timeline, which are settled, and write them into the directory `out` as
        AAC in fragmented MP4 (`header.mp4`, `0.m4s`, `1.m4s` ...), for a stream in which they begin at sample
        `begins`. `clips` has a local file for each cue that is heard there or close by."""
        ...

    async def close(self) -> None: ...
