"""Language engines in a row, behind the Language port."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from narratix.ports import Language, Script, StoryDraft
from narratix.providers.chain import Chain
from narratix.providers.language.oracle import Heard


class ChainedLanguage(Chain[Language]):
    """Who had to be passed over, and why, stands in the script's notes."""

    def __init__(self, engines: Sequence[Language], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(engines, clock)
        self.provider = engines[0].provider

    async def write_script(self, text: str) -> Script:
        """Raises ProviderError."""
        script, passed = await self.first(lambda engine: engine.write_script(text))
        return replace(script, notes=(*passed, *script.notes))

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Heard | None = None
    ) -> StoryDraft:
        """Raises ProviderError."""
        draft, _ = await self.first(lambda engine: engine.write_story(template, premise, length, seed, heard))
        return draft
