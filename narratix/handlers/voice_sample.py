"""A voice to be heard before it is chosen."""

from __future__ import annotations

from typing import Final

from narratix.handlers.clips import Clip
from narratix.handlers.handler import Ports
from narratix.handlers.speak_line import spoken_clip

SAMPLE: Final = "The rain had stopped before morning. “Who is there?” she asked, and nobody answered."


class NoSuchVoice(LookupError):
    """There is no such voice to be heard. Its text is a sentence for people."""


async def voice_sample(ports: Ports, engine: str, voice: str) -> Clip:
    """The clip of a voice that speaks a passage: made once, found ever after. Raises NoSuchVoice, ProviderError."""
    speech = ports.speech.get(engine)
    if speech is None:
        known = ", ".join(sorted(ports.speech))
        raise NoSuchVoice(f"There is no speech engine called {engine!r} here; choose one of: {known}.")
    await speech.ready()
    if all(voice != each.id for each in speech.voices):
        raise NoSuchVoice(f"The engine {engine} has no voice called {voice!r}.")
    return await spoken_clip(ports, speech, voice, SAMPLE)
