"""The deliverables: what they are called, and how ffmpeg makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from narratix.ports import CONTENT_TYPES, ProviderError, Tags
from narratix.sound.profiles import MasteringProfile

Codec = Literal["mp3", "aac"]
"""Codecs whose frames are joined: a reel is encoded in them as soon as it is mixed."""

_MEAN = "pan=mono|c0=0.5*c0+0.5*c1"
"""ffmpeg's own way to one channel is 3 dB louder, and may pass full scale."""

JOINED: Mapping[str, Codec] = MappingProxyType({"mp3": "mp3", "m4b": "aac"})
"""The formats that are made by joining the frames of their reels."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """`suffix` has its dot. ffmpeg's arguments: `codec` to encode what went through `filter` (see `encoding`), `container`
    for the file."""

    suffix: str
    content_type: str
    codec: tuple[str, ...]
    container: tuple[str, ...]
    filter: str = ""


# Constant bit rate, because players seek in it exactly. Without a reservoir every frame stands alone.
# lame's compression level 7 halves the time of its default, 5; lame also scales by 0.95, which the volume filter
# undoes. Opus overshoots a ceiling of -2 dBTP by up to 1.2 dB at 80 kbit/s, by 1.0 at 96. The fast AAC coder takes half the time of the default one; at this rate its peaks overshoot no more.
FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        "mp3": AudioFormat(
            ".mp3",
            CONTENT_TYPES["mp3"],
            ("-c:a", "libmp3lame", "-compression_level", "7", "-reservoir", "0"),
            ("-id3v2_version", "3", "-write_xing", "0", "-f", "mp3"),
            "volume=0.4455dB",
        ),
        "m4b": AudioFormat(
            ".m4b",
            CONTENT_TYPES["m4b"],
            ("-c:a", "aac", "-b:a", "128k", "-aac_coder", "fast"),
            ("-movflags", "+faststart", "-metadata", "media_type=2", "-f", "ipod"),
        ),
        "wav": AudioFormat(".wav", CONTENT_TYPES["wav"], ("-c:a", "pcm_s16le"), ("-rf64", "auto", "-f", "wav")),
        "opus": AudioFormat(
            ".opus",
            CONTENT_TYPES["opus"],
            ("-c:a", "libopus", "-b:a", "96k", "-compression_level", "7"),
            ("-f", "ogg"),
            "volume=-0.2dB",
        ),
    }
)


def encoding(format: str, profile: MasteringProfile) -> tuple[str, ...]:
    """ffmpeg's arguments to encode `format` for `profile`."""
    made = format_named(format)
    rate = ("-b:a", f"{profile.mp3_kbps}k") if format == "mp3" else ()
    filters = ",".join(filter for filter in (_MEAN if profile.mono else "", made.filter) if filter)
    return (*(("-af", filters) if filters else ()), *made.codec, *rate)


def format_named(name: str) -> AudioFormat:
    """Raises ProviderError for a format that is not made here."""
    if name not in FORMATS:
        raise ProviderError(f"There is no format {name!r}; choose one of: {', '.join(FORMATS)}.", permanent=True)
    return FORMATS[name]


def ffmetadata(tags: Tags) -> str:
    """Tags and chapters as ffmpeg's own metadata file."""
    lines = [";FFMETADATA1"]
    pairs = {
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.title,
        "album_artist": tags.artist,
        "genre": "Audiobook",
        "comment": tags.comment,
    }
    lines += [f"{key}={_escaped(value)}" for key, value in pairs.items() if value]
    for chapter in tags.chapters:
        lines += [
            "[CHAPTER]",
            "TIMEBASE=1/1000",
            f"START={round(chapter.begins * 1000)}",
            f"END={round(chapter.ends * 1000)}",
            f"title={_escaped(chapter.title)}",
        ]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    """On one line, without control characters, which some containers cut at."""
    plain = "".join(char if char.isprintable() else " " for char in value)
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in " ".join(plain.split()))
