"""What operators see: health, figures, and the description of the API."""

from __future__ import annotations

import re

import httpx2

from narratix.services import Services
from tests.web.web_site import Story

Client = httpx2.AsyncClient

_STRANDED = "narratix_jobs_stranded"


async def test_given_a_database_at_another_migration_then_it_is_not_ready_and_says_why(
    client: Client, services: Services
) -> None:
    assert (await client.get("/health/ready")).json() == {"status": "ready"}
    await services.pool.execute("update alembic_version set version_num = '0000'")
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert "0000" in answer.json()["reasons"][0]
    assert "not ready" in (await client.get("/status")).text


async def test_given_a_read_model_that_stopped_then_it_is_ready_and_says_what_waits_for_somebody(
    client: Client, services: Services
) -> None:
    await services.pool.execute(
        "insert into subscriptions values ('library', 1, 6, 1, true, 'JobSubmitted at position 7: a secret'),"
        " ('usage', 1, 7, 0, true, null)"
        " on conflict (name, build) do update set error = excluded.error, position = 6, code_version = excluded.code_version"
    )
    answer = (await client.get("/health/ready")).json()
    assert answer["status"] == "ready"
    assert answer["attention"] == [
        "library stopped at position 7; `narratix projections list` says why.",
        "usage was built by an older release: narratix projections rebuild usage, or serve --rebuild.",
    ]
    assert "library stopped" in (await client.get("/status")).text


async def test_given_a_job_then_the_figures_count_it(client: Client, services: Services, story: Story) -> None:
    await client.get(f"/api/demo/status/{story.id}")
    figures = (await client.get("/metrics")).text
    assert "narratix_database_up 1.0" in figures
    assert "narratix_feed_connected 1.0" in figures
    assert 'narratix_work{state="ready"} 0.0' in figures
    assert 'narratix_jobs{status="running"} 0.0' in figures
    route = '{method="GET",route="/api/demo/status/{job_id}",status="200"}'
    assert f"narratix_requests_total{route} 1.0" in figures
    assert str(story.id) not in figures


async def test_given_a_job_under_way_when_no_work_is_open_for_it_then_it_counts_as_stranded(
    client: Client, services: Services, story: Story
) -> None:
    async def stranded() -> str:
        return next(line for line in (await client.get("/metrics")).text.splitlines() if line.startswith(_STRANDED))

    await services.pool.execute("insert into subscriptions values ('job_status', 1, 1, 1, true, null)")
    await services.pool.execute(
        "insert into job_status (build, key, rank, row) values (1, $1::text, now(), json_build_object("
        " 'status', 'running', 'updated_at', now()))",
        str(story.id),
    )
    assert await stranded() == f"{_STRANDED} 0.0", "it has just moved on"
    await services.pool.execute(
        "update job_status set row = json_build_object('status', 'running', 'updated_at', now() - interval '2 minutes')"
    )
    assert await stranded() == f"{_STRANDED} 1.0"
    await services.pool.execute(
        "insert into work (key, job_id, stage, item, uses, version, priority, state, attempts)"
        " values ('a key', $1, 'write_script', '', 'script', 1, 0, 'waiting', 4)",
        story.id,
    )
    assert await stranded() == f"{_STRANDED} 0.0"


async def test_given_the_description_then_every_operation_has_examples_and_its_errors(client: Client) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [(path, one) for path, methods in document["paths"].items() for one in methods.values()]
    assert len(operations) >= 26
    assert len({one["operationId"] for _, one in operations}) == len(operations)
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= set(document["components"]["schemas"])
    for path, operation in operations:
        for status, response in operation["responses"].items():
            assert response["description"], path
            contents = response.get("content", {})
            assert all("example" in content for content in contents.values()), (path, status)
            assert (list(contents) == ["application/problem+json"]) == (int(status) >= 400), (path, status)
    submit = document["paths"]["/api/demo/submit"]["post"]
    assert list(submit["responses"]) == ["202", "400", "401", "403", "413", "415", "422", "429", "503"]
    assert submit["requestBody"]["content"]["application/json"]["example"]["text"].startswith("The rain fell")


async def test_given_the_description_for_people_then_it_shows_every_address_without_a_script(client: Client) -> None:
    page = (await client.get("/docs")).text
    document = (await client.get("/openapi.json")).json()
    assert all(path in page for path in document["paths"])
    assert "<script" not in page
    assert "style=" not in page


async def test_given_the_example_of_a_submission_then_it_is_accepted(client: Client) -> None:
    document = (await client.get("/openapi.json")).json()
    example = document["paths"]["/api/demo/submit"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert (await client.post("/api/demo/submit", json=example)).status_code == 202
