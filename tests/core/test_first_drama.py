"""One job's life, end to end, with quick engines."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from narratix.events.catalogue import Options
from narratix.ports import ProviderError
from narratix.projections.job_status import JOB_STATUS, JobStatus
from narratix.projections.projection import Reader
from narratix.services import Services

STORY = """The rain fell on the old house. There was a knock at the door.

"Who is there?" whispered Anna.

"Only me," said Thomas. "Let me in, please!"

Anna opened the door. The wind howled.
"""


async def until_ended(app: Services, job_id: object, seconds: float = 60) -> JobStatus:
    reader = Reader(JOB_STATUS, app.pool)
    async with asyncio.timeout(seconds):
        while True:
            row = await reader.get(str(job_id))
            if row is not None and row.status in ("completed", "failed", "cancelled"):
                return row
            await asyncio.sleep(0.05)


async def test_given_a_story_when_it_is_submitted_then_every_stage_ends_on_record(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("mp3", "wav")))
    status = await until_ended(narratix, job_id)

    assert status.status == "completed", status.error
    assert status.progress == 100
    types = Counter(event.type for event in await narratix.store.read(job_id))
    job = await narratix.commands.load(job_id)
    assert job.script is not None
    assert types["LineSpoken"] == len(job.script.segments)
    assert types["ScriptWritten"] == types["VoicesCast"] == types["DramaMixed"] == types["JobCompleted"] == 1
    assert job.published is not None
    assert [file.format for file in job.published.files] == ["mp3", "wav"]
    for file in (*job.published.files, *job.published.captions):
        stored = await narratix.ports.storage.head(file.key)
        assert stored is not None
        assert stored.size_bytes == file.size_bytes


async def test_given_a_clip_that_is_gone_when_the_drama_is_mixed_then_the_job_fails_with_that_reason(
    narratix: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(key: str, path: Path) -> None:
        raise ProviderError("The disk is full.", permanent=True)

    monkeypatch.setattr(narratix.ports.storage, "fetch_file", full)
    status = await until_ended(narratix, await narratix.commands.submit(STORY))

    assert (status.status, status.error, status.stage) == ("failed", "The disk is full.", "mix_drama")


async def test_given_nobody_who_listens_before_the_end_then_no_passage_is_mixed_by_itself(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY, options=Options(formats=("wav",), stream=False))
    status = await until_ended(narratix, job_id)

    assert status.status == "completed", status.error
    types = {event.type for event in await narratix.store.read(job_id)}
    assert types.isdisjoint({"PassageMixed", "StreamOpened", "StreamSealed"})
    assert "DramaMixed" in types
