"""The playlist of a drama that is heard while it is made (RFC 8216)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TARGET_SECONDS: Final = 4
"""No fragment lasts longer; a player looks about this often for new ones."""
CONTENT_TYPE: Final = "application/vnd.apple.mpegurl"


@dataclass(frozen=True, slots=True)
class Part:
    """A stored passage: its fragments (seconds, bytes) follow its header of `header_bytes` in the file at `address`.
    `begins` and `seconds`: where it stands in the stream's own time, and how long it lasts."""

    address: str
    header_bytes: int
    begins: float
    seconds: float
    fragments: tuple[tuple[float, int], ...]


def playlist(parts: Sequence[Part], *, sealed: bool) -> str:
    """A media playlist that only grows, until it is `sealed`. Fragments are ranges of the passages' files. Where
    the stream's time jumps, since a line before was spoken anew, a discontinuity says so."""
    heard = [part for part in parts if part.fragments]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES",
    ]
    jumps = {
        number
        for number, (before, part) in enumerate(pairwise(heard), start=1)
        if not math.isclose(before.begins + before.seconds, part.begins, abs_tol=0.001)
    }
    for number, part in enumerate(heard):
        if number in jumps:
            lines.append("#EXT-X-DISCONTINUITY")
        if number == 0:
            lines.append(f'#EXT-X-MAP:URI="{part.address}",BYTERANGE="{part.header_bytes}@0"')
        lines += _fragments(part)
    if sealed:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _fragments(part: Part) -> Iterable[str]:
    at = part.header_bytes
    for seconds, size in part.fragments:
        yield f"#EXTINF:{seconds:.6f},"
        yield f"#EXT-X-BYTERANGE:{size}@{at}"
        yield part.address
        at += size
