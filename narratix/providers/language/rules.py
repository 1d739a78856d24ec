"""The local script engine behind the Language port: rules, no network, no cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from narratix.ports import ProviderError, Script, StoryDraft
from narratix.providers.language.templates import write_story
from narratix.script.engine import ENGINE, write_script
from narratix.script.tiling import NothingToRead


class RulesLanguage:
    """Reads stories by rules alone and writes them from templates. The same text gives the same script.

    Reading happens in a worker thread, so that the event loop lives; a cancelled call leaves nothing behind.
    """

    name = "rules"
    provider = "rules"
    model = ENGINE

    async def write_script(self, text: str) -> Script:
        """Raises ProviderError(permanent=True) for a text without anything to read aloud."""
        try:
            return await asyncio.to_thread(write_script, text)
        except NothingToRead as nothing:
            raise ProviderError(str(nothing), permanent=True) from nothing

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Callable[[str], None] | None = None
    ) -> StoryDraft:
        """`length` in words. Raises ProviderError(permanent=True) for an unknown template."""
        draft = await asyncio.to_thread(write_story, template, premise, length, seed)
        if heard is not None:
            heard(f"{draft.title}\n\n{draft.text}")
        return draft

    async def close(self) -> None:
        """Nothing is open."""
