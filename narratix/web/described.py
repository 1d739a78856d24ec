"""The description of the API (OpenAPI): the errors of every route, and an example of everything."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from narratix.web.clients import COOKIE
from narratix.web.models import ProblemBody

_SAID: Final = {
    400: "The body is not a JSON object in UTF-8.",
    401: "The page's token is needed, or a key.",
    403: "The key does not open this; or the address was altered, or has expired.",
    404: "There is no such thing.",
    409: "Not in this state of the job.",
    410: "The drama has expired.",
    413: "The story has more than 50 KB.",
    415: "The body must be application/json.",
    416: "The file has no such bytes.",
    422: "Some fields need another look; `errors` tells which and why.",
    429: "Too much from one client; `Retry-After` tells when to come again.",
    503: "The service cannot do this now; `Retry-After` tells when to come again.",
}

SECURITY: Final = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of this service."},
    "page": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The page's own token."},
}
"""What opens a door. On this machine, in development, every door is open."""

Responses = dict[int | str, dict[str, Any]]
Json = Mapping[str, Any]


def problems(*statuses: int) -> Responses:
    """The errors that a route can answer, besides 503, which every one can."""
    return {status: {"description": _SAID[status], "model": ProblemBody} for status in sorted({*statuses, 503})}


def content(media_type: str, description: str, example: str) -> dict[str, Any]:
    """An answer that is not JSON."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}, "example": example}}}


def streamed(description: str, example: str) -> dict[str, Any]:
    """An answer of server-sent events, whose shape OpenAPI 3.1 cannot tell."""
    return {"description": description, "content": {"text/event-stream": {"example": example}}}


LINES: Final[dict[str, Any]] = {
    "description": "A list; or, for NDJSON, an event to a line, with the bytes that are stored.",
    "content": {
        "application/x-ndjson": {
            "example": '{"position":1,"event_id":"…","job_id":"…","version":1,"type":"JobSubmitted","schema_version":2,'
            '"recorded_at":"2026-11-22T19:00:00.123456Z","data":{},"metadata":{},"hash":"…"}\n'
        }
    },
}


def describe(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once: errors are problems, and every body has an example."""
    if api.openapi_schema is None:
        document = FastAPI.openapi(api)
        for methods in document["paths"].values():
            for method, operation in methods.items():
                if method == "post":  # whatever it does with a body
                    operation["responses"].setdefault("413", {})
                _finish(document, operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        document["components"]["securitySchemes"] = SECURITY
        itself = document["paths"]["/openapi.json"]["get"]["responses"]["200"]["content"]["application/json"]
        itself["example"] = {"openapi": document["openapi"], "info": {"title": api.title, "version": api.version}}
    assert api.openapi_schema is not None
    return api.openapi_schema


def _finish(document: Json, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    if responses.get("422", {}).get("description") == "Validation Error" and not _can_be_invalid(operation):
        del responses["422"]
    for status, response in responses.items():
        if int(status) >= 400:
            response["description"] = _SAID[int(status)]
            response["content"] = {"application/problem+json": _problem(int(status))}
        elif response["description"] == "Successful Response":
            response["description"] = f"{operation['summary']}."
    operation["responses"] = dict(sorted(responses.items()))
    if "401" in responses:
        operation["security"] = [{}, *({name: []} for name in SECURITY)]
    bodies = [operation.get("requestBody", {}), *(responses[status] for status in responses if int(status) < 400)]
    for body in bodies:
        for shown in body.get("content", {}).values():
            shown.setdefault("example", example_of(document, shown.get("schema", {})))


def _can_be_invalid(operation: Json) -> bool:
    """What is wrong in a path is a 404."""
    return "requestBody" in operation or any(one["in"] != "path" for one in operation.get("parameters", ()))


def _problem(status: int) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _SAID[status].replace("`", ""),
    }
    if status == 422:
        example["errors"] = [{"field": "options.engine", "message": "There is no speech engine called 'x' here."}]
    return {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "example": example}


def example_of(document: Json, schema: Json) -> Any:
    """A value of this schema, from its examples where it has some."""
    if "$ref" in schema:
        return example_of(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for key in ("example", "const", "default"):
        if key in schema and schema[key] not in ({}, []):
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            return example_of(document, schema[key][0])
    match schema.get("type"):
        case "object":
            return {name: example_of(document, one) for name, one in schema.get("properties", {}).items()}
        case "array" if "prefixItems" in schema:
            return [example_of(document, one) for one in schema["prefixItems"]]
        case "array":
            return [example_of(document, schema.get("items", {}))]
        case kind:
            return _VALUES.get((kind, schema.get("format")), _VALUES.get((kind, None)))


_VALUES: Final[Mapping[tuple[str | None, str | None], Any]] = {
    ("string", None): "…",
    ("string", "date-time"): "2026-11-22T16:45:00Z",
    ("string", "uuid"): "3f0d6a52-7c8e-5b0e-9d1c-2a6f4f1f7b11",
    ("integer", None): 1,
    ("number", None): 1.5,
    ("boolean", None): True,
}
