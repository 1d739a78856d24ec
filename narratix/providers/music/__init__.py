"""The music engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from narratix.ports import Music
from narratix.providers.music.composed import ComposedMusic
from narratix.providers.music.silent import SilentMusic

MUSIC: Mapping[str, Callable[..., Music]] = {
    ComposedMusic.name: ComposedMusic,
    SilentMusic.name: SilentMusic,
}
