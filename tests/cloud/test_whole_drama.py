"""A whole drama of the cloud's alone: read by Claude, spoken and sounding by ElevenLabs, kept by R2, as each of them would answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr

from narratix.app import Database, open_app
from narratix.script.tiling import check_tiling
from narratix.services import Services
from narratix.settings import Settings
from tests.cloud.elevenlabs_standin import KEY as ELEVENLABS_KEY
from tests.cloud.elevenlabs_standin import ElevenLabsStandin
from tests.language.claude_standin import KEY as CLAUDE_KEY
from tests.language.claude_standin import ClaudeStandin
from tests.language.minds import STORY, Mind
from tests.storage.r2 import R2, r2_before
from tests.storage.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY
from tests.web.web_site import client_of


@pytest.fixture
async def r2(s3_address: str) -> AsyncIterator[tuple[str, R2]]:
    async with r2_before(s3_address) as found:
        yield found


@pytest.fixture
async def narratix(
    settings: Settings, server: Database, vendor: ElevenLabsStandin, claude: ClaudeStandin, r2: tuple[str, R2]
) -> AsyncIterator[Services]:
    """One that has accounts with all of them."""
    in_the_cloud = settings.model_copy(
        update={
            "language": "claude",
            "anthropic_api_key": SecretStr(CLAUDE_KEY),
            "anthropic_url": claude.url,
            "speech": "elevenlabs",
            "music": "elevenlabs",
            "effects": "elevenlabs",
            "elevenlabs_api_key": SecretStr(ELEVENLABS_KEY),
            "elevenlabs_url": vendor.url,
            "s3_endpoint": r2[0],
            "s3_bucket": BUCKET,
            "s3_access_key": SecretStr(ACCESS_KEY),
            "s3_secret_key": SecretStr(SECRET_KEY),
        }
    )
    async with open_app(in_the_cloud, server) as narratix:
        yield narratix


async def test_given_accounts_with_all_vendors_when_a_story_is_submitted_then_the_drama_is_theirs_and_fetched_from_r2(
    narratix: Services, vendor: ElevenLabsStandin, mind: Mind, r2: tuple[str, R2]
) -> None:
    async with client_of(narratix) as client:
        submitted = (await client.post("/api/demo/submit", json={"text": STORY})).json()
        async with asyncio.timeout(120):
            while (await narratix.commands.load(job_id := uuid.UUID(submitted["job_id"]))).active:
                await asyncio.sleep(0.05)
        result = (await client.get(submitted["links"]["result"])).json()

    job = await narratix.commands.load(job_id)
    assert job.status == "completed"
    assert not job.missing
    assert job.script is not None
    check_tiling(STORY, job.script.segments)
    assert job.script.engine.startswith("claude")
    assert {"cast", "label"} <= set(mind.said)
    clips = [*job.lines.values(), *job.music.values(), *job.effects.values()]
    assert {clip.usage.provider for clip in clips} == {"elevenlabs"}
    assert len(job.lines) == len(job.script.segments)
    paid = [path.partition("?")[0] for method, path, _ in vendor.requests if method == "POST"]
    assert len([path for path in paid if path.startswith("/v1/text-to-speech/")]) == len(job.lines)
    assert {path for path in paid if not path.startswith("/v1/text-to-speech/")} == {
        "/v1/music",
        "/v1/sound-generation",
    }
    assert result["audio"]["url"].startswith(r2[0])
    assert r2[1].refused == []
    async with aiohttp.ClientSession() as session, session.get(result["audio"]["url"]) as answer:
        assert answer.status == 200
        assert len(await answer.read()) == result["audio"]["size_bytes"]
    secrets = (CLAUDE_KEY, ELEVENLABS_KEY, SECRET_KEY)
    log = b"".join(event.as_json() for event in await narratix.store.read(job_id)).decode()
    assert not [secret for secret in secrets if secret in log]
