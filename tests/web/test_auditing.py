"""The log for auditors, and the proof that it is whole."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from narratix.events import stretches
from narratix.events.audit import verify
from narratix.services import Services
from tests.web.web_site import Story, client_of

Client = httpx2.AsyncClient


async def tamper(services: Services, statement: str) -> None:
    """What somebody with the rights of the table's owner could do."""
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table events disable trigger events_are_immutable")
        await connection.execute(statement)
        await connection.execute("alter table events enable always trigger events_are_immutable")


async def another(services: Services) -> Story:
    return Story(services, await services.commands.submit("Another story — with “ünïcode”.", title="Zwölf"))


async def test_given_an_untouched_log_then_it_verifies_across_pages(
    client: Client, services: Services, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "STRETCH", 3)
    other = await another(services)
    await story.record(*story.begun)
    await other.record(*other.begun)
    whole = (await client.get("/api/audit/verify")).json()
    assert (whole["ok"], whole["events"], whole["position"], whole["problem"], whole["problems"]) == (
        True,
        8,
        8,
        None,
        [],
    )
    one = await client.get("/api/audit/verify", params={"job_id": str(story.id)})
    assert (one.json()["ok"], one.json()["events"], one.json()["rolling"]) == (True, 4, None)
    nobody = await client.get("/api/audit/verify", params={"job_id": "3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11"})
    assert nobody.status_code == 404


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("update events set data = replace(data::text, 'Anna', 'Hanna')::json where position = 3", 3),
        ('update events set metadata = \'{"actor":"nobody"}\' where position = 1', 1),
        ("update events set recorded_at = recorded_at + interval '1 microsecond' where position = 4", 4),
        ("update events set type = 'JobCancelled' where position = 6", 6),
        ("update events set hash = sha256('x') where position = 2", 2),
        ("delete from events where position = 3", 3),
        ("delete from events where position = 1", 1),
    ],
)
async def test_given_an_event_that_was_altered_or_removed_then_the_place_is_named(
    services: Services, story: Story, change: str, position: int
) -> None:
    other = await another(services)
    await story.record(*story.begun)
    await other.record(*other.begun)
    await tamper(services, change)
    verdict = await verify(services.pool)
    assert not verdict.ok
    assert verdict.problem is not None
    assert verdict.problem.position == position
    assert verdict.problem.what.endswith(".")


async def test_given_one_job_that_was_altered_then_the_other_still_verifies(services: Services, story: Story) -> None:
    other = await another(services)
    await story.record(*story.begun)
    await tamper(services, f"delete from events where stream_id = '{story.id}' and version = 2")
    assert not (await verify(services.pool, story.id)).ok
    assert (await verify(services.pool, other.id)).ok
    assert not (await verify(services.pool)).ok


async def test_given_the_log_then_feed_and_history_show_it_in_json_and_in_lines(
    client: Client, services: Services, story: Story
) -> None:
    await story.record(*story.begun)
    other = await another(services)
    feed = (await client.get("/api/audit/feed", params={"after": 1, "limit": 3})).json()
    assert [event["position"] for event in feed] == [2, 3, 4]
    assert list(feed[0]) == [
        "position", "event_id", "job_id", "version", "type", "schema_version", "recorded_at", "data", "metadata", "hash"
    ]  # fmt: skip
    lines = await client.get("/api/audit/feed", headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["position"] for line in lines.text.splitlines()] == [1, 2, 3, 4, 5]
    history = f"/api/jobs/{story.id}/events"
    assert [event["version"] for event in (await client.get(history, params={"after": 2})).json()] == [3, 4]
    exported = await client.get(history, params={"format": "ndjson"})
    assert len(exported.text.splitlines()) == 4
    assert (await client.get(history, params={"after": 4})).json() == []
    assert (await client.get(f"/api/jobs/{other.id}/events")).json()[0]["data"]["title"] == "Zwölf"


async def test_given_a_job_then_its_state_can_be_seen_at_any_version(client: Client, story: Story) -> None:
    await story.record(*story.begun, story.line(0))
    address = f"/api/jobs/{story.id}/state"
    assert (await client.get(address, params={"at": 0})).json()["status"] == "new"
    early = (await client.get(address, params={"at": 2})).json()
    assert (early["version"], early["voices"], early["lines"]) == (2, None, {})
    now = (await client.get(address)).json()
    assert (now["version"], now["status"], list(now["lines"])) == (5, "running", ["0"])
    assert (await client.get(address, params={"at": 6})).status_code == 404


async def test_given_many_jobs_then_they_are_listed_newest_first_page_by_page(narratix: Services) -> None:
    ids = [str(await narratix.commands.submit(f"Story {number}.")) for number in range(5)]
    async with client_of(narratix) as client:
        while len((await client.get("/api/jobs")).json()["jobs"]) < 5:
            await asyncio.sleep(0.05)
        found, address = [], "/api/jobs?limit=2"
        while address:
            page = (await client.get(address)).json()
            found += [job["job_id"] for job in page["jobs"]]
            address = page["next"]
        assert found == ids[::-1]
        assert (await client.get("/api/jobs", params={"status": "bogus"})).status_code == 422
