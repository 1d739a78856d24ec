"""Every operation of the OpenAPI document, asked as it should be and as it should not: no answer that it does not have.

What is sent is made from the document, so that a new route is put to the proof as soon as it exists. `python -m
benchmarks.contract` does the same from outside, with many more examples.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import pytest

from narratix.services import Services
from tests.web.web_site import TEXT, Opened, Story, client_of

Json = Mapping[str, Any]

ODD_TEXTS: Final = ("", "null", "x", "-1", "0", "0.5", "5.0", str(2**31), str(2**63), str(10**40), "1e5", "'", "\ufffd",
                    "a" * 3000, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\0")  # fmt: skip
ODD_VALUES: Final = (None, True, -1, 5.0, 10**40, "", "\0", "\ud800", "a" * 60_000, [None], {"x": 1})
BODIES: Final = (b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"[" * 3000, b"{}", b'{"text": NaN}', b" " * 400_000)
TYPES: Final = ("application/json", "text/plain", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    method: str
    path: str
    """As the document has it, with {names}."""
    values: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def address(self) -> str:
        address = self.path
        for name, value in self.values.items():
            address = address.replace("{" + name + "}", httpx2.URL("/").join(_quoted(str(value))).raw_path[1:].decode())
        return address


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode()) or "%20"


@pytest.fixture
async def services(opened: Opened) -> AsyncIterator[Services]:
    async with opened("web") as services:
        services.settings.rate_limit_per_minute = 1_000_000
        yield services


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(services, raise_app_exceptions=False) as client:
        yield client


@pytest.fixture
async def ended(services: Services) -> uuid.UUID:
    """A job that has ended, so that its stream ends as well."""
    story = Story(services, await services.commands.submit(TEXT))
    await story.record(*story.begun, story.ended)
    return story.id


def questions(document: Json, job_id: uuid.UUID) -> Iterator[Question]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            values = {"job_id": str(job_id), "line": "0", "key": "texts/x.txt", "delivery": "1"}
            usual = Question(method=method, path=path, values={name: values[name] for name in _names(path)})
            parameters = operation.get("parameters", [])
            query = {one["name"]: "1" for one in parameters if one["in"] == "query" and one.get("required")}
            body = _body(operation)
            sent = {"Content-Type": "application/json"} if body else {}
            usual = _with(usual, query=query, body=body, headers=sent)
            yield usual
            yield _with(usual, values={name: str(uuid.UUID(int=7)) for name in usual.values})
            for one in parameters:
                yield from _odd_parameters(usual, one)
            if body is not None:
                yield from _odd_bodies(usual, json.loads(body))
            if method == "post":
                yield _with(usual, headers={**sent, "Content-Length": "1000000"}, body=b"x" * 1_000_000)


def _odd_parameters(usual: Question, parameter: Json) -> Iterator[Question]:
    name, place = parameter["name"], parameter["in"]
    for odd in ODD_TEXTS:
        if place == "path":
            yield _with(usual, values={**usual.values, name: odd})
        elif place == "query":
            yield _with(usual, query={**usual.query, name: odd})
        elif odd.isascii() and odd.isprintable():
            yield _with(usual, headers={**usual.headers, name: odd})


def _odd_bodies(usual: Question, example: Any) -> Iterator[Question]:
    for content_type in TYPES:
        for body in BODIES:
            yield _with(usual, body=body, headers={"Content-Type": content_type} if content_type else {})
    for name, inner in example.items():
        for odd in ODD_VALUES:
            yield _with(usual, body=json.dumps(example | {name: odd}).encode())
            if isinstance(inner, dict):
                for key in inner:
                    yield _with(usual, body=json.dumps(example | {name: inner | {key: odd}}).encode())


def _body(operation: Json) -> bytes | None:
    contents = operation.get("requestBody", {}).get("content", {})
    return json.dumps(contents["application/json"]["example"]).encode() if contents else None


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _with(question: Question, **changes: Any) -> Question:
    kept = {name: getattr(question, name) for name in ("method", "path", "values", "query", "headers", "body")}
    return Question(**kept | changes)


async def test_given_whatever_is_asked_then_the_answer_is_one_that_the_description_has(
    client: httpx2.AsyncClient, ended: uuid.UUID
) -> None:
    document = (await client.get("/openapi.json")).json()
    faults, asked, statuses = [], 0, set()
    for question in questions(document, ended):
        answer = await client.request(
            question.method.upper(),
            question.address,
            params=dict(question.query),
            headers=dict(question.headers),
            content=question.body,
        )
        asked += 1
        statuses.add(answer.status_code)
        if fault := _fault(document["paths"][question.path][question.method], answer):
            faults.append(f"{question.method} {question.path}: {fault}: {str(question)[:300]}")
    assert faults == []
    assert asked > 1000
    assert statuses >= {200, 202, 204, 400, 403, 404, 409, 413, 415, 422}


def _fault(operation: Json, answer: httpx2.Response) -> str | None:
    """What is wrong with an answer, by the description of its operation."""
    described = operation["responses"].get(str(answer.status_code))
    if answer.status_code >= 500 or described is None:
        return f"{answer.status_code} is not documented"
    contents = described.get("content", {})
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.content and not any(_same(media_type, known) for known in contents):
        return f"{answer.status_code} as {media_type!r} is not documented"
    if answer.status_code >= 400 and answer.json()["status"] != answer.status_code:
        return "the problem tells another status"
    return None


def _same(media_type: str, documented: str) -> bool:
    return documented in (media_type, "application/octet-stream")


async def test_given_the_description_then_every_answer_and_every_body_has_an_example(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for body in bodies for content in body.get("content", {}).values()):
                assert content.get("example") not in (None, "", {}, []), (method, path)
            assert ("security" in operation) == ("401" in operation["responses"]), (method, path)


async def test_given_a_page_of_jobs_when_its_cursor_is_no_time_then_it_says_so_and_with_one_it_goes_on(
    client: httpx2.AsyncClient, services: Services
) -> None:
    for _ in range(3):
        await services.commands.submit(TEXT)
    refused = await client.get("/api/jobs", params={"cursor": "0.5"})
    assert refused.status_code == 422
    assert "ISO 8601" in refused.json()["errors"][0]["message"]
    assert (await client.get("/api/jobs", params={"cursor": "2000-01-01"})).json() == {"jobs": [], "next": None}
