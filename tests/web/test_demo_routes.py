"""The demo's routes: a story in, a drama out."""

from __future__ import annotations

import asyncio

import httpx2

from narratix.web.models import Accepted, Result, Status

STORY = """The rain fell on the old house. There was a knock at the door.

“Who is there?” whispered Anna.

“Only me,” said Thomas. “Let me in, please!”
"""

Client = httpx2.AsyncClient


async def until_ended(client: Client, job_id: str) -> Status:
    while True:
        answer = await client.get(f"/api/demo/status/{job_id}")
        status = Status.model_validate_json(answer.content)
        if status.status in ("completed", "failed", "cancelled"):
            return status
        await asyncio.sleep(0.05)


async def test_given_a_story_when_it_is_submitted_then_its_links_lead_to_the_result(client: Client) -> None:
    accepted = await client.post("/api/demo/submit", json={"text": STORY})
    assert accepted.status_code == 202, accepted.text
    links = Accepted.model_validate_json(accepted.content).links
    early = await client.get(links.status)
    assert early.json()["version"] >= 1
    status = await until_ended(client, accepted.json()["job_id"])
    assert (status.status, status.progress) == ("completed", 100)
    result = await client.get(links.result)
    Result.model_validate_json(result.content)
