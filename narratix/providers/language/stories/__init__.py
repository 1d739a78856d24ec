"""The story library: one TOML file per template, each a plot told in interchangeable scenes.

A file holds `titles` and `frame` (where the premise is quoted), a `cast` of roles with names for
women and men (`hero` is the one that a premise may name), `words` to draw singly, `worlds` of words that go together, and `scenes` in the order
of telling. A `core` scene is in every story and every other one stands by itself, so that a story
is whole whichever of them are left out. All prose is markup of `grammar.py`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of a part, all with distinct initials where that can be had."""

    female: tuple[str, ...]
    male: tuple[str, ...]


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`text` has the scene's tellings, one of which is drawn."""

    name: str
    text: tuple[str, ...]
    core: bool = False


class Plot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str
    description: str
    titles: tuple[str, ...]
    frame: tuple[str, ...]
    cast: dict[str, Role]
    words: dict[str, tuple[str, ...]]
    scenes: tuple[Scene, ...]
    worlds: tuple[dict[str, str], ...] = ()
    hero: str = "hero"


@cache
def plot(id: str) -> Plot:
    """The plot called `id`. Raises FileNotFoundError, and msgspec.ValidationError for a malformed file."""
    source: dict[str, Any] = tomllib.loads(resources.files(__name__).joinpath(f"{id}.toml").read_text("utf-8"))
    return msgspec.convert(source, Plot)
