"""The contents page of the Language port: the engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from narratix.ports import Language, ProviderError, Storage
from narratix.providers.chain import opened
from narratix.providers.language.chain import ChainedLanguage
from narratix.providers.language.compatible import CompatibleOracle
from narratix.providers.language.labelled import LabelledLanguage
from narratix.providers.language.oracle import Oracle
from narratix.providers.language.remembered import RememberedOracle
from narratix.providers.language.rules import RulesLanguage


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the engines need from the settings; empty where it is not set. Answers are kept in `answers`."""

    answers: Storage
    replay_only: bool = False
    anthropic_key: str = ""
    anthropic_url: str = ""
    claude_model: str = ""
    compatible_url: str = ""
    compatible_key: str = ""
    compatible_model: str = ""


def _claude(access: Access) -> Language:
    if not (access.anthropic_key or access.replay_only):
        raise ProviderError("Claude needs a key: set ANTHROPIC_API_KEY.", permanent=True)
    from narratix.providers.language.claude import ClaudeOracle  # its client takes a second to load

    return _labelled(
        "claude", ClaudeOracle(access.anthropic_key, access.claude_model, url=access.anthropic_url), access
    )


def _compatible(access: Access) -> Language:
    if not (access.compatible_url and access.compatible_model):
        raise ProviderError(
            "An OpenAI-compatible engine needs NARRATIX_COMPATIBLE_URL (ending in /v1) and NARRATIX_COMPATIBLE_MODEL.",
            permanent=True,
        )
    oracle = CompatibleOracle(access.compatible_url, access.compatible_model, access.compatible_key)
    return _labelled("compatible", oracle, access)


def _labelled(name: str, oracle: Oracle, access: Access) -> Language:
    return LabelledLanguage(name, RememberedOracle(oracle, access.answers, replay_only=access.replay_only))


LANGUAGES: Final[Mapping[str, Callable[[Access], Language]]] = {
    "claude": _claude,
    "compatible": _compatible,
    RulesLanguage.name: lambda _access: RulesLanguage(),
}


def open_language(names: Sequence[str], access: Access) -> Language:
    """The engines of those names as one. Raises ProviderError as `opened` does."""
    engines = {name: partial(make, access) for name, make in LANGUAGES.items()}
    return opened("language", names, engines, ChainedLanguage)
