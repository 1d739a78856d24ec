"""A reel of a drama, from its clips to the files of which deliverables are made. Runs in a worker process."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from narratix.ports import MASTER, SAMPLE_RATE, STEMS, Heard, ProviderError, Reel, Sound, Timeline
from narratix.providers.mastering.files import clip_errors, clip_of, disk_errors
from narratix.providers.mastering.formats import Codec, encoding
from narratix.providers.mastering.measure import DECODING_DELAY, ListeningOrder, listen
from narratix.providers.mastering.process import PIECE, RAW, Ffmpeg
from narratix.sound.fmp4 import NotAdts, adts_frames
from narratix.sound.grid import AAC_FRAME, MP3_FRAME, sample_at
from narratix.sound.loudness import rounded
from narratix.sound.meters import LevelMeter, LoudnessMeter, WaveformMeter, joins
from narratix.sound.mixer import BLOCK, Block, Mixer
from narratix.sound.mp3 import NotMp3, frames_for, mp3_frames
from narratix.sound.passages import REEL_ROLL
from narratix.sound.profiles import PROFILES

STEM_GAIN: Final = 0.5
"""Stems are written 6 dB lower, so that none is clipped: before the limiter peaks may pass full scale."""
_PARTS: Final[Mapping[Codec, tuple[str, str]]] = {"mp3": ("mp3", "mp3"), "aac": ("m4b", "adts")}
"""Codec -> the format whose encoder it is, and ffmpeg's name for a plain stream of it."""
_FLAC_LEVEL: Final = 1 / 8
"""An eighth smaller than level 0 at the same cost; levels from 4 on are another eighth smaller, but cost a sixth and more."""
_AAC_PRIMING_FRAMES: Final = 1  # ffmpeg's encoder hands out a frame before it has heard anything


@dataclass(frozen=True, slots=True)
class ReelOrder:
    """Samples [first, last) of the timeline, whole steps of the grid unless the drama ends there, into the directory
    `out`. The codec that is `listened` to is one of those encoded. `seconds` is each encoder's time limit."""

    ffmpeg: Path
    timeline: Timeline
    clips: Mapping[str, Path]
    first: int
    last: int
    gain_db: float
    codecs: tuple[Codec, ...]
    listened: Codec | None
    stems: bool
    out: Path
    seconds: float


def part_name(codec: Codec) -> str:
    return f"part.{codec}"


def file_names(codecs: Sequence[Codec], *, stems: bool) -> tuple[str, ...]:
    """What is written for a reel."""
    return (MASTER, *map(part_name, codecs), *(f"{stem}.flac" for stem in STEMS if stems))


def mix_reel(order: ReelOrder) -> Reel:
    """Mix, encode and measure a reel. Raises ProviderError."""
    ends, meters = _mixed(order)
    heard = None if order.listened is None else _listened(order, order.listened, ends)
    for codec in order.codecs:
        _cut(order, codec, ends, at_end=order.last >= sample_at(order.timeline.duration))
    return Reel(
        samples=ends - order.first,
        peaks=tuple(np.rint(1000.0 * meters.waveform.maxima.astype(np.float64)).astype(int).tolist()),
        voice=rounded(meters.voice.energies),
        bed=rounded(meters.bed.energies),
        floor_dbfs=round(meters.level.floor_dbfs, 2),
        heard=heard,
    )


def _mixed(order: ReelOrder) -> tuple[int, _Meters]:
    """Write the reel's files, each encoder's with what is before and after it; the sample at which the reel ends, and its
    measures. The mixer and its clips are gone before anything is listened to."""
    mixer = Mixer(order.timeline, lambda key: clip_of(order.clips[key]), gain_db=order.gain_db)
    ends = min(order.last, mixer.samples)
    meters = _Meters()
    with contextlib.ExitStack() as stack:
        encoders = [stack.enter_context(_encoder(order, codec)) for codec in order.codecs]
        stack.enter_context(disk_errors(order.out / MASTER))
        stack.enter_context(clip_errors())
        master = stack.enter_context(_flac(order.out / MASTER))
        stems = [stack.enter_context(_flac(order.out / f"{stem}.flac")) for stem in STEMS if order.stems]
        for block, meant in _heard(mixer, order.first - REEL_ROLL, order.last + REEL_ROLL):
            for encoder in encoders:
                encoder.write(block.sound[meant])
            begins = block.index * BLOCK
            inside = slice(max(meant.start, order.first - begins), min(meant.stop, ends - begins))
            if inside.start >= inside.stop:
                continue
            master.write(block.sound[inside])
            for stem, sound in zip(stems, block.stems, strict=bool(stems)):
                stem.write(sound[inside] * np.float32(STEM_GAIN))
            meters.add(block.sound[inside], block.dialogue[inside], block.bed[inside])
        for encoder in encoders:
            encoder.finish()
    meters.finish()
    return ends, meters


