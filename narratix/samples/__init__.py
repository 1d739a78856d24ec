"""Stories to try the service with. The first is the demo's.

Each is a plain UTF-8 text in this folder: paragraphs parted by a blank line, no line breaks within
one. The public-domain excerpts are unwrapped and have dashes for double hyphens; not a word differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Sample:
    """A story under 6 KB. `source` says where the text is from and under which terms it may be used."""

    id: str
    title: str
    author: str
    source: str
    text: str


def _read(id: str) -> str:
    return resources.files(__name__).joinpath(f"{id}.txt").read_text(encoding="utf-8").strip()


def _sample(id: str, title: str, author: str, source: str) -> Sample:
    return Sample(id=id, title=title, author=author, source=source, text=_read(id))


SAMPLES: tuple[Sample, ...] = (
    _sample(
        "marrow-crossing",
        "The Bell at Marrow Crossing",
        "The Narratix authors",
        "Written for Narratix; Apache-2.0",
    ),
    _sample(
        "mad-tea-party",
        "A Mad Tea-Party",
        "Lewis Carroll",
        "Alice’s Adventures in Wonderland (1865), chapter VII, opening; public domain",
    ),
    _sample(
        "black-dog",
        "Black Dog Appears and Disappears",
        "Robert Louis Stevenson",
        "Treasure Island (1883), chapter 2, one scene; public domain",
    ),
)
