"""Music by Stable Audio Open on Replicate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

from narratix.ports import Rendered
from narratix.providers.calls import CALLS
from narratix.providers.music.looping import looped
from narratix.providers.prices import used
from narratix.providers.replicate import LONGEST_SECONDS, NAME, Replicate
from narratix.providers.sounds import decoded


class ReplicateMusic:
    name = NAME

    def __init__(self, vendor: Replicate, version: str, *, today: Callable[[], date] = date.today) -> None:
        self.model = version
        self._vendor = vendor
        self._today = today

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        """Stereo, made to loop. Raises ProviderError."""
        strength = "gentle" if intensity < 0.35 else "moderate" if intensity < 0.7 else "intense"
        given = {
            "prompt": prompt or f"{strength} {mood} instrumental underscore",
            "seconds_total": min(LONGEST_SECONDS, max(1, round(seconds))),
            "seed": seed,
        }
        with CALLS.of(NAME, self.model) as call:
            body, computed = await self._vendor.run(self.model, given)
            paid = used(NAME, self.model, "computing seconds", computed, self._today())
            call.paid(paid)
            sound = await asyncio.to_thread(lambda: looped(decoded(body, "Replicate", channels=2)))
        return Rendered(sound, paid)

    async def close(self) -> None:
        await self._vendor.close()
