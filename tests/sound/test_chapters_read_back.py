from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.events.catalogue import Chapter
from narratix.ports import SAMPLE_RATE, Cue, Tags, Timeline
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.sound.codec import to_flac
from narratix.sound.cover import cover, to_png
from narratix.sound.loudness import energies
from tests.sound.mp4_chapters import read_chapters, read_cover, read_tag
from tests.sound.synthetic_drama import Drama

CHAPTERS = (
    Chapter(title="I. The Bell = a start; #1", begins=0.0, ends=2.25),
    Chapter(title="Bärbel’s “Überfahrt” — 船", begins=2.25, ends=3.125),
    Chapter(title="The End", begins=3.125, ends=6.0),
)


async def encoded(
    folder: Path, chapters: tuple[Chapter, ...], picture: bytes = b"", format: Literal["m4b", "mp3"] = "m4b"
) -> bytes:
    """Six seconds of noise as an M4B, made as every drama is."""
    samples, clip, reel, out = 6 * SAMPLE_RATE, folder / "clip.flac", folder / "reel", folder / f"drama.{format}"
    reel.mkdir()
    noise = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * np.float32(0.05)
    clip.write_bytes(to_flac(noise))
    cue = Cue(key="noise", begins=0.0, ends=6.0, energies=energies(noise))
    timeline = Timeline(duration=6.0, dialogue=(cue,), music=(), effects=())
    mastering = FfmpegMastering(find_ffmpeg())
    try:
        await mastering.reel(
            timeline, {"noise": clip}, 0, samples, gain_db=0.0, formats=(format,), stems=False, out=reel
        )
        about = Tags(title="A drama", chapters=chapters, cover=picture)
        await mastering.deliver(timeline, [reel], samples, out, format, about)
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


def seen(file: Path, source: tuple[str, ...] = ()) -> npt.NDArray[np.uint8]:
    """The picture in a file, as ffmpeg decodes it."""
    command = [
        find_ffmpeg(),
        "-v",
        "error",
        *source,
        "-i",
        file,
        "-map",
        "0:v:0",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
    ]
    run = subprocess.run([*map(str, command), "pipe:1"], capture_output=True, check=True)
    side = round((len(run.stdout) / 3) ** 0.5)
    return np.frombuffer(run.stdout, np.uint8).reshape(side, side, 3)


@pytest.mark.parametrize("format", ["m4b", "mp3"])
async def test_given_a_drama_when_its_file_is_read_then_its_cover_is_in_it_beside_its_chapters(
    drama: Drama, tmp_path: Path, format: Literal["m4b", "mp3"]
) -> None:
    picture = cover(drama.timeline(), [(0.0, "calm"), (30.0, "tense")])
    made = await encoded(tmp_path, CHAPTERS, to_png(picture), format)
    assert np.array_equal(seen(tmp_path / f"drama.{format}"), picture)
    if format == "m4b":
        assert read_cover(made) == to_png(picture)
        assert read_tag(made, "©nam") == "A drama"
        assert [chapter.title for chapter in read_chapters(made)] == [chapter.title for chapter in CHAPTERS]


def test_given_dramas_when_their_covers_are_drawn_then_they_tell_them_apart(drama: Drama) -> None:
    calm, tense = (cover(drama.timeline(), [(0.0, mood)]) for mood in ("calm", "tense"))
    assert calm.shape == tense.shape == (512, 512, 3)
    assert calm[..., 2].mean() > calm[..., 0].mean()  # blue
    assert tense[..., 0].mean() > tense[..., 2].mean()  # red
    shorter = cover(Drama(6, seed=4).timeline(), [(0.0, "calm")])
    assert (shorter != calm).any()
    assert np.array_equal(cover(drama.timeline(), [(0.0, "calm")]), calm)
