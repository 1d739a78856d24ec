"""What a sweep of the storage takes, and what it must leave."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID

from narratix.cli.storage import _sweep
from narratix.services import Services

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n"


async def test_given_a_drama_and_orphans_when_swept_then_only_old_orphans_go_and_only_when_told(
    narratix: Services,
) -> None:
    job_id: UUID = await narratix.commands.submit(STORY)
    async with asyncio.timeout(60):
        while (await narratix.commands.load(job_id)).active or await narratix.pool.fetchval(
            "select exists (select 1 from work where state in ('ready', 'running'))"
        ):
            await asyncio.sleep(0.05)
    storage = narratix.ports.storage
    drama = {stored.key async for stored in storage.list("")}
    orphans = {"dramas/nobody/drama.mp3", "clips/speech/00/00ff.flac", "clips/speech/00/00ff.json"}
    for key in orphans:
        await storage.put(key, b"left behind", "application/octet-stream")
    for file in (narratix.settings.home / "objects").rglob("*"):
        os.utime(file, (0, 0))
    await storage.put("dramas/nobody/new.mp3", b"perhaps named in a moment", "audio/mpeg")
    kept = drama | {"dramas/nobody/new.mp3"}

    found, spared = await _sweep(narratix, False)
    assert ({stored.key for stored in found}, spared) == (orphans, 0)
    assert {stored.key async for stored in storage.list("")} == kept | orphans
    await _sweep(narratix, True)
    assert {stored.key async for stored in storage.list("")} == kept
