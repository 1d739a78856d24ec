"""The log for auditors, and the proof that it is whole."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from narratix.events import audit, export, stretches
from narratix.events.anchors import sign
from narratix.events.audit import verify
from narratix.services import Services
from narratix.signing import anchor_keys
from narratix.web.routes import audit as audit_route
from tests.events.written_log import NOON
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


async def test_given_a_job_then_its_state_can_be_seen_at_any_time(
    client: Client, services: Services, story: Story
) -> None:
    await story.record(*story.begun, story.line(0))
    events = await services.store.read(story.id)
    address = f"/api/jobs/{story.id}/state"
    for at, version in (
        (events[1].recorded_at.isoformat(), 2),
        (f"{events[2].recorded_at:%Y-%m-%dT%H:%M:%S.%f}", 3),
        ("2020-01-01T00:00Z", 0),
        ("2999-01-01", 5),
    ):
        assert (await client.get(address, params={"at": at})).json()["version"] == version
    for wrong in ("noon", "-1", "1.5", ""):
        answer = await client.get(address, params={"at": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "at"
    nobody = "/api/jobs/3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11/state"
    assert (await client.get(nobody, params={"at": 0})).status_code == 404


async def test_given_a_long_log_then_it_can_be_read_page_by_page_or_streamed_whole(
    client: Client, services: Services, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 3)
    await story.record(*story.begun, *(story.line(number) for number in range(6)))
    stored = b"".join([event.as_json() + b"\n" for event in await services.store.read_all()])
    whole = await client.get("/api/audit/feed", params={"format": "ndjson"})
    assert (whole.content, whole.headers["content-type"]) == (stored, "application/x-ndjson")
    assert "content-length" not in whole.headers, "it is streamed"
    found, address = b"", "/api/audit/feed?limit=4&format=ndjson"
    while address:
        page = await client.get(address)
        found += page.content
        address = page.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert found == stored
    assert (await client.get("/api/audit/feed", params={"format": "ndjson", "after": 10})).content == b""


async def test_given_an_event_that_cannot_be_decoded_then_auditors_see_it_all_the_same(
    client: Client, services: Services, story: Story
) -> None:
    await tamper(services, "update events set data = '{\"nothing\":1}'")
    assert (await client.get("/api/audit/feed")).json()[0]["data"] == {"nothing": 1}
    assert (await client.get(f"/api/jobs/{story.id}/events")).json()[0]["data"] == {"nothing": 1}


async def test_given_an_anchored_log_when_verified_then_the_anchors_count(
    client: Client, services: Services, story: Story
) -> None:
    await story.record(*story.begun)
    keys = anchor_keys(services.settings)
    for rolling, ok in (((await client.get("/api/audit/verify")).json()["rolling"], True), ("00" * 32, False)):
        anchor = sign(4, bytes.fromhex(rolling), NOON, next(iter(keys.values())))
        await services.ports.storage.put(anchor.stored_as, anchor.encoded(), "application/json")
        verdict = (await client.get("/api/audit/verify")).json()
        assert (verdict["ok"], verdict["anchored"]) == (ok, 4 if ok else 0)
    await story.record(story.line(0))
    since = (await client.get("/api/audit/verify", params={"since_anchor": True})).json()
    assert (since["ok"], since["events"], since["since"]) == (True, 1, 4)


async def test_given_a_verification_under_way_when_another_is_asked_for_then_it_is_put_off(
    client: Client, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(audit, "verify", endless)
        patch.setattr(audit_route, "VERIFY_SECONDS", 0.5)
        first = asyncio.create_task(client.get("/api/audit/verify"))
        await begun.wait()
        second = await client.get("/api/audit/verify")
        assert (second.status_code, second.headers["retry-after"]) == (503, "10")
        assert "under way" in second.json()["detail"]
        late = await first
        assert late.status_code == 503
        assert "since_anchor=true" in late.json()["detail"]
    assert (await client.get("/api/audit/verify")).json()["ok"], "the turn was given back"


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
