"""A mix from its first clip to its last gate, in one pass and flat memory. Runs in a worker process."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import soundfile

from narratix.ports import SAMPLE_RATE, Mixed, ProviderError, Sound, Tags, Timeline
from narratix.providers.mastering.formats import ffmetadata, format_named
from narratix.providers.mastering.process import RAW, Ffmpeg, decoded
from narratix.sound.codec import NotDecodable, from_flac
from narratix.sound.envelopes import sample_at
from narratix.sound.gates import Measures, judge
from narratix.sound.meters import (
    ClickMeter,
    LoudnessMeter,
    PeakMeter,
    QuietMeter,
    WaveformMeter,
    dialogue_over_bed,
)
from narratix.sound.mixer import Mixer
from narratix.sound.prediction import steady_gain_db

_ALMOST_FULL_BYTES = 8_000_000


class MixStopped(Exception):
    """Nobody waits for this mix any more."""


@dataclass(frozen=True, slots=True)
class MixOrder:
    """`going` is a file: the mix stops, and takes back what it wrote, as soon as it is gone. `seconds` is
    the time limit of each pass."""

    ffmpeg: Path
    timeline: Timeline
    clips: Mapping[str, Path]
    master: Path
    deliverable: Path
    format: str
    tags: Tags
    going: Path
    seconds: float

    def check(self) -> None:
        if not self.going.exists():
            raise MixStopped


def mix_files(order: MixOrder) -> Mixed:
    """Write master and deliverable, measure the deliverable as a listener will decode it. Both files appear when
    all is done, or not at all. Raises ProviderError, and MixStopped."""
    with _appearing(order.master) as master, _appearing(order.deliverable) as deliverable:
        waveform, over_bed = _write(order, master, deliverable)
        measures = _measure(order, deliverable, over_bed)
    return Mixed(
        duration=measures.duration,
        loudness_lufs=round(measures.loudness_lufs, 2),
        true_peak_dbtp=round(measures.true_peak_dbtp, 2),
        gates=judge(measures, duration=order.timeline.duration, loudness_lufs=order.timeline.loudness_lufs),
        peaks=waveform.peaks(),
    )


def _write(order: MixOrder, master: Path, deliverable: Path) -> tuple[WaveformMeter, tuple[float, float]]:
    mixer = Mixer(order.timeline, lambda key: clip_of(order.clips[key]), gain_db=steady_gain_db(order.timeline))
    waveform, voice, bed = WaveformMeter(), LoudnessMeter(channels=1), LoudnessMeter()
    tags = deliverable.with_name(deliverable.name + ".tags")
    try:
        with _disk_errors(order.master):
            tags.write_text(ffmetadata(order.tags), encoding="utf-8")
        arguments = (*RAW, "-i", "pipe:0", *encoding(order.format, tags, deliverable))
        with (
            Ffmpeg(order.ffmpeg, arguments, doing=f"encoding {order.format}", seconds=order.seconds) as encoder,
            _disk_errors(order.master),
            soundfile.SoundFile(
                master, "w", SAMPLE_RATE, 2, "PCM_24", format="FLAC", compression_level=0.25
            ) as lossless,
        ):
            for block in mixer.blocks():
                order.check()
                encoder.write(block.sound)
                lossless.write(block.sound)
                waveform.add(block.sound)
                voice.add(block.dialogue)
                bed.add(block.bed)
            encoder.finish()
    finally:
        tags.unlink(missing_ok=True)
    with _disk_errors(order.master):
        written = soundfile.info(master).frames
    if written != mixer.samples:
        raise ProviderError(
            f"The master holds {written:,} of {mixer.samples:,} samples; it is made anew when tried again."
        )
    return waveform, dialogue_over_bed(voice.energies, bed.energies)


def _measure(order: MixOrder, deliverable: Path, over_bed: tuple[float, float]) -> Measures:
    timeline = order.timeline
    cues = (*timeline.dialogue, *timeline.music, *timeline.effects)
    joins = (sample_at(second) for cue in cues for second in (cue.begins, cue.ends))
    loudness, peak, quiet, clicks = LoudnessMeter(), PeakMeter(), QuietMeter(), ClickMeter(joins)
    samples = 0
    for sound in decoded(order.ffmpeg, deliverable, seconds=order.seconds, check=order.check):
        samples += len(sound)
        for meter in (loudness, peak, quiet, clicks):
            meter.add(sound)
    clicks.finish()
    return Measures(
        loudness_lufs=loudness.integrated,
        true_peak_dbtp=peak.dbtp,
        click_db=clicks.worst_db,
        over_bed=over_bed,
        quiet_seconds=quiet.seconds,
        duration=samples / SAMPLE_RATE,
    )


def encoding(format: str, tags: Path, out: Path) -> tuple[str, ...]:
    """ffmpeg's arguments after its first input: tags and chapters from `tags`, sound to `out`."""
    return (
        *("-i", f"file:{tags}", "-map", "0:a:0", "-map_metadata", "1", "-map_chapters", "1"),
        *format_named(format).arguments,
        f"file:{out}",
    )


def part_of(path: Path) -> Path:
    """Where a file is written before it is whole."""
    return path.with_name(path.name + ".part")


@contextlib.contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A name to write to; the file appears at `path` when all went well, else it vanishes."""
    part = part_of(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Whatever the system or libsndfile say when a disk cannot take more, as one clear error."""
    try:
        yield
    except (soundfile.SoundFileError, OSError, AssertionError) as error:  # soundfile asserts that all was written
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or shutil.disk_usage(path.parent).free < _ALMOST_FULL_BYTES:
            raise ProviderError(
                f"The disk is full: {path.name} could not be written to {path.parent}. Free some space, then try again."
            ) from error
        raise ProviderError(f"The master {path.name} could not be written to {path.parent}: {error}") from error


def clip_of(file: Path) -> Sound:
    """The sound of a stored clip. Raises ProviderError."""
    try:
        return from_flac(file.read_bytes())
    except (OSError, NotDecodable) as error:
        raise ProviderError(f"The clip {file.name} cannot be used: {error}") from error
