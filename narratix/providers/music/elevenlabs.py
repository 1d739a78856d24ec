"""ElevenLabs music, instrumental, from a description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

from narratix.ports import Rendered
from narratix.providers.calls import CALLS
from narratix.providers.elevenlabs import FORMAT, NAME, ElevenLabs
from narratix.providers.music.looping import looped
from narratix.providers.prices import used
from narratix.providers.sounds import decoded

SHORTEST_MS, LONGEST_MS = 3_000, 120_000


class ElevenLabsMusic:
    name = NAME
    model = "music_v1"

    def __init__(self, vendor: ElevenLabs, *, today: Callable[[], date] = date.today) -> None:
        self._vendor = vendor
        self._today = today

    async def compose(
        self,
        mood: str,
        intensity: float,
        prompt: str,
        seconds: float,
        seed: int,  # noqa: ARG002
    ) -> Rendered:
        """Stereo, made to loop by a crossfade of its end into its beginning. A seed goes only with a composition plan,
        which we do not send. Raises ProviderError."""
        body = request(mood, intensity, prompt, seconds)
        paid = used(NAME, self.model, "seconds", body["music_length_ms"] / 1000, self._today())
        with CALLS.of(NAME, self.model) as call:
            reply = await self._vendor.call("POST", "/v1/music", query={"output_format": FORMAT}, json=body)
            call.paid(paid)
            sound = await asyncio.to_thread(lambda: looped(decoded(reply.body, "ElevenLabs", channels=2)))
        return Rendered(sound, paid)

    async def close(self) -> None:
        await self._vendor.close()


def request(mood: str, intensity: float, prompt: str, seconds: float) -> dict[str, Any]:
    """The body of a call for a bed."""
    strength = "gentle" if intensity < 0.35 else "moderate" if intensity < 0.7 else "intense"
    return {
        "prompt": prompt or f"A {strength}, {mood} instrumental underscore for an audio drama, without vocals.",
        "music_length_ms": min(LONGEST_MS, max(SHORTEST_MS, round(seconds * 1000))),
        "model_id": "music_v1",
        "force_instrumental": True,
    }
