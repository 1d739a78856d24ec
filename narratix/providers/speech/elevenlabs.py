"""ElevenLabs voices, with times per character."""

from __future__ import annotations

import asyncio
import base64
import binascii
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

import msgspec

from narratix.events.catalogue import Gender
from narratix.ports import SAMPLE_RATE, ProviderError, Sound, Spoken, SpokenWord, Voice
from narratix.providers.calls import CALLS
from narratix.providers.elevenlabs import FORMAT, MARK, NAME, ElevenLabs
from narratix.providers.http import Reply
from narratix.providers.sounds import decoded, trimmed
from narratix.providers.speech.asking import asked

MODEL: Final = "eleven_multilingual_v2"
PAGE: Final = 100
MOST_VOICES: Final = 500
SLOWEST, FASTEST = 0.7, 1.2
_AGES: Final = {"young": "young", "middle_aged": "adult", "middle aged": "adult", "old": "old", "child": "child"}
_MOVED: Final = frozenset(
    ["angry", "shouting", "crying", "laughing", "excited", "screaming", "sobbing", "furious", "terrified"]
)
_CALM: Final = frozenset(["whispering", "quiet", "softly", "calm", "murmuring", "sleepy"])


class _Alignment(msgspec.Struct):
    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


class _Timed(msgspec.Struct):
    audio_base64: str
    alignment: _Alignment | None = None


class _Listed(msgspec.Struct):
    voice_id: str
    name: str | None = None
    category: str | None = None
    labels: dict[str, str] | None = None


class _Page(msgspec.Struct):
    voices: list[_Listed]
    has_more: bool = False
    next_page_token: str | None = None


class ElevenLabsSpeech:
    """The voices of an account. They are known once `ready` was awaited."""

    name = NAME

    def __init__(self, vendor: ElevenLabs, model: str = MODEL, *, today: Callable[[], date] = date.today) -> None:
        self.model = model
        self._vendor = vendor
        self._today = today
        self._voices: tuple[Voice, ...] = ()
        self._listing = asyncio.Lock()

    @property
    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def ready(self) -> None:
        """List the account's voices, once. Raises ProviderError."""
        async with self._listing:
            if self._voices:
                return
            found: list[Voice] = []
            query = {"page_size": str(PAGE)}
            while len(found) < MOST_VOICES:
                reply = await self._vendor.call("GET", "/v2/voices", query=query)
                page: _Page = reply.json("ElevenLabs", _Page)
                # those that were designed for a character are nobody else's
                found.extend(_voice(listed) for listed in page.voices if MARK not in (listed.labels or {}))
                if not (page.has_more and page.next_page_token):
                    break
                query["next_page_token"] = page.next_page_token
            if not found:
                raise ProviderError("The ElevenLabs account has no voice; add some to it.", permanent=True)
            self._voices = tuple(sorted(found, key=lambda voice: voice.id))

    async def speak(
        self,
        text: str,
        voice: str,
        *,
        direction: str = "",
        speed: float = 1.0,
        pronunciations: Mapping[str, str] | None = None,
    ) -> Spoken:
        """Raises ProviderError. Its own dictionaries of pronunciations would have to be kept in the account, and its models
        for more than English know no IPA."""
        line = asked(text, pronunciations, NAME, self.model, self._today())
        if line.unspoken is not None:
            return line.unspoken
        path = f"/v1/text-to-speech/{_path(voice)}/with-timestamps"
        body = request(line.sent, voice, self.model, direction, speed)
        with CALLS.of(NAME, self.model) as call:
            reply = await self._vendor.call("POST", path, query={"output_format": FORMAT}, json=body)
            call.paid(line.paid)
            sound, times = await self._timed(reply, line.sent)
        spoken = tuple(
            SpokenWord(
                word.start,
                word.end,
                round(times[line.at[word.start]][0], 3),
                round(times[line.at[word.end] - 1][1], 3),
            )
            for word in line.words
        )
        return Spoken(sound, spoken, line.paid)

    async def _timed(self, reply: Reply, sent: str) -> tuple[Sound, list[tuple[float, float]]]:
        """The sound without silence at its ends, and when each character of what was sent begins and ends in it."""
        timed: _Timed = reply.json("ElevenLabs", _Timed)
        try:
            body = base64.b64decode(timed.audio_base64, validate=True)
        except binascii.Error as problem:
            raise ProviderError("ElevenLabs sent a sound that is not base64.") from problem
        sound, cut = await asyncio.to_thread(lambda: trimmed(decoded(body, "ElevenLabs", channels=1)))
        if not len(sound):
            raise ProviderError("ElevenLabs sent silence for a line.")
        return sound, _times(sent, timed.alignment, len(sound) / SAMPLE_RATE, cut)

    async def close(self) -> None:
        await self._vendor.close()


def request(text: str, voice: str, model: str, direction: str, speed: float) -> dict[str, Any]:
    """The body of a call for a line. The same line is asked for with the same seed."""
    wanted = set(direction.replace(",", " ").casefold().split())
    stability = 0.3 if wanted & _MOVED else 0.75 if wanted & _CALM else 0.5
    return {
        "text": text,
        "model_id": model,
        "voice_settings": {
            "stability": stability,
            "similarity_boost": 0.75,
            "style": 0.3 if wanted & _MOVED else 0.0,
            "use_speaker_boost": True,
            "speed": round(min(FASTEST, max(SLOWEST, speed)), 2),
        },
        "seed": zlib.crc32(f"{voice}\n{text}".encode()),
        "apply_text_normalization": "auto",
    }


def _times(text: str, alignment: _Alignment | None, seconds: float, cut: float) -> list[tuple[float, float]]:
    """When each character of the text begins and ends. Raises ProviderError for an alignment of another text."""
    if alignment is None or "".join(alignment.characters) != text:
        raise ProviderError("ElevenLabs timed another text than the one it was given.")
    begins, ends = alignment.character_start_times_seconds, alignment.character_end_times_seconds
    if not len(begins) == len(ends) == len(alignment.characters):
        raise ProviderError("ElevenLabs left out the times of some characters.")
    # a character of several code points is one entry
    times: list[tuple[float, float]] = []
    for character, begin, end in zip(alignment.characters, begins, ends, strict=True):
        first, last = (min(seconds, max(0.0, time - cut)) for time in (begin, end))
        times.extend([(first, max(first, last))] * len(character))
    if any(later[0] < earlier[0] for earlier, later in pairwise(times)):
        raise ProviderError("ElevenLabs sent times that run backwards.")
    if seconds > 0.3 and max(ends) - cut > seconds + 1.0:
        raise ProviderError("ElevenLabs sent a sound that ends before its words do.")
    return times


def _voice(listed: _Listed) -> Voice:
    labels = {key: value.casefold() for key, value in (listed.labels or {}).items()}
    genders: dict[str, Gender] = {"female": "female", "male": "male"}
    traits = [labels[key] for key in ("description", "descriptive", "use_case") if key in labels]
    return Voice(
        id=listed.voice_id,
        name=listed.name or listed.voice_id,
        gender=genders.get(labels.get("gender", ""), "unknown"),
        accent=labels.get("accent", ""),
        age=_AGES.get(labels.get("age", ""), "adult"),
        traits=tuple(word for trait in traits for word in trait.replace("_", " ").split()),
        quality=0.9 if listed.category == "professional" else 0.7,
    )


def _path(voice: str) -> str:
    if not voice.isalnum():
        raise ProviderError(f"ElevenLabs has no voice {voice!r}.", permanent=True)
    return voice
