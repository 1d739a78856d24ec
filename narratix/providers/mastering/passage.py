"""A passage of a drama as AAC in fragmented MP4. Runs in a worker process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from narratix.ports import SAMPLE_RATE, Passage, ProviderError, Sound, Timeline
from narratix.providers.mastering.files import clip_errors, clip_of
from narratix.providers.mastering.process import RAW, Ffmpeg
from narratix.sound.fmp4 import FRAME, HEADER, SUFFIX, NotAdts, adts_frames, fragment, header
from narratix.sound.hls import TARGET_SECONDS
from narratix.sound.mixer import Mixer
from narratix.sound.passages import POSTROLL, PREROLL
from narratix.sound.prediction import nominal_gain_db

MOST_FRAMES: Final = TARGET_SECONDS * SAMPLE_RATE // FRAME
FIRST_FRAMES: Final = MOST_FRAMES // 2
_PRIMING_FRAMES: Final = 1  # ffmpeg's encoder hands out a frame before it has heard anything
AAC: Final = ("-c:a", "aac", "-b:a", "128k", "-aac_coder", "fast")


@dataclass(frozen=True, slots=True)
class PassageOrder:
    """Samples [first, last), a whole number of AAC frames; they begin at sample `begins` of the stream."""

    ffmpeg: Path
    timeline: Timeline
    clips: Mapping[str, Path]
    first: int
    last: int
    begins: int
    out: Path
    seconds: float


def mix_passage(order: PassageOrder) -> Passage:
    """Mix, encode and write a passage. Raises ProviderError."""
    mixer = Mixer(order.timeline, lambda key: clip_of(order.clips[key]), gain_db=nominal_gain_db(order.timeline))
    with clip_errors():
        sound = mixer.stretch(order.first - PREROLL, order.last + POSTROLL)
    frames = _encoded(order, sound)
    (order.out / HEADER).write_bytes(header())
    written = []
    for number, (some, time) in enumerate(_cut(frames, order.begins)):
        part = fragment(some, time)
        (order.out / f"{number}{SUFFIX}").write_bytes(part)
        written.append((round(len(some) * FRAME / SAMPLE_RATE, 6), len(part)))
    return Passage(tuple(written))


def rehearse(program: Path) -> None:
    """Mix and encode half a second of nothing, so that the first passage finds everything loaded."""
    with tempfile.TemporaryDirectory() as directory:
        timeline = Timeline(duration=1.0, dialogue=(), music=(), effects=())
        mix_passage(PassageOrder(program, timeline, {}, 0, 20 * FRAME, 0, Path(directory), 60.0))


def _encoded(order: PassageOrder, sound: Sound) -> list[bytes]:
    """The frames of the passage alone, out of an encoder that heard what is before and after it too."""
    adts = order.out / "passage.adts"
    try:
        arguments = (*RAW, "-i", "pipe:0", *AAC, "-f", "adts", f"file:{adts}")
        doing = "encoding a passage"
        with Ffmpeg(order.ffmpeg, arguments, doing=doing, seconds=order.seconds, within=order.out) as encoder:
            encoder.write(sound)
            encoder.finish()
        frames = adts_frames(adts.read_bytes())
    except NotAdts as problem:
        raise ProviderError(f"ffmpeg wrote no proper AAC: {problem}") from problem
    finally:
        adts.unlink(missing_ok=True)
    skipped, wanted = PREROLL // FRAME + _PRIMING_FRAMES, (order.last - order.first) // FRAME
    if len(frames) < skipped + wanted:
        raise ProviderError(f"ffmpeg encoded {len(frames)} of {skipped + wanted} frames of a passage.")
    return frames[skipped : skipped + wanted]


def _cut(frames: list[bytes], begins: int) -> Iterator[tuple[list[bytes], int]]:
    """Fragments of equal length, none above the target; where somebody waits for the first one, they are shorter."""
    most = FIRST_FRAMES if begins == 0 else MOST_FRAMES
    count = -(-len(frames) // most)
    bounds = [len(frames) * i // count for i in range(count + 1)]
    for i in range(count):
        yield frames[bounds[i] : bounds[i + 1]], begins + bounds[i] * FRAME
