from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.events.catalogue import Chapter
from narratix.ports import SAMPLE_RATE, Cue, Tags, Timeline
from narratix.providers.mastering import FfmpegMastering
from narratix.sound.codec import to_flac
from narratix.sound.loudness import energies
from tests.sound.mp4_chapters import read_chapters

CHAPTERS = (
    Chapter(title="I. The Bell = a start; #1", begins=0.0, ends=2.25),
    Chapter(title="Bärbel’s “Überfahrt” — 船", begins=2.25, ends=3.125),
    Chapter(title="The End", begins=3.125, ends=6.0),
)


async def encoded(folder: Path, chapters: tuple[Chapter, ...]) -> bytes:
    """Six seconds of noise as an M4B, made as every drama is."""
    samples, clip, reel, out = 6 * SAMPLE_RATE, folder / "clip.flac", folder / "reel", folder / "drama.m4b"
    reel.mkdir()
    noise = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * np.float32(0.05)
    clip.write_bytes(to_flac(noise))
    cue = Cue(key="noise", begins=0.0, ends=6.0, energies=energies(noise))
    timeline = Timeline(duration=6.0, dialogue=(cue,), music=(), effects=())
    mastering = FfmpegMastering(find_ffmpeg())
    try:
        await mastering.reel(
            timeline, {"noise": clip}, 0, samples, gain_db=0.0, formats=("m4b",), stems=False, out=reel
        )
        await mastering.deliver(timeline, [reel], samples, out, "m4b", Tags(title="A drama", chapters=chapters))
    finally:
        await mastering.close()
    return out.read_bytes()


async def test_given_a_drama_with_chapters_when_its_m4b_is_read_then_each_is_where_it_was_put(tmp_path: Path) -> None:
    read = read_chapters(await encoded(tmp_path, CHAPTERS))
    assert [chapter.title for chapter in read] == [chapter.title for chapter in CHAPTERS]
    for chapter, put in zip(read, CHAPTERS, strict=True):
        assert chapter.begins == pytest.approx(put.begins, abs=0.002)
        assert chapter.ends == pytest.approx(put.ends, abs=0.05)  # the last one ends with the last frame of AAC


async def test_given_a_drama_without_chapters_when_its_m4b_is_read_then_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no box"):
        read_chapters(await encoded(tmp_path, ()))
