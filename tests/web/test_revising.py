"""A line that a visitor wants otherwise."""

from __future__ import annotations

import httpx2

from narratix.services import Services
from tests.core.test_first_drama import STORY, until_ended
from tests.web.web_site import client_of


async def test_given_what_cannot_be_performed_then_the_field_is_named(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY)
    await until_ended(narratix, job_id)
    async with client_of(narratix) as client:
        for body, field in (
            ({"line": 999, "text": "So"}, "line"),
            ({"line": -1, "text": "So"}, "line"),
            ({"line": 0, "speaker": "Zebedee"}, "speaker"),
            ({"line": 0, "text": "?!"}, "text"),
            ({"line": 0, "text": "a" * 2001}, "text"),
            ({"line": 0, "loudness": 3}, "loudness"),
            ({"text": "So"}, "line"),
        ):
            answer = await client.post(f"/api/demo/revise/{job_id}", json=body)
            assert answer.status_code == 422, body
            assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert (await client.get(f"/api/demo/status/{job_id}")).json()["status"] == "completed"


async def test_given_a_finished_drama_when_a_line_is_revised_then_its_result_has_it(narratix: Services) -> None:
    job_id = await narratix.commands.submit(STORY)
    await until_ended(narratix, job_id)
    async with client_of(narratix) as client:
        accepted = await client.post(
            f"/api/demo/revise/{job_id}", json={"line": 0, "text": "It rained.", "direction": "whispering"}
        )
        assert accepted.status_code == 202
        assert (await client.get(f"/api/demo/result/{job_id}")).status_code == 409
        status = await _ended(client, accepted.json()["links"]["status"])
        assert (status["status"], status["progress"]) == ("completed", 100)
        result = (await client.get(f"/api/demo/result/{job_id}")).json()
        first = result["script"][0]
        assert (first["text"], first["direction"]) == ("It rained.", "whispering")
        assert "It rained." in (await client.get(result["captions"]["vtt"])).text
        history = (await client.get(f"/api/jobs/{job_id}/events")).json()
        assert [event["type"] for event in history].count("JobCompleted") == 2

        missing = f"/api/demo/revise/{'0' * 8}-0000-0000-0000-{'0' * 12}"
        assert (await client.post(missing, json={"line": 0, "text": "So"})).status_code == 404


async def _ended(client: httpx2.AsyncClient, path: str) -> dict[str, object]:
    while (status := (await client.get(path)).json())["status"] in ("queued", "running"):
        pass
    return dict(status)
