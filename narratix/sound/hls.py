"""The playlist of a drama that is heard while it is made (RFC 8216)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TARGET_SECONDS: Final = 4
"""No fragment lasts longer; a player looks about this often for new ones."""
CONTENT_TYPE: Final = "application/vnd.apple.mpegurl"


@dataclass(frozen=True, slots=True)
class Part:
    """A stored passage: the address of its header, and those of its fragments with their seconds. It stands at
    `begins` in the stream's own time and lasts `seconds`."""

    header: str
    begins: float
    seconds: float
    fragments: tuple[tuple[float, str], ...]


def playlist(parts: Sequence[Part], *, sealed: bool) -> str:
    """A media playlist that only grows, until it is `sealed`. Where the stream's time jumps, since a line before
    was spoken anew, a discontinuity says so."""
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
            lines.append(f'#EXT-X-MAP:URI="{part.header}"')
        for seconds, address in part.fragments:
            lines += [f"#EXTINF:{seconds:.6f},", address]
    if sealed:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
