"""The effects engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from narratix.ports import Effects, ProviderError
from narratix.providers.accounts import Accounts
from narratix.providers.chain import ChainedEffects
from narratix.providers.effects.elevenlabs import ElevenLabsEffects
from narratix.providers.effects.recipes import EFFECT_RECIPES, natural_seconds
from narratix.providers.effects.replicate import ReplicateEffects
from narratix.providers.effects.silent import SilentEffects
from narratix.providers.effects.synthesised import SynthesisedEffects

__all__ = ["CLOUD_EFFECTS", "EFFECTS", "EFFECT_RECIPES", "natural_seconds", "open_effects"]

EFFECTS: Mapping[str, Callable[[Path], Effects]] = {
    SynthesisedEffects.name: lambda _packages: SynthesisedEffects(),
    SilentEffects.name: lambda _packages: SilentEffects(),
}

CLOUD_EFFECTS: Mapping[str, Callable[[Accounts], Effects]] = {
    ElevenLabsEffects.name: lambda accounts: ElevenLabsEffects(accounts.to_elevenlabs()),
    ReplicateEffects.name: lambda accounts: ReplicateEffects(accounts.to_replicate(), accounts.replicate_version),
}


def open_effects(names: Sequence[str], packages: Path, accounts: Accounts) -> Effects:
    """The engines of those names as one, the first doing the work and the next taking over. Raises ProviderError for an
    unknown name and for an engine whose settings are missing."""
    engines: list[Effects] = []
    for name in names:
        if name in EFFECTS:
            engines.append(EFFECTS[name](packages))
        elif name in CLOUD_EFFECTS:
            engines.append(CLOUD_EFFECTS[name](accounts))
        else:
            known = ", ".join((*CLOUD_EFFECTS, *EFFECTS))
            raise ProviderError(f"There is no effects engine called {name!r}; choose of: {known}.", permanent=True)
    return engines[0] if len(engines) == 1 else ChainedEffects(engines)
