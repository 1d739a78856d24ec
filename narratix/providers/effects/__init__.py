"""The effects engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from narratix.ports import Effects
from narratix.providers.effects.recipes import EFFECT_RECIPES, natural_seconds
from narratix.providers.effects.silent import SilentEffects
from narratix.providers.effects.synthesised import SynthesisedEffects

__all__ = ["EFFECTS", "EFFECT_RECIPES", "natural_seconds"]

EFFECTS: Mapping[str, Callable[[Path], Effects]] = {
    SynthesisedEffects.name: lambda _packages: SynthesisedEffects(),
    SilentEffects.name: lambda _packages: SilentEffects(),
}
