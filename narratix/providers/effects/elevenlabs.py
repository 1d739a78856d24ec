"""ElevenLabs sound effects, from a description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from narratix.ports import Rendered
from narratix.providers.calls import CALLS
from narratix.providers.elevenlabs import FORMAT, NAME, ElevenLabs
from narratix.providers.prices import used
from narratix.providers.sounds import decoded, onset, trimmed

SHORTEST, LONGEST = 0.5, 30.0
INFLUENCE: Final = 0.5


class ElevenLabsEffects:
    name = NAME
    model = "sound-generation"

    def __init__(self, vendor: ElevenLabs, *, today: Callable[[], date] = date.today) -> None:
        self._vendor = vendor
        self._today = today

    async def render(self, name: str, prompt: str, seconds: float, seed: int) -> Rendered:  # noqa: ARG002
        """Mono. The vendor takes no seed: a stored clip is what makes a repetition the same. Raises ProviderError."""
        body = request(name, prompt, seconds)
        paid = used(NAME, self.model, "seconds", body["duration_seconds"], self._today())
        with CALLS.of(NAME, self.model) as call:
            reply = await self._vendor.call("POST", "/v1/sound-generation", query={"output_format": FORMAT}, json=body)
            call.paid(paid)
            sound, _ = await asyncio.to_thread(lambda: trimmed(decoded(reply.body, "ElevenLabs", channels=1)))
        return Rendered(sound, paid, onset(sound))

    async def close(self) -> None:
        await self._vendor.close()


def request(name: str, prompt: str, seconds: float) -> dict[str, Any]:
    """The body of a call for an effect."""
    return {
        "text": prompt or name,
        "duration_seconds": round(min(LONGEST, max(SHORTEST, seconds)), 1),
        "prompt_influence": INFLUENCE,
    }
