"""The engines and the storage of a process, chosen from its settings: a port each, and how many calls of it at once."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.handlers.clips import Clips
from narratix.handlers.handler import Ports
from narratix.handlers.texts import Texts
from narratix.ports import Language, Storage
from narratix.providers.accounts import Accounts
from narratix.providers.chain import GuardedSpeech
from narratix.providers.effects.contents import open_effects
from narratix.providers.language.contents import Access, open_language
from narratix.providers.mastering.ffmpeg import FfmpegMastering
from narratix.providers.music.contents import open_music
from narratix.providers.replicate import sleeping
from narratix.providers.speech.contents import CLOUD_SPEECH, SPEECH
from narratix.providers.speech.design import ElevenLabsDesign
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech
from narratix.providers.speech.lexicon import global_pronunciations
from narratix.providers.storage.directory import DirectoryStorage
from narratix.settings import Settings
from narratix.signing import signing_key
from narratix.webhooks.inbound import Bell

SCRATCH_SECONDS: Final = 24 * 3600.0


@contextlib.asynccontextmanager
async def open_ports(settings: Settings, bell: Bell | None = None) -> AsyncGenerator[Ports]:
    """The engines and the storage. Nothing heavy is loaded before it is used. `bell` wakes those who wait for what a
    vendor computes; without it they look again and again."""
    async with contextlib.AsyncExitStack() as stack:
        storage = open_storage(settings)
        stack.push_async_callback(storage.close)
        packages = settings.packages
        speech = {name: make(packages, settings.speech_workers) for name, make in SPEECH.items()}
        accounts = _accounts(settings, storage, bell)
        speech |= {name: GuardedSpeech(CLOUD_SPEECH[name](accounts)) for name in accounts.speech}
        music = open_music(settings.engines(settings.music), packages, accounts)
        effects = open_effects(settings.engines(settings.effects), packages, accounts)
        mastering = FfmpegMastering(find_ffmpeg(settings.ffmpeg))
        for engine in speech.values():
            stack.push_async_callback(engine.close)
        language = open_language(settings.languages, _access(settings, storage))
        for port in (language, music, effects, mastering):
            stack.push_async_callback(port.close)
        scratch = settings.home / "scratch"
        await asyncio.to_thread(_sweep_scratch, scratch)
        yield Ports(
            language=language,
            speech=speech,
            default_speech=settings.speech,
            local_speech=settings.speech if settings.speech in SPEECH else next(iter(SPEECH)),
            music=music,
            effects=effects,
            storage=storage,
            mastering=mastering,
            texts=Texts(storage),
            clips=Clips(storage),
            scratch=scratch,
            designs={
                ElevenLabsDesign.name: ElevenLabsDesign(accounts.to_elevenlabs(), storage, settings.elevenlabs_voices)
            }
            if accounts.elevenlabs_key and settings.elevenlabs_voices
            else {},
            pronunciations=global_pronunciations(settings.pronunciations),
        )


@contextlib.asynccontextmanager
async def open_languages(settings: Settings) -> AsyncGenerator[Language]:
    """The script engine alone, with the storage in which it keeps answers."""
    async with contextlib.AsyncExitStack() as stack:
        storage = open_storage(settings)
        stack.push_async_callback(storage.close)
        language = open_language(settings.languages, _access(settings, storage))
        stack.push_async_callback(language.close)
        yield language


def replicate_webhook(settings: Settings) -> str:
    """Where Replicate tells of an end; empty where there is no public address, or no secret to check it by."""
    if not (settings.public_url.startswith("https://") and settings.replicate_webhook_secret.get_secret_value()):
        return ""
    return f"{settings.public_url.rstrip('/')}/api/webhooks/replicate"


def _accounts(settings: Settings, storage: Storage, bell: Bell | None) -> Accounts:
    return Accounts(
        storage=storage,
        elevenlabs_key=settings.elevenlabs_api_key.get_secret_value(),
        elevenlabs_url=settings.elevenlabs_url,
        elevenlabs_model=settings.elevenlabs_model,
        elevenlabs_calls=settings.elevenlabs_calls,
        openai_key=settings.openai_api_key.get_secret_value(),
        openai_url=settings.openai_url,
        openai_model=settings.openai_speech_model,
        hume_key=settings.hume_api_key.get_secret_value(),
        hume_url=settings.hume_url,
        replicate_token=settings.replicate_api_token.get_secret_value(),
        replicate_url=settings.replicate_url,
        replicate_version=settings.replicate_version,
        replicate_webhook=replicate_webhook(settings) if bell is not None else "",
        replicate_wait=bell.wait if bell is not None else sleeping,
    )


def _access(settings: Settings, answers: Storage) -> Access:
    return Access(
        answers=answers,
        replay_only=settings.replay_only,
        anthropic_key=settings.anthropic_api_key.get_secret_value(),
        anthropic_url=settings.anthropic_url,
        claude_model=settings.claude_model,
        compatible_url=settings.compatible_url,
        compatible_key=settings.compatible_key.get_secret_value(),
        compatible_model=settings.compatible_model,
    )


def _sweep_scratch(scratch: Path) -> None:
    """Remove what killed processes left; whatever is at work is younger than a stage's longest time."""
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        if left.stat().st_mtime < time.time() - SCRATCH_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def open_storage(settings: Settings) -> Storage:
    """S3 where it is set up, else a directory in `home`."""
    if settings.uses_s3:
        from narratix.providers.storage.s3 import S3Storage  # its client takes a third of a second to load

        return S3Storage(
            bucket=settings.s3_bucket,
            endpoint_url=settings.s3_endpoint,
            access_key_id=settings.s3_access_key.get_secret_value(),
            secret_access_key=settings.s3_secret_key.get_secret_value(),
        )
    return DirectoryStorage(
        settings.home / "objects", secret=signing_key(settings), clock=time.time, base_url=settings.public_url
    )


def slots(settings: Settings) -> dict[str, int]:
    """How many pieces of work this process runs at once, for each port. One more line than there are speech
    workers keeps these busy while another line is stored."""
    speech = settings.speech_workers
    return {"nothing": 4, "language": 1, "speech": speech + 2, "music": 1, "effects": 1, "stream": 1, "mastering": 1}


def limits(settings: Settings) -> dict[str, int]:
    """How many pieces of work may run at once in all processes together. Where ElevenLabs is the first choice, the calls
    that its plan allows are shared among what asks it, unless the settings say otherwise."""
    plan = settings.elevenlabs_calls if settings.elevenlabs_api_key.get_secret_value() else 0
    first = {port: names[:1] for port in ("music", "effects") if (names := settings.engines(getattr(settings, port)))}
    shared = {port: 1 for port, names in first.items() if plan and names == [ElevenLabsSpeech.name]}
    if plan and settings.speech == ElevenLabsSpeech.name:
        shared["speech"] = max(1, plan - len(shared))
    return {**shared, **settings.limits}
