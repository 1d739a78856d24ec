"""Reels, one after another, as one file. Runs in a worker process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from narratix.ports import MASTER, ProviderError, Tags
from narratix.providers.mastering.files import appearing, disk_errors
from narratix.providers.mastering.formats import FORMATS, JOINED, encoding, ffmetadata
from narratix.providers.mastering.process import Ffmpeg
from narratix.providers.mastering.reel import part_name
from narratix.sound.mp3 import frames_for, info_frame, mp3_frames
from narratix.sound.profiles import PROFILES

_CHUNK: Final = 1 << 20
_TAGS: Final = ("-map", "0:a:0", "-map_metadata", "1", "-map_chapters", "1")


@dataclass(frozen=True, slots=True)
class DeliveryOrder:
    """`reels` are directories. `seconds` is the time limit."""

    ffmpeg: Path
    profile: str
    reels: tuple[Path, ...]
    samples: int
    out: Path
    format: str
    tags: Tags
    seconds: float


def deliver(order: DeliveryOrder) -> None:
    """Raises ProviderError."""
    with appearing(order.out) as out:
        tags, picture = out.with_name(out.name + ".tags"), _picture(out)
        try:
            with disk_errors(out):
                tags.write_text(ffmetadata(order.tags), encoding="utf-8")
                picture.write_bytes(order.tags.cover)
            codec = JOINED.get(order.format)
            if codec is None:
                _encode(order, tags, out)
            else:
                parts = [reel / part_name(codec) for reel in order.reels]
                (_join_mp3 if codec == "mp3" else _join_aac)(order, parts, tags, out)
        finally:
            tags.unlink(missing_ok=True)
            picture.unlink(missing_ok=True)


def _picture(out: Path) -> Path:
    return out.with_name(out.name + ".png")


def _cover(order: DeliveryOrder, out: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """ffmpeg's arguments for the cover: as its third input, and in what it writes."""
    if not order.tags.cover:
        return (), ()
    picture = ("-f", "png_pipe", "-i", f"file:{_picture(out)}")
    said = ("-metadata:s:v", "title=Album cover", "-metadata:s:v", "comment=Cover (front)")
    return picture, ("-map", "2:v:0", "-disposition:v:0", "attached_pic", *said)


def join_flac(ffmpeg: Path, files: Sequence[Path], out: Path, seconds: float) -> None:
    """Raises ProviderError."""
    with appearing(out) as part:
        arguments = ("-c:a", "flac", "-compression_level", "0", "-f", "flac", f"file:{part}")
        _run_over(ffmpeg, files, part, arguments, "joining FLAC", seconds)


def _encode(order: DeliveryOrder, tags: Path, out: Path) -> None:
    arguments = (
        *("-i", f"file:{tags}", *_TAGS),
        *(*encoding(order.format, PROFILES[order.profile]), *FORMATS[order.format].container, f"file:{out}"),
    )
    masters = [reel / MASTER for reel in order.reels]
    _run_over(order.ffmpeg, masters, out, arguments, f"encoding {order.format}", order.seconds)


def _run_over(
    ffmpeg: Path, files: Sequence[Path], out: Path, arguments: Sequence[str], doing: str, seconds: float
) -> None:
    """ffmpeg with `files`, one after another, as its first input."""
    listed = out.with_name(out.name + ".list")
    try:
        with disk_errors(out):
            quoted = (str(file).replace("'", "'\\''") for file in files)
            listed.write_text("".join(f"file 'file:{file}'\n" for file in quoted), encoding="utf-8")
        source = ("-f", "concat", "-safe", "0", "-i", f"file:{listed}")
        with Ffmpeg(ffmpeg, (*source, *arguments), doing=doing, seconds=seconds, within=out.parent) as run:
            run.finish()
    finally:
        listed.unlink(missing_ok=True)


def _join_aac(order: DeliveryOrder, parts: Sequence[Path], tags: Path, out: Path) -> None:
    picture, shown = _cover(order, out)
    arguments = (
        *("-f", "aac", "-i", "pipe:0", "-i", f"file:{tags}", *picture, *_TAGS, *shown, "-c", "copy"),
        *(*FORMATS[order.format].container, f"file:{out}"),
    )
    doing = f"joining {order.format}"
    with Ffmpeg(order.ffmpeg, arguments, doing=doing, seconds=order.seconds, within=out.parent) as run:
        for part in parts:
            run.write_bytes(part.read_bytes())
        run.finish()


def _join_mp3(order: DeliveryOrder, parts: Sequence[Path], tags: Path, out: Path) -> None:
    """ID3 tags as ffmpeg writes them, the frame that describes the others, and those."""
    first = mp3_frames(parts[0].read_bytes())[0]
    head = out.with_name(out.name + ".head")
    picture, shown = _cover(order, out)
    arguments = (
        *("-f", "mp3", "-i", "pipe:0", "-i", f"file:{tags}", *picture, *_TAGS, *shown, "-c", "copy"),
        *(*FORMATS[order.format].container, f"file:{head}"),
    )
    try:
        with Ffmpeg(order.ffmpeg, arguments, doing="writing tags", seconds=order.seconds) as run:
            run.write_bytes(first * 4)
            run.finish()
        size_bytes = sum(part.stat().st_size for part in parts)
        with disk_errors(out), out.open("wb") as writing:
            writing.write(_id3(head.read_bytes()))
            writing.write(info_frame(first, size_bytes, frames_for(order.samples), order.samples))
            for part in parts:
                with part.open("rb") as reading:
                    shutil.copyfileobj(reading, writing, _CHUNK)
    finally:
        head.unlink(missing_ok=True)


def _id3(data: bytes) -> bytes:
    """The ID3v2 tag at the beginning of a file, whose size is in seven bits of each byte. Raises ProviderError."""
    if data[:3] != b"ID3":
        raise ProviderError("ffmpeg wrote no ID3 tag.")
    size = sum(byte << 7 * place for place, byte in enumerate(reversed(data[6:10])))
    return data[: 10 + size]
