"""Sound effects by Stable Audio Open on Replicate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

from narratix.ports import Rendered
from narratix.providers.calls import CALLS
from narratix.providers.prices import used
from narratix.providers.replicate import LONGEST_SECONDS, NAME, Replicate
from narratix.providers.sounds import decoded, onset, trimmed


class ReplicateEffects:
    name = NAME

    def __init__(self, vendor: Replicate, version: str, *, today: Callable[[], date] = date.today) -> None:
        self.model = version
        self._vendor = vendor
        self._today = today

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered:
        """Mono. Raises ProviderError."""
        given = {"prompt": prompt or name, "seconds_total": min(LONGEST_SECONDS, max(1, round(seconds))), "seed": seed}
        with CALLS.of(NAME, self.model) as call:
            body, computed = await self._vendor.run(self.model, given)
            paid = used(NAME, self.model, "computing seconds", computed, self._today())
            call.paid(paid)
            sound, _ = await asyncio.to_thread(lambda: trimmed(decoded(body, "Replicate", channels=1)))
        return Rendered(sound, paid, onset(sound))

    async def close(self) -> None:
        await self._vendor.close()
