"""The contents page of the Effects port: the engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from narratix.ports import Effects
from narratix.providers.accounts import Accounts
from narratix.providers.chain import ChainedEffects, opened
from narratix.providers.effects.elevenlabs import ElevenLabsEffects
from narratix.providers.effects.replicate import ReplicateEffects
from narratix.providers.effects.silent import SilentEffects
from narratix.providers.effects.synthesised import SynthesisedEffects

EFFECTS: Mapping[str, Callable[[Path], Effects]] = {
    SynthesisedEffects.name: lambda _packages: SynthesisedEffects(),
    SilentEffects.name: lambda _packages: SilentEffects(),
}

CLOUD_EFFECTS: Mapping[str, Callable[[Accounts], Effects]] = {
    ElevenLabsEffects.name: lambda accounts: ElevenLabsEffects(accounts.to_elevenlabs()),
    ReplicateEffects.name: lambda accounts: ReplicateEffects(accounts.to_replicate(), accounts.replicate_version),
}


def open_effects(names: Sequence[str], packages: Path, accounts: Accounts) -> Effects:
    """The engines of those names as one. Raises ProviderError as `opened` does."""
    engines = {name: partial(make, accounts) for name, make in CLOUD_EFFECTS.items()}
    engines |= {name: partial(make, packages) for name, make in EFFECTS.items()}
    return opened("effects", names, engines, ChainedEffects)
