"""What expires, what is held, what a sweep takes and what it must leave."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID

import pytest

from narratix.commands import NotNow
from narratix.retention import Retention
from narratix.services import Services

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n"


async def finished(narratix: Services, text: str = STORY) -> UUID:
    """A drama that is made, projected, and at rest."""
    job_id: UUID = await narratix.commands.submit(text)
    async with asyncio.timeout(60):
        while (await narratix.commands.load(job_id)).active or await narratix.pool.fetchval(
            "select exists (select 1 from work where state in ('ready', 'waiting', 'running')) or exists (select 1 from "
            "subscriptions where name = 'job_status' and position < (select max(position) from events))"
        ):
            await asyncio.sleep(0.05)
    return job_id


async def keys(narratix: Services) -> set[str]:
    return {stored.key async for stored in narratix.ports.storage.list("")}


def age(narratix: Services) -> None:
    for file in (narratix.settings.home / "objects").rglob("*"):
        os.utime(file, (0, 0))


def at_once(narratix: Services) -> Retention:
    """A retention by which everything that has ended has had its time."""
    return Retention(narratix.pool, narratix.store, narratix.commands, narratix.ports.storage, days=1e-9)


async def test_given_orphans_when_swept_then_only_old_ones_go_and_only_when_told(narratix: Services) -> None:
    await finished(narratix)
    storage, drama = narratix.ports.storage, await keys(narratix)
    orphans = {"dramas/nobody/drama.mp3", "clips/speech/00/00ff.flac", "clips/speech/00/00ff.json"}
    for key in (*orphans, "anchors/1.json", "answers/anthropic/00/00.json"):
        await storage.put(key, b"left behind", "application/octet-stream")
    age(narratix)
    await storage.put("answers/anthropic/01/01.json", b"{}", "application/json")
    await storage.put("dramas/nobody/new.mp3", b"perhaps named in a moment", "audio/mpeg")
    kept = drama | {"dramas/nobody/new.mp3", "anchors/1.json", "answers/anthropic/01/01.json"}
    orphans |= {"answers/anthropic/00/00.json"}

    found = await narratix.retention.sweep(delete=False)
    assert ({stored.key for stored in found.orphans}, found.spared) == (orphans, 0)
    assert await keys(narratix) == kept | orphans
    await narratix.retention.sweep(delete=True)
    assert await keys(narratix) == kept


async def test_given_a_young_drama_then_nothing_is_due(narratix: Services) -> None:
    await finished(narratix)
    assert await narratix.retention.due() == []
    assert await narratix.retention.expire_due() == 0


async def test_given_a_drama_whose_time_is_over_then_its_content_goes_and_its_history_stays(narratix: Services) -> None:
    job_id = await finished(narratix)
    history = len(await narratix.store.read(job_id))
    assert await at_once(narratix).expire_due() == 1
    age(narratix)
    await narratix.retention.sweep(delete=True)

    assert (await narratix.commands.load(job_id)).status == "expired"
    assert {key for key in await keys(narratix) if not key.startswith("anchors/")} == set()
    assert len(await narratix.store.read(job_id)) == history + 1


async def test_given_two_dramas_that_share_clips_then_the_living_one_keeps_them(narratix: Services) -> None:
    first = await finished(narratix)
    second = await finished(narratix)
    await narratix.commands.expire(first, actor="test")
    age(narratix)
    await narratix.retention.sweep(delete=True)

    job = await narratix.commands.load(second)
    left = await keys(narratix)
    assert {line.clip_key for line in job.lines.values()} <= left
    assert job.mixed is not None
    assert job.mixed.file.key in left
    assert not any(str(first) in key for key in left)


async def test_given_a_held_drama_then_it_does_not_expire_until_it_is_released(narratix: Services) -> None:
    job_id = await finished(narratix)
    await narratix.commands.hold(job_id, "Case 12", actor="test")
    await narratix.commands.hold(job_id, "Case 12 again", actor="test")

    assert await at_once(narratix).due() == []
    with pytest.raises(NotNow, match="Case 12"):
        await narratix.commands.expire(job_id, actor="test")
    await narratix.commands.release(job_id, actor="test")
    with pytest.raises(NotNow, match="not held"):
        await narratix.commands.release(job_id, actor="test")
    async with asyncio.timeout(10):
        while not await at_once(narratix).due():
            await asyncio.sleep(0.05)
    assert await at_once(narratix).expire_due() == 1


async def test_given_an_expired_drama_then_it_cannot_be_held_or_retried(narratix: Services) -> None:
    job_id = await finished(narratix)
    await narratix.commands.expire(job_id, actor="test")
    with pytest.raises(NotNow, match="nothing to hold"):
        await narratix.commands.hold(job_id, "late", actor="test")
    with pytest.raises(NotNow):
        await narratix.commands.retry(job_id, actor="test")
