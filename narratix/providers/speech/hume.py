"""Hume's voices. The vendor's own service ended on 2026-11-13: this is for who still has an endpoint of its protocol."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from narratix.ports import SAMPLE_RATE, ProviderError, Spoken, SpokenWord, Voice
from narratix.providers.calls import CALLS
from narratix.providers.http import Api, Reply
from narratix.providers.sounds import decoded, trimmed
from narratix.providers.speech.asking import asked
from narratix.providers.speech.ending import check_not_over, problem_of, spread
from narratix.providers.speech.words import SourceWord

NAME: Final = "hume"
URL: Final = "https://api.hume.ai"
MODEL: Final = "octave-2"
PAGE: Final = 100
MOST_PAGES: Final = 10
LONGEST: Final = 5000
SLOWEST, FASTEST = 0.5, 2.0
KEY: Final = "NARRATIX_HUME_API_KEY"


class _Span(msgspec.Struct):
    begin: int
    end: int


class _Timestamp(msgspec.Struct):
    text: str
    time: _Span
    type: str = "word"


class _Snippet(msgspec.Struct):
    timestamps: list[_Timestamp] = []


class _Generation(msgspec.Struct):
    audio: str
    duration: float
    snippets: list[list[_Snippet]] = []


class _Speech(msgspec.Struct):
    generations: list[_Generation]


class _Listed(msgspec.Struct):
    id: str
    name: str


class _Voices(msgspec.Struct):
    voices_page: list[_Listed]
    total_pages: int = 1


class HumeSpeech:
    """The voices of a library. Without a `url` of one's own there is nobody to ask any more."""

    name = NAME
    model = MODEL

    def __init__(
        self, key: str, url: str = "", *, deadline: float = 120.0, today: Callable[[], date] = date.today
    ) -> None:
        self._api = Api("Hume", url or URL, {"X-Hume-Api-Key": key}, deadline=deadline)
        self._own = bool(url)
        self._today = today
        self._listing = asyncio.Lock()
        self.voices: Sequence[Voice] = ()

    async def ready(self) -> None:
        """List the voices, once. Raises ProviderError: for good where the service is no more."""
        if not self._own:
            check_not_over(NAME, "Hume", self._today())
        async with self._listing:
            if self.voices:
                return
            found: list[Voice] = []
            for page in range(MOST_PAGES):
                query = {"provider": "HUME_AI", "page_number": str(page), "page_size": str(PAGE)}
                listed: _Voices = _checked(await self._api.call("GET", "/v0/tts/voices", query=query)).json(
                    "Hume", _Voices
                )
                found += [Voice(id=one.id, name=one.name, gender="unknown", accent="") for one in listed.voices_page]
                if page + 1 >= listed.total_pages:
                    break
            if not found:
                raise ProviderError("Hume has no voices.", permanent=True)
            self.voices = tuple(sorted(found, key=lambda voice: voice.id))

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
        if not self._own:
            check_not_over(NAME, "Hume", self._today())
        with CALLS.of(NAME, self.model) as call:
            reply = _checked(await self._api.call("POST", "/v0/tts", json=request(line.sent, voice, direction, speed)))
            call.paid(line.paid)
            made: _Speech = reply.json("Hume", _Speech)
            if len(made.generations) != 1:
                raise ProviderError("Hume answered with another number of sounds than was asked for.")
            sound, cut = await asyncio.to_thread(_sound, made.generations[0])
        seconds = len(sound) / SAMPLE_RATE
        said = [
            stamp
            for snippets in made.generations[0].snippets
            for snippet in snippets
            for stamp in snippet.timestamps
            if stamp.type == "word"
        ]
        return Spoken(sound, _times(text, line.words, said, cut, seconds), line.paid)

    async def close(self) -> None:
        await self._api.close()


def request(text: str, voice: str, direction: str, speed: float) -> dict[str, Any]:
    """The body of a call for a line. Raises ProviderError (permanent) for a line that is too long."""
    if len(text) > LONGEST:
        raise ProviderError(f"Hume takes lines of {LONGEST:,} characters at most.", permanent=True)
    utterance: dict[str, Any] = {
        "text": text,
        "voice": {"id": voice, "provider": "HUME_AI"},
        "speed": round(min(FASTEST, max(SLOWEST, speed)), 2),
    }
    if direction:
        utterance["description"] = direction
    return {"utterances": [utterance], "format": {"type": "mp3"}, "include_timestamp_types": ["word"]}


def _checked(reply: Reply) -> Reply:
    if reply.status != 200:
        raise problem_of(reply, "Hume", KEY)
    return reply


def _sound(made: _Generation) -> tuple[Any, float]:
    """The sound without silence at its ends, and the seconds that were cut off at its beginning."""
    try:
        body = base64.b64decode(made.audio, validate=True)
    except binascii.Error as problem:
        raise ProviderError("Hume sent a sound that is not base64.") from problem
    sound, cut = trimmed(decoded(body, "Hume", channels=1))
    if not len(sound):
        raise ProviderError("Hume sent silence for a line.")
    return sound, cut


def _times(
    text: str, words: Sequence[SourceWord], said: Sequence[_Timestamp], cut: float, seconds: float
) -> tuple[SpokenWord, ...]:
    """As they were told, where there is one for every word, in order; else guessed."""
    begins = [stamp.time.begin for stamp in said]
    if len(said) != len(words) or begins != sorted(begins) or any(one.time.end < one.time.begin for one in said):
        return spread(text, words, seconds)

    def within(milliseconds: int) -> float:
        return round(min(seconds, max(0.0, milliseconds / 1000 - cut)), 3)

    return tuple(
        SpokenWord(word.start, word.end, within(stamp.time.begin), within(stamp.time.end))
        for word, stamp in zip(words, said, strict=True)
    )
