"""Voices that ElevenLabs designs from descriptions, in the few slots that a plan has for voices.

A voice bears a label with the hash of its description, by which it is found again; a note in storage says that it was used
within the last day (the sweep takes notes away when they are older). One without a note is deleted where room is needed,
and at the next casting in any case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import msgspec
import structlog

from narratix.events.catalogue import Usage
from narratix.ports import Described, Designed, NotStored, ProviderError, Storage
from narratix.providers.calls import CALLS
from narratix.providers.elevenlabs import MARK, NAME, ElevenLabs
from narratix.providers.http import OutOfService
from narratix.providers.prices import used

log = structlog.get_logger(__name__)

MODEL: Final = "eleven_multilingual_ttv_v2"
CHARGED_AS: Final = "voice-design"
PAGE: Final = 100
MOST_PAGES: Final = 20
GENERATED_SAMPLE: Final = 300
"""Characters that the vendor may write itself where there is no sample."""


class _Listed(msgspec.Struct):
    voice_id: str
    labels: dict[str, str] | None = None


class _Page(msgspec.Struct):
    voices: list[_Listed]
    has_more: bool = False
    next_page_token: str | None = None


class _Preview(msgspec.Struct):
    generated_voice_id: str


class _Previews(msgspec.Struct):
    previews: list[_Preview]
    text: str = ""


class _Created(msgspec.Struct):
    voice_id: str


class ElevenLabsDesign:
    """Keeps at most `most` voices of its own in the account; others there are left alone."""

    name = NAME

    def __init__(
        self, vendor: ElevenLabs, storage: Storage, most: int, *, today: Callable[[], date] = date.today
    ) -> None:
        self.most = most
        self._vendor = vendor
        self._storage = storage
        self._today = today

    async def design(self, wanted: Mapping[str, Described]) -> Designed:
        """Raises ProviderError; what was made by then is found again by the next attempt."""
        marks = {key: mark_of(one) for key, one in wanted.items()}
        ours = await self._ours()
        for mark, voice_id in list(ours.items()):
            if mark not in marks.values() and not await self._in_use(mark):
                await self._delete(voice_id)
                del ours[mark]
        voices: dict[str, str] = {}
        usage: list[Usage] = []
        for key, one in wanted.items():
            mark = marks[key]
            if mark not in ours:
                if len(ours) >= self.most:
                    log.info("no_slot_for_voice", most=self.most)
                    continue
                ours[mark], paid = await self._made(one, mark)
                usage.append(paid)
            await self._storage.put(_note(mark), ours[mark].encode(), "text/plain")
            voices[key] = ours[mark]
        return Designed(voices, tuple(usage))

    async def _ours(self) -> dict[str, str]:
        """Mark -> voice id, of the voices that we made."""
        found: dict[str, str] = {}
        query = {"page_size": str(PAGE)}
        for _ in range(MOST_PAGES):
            page: _Page = (await self._vendor.call("GET", "/v2/voices", query=query)).json("ElevenLabs", _Page)
            found |= {
                voice.labels[MARK]: voice.voice_id for voice in page.voices if voice.labels and MARK in voice.labels
            }
            if not (page.has_more and page.next_page_token):
                break
            query["next_page_token"] = page.next_page_token
        return found

    async def _in_use(self, mark: str) -> bool:
        try:
            await self._storage.get(_note(mark))
        except NotStored:
            return False
        return True

    async def _delete(self, voice_id: str) -> None:
        try:
            await self._vendor.call("DELETE", f"/v1/voices/{voice_id}")
        except OutOfService:
            raise
        except ProviderError as problem:  # somebody else was quicker, or it stays for the next time
            log.warning("voice_not_deleted", voice=voice_id, reason=str(problem))

    async def _made(self, one: Described, mark: str) -> tuple[str, Usage]:
        characters = len(one.sample) or GENERATED_SAMPLE
        paid = used(NAME, CHARGED_AS, "characters", float(characters), self._today())
        with CALLS.of(NAME, CHARGED_AS) as call:
            reply = await self._vendor.call("POST", "/v1/text-to-voice/design", json=design_request(one))
            call.paid(paid)
            previews: _Previews = reply.json("ElevenLabs", _Previews)
            if not previews.previews:
                raise ProviderError("ElevenLabs designed no voice.")
            body = create_request(one, mark, previews.previews[0].generated_voice_id)
            created: _Created = (await self._vendor.call("POST", "/v1/text-to-voice", json=body)).json(
                "ElevenLabs", _Created
            )
        if not created.voice_id.isalnum():
            raise ProviderError("ElevenLabs named a voice in a way that its API does not.")
        return created.voice_id, paid


def mark_of(one: Described) -> str:
    """What a voice is found by: its description, and which one of that description it is."""
    return hashlib.sha256(f"{MODEL}\n{one.description}\n{one.ordinal}".encode()).hexdigest()[:20]


def design_request(one: Described) -> dict[str, Any]:
    """The body of the call that makes previews."""
    sample = {"text": one.sample} if one.sample else {"auto_generate_text": True}
    return {"voice_description": one.description, "model_id": MODEL, **sample, "seed": one.ordinal}


def create_request(one: Described, mark: str, generated: str) -> dict[str, Any]:
    """The body of the call that keeps a preview as a voice."""
    return {
        "voice_name": f"Narratix {mark[:8]}",
        "voice_description": one.description,
        "generated_voice_id": generated,
        "labels": {MARK: mark},
    }


def _note(mark: str) -> str:
    return f"voices/{mark}"
