"""The contents page of the Language port: the engines by name, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from narratix.ports import Language
from narratix.providers.language.rules import RulesLanguage

LANGUAGES: Mapping[str, Callable[[], Language]] = {
    RulesLanguage.name: RulesLanguage,
}