class _Meters:
    """What is known of a reel from its mix. Some seconds are measured at a time, which costs less than each by itself."""

    def __init__(self) -> None:
        self.waveform, self.level = WaveformMeter(), LevelMeter(channels=1)
        self.voice, self.bed = LoudnessMeter(channels=1), LoudnessMeter()
        self._waiting: list[tuple[Sound, Sound, Sound]] = []

    def add(self, sound: Sound, dialogue: Sound, bed: Sound) -> None:
        self._waiting.append((sound, dialogue, bed))
        if len(self._waiting) == PIECE // BLOCK:
            self.finish()

    def finish(self) -> None:
        if not self._waiting:
            return
        sound, dialogue, bed = (np.concatenate(pieces) for pieces in zip(*self._waiting, strict=True))
        self._waiting.clear()
        self.waveform.add(sound)
        self.voice.add(dialogue)
        self.bed.add(bed)
        self.level.add(dialogue[:, None])


def _listened(order: ReelOrder, codec: Codec, ends: int) -> Heard:
    """What the reel sounds like, decoded with what is before and after it."""
    timeline, samples = order.timeline, ends - order.first
    return listen(
        ListeningOrder(
            ffmpeg=order.ffmpeg,
            file=order.out / part_name(codec),
            channels=1 if PROFILES[timeline.profile].mono else 2,
            joins=tuple(join - order.first for join in joins(timeline) if order.first <= join < ends),
            seconds=order.seconds,
            first=REEL_ROLL + DECODING_DELAY[codec],
            samples=samples,
        )
    )


def _heard(mixer: Mixer, first: int, last: int) -> Iterator[tuple[Block, slice]]:
    """The whole blocks in which samples [first, last) lie, and which part of each they are; silence beyond the ends of
    the drama."""
    low, high = first // BLOCK, math.ceil(last / BLOCK)
    blocks = mixer.blocks(max(0, low), high)
    for index in range(low, high):
        block = _filled(next(blocks)) if 0 <= index < len(mixer) else _silence(index)
        yield block, slice(max(0, first - index * BLOCK), min(BLOCK, last - index * BLOCK))


def _silence(index: int) -> Block:
    mono, stereo = np.zeros(BLOCK, dtype=np.float32), np.zeros((BLOCK, 2), dtype=np.float32)
    return Block(index, stereo, mono, (stereo, stereo, stereo))


def _filled(block: Block) -> Block:
    if len(block.sound) == BLOCK:
        return block

    def filled(sound: Sound) -> Sound:
        return np.pad(sound, ((0, BLOCK - len(sound)), *[(0, 0)] * (sound.ndim - 1)))

    voices, music, effects = block.stems
    stems = (filled(voices), filled(music), filled(effects))
    return Block(block.index, filled(block.sound), filled(block.dialogue), stems)


def _encoder(order: ReelOrder, codec: Codec) -> Ffmpeg:
    format, container = _PARTS[codec]
    tags = ("-write_xing", "0", "-id3v2_version", "0") if codec == "mp3" else ()
    arguments = (
        *(*RAW, "-i", "pipe:0", *encoding(format, PROFILES[order.timeline.profile])),
        *(*tags, "-f", container, f"file:{order.out / part_name(codec)}"),
    )
    return Ffmpeg(order.ffmpeg, arguments, doing=f"encoding {codec}", seconds=order.seconds, within=order.out)


def _flac(path: Path) -> soundfile.SoundFile:
    return soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_24", format="FLAC", compression_level=_FLAC_LEVEL)


def _cut(order: ReelOrder, codec: Codec, ends: int, *, at_end: bool) -> None:
    """Leave of an encoded file what belongs to the reel, out of an encoder that heard what is before and after it too."""
    path, length = order.out / part_name(codec), order.last - order.first
    data = path.read_bytes()
    try:
        if codec == "mp3":
            frames, skipped = mp3_frames(data), REEL_ROLL // MP3_FRAME
            wanted = frames_for(ends - order.first) if at_end else length // MP3_FRAME
        else:
            frames = adts_frames(data, headers=True)
            skipped, wanted = REEL_ROLL // AAC_FRAME + _AAC_PRIMING_FRAMES, length // AAC_FRAME
    except (NotMp3, NotAdts) as problem:
        raise ProviderError(f"ffmpeg wrote no proper {codec}: {problem}") from problem
    if len(frames) < skipped + wanted:
        raise ProviderError(f"ffmpeg encoded {len(frames)} of {skipped + wanted} frames of a reel.")
    path.write_bytes(b"".join(frames[skipped : skipped + wanted]))
