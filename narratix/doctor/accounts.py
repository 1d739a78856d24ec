"""The part of the doctor that asks vendors: whether keys work, models still exist, and what is left. Asks cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from narratix.environments import WrongEnvironment, check_settings
from narratix.ports import ProviderError
from narratix.providers import elevenlabs, replicate
from narratix.providers.http import Api, Reply
from narratix.providers.speech import hume, openai
from narratix.providers.speech.ending import ENDS, check_not_over
from narratix.settings import Settings

ANTHROPIC_URL: Final = "https://api.anthropic.com"
ANTHROPIC_VERSION: Final = "2023-06-01"
DEADLINE_SECONDS: Final = 10.0
LOW: Final = 0.1
"""The share of a plan's characters under which people are warned."""

Said = tuple[str, str]
"""(what was found, what to do where that is not in order; empty where it is)."""


def accounts(settings: Settings) -> Iterator[tuple[str, Callable[[], Said]]]:
    """(name, check) of the environment and of every account that there is a key for. A check raises ProviderError where
    the account is broken."""
    yield "environment", lambda: _environment(settings)
    if key := settings.anthropic_api_key.get_secret_value():
        headers = {"Authorization": f"Bearer {key}", "anthropic-version": ANTHROPIC_VERSION}
        yield "claude", _asking("Claude", settings.anthropic_url or ANTHROPIC_URL, headers, _claude, settings)
    if key := settings.elevenlabs_api_key.get_secret_value():
        url = settings.elevenlabs_url or elevenlabs.URL
        yield "elevenlabs", _asking("ElevenLabs", url, {"xi-api-key": key}, _elevenlabs, settings)
    if key := settings.openai_api_key.get_secret_value():
        headers = {"Authorization": f"Bearer {key}"}
        yield "openai", _asking("OpenAI", settings.openai_url or openai.URL, headers, _openai, settings)
    if key := settings.hume_api_key.get_secret_value():
        yield "hume", _asking("Hume", settings.hume_url or hume.URL, {"X-Hume-Api-Key": key}, _hume, settings)
    if token := settings.replicate_api_token.get_secret_value():
        url = settings.replicate_url or replicate.URL
        yield "replicate", _asking("Replicate", url, {"Authorization": f"Bearer {token}"}, _replicate, settings)
    if url := settings.compatible_url:
        key = settings.compatible_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        yield "compatible", _asking("The language endpoint", url, headers, _compatible, settings)


def _environment(settings: Settings) -> Said:
    try:
        check_settings(settings)
    except WrongEnvironment as wrong:
        raise ProviderError(str(wrong)) from wrong
    return settings.environment, ""


def _asking(
    vendor: str,
    url: str,
    headers: dict[str, str],
    check: Callable[[Api, Settings], Awaitable[Said]],
    settings: Settings,
) -> Callable[[], Said]:
    async def ask() -> Said:
        api = Api(vendor, url, headers, deadline=DEADLINE_SECONDS)
        try:
            return await check(api, settings)
        finally:
            await api.close()

    return lambda: asyncio.run(ask())


async def _claude(api: Api, settings: Settings) -> Said:
    reply = await api.call("GET", f"/v1/models/{settings.claude_model}")
    if reply.status == 404:
        raise ProviderError(
            f"{settings.claude_model} is not listed any more; set NARRATIX_CLAUDE_MODEL to one that is."
        )
    _check(reply, "Claude", "ANTHROPIC_API_KEY")
    return f"{settings.claude_model} is there", ""


async def _elevenlabs(api: Api, settings: Settings) -> Said:
    models = await api.call("GET", "/v1/models")
    _check(models, "ElevenLabs", "ELEVENLABS_API_KEY")
    known = {model.get("model_id") for model in _list(models)}
    if settings.elevenlabs_model not in known:
        raise ProviderError(f"{settings.elevenlabs_model} is not listed; set NARRATIX_ELEVENLABS_MODEL to one that is.")
    reply = await api.call("GET", "/v1/user/subscription")
    _check(reply, "ElevenLabs", "ELEVENLABS_API_KEY")
    plan = reply.json("ElevenLabs", dict[str, Any])
    used, limit = int(plan.get("character_count", 0)), int(plan.get("character_limit", 0))
    found = f"{settings.elevenlabs_model} is there, {max(0, limit - used):,} of {limit:,} characters are left"
    return found, "The plan is nearly used up." if limit and limit - used < LOW * limit else ""


async def _openai(api: Api, settings: Settings) -> Said:
    check_not_over("openai", "OpenAI", date.today())
    reply = await api.call("GET", f"/v1/models/{settings.openai_speech_model}")
    if reply.status == 404:
        raise ProviderError(
            f"{settings.openai_speech_model} is not listed; set NARRATIX_OPENAI_SPEECH_MODEL to one that is."
        )
    _check(reply, "OpenAI", "NARRATIX_OPENAI_API_KEY")
    return (
        f"{settings.openai_speech_model} is there",
        f"Its speech ends on {ENDS['openai']}; choose other voices by then.",
    )


async def _hume(api: Api, settings: Settings) -> Said:
    if not settings.hume_url:
        check_not_over("hume", "Hume", date.today())
    reply = await api.call("GET", "/v0/tts/voices", query={"provider": "HUME_AI", "page_size": "1"})
    _check(reply, "Hume", "NARRATIX_HUME_API_KEY")
    return "it answers", f"Hume's own service ended on {ENDS['hume']}; this endpoint may follow."


async def _replicate(api: Api, settings: Settings) -> Said:
    _check(await api.call("GET", "/v1/account"), "Replicate", "REPLICATE_API_TOKEN")
    if not settings.replicate_version:
        return "the token works", "Set NARRATIX_REPLICATE_VERSION to the version of the model that makes sound."
    return "the token works", ""


async def _compatible(api: Api, settings: Settings) -> Said:
    reply = await api.call("GET", "/models")
    _check(reply, "The language endpoint", "NARRATIX_COMPATIBLE_KEY")
    listed = reply.json("The language endpoint", dict[str, Any]).get("data")
    known = {model.get("id") for model in listed if isinstance(model, dict)} if isinstance(listed, list) else set()
    model = settings.compatible_model
    if model not in known:
        return (
            f"it answers, and lists {len(known)} models without {model!r}",
            "Set NARRATIX_COMPATIBLE_MODEL to one of them.",
        )
    return f"{model} is there", ""


def _check(reply: Reply, vendor: str, variable: str) -> None:
    if reply.status in (401, 403):
        raise ProviderError(f"{vendor} does not accept the key; set {variable} anew.")
    if reply.status != 200:
        raise ProviderError(f"{vendor} answered {reply.status}.")


def _list(reply: Reply) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(reply.body, type=list[dict[str, Any]])
    except msgspec.MsgspecError as problem:
        raise ProviderError("ElevenLabs answered in a shape that its API does not have.") from problem
