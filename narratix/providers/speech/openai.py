"""OpenAI's voices, until 2027-01-06. The service tells no times of words: they are guessed from the letters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from narratix.events.catalogue import Gender
from narratix.ports import SAMPLE_RATE, ProviderError, Spoken, Voice
from narratix.providers.calls import CALLS
from narratix.providers.http import Api
from narratix.providers.sounds import decoded, trimmed
from narratix.providers.speech.asking import asked
from narratix.providers.speech.ending import check_not_over, problem_of, spread

NAME: Final = "openai"
URL: Final = "https://api.openai.com"
MODEL: Final = "gpt-4o-mini-tts"
LONGEST: Final = 4096
SLOWEST, FASTEST = 0.25, 4.0

_VOICES: Final[Sequence[tuple[str, Gender, str]]] = (
    ("alloy", "unknown", "american"),
    ("ash", "male", "american"),
    ("ballad", "male", "british"),
    ("coral", "female", "american"),
    ("echo", "male", "american"),
    ("fable", "male", "british"),
    ("nova", "female", "american"),
    ("onyx", "male", "american"),
    ("sage", "female", "american"),
    ("shimmer", "female", "american"),
)


class OpenAISpeech:
    """The voices of every account. `url` replaces the service's own address, for gateways."""

    name = NAME

    def __init__(
        self,
        key: str,
        url: str = "",
        model: str = MODEL,
        *,
        deadline: float = 120.0,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.model = model
        self._api = Api("OpenAI", url or URL, {"Authorization": f"Bearer {key}"}, deadline=deadline)
        self._today = today
        self.voices: Sequence[Voice] = tuple(
            Voice(id=id, name=id.capitalize(), gender=gender, accent=accent, quality=0.6)
            for id, gender, accent in _VOICES
        )

    async def ready(self) -> None:
        """Raises ProviderError (permanent) from the day on which the service is no more."""
        check_not_over(NAME, "OpenAI", self._today())

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        """Raises ProviderError."""
        line = asked(text, pronunciations, NAME, self.model, self._today())
        if line.unspoken is not None:
            return line.unspoken
        await self.ready()
        with CALLS.of(NAME, self.model) as call:
            reply = await self._api.call(
                "POST", "/v1/audio/speech", json=request(line.sent, self._known(voice), self.model, direction, speed)
            )
            if reply.status != 200:
                raise problem_of(reply, "OpenAI", "NARRATIX_OPENAI_API_KEY")
            call.paid(line.paid)
            sound, _ = await asyncio.to_thread(lambda: trimmed(decoded(reply.body, "OpenAI", channels=1)))
            if not len(sound):
                raise ProviderError("OpenAI sent silence for a line.")
        return Spoken(sound, spread(text, line.words, len(sound) / SAMPLE_RATE), line.paid)

    async def close(self) -> None:
        await self._api.close()

    def _known(self, voice: str) -> str:
        if all(voice != known.id for known in self.voices):
            raise ProviderError(f"OpenAI has no voice {voice!r}.", permanent=True)
        return voice


def request(text: str, voice: str, model: str, direction: str, speed: float) -> dict[str, Any]:
    """The body of a call for a line. Raises ProviderError (permanent) for a line that is too long."""
    if len(text) > LONGEST:
        raise ProviderError(f"OpenAI takes lines of {LONGEST:,} characters at most.", permanent=True)
    body: dict[str, Any] = {
        "model": model,
        "input": text,
        "voice": voice,
        "response_format": "mp3",
        "speed": round(min(FASTEST, max(SLOWEST, speed)), 2),
    }
    if direction:
        body["instructions"] = f"Speak as in an audio drama: {direction}."
    return body
